"""What is written down when OVN holds a revision, and what must be ended for it."""

import pytest
from tests.functional.store.conftest import Clock, Reopen

from weft.model.ids import HostName, ProjectId
from weft.model.network import Default
from weft.model.port import Port
from weft.reconciler.record import record
from weft.store import Store
from weft.store.cuts import Cut
from weft.store.hosts import add_host
from weft.store.networks import NewNetwork, add_network, change_network
from weft.store.ports import NewPort, add_port
from weft.store.progress import confirm, open_cuts, realised, record_chassis

H1, H2 = HostName("h1"), HostName("h2")


@pytest.fixture
def ports(store: Store, project: ProjectId, clock: Clock) -> list[Port]:
    """Two on one network and on two hosts, realised."""
    with store.write("test") as tx:
        add_host(tx, name=H1)
        add_host(tx, name=H2)
        network = add_network(tx, NewNetwork(project_id=project, name="n"))
        made = [
            add_port(tx, NewPort(project_id=project, network_id=network.id, host=host)) for host in (H1, H2)
        ]
    record(store, store.snapshot(), 1, clock())
    return made


def tighten(store: Store, ports: list[Port]) -> None:
    with store.write("test") as tx:
        change_network(tx, ports[0].network_id, default_ingress=Default.DROP)


def test_what_is_stricter_is_to_be_ended_wherever_it_has_peers(
    store: Store, ports: list[Port], clock: Clock
) -> None:
    tighten(store, ports)

    record(store, store.snapshot(), 2, clock())

    both = frozenset(port.id for port in ports)
    cut = Cut(revision=store.revision, ingress=both, egress=frozenset(), hosts=frozenset({H1, H2}))
    assert open_cuts(store) == [cut]


@pytest.mark.usefixtures("ports")
def test_what_is_not_stricter_has_nothing_to_end(store: Store, project: ProjectId, clock: Clock) -> None:
    with store.write("test") as tx:
        add_network(tx, NewNetwork(project_id=project, name="another"))

    record(store, store.snapshot(), 2, clock())

    assert open_cuts(store) == []
    newest = realised(store)
    assert newest is not None
    assert newest.revision == store.revision


def test_a_server_that_was_killed_before_it_wrote_finds_the_same_afterwards(
    store: Store, ports: list[Port], clock: Clock, reopen: Reopen
) -> None:
    tighten(store, ports)
    with store.write("test") as tx:
        change_network(tx, ports[0].network_id, description="and something else")

    again = reopen()
    record(again, again.snapshot(), 2, clock())
    record(again, again.snapshot(), 2, clock())

    assert [cut.ingress for cut in open_cuts(store)] == [frozenset(port.id for port in ports)]


@pytest.mark.usefixtures("ports")
def test_what_hosts_had_before_it_was_written_down_is_enforced_at_once(
    store: Store, project: ProjectId, clock: Clock
) -> None:
    with store.write("test") as tx:
        add_network(tx, NewNetwork(project_id=project, name="another"))
    record_chassis(store, {host: (2, clock()) for host in (H1, H2)}, clock())
    for host in (H1, H2):
        confirm(store, host, 2, ())

    record(store, store.snapshot(), 2, clock())

    newest = realised(store)
    assert newest is not None
    assert (newest.enforced_at is not None, newest.hosts) == (True, 2)
