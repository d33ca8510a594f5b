from dataclasses import replace

from weft.agent.attachment import Lease, host_end
from weft.agent.docker.leftovers import Found, Leftovers, leftovers
from weft.agent.docker.runtime import Container, DockerNetwork, Endpoint
from weft.agent.plug import Plugged
from weft.client import Port
from weft.model.port import Workload

NOTHING = Leftovers(ports=frozenset(), endpoints=frozenset(), plugged=frozenset(), links=frozenset())
BOX = Workload(runtime="docker", engine="engine", id="c1", name="box")
PORT = "11111111-1111-4111-8111-111111111111"
LEASE = Lease(
    port_id=PORT,
    network_id="n1",
    network="web",
    project="default",
    mac="02:00:00:00:00:01",
    mtu=1400,
    prefixes=("10.0.0.2/24",),
    workload=BOX,
    endpoint="e1",
)
CONTAINER = Container(
    id="c1",
    name="box",
    image="i",
    labels={},
    state="running",
    network_mode="web",
    endpoints={"web": Endpoint("e1")},
)
RUNNING = Found(
    engine="engine",
    containers={"c1": CONTAINER},
    networks=[DockerNetwork(id="d1", name="web", driver="weft", weft_id="n1")],
    leases=[LEASE],
    plugged=[Plugged(host_end(PORT), PORT)],
    links=[host_end(PORT)],
)


def test_what_a_running_container_uses_is_not_left_over() -> None:
    assert leftovers(RUNNING) == NOTHING


def test_a_stopped_container_keeps_its_port_and_gives_up_its_endpoint() -> None:
    stopped = replace(CONTAINER, state="exited")

    over = leftovers(replace(RUNNING, containers={"c1": stopped}))

    assert over == replace(NOTHING, endpoints=frozenset({"e1"}))


def test_a_removed_container_leaves_its_port() -> None:
    assert leftovers(replace(RUNNING, containers={})).ports == {PORT}


def test_a_container_that_was_disconnected_for_good_leaves_its_port() -> None:
    elsewhere = replace(CONTAINER, endpoints={"bridge": Endpoint("e2")})
    networks = [*RUNNING.networks, DockerNetwork(id="d2", name="bridge", driver="bridge")]

    over = leftovers(replace(RUNNING, containers={"c1": elsewhere}, networks=networks))

    assert over.ports == {PORT}


def test_a_docker_network_that_is_gone_does_not_cost_its_stopped_containers_their_ports() -> None:
    stopped = replace(CONTAINER, state="exited", endpoints={"web": Endpoint()})

    over = leftovers(
        replace(RUNNING, containers={"c1": stopped}, networks=[], leases=[replace(LEASE, endpoint="")])
    )

    assert over.ports == frozenset()


def test_a_port_that_nobody_ever_owned_is_left_over_unless_it_is_being_started() -> None:
    nobodys = replace(RUNNING, leases=[replace(LEASE, workload=None, endpoint="")])

    assert leftovers(nobodys).ports == {PORT}
    assert leftovers(replace(nobodys, starting={PORT})) == NOTHING


def test_interfaces_and_links_that_the_journal_does_not_know_are_left_over() -> None:
    over = leftovers(replace(RUNNING, leases=[], containers={}, links=["wf00000000000"]))

    assert over.plugged == {PORT}
    assert over.links == {"wf00000000000"}


def test_a_port_that_only_the_server_knows_goes_with_its_container() -> None:
    bound = Port.from_body(
        {
            "id": PORT,
            "name": "box",
            "network_id": "n1",
            "mac": LEASE.mac,
            "workload": {"runtime": "docker", "engine": "engine", "id": "c1"},
        }
    )
    unknown = replace(RUNNING, leases=[], plugged=[], links=[], bound=[bound])

    assert leftovers(unknown) == NOTHING
    assert leftovers(replace(unknown, containers={})).ports == {PORT}
    assert leftovers(replace(unknown, engine="another", containers={})) == NOTHING


def test_a_declared_port_in_quarantine_is_not_left_over_as_an_endpoint_that_nobody_owns_is() -> None:
    """What a person plugged, and then quarantined, stays on its host: else no cut would reach it there."""
    body = {"id": PORT, "name": "box", "network_id": "n1", "mac": LEASE.mac, "quarantined": True}
    anonymous, declared = (Port.from_body({**body, "declared": declared}) for declared in (False, True))
    unknown = replace(RUNNING, leases=[], plugged=[], links=[])

    assert leftovers(replace(unknown, bound=[anonymous])).ports == {PORT}
    assert leftovers(replace(unknown, bound=[declared])) == NOTHING


def test_a_port_of_libvirt_or_of_another_engine_is_none_of_dockers_business() -> None:
    domain = replace(BOX, runtime="libvirt", engine="host")

    over = leftovers(replace(RUNNING, containers={}, leases=[replace(LEASE, workload=domain, endpoint="")]))

    assert over == NOTHING


def test_an_interface_that_a_person_plugged_is_not_for_docker_to_remove() -> None:
    plugged = [*RUNNING.plugged, Plugged("tap7", "22222222-2222-4222-8222-222222222222")]

    assert leftovers(replace(RUNNING, plugged=plugged)) == NOTHING


def test_a_docker_network_of_which_nothing_is_known_costs_nobody_a_port() -> None:
    """A user's own network names its Weft network, and the server has not been heard yet."""
    unknown = [DockerNetwork(id="d1", name="web", driver="weft")]
    stopped = {"c1": replace(CONTAINER, state="exited", endpoints={"web": Endpoint()})}
    idle = [replace(LEASE, endpoint="")]

    assert leftovers(replace(RUNNING, networks=unknown)) == NOTHING
    assert leftovers(replace(RUNNING, networks=unknown, containers=stopped, leases=idle)).ports == frozenset()


def test_a_live_endpoint_is_used_whatever_its_docker_network_is_thought_to_be() -> None:
    renamed = [DockerNetwork(id="d1", name="web", driver="weft", weft_id="n2")]

    assert leftovers(replace(RUNNING, networks=renamed)) == NOTHING
