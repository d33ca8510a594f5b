"""What the store promises about the model, on both databases."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest
from tests.functional.store.conftest import Reopen

from weft.model.errors import (
    AddressInUse,
    AlreadyBound,
    Conflict,
    Invalid,
    NameTaken,
    NotFound,
    QuotaExceeded,
    StillInUse,
    SubnetFull,
    SubnetOverlap,
)
from weft.model.ids import HostName, NetworkId, ProjectId, Revision
from weft.model.policy import Action, Direction, Peer, PortRange, Protocol, RateLimit, Service
from weft.model.port import Workload
from weft.model.selector import Selector
from weft.store import ChangeAction, Kind, Limits, Store
from weft.store.hosts import add_host, change_host, retire_host
from weft.store.networks import (
    NewNetwork,
    NewSubnet,
    add_network,
    add_project,
    add_subnet,
    change_network,
    change_subnet,
    remove_network,
    remove_project,
    remove_subnet,
)
from weft.store.policies import (
    NewPolicy,
    NewQosPolicy,
    NewRule,
    add_address_group,
    add_group,
    add_policy,
    add_qos_policy,
    change_policy,
    insert_rule,
    remove_group,
    remove_qos_policy,
    remove_rule,
)
from weft.store.ports import (
    NewPort,
    add_port,
    add_ports,
    attach,
    bind,
    change_port,
    identify,
    remove_port,
)
from weft.store.transaction import Transaction

PREFIX = ip_network("192.168.200.0/24")


@pytest.fixture
def network(store: Store, project: ProjectId) -> NetworkId:
    with store.write("test") as tx:
        return make_network(tx, project)


def make_network(tx: Transaction, project: ProjectId, *prefixes: str) -> NetworkId:
    subnets = tuple(NewSubnet(cidr=ip_network(p)) for p in prefixes or (str(PREFIX),))
    return add_network(tx, NewNetwork(project_id=project, name="DockerSN", subnets=subnets)).id


def workload(name: str) -> Workload:
    return Workload(runtime="docker", engine="engine-1", id=name, name=name)


def addresses(store: Store) -> list[str]:
    return [str(f.address) for p in store.snapshot().ports.values() for f in p.fixed_ips]


def test_a_new_store_has_the_project_default(store: Store) -> None:
    assert [p.name for p in store.snapshot().projects.values()] == ["default"]


def test_a_restart_gives_an_equal_snapshot(store: Store, reopen: Reopen, project: ProjectId) -> None:
    with store.write("test") as tx:
        network = make_network(tx, project, str(PREFIX), "fd00:1::/64")
        add_host(tx, name=HostName("h1"), projects=frozenset({project}))
        qos = add_qos_policy(
            tx,
            NewQosPolicy(project_id=project, name="slow", dscp=10, egress=RateLimit(rate_kbps=1000)),
        )
        port = add_port(
            tx,
            NewPort(
                project_id=project,
                network_id=network,
                labels={"app": "web"},
                host=HostName("h1"),
                workload=workload("w"),
                qos_policy_id=qos.id,
            ),
        )
        group = add_group(
            tx,
            project_id=project,
            name="web",
            selector=Selector("app=web"),
            members=frozenset({port.id}),
        )
        blocks = add_address_group(
            tx,
            project_id=project,
            name="office",
            cidrs=(ip_network("10.0.0.0/8"), ip_network("fd00::/8")),
        )
        service = Service(protocol=Protocol.TCP, ports=(PortRange(80, 80), PortRange(8000, 8080)))
        add_policy(
            tx,
            NewPolicy(
                project_id=project,
                name="p",
                target=group.id,
                rules=(
                    NewRule(
                        direction=Direction.INGRESS,
                        action=Action.ALLOW,
                        service=service,
                        peer=Peer(address_group_id=blocks.id),
                    ),
                    NewRule(
                        direction=Direction.EGRESS,
                        action=Action.DROP,
                        peer=Peer(cidr=ip_network("10.0.0.0/8")),
                    ),
                ),
            ),
        )
    assert reopen().snapshot() == store.snapshot()
    assert [c.after for c in reopen().changes(Revision(1))] == [c.after for c in store.changes(Revision(1))]


def test_a_transaction_is_one_revision_and_says_which(store: Store, project: ProjectId) -> None:
    before = store.revision
    with store.write("alice") as tx:
        network = make_network(tx, project)
        add_port(tx, NewPort(project_id=project, network_id=network))
    assert tx.revision == store.revision == before + 1
    changes = store.changes(before)
    assert {(c.revision, c.author, c.action) for c in changes} == {(before + 1, "alice", ChangeAction.CREATE)}
    assert sorted(c.kind for c in changes) == [Kind.NETWORKS, Kind.PORTS, Kind.SUBNETS]


def test_a_transaction_that_changes_nothing_makes_no_revision(store: Store, network: NetworkId) -> None:
    before = store.revision
    with store.write("test") as tx:
        change_network(tx, network, description="x")
        change_network(tx, network, description="")
    assert store.revision == before == tx.revision


def test_nothing_changes_on_error(
    store: Store, reopen: Reopen, project: ProjectId, network: NetworkId
) -> None:
    before = store.snapshot()
    wanted = ip_address("192.168.200.7")
    with pytest.raises(AddressInUse, match="port a;") as caught, store.write("test") as tx:
        add_ports(
            tx,
            [
                NewPort(project_id=project, network_id=network, name="a", addresses=(wanted,)),
                NewPort(project_id=project, network_id=network, name="b", addresses=(wanted,)),
            ],
        )
    assert caught.value.field == "items.1.address"
    assert store.snapshot() == before == reopen().snapshot()
    with store.write("test") as tx:
        port = add_port(tx, NewPort(project_id=project, network_id=network, addresses=(wanted,)))
    assert port.fixed_ips[0].address == wanted


def test_revised_at_is_the_last_revision_that_touched_an_object(
    store: Store, reopen: Reopen, network: NetworkId, project: ProjectId
) -> None:
    with store.write("test") as tx:
        change_network(tx, network, description="changed")
    for here in (store, reopen()):
        assert here.revised_at("networks", network) == tx.revision
        assert here.revised_at("projects", project) == 1
    with store.write("test") as tx:
        remove_network(tx, network)
    assert store.revised_at(Kind.NETWORKS, network) is None


@pytest.mark.usefixtures("network")
def test_names_are_unique_per_project_and_kind(store: Store, project: ProjectId) -> None:
    with (
        pytest.raises(NameTaken, match="project default already has a network"),
        store.write("test") as tx,
    ):
        make_network(tx, project)
    with store.write("test") as tx:
        other = add_project(tx, name="other")
        make_network(tx, other.id)
    with pytest.raises(NameTaken), store.write("test") as tx:
        add_project(tx, name="other")


@pytest.mark.parametrize(
    "name", ["", " a", "a/b", "a\x00", "x" * 256, "\ud800", "0b9c3d4e-0000-4000-8000-000000000000"]
)
def test_what_cannot_be_a_name_is_refused(store: Store, project: ProjectId, name: str) -> None:
    with pytest.raises(Invalid), store.write("test") as tx:
        add_network(tx, NewNetwork(project_id=project, name=name))


def test_subnets_of_a_network_do_not_overlap(store: Store, network: NetworkId) -> None:
    with pytest.raises(SubnetOverlap), store.write("test") as tx:
        add_subnet(tx, network, NewSubnet(cidr=ip_network("192.168.0.0/16")))


def test_a_port_gets_an_address_of_each_family_and_never_the_gateway(
    store: Store, project: ProjectId
) -> None:
    with store.write("test") as tx:
        network = make_network(tx, project, str(PREFIX), "fd00:1::/64")
        port = add_port(tx, NewPort(project_id=project, network_id=network))
    assert [str(f.address) for f in port.fixed_ips] == ["192.168.200.2", "fd00:1::2"]


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "192.168.200.0", "192.168.200.1", "192.168.200.255", "fd00::1"]
)
def test_an_address_that_cannot_be_held_is_refused(
    store: Store, project: ProjectId, network: NetworkId, address: str
) -> None:
    with pytest.raises(Invalid, match=address), store.write("test") as tx:
        add_port(tx, NewPort(project_id=project, network_id=network, addresses=(ip_address(address),)))


def test_a_full_subnet_says_so_and_a_freed_address_is_given_again(store: Store, project: ProjectId) -> None:
    with store.write("test") as tx:
        network = make_network(tx, project, "10.0.0.0/29")
        made = add_ports(tx, [NewPort(project_id=project, network_id=network)] * 5)
    with pytest.raises(SubnetFull, match=r"10\.0\.0\.0/29"), store.write("test") as tx:
        add_port(tx, NewPort(project_id=project, network_id=network))
    with store.write("test") as tx:
        remove_port(tx, made[2].id)
        again = add_port(tx, NewPort(project_id=project, network_id=network))
    assert again.fixed_ips == made[2].fixed_ips


def test_eight_threads_get_no_address_twice(
    store: Store, reopen: Reopen, project: ProjectId, network: NetworkId
) -> None:
    second = reopen()

    def create(here: Store) -> None:
        for _ in range(10):
            with here.write("thread") as tx:
                add_port(tx, NewPort(project_id=project, network_id=network))

    threads = [threading.Thread(target=create, args=((store, second)[i % 2],)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.catch_up()
    second.catch_up()
    assert len(addresses(store)) == 80 == len(set(addresses(store)))
    assert store.snapshot() == second.snapshot() == reopen().snapshot()


def test_another_server_follows_removals_and_names_that_change_hands(
    store: Store, reopen: Reopen, project: ProjectId, network: NetworkId
) -> None:
    second = reopen()
    new = NewPort(project_id=project, network_id=network, name="web", workload=workload("c1"))
    with second.write("test") as tx:
        add_port(tx, replace(new, declared=False))
    with second.write("test") as tx:
        later = add_port(tx, NewPort(project_id=project, network_id=network))
        identify(tx, later.id, workload("c1"), "web", {})
    with pytest.raises(NameTaken), store.write("test") as tx:
        add_port(tx, NewPort(project_id=project, network_id=network, name="web"))
    with second.write("test") as tx:
        remove_port(tx, later.id)
        remove_network(tx, network)
        make_network(tx, project)
    with store.write("test") as tx:
        again = next(iter(tx.snapshot.networks))
        port = add_port(tx, NewPort(project_id=project, network_id=again, name="web"))
    assert str(port.fixed_ips[0].address) == "192.168.200.2"
    second.catch_up()
    assert store.snapshot() == second.snapshot() == reopen().snapshot()


def test_another_servers_revision_ends_the_wait(store: Store, reopen: Reopen, project: ProjectId) -> None:
    if store.engine.dialect.name == "sqlite":
        pytest.skip("one server has the SQLite file for itself")
    second, before = reopen(), store.revision
    with second.write("test") as tx:
        make_network(tx, project)
    assert store.wait_beyond(before, 5) == tx.revision
    assert store.snapshot() == second.snapshot()


def test_a_commit_wakes_who_waits(store: Store, project: ProjectId) -> None:
    before = store.revision
    woken: list[Revision] = []
    waiter = threading.Thread(target=lambda: woken.append(store.wait_beyond(before, 10)))
    waiter.start()
    with store.write("test") as tx:
        make_network(tx, project)
    waiter.join(5)
    assert woken == [tx.revision]


def test_a_mac_is_unique_on_its_network(store: Store, project: ProjectId, network: NetworkId) -> None:
    mac = "02:00:00:00:00:01"
    with store.write("test") as tx:
        add_port(tx, NewPort(project_id=project, network_id=network, name="first", mac=mac))
    with pytest.raises(Conflict, match="held by port first"), store.write("test") as tx:
        add_port(tx, NewPort(project_id=project, network_id=network, mac=mac.upper()))


def test_attach_is_sticky_by_workload(store: Store, project: ProjectId, network: NetworkId) -> None:
    with store.write("test") as tx:
        for host in ("h1", "h2"):
            add_host(tx, name=HostName(host))
        asked = NewPort(
            project_id=project,
            network_id=network,
            name="web",
            host=HostName("h1"),
            workload=workload("c1"),
        )
        first, created = attach(tx, asked)
        other, _ = attach(
            tx,
            NewPort(
                project_id=project,
                network_id=network,
                name="web",
                host=HostName("h2"),
                workload=workload("c2"),
            ),
        )
    assert created
    assert other.name == "web-2"
    before = store.revision
    with store.write("test") as tx:
        again, created = attach(tx, asked)
    assert (again, created, store.revision) == (first, False, before)
    with store.write("test") as tx:
        moved, _ = attach(
            tx,
            NewPort(
                project_id=project,
                network_id=network,
                name="web",
                labels={"app": "web"},
                host=HostName("h2"),
                workload=workload("c1"),
            ),
        )
    assert (moved.id, moved.fixed_ips, moved.host) == (first.id, first.fixed_ips, "h2")


def test_identify_ends_the_quarantine_and_replaces_the_older_lease(
    store: Store, project: ProjectId, network: NetworkId
) -> None:
    with store.write("test") as tx:
        old, _ = attach(
            tx, NewPort(project_id=project, network_id=network, name="web", workload=workload("c1"))
        )
        new = add_port(tx, NewPort(project_id=project, network_id=network, quarantined=True))
    with store.write("test") as tx:
        known = identify(tx, new.id, workload("c1"), "web", {"app": "web"})
    assert (known.id, known.name, known.quarantined) == (new.id, "web", False)
    assert old.id not in store.snapshot().ports


def test_a_bound_port_is_not_taken_by_another_host(
    store: Store, project: ProjectId, network: NetworkId
) -> None:
    with store.write("test") as tx:
        add_host(tx, name=HostName("h1"))
        add_host(tx, name=HostName("h2"))
        port = add_port(tx, NewPort(project_id=project, network_id=network, host=HostName("h1")))
    with pytest.raises(AlreadyBound, match="h1"), store.write("test") as tx:
        bind(tx, port.id, HostName("h2"))
    with pytest.raises(StillInUse, match=port.name), store.write("test") as tx:
        retire_host(tx, HostName("h1"))
    with store.write("test") as tx:
        bind(tx, port.id, None)
        retire_host(tx, HostName("h1"))
    assert set(store.snapshot().hosts) == {"h2"}


def test_what_is_in_use_does_not_go(store: Store, project: ProjectId, network: NetworkId) -> None:
    with store.write("test") as tx:
        qos = add_qos_policy(tx, NewQosPolicy(project_id=project, name="slow"))
        port = add_port(tx, NewPort(project_id=project, network_id=network, name="web", qos_policy_id=qos.id))
        group = add_group(tx, project_id=project, name="g", members=frozenset({port.id}))
        add_policy(tx, NewPolicy(project_id=project, name="pol", target=group.id))
        subnet = next(iter(tx.snapshot.subnets))
    refusals: list[tuple[Callable[[Transaction], None], str]] = [
        (lambda tx: remove_network(tx, network), "port web"),
        (lambda tx: remove_subnet(tx, subnet), "port web"),
        (lambda tx: remove_qos_policy(tx, qos.id), "port web"),
        (lambda tx: remove_group(tx, group.id), "policy pol"),
        (lambda tx: remove_project(tx, project), "network DockerSN"),
    ]
    for refusal, named in refusals:
        with pytest.raises(StillInUse, match=named), store.write("test") as tx:
            refusal(tx)
    with store.write("test") as tx:
        remove_port(tx, port.id)
        remove_network(tx, network)
    assert store.snapshot().groups[group.id].members == frozenset()


def test_a_reference_into_another_project_is_not_found(
    store: Store, project: ProjectId, network: NetworkId
) -> None:
    with store.write("test") as tx:
        other = add_project(tx, name="other")
        port = add_port(tx, NewPort(project_id=project, network_id=network))
    with pytest.raises(NotFound), store.write("test") as tx:
        add_port(tx, NewPort(project_id=other.id, network_id=network))
    with pytest.raises(NotFound), store.write("test") as tx:
        add_group(tx, project_id=other.id, name="g", members=frozenset({port.id}))
    with pytest.raises(NotFound), store.write("test") as tx:
        add_policy(
            tx,
            NewPolicy(
                project_id=other.id,
                name="p",
                rules=(
                    NewRule(
                        direction=Direction.INGRESS,
                        action=Action.ALLOW,
                        peer=Peer(network_id=network),
                    ),
                ),
            ),
        )


def test_the_limits_of_vxlan_are_quotas(reopen: Reopen) -> None:
    store = reopen(Limits(networks=1, ports_per_network=2))
    project = next(iter(store.snapshot().projects))
    with store.write("test") as tx:
        network = make_network(tx, project)
    with pytest.raises(QuotaExceeded, match="encapsulation"), store.write("test") as tx:
        add_network(tx, NewNetwork(project_id=project, name="second"))
    with pytest.raises(QuotaExceeded, match="geneve"), store.write("test") as tx:
        add_ports(tx, [NewPort(project_id=project, network_id=network)] * 3)


def test_an_inserted_rule_moves_no_other(store: Store, project: ProjectId) -> None:
    drop = NewRule(direction=Direction.INGRESS, action=Action.DROP)
    with store.write("test") as tx:
        policy = add_policy(tx, NewPolicy(project_id=project, name="p", rules=(drop, drop)))
    with store.write("test") as tx:
        after, rule = insert_rule(tx, policy.id, drop, 1)
    assert [after.rules[0], after.rules[2]] == list(policy.rules)
    assert policy.rules[0].rank > rule.rank > policy.rules[1].rank
    with store.write("test") as tx:
        kept = NewRule(id=rule.id, direction=Direction.EGRESS, action=Action.ALLOW)
        changed = change_policy(tx, policy.id, rules=(kept, drop))
    assert (changed.rules[0].id, changed.rules[0].rank) == (rule.id, rule.rank)
    with store.write("test") as tx:
        assert len(remove_rule(tx, policy.id, rule.id).rules) == 1


def test_changes_reach_the_fields_that_may_change(
    store: Store, project: ProjectId, network: NetworkId
) -> None:
    with store.write("test") as tx:
        subnet = next(iter(tx.snapshot.subnets))
        change_subnet(tx, subnet, gateway=ip_address("192.168.200.254"))
        port = add_port(tx, NewPort(project_id=project, network_id=network))
        assert str(port.fixed_ips[0].address) == "192.168.200.1"
        assert change_port(tx, port.id, labels={"a": "b"}).labels == {"a": "b"}
        add_host(tx, name=HostName("h1"))
        assert change_host(tx, HostName("h1"), projects=frozenset({project})).projects
    with pytest.raises(AddressInUse), store.write("test") as tx:
        change_subnet(tx, subnet, gateway=port.fixed_ips[0].address)
    with pytest.raises(Invalid, match="mac cannot be changed"), store.write("test") as tx:
        change_port(tx, port.id, mac="02:00:00:00:00:01")


def test_a_thousand_ports_in_one_revision_are_quick(store: Store, project: ProjectId) -> None:
    with store.write("test") as tx:
        network = make_network(tx, project, "10.0.0.0/16")
    start = time.monotonic()
    with store.write("test") as tx:
        add_ports(tx, [NewPort(project_id=project, network_id=network)] * 1000)
    assert time.monotonic() - start < 5, "the budget is 0.5 s; this allows for a busy machine"
    assert len(set(addresses(store))) == 1000
