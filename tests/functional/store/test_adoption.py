"""Ports that a user declared and a workload takes over, on both databases."""

from dataclasses import replace
from ipaddress import ip_network
from uuid import uuid4

import pytest

from weft.model.errors import AlreadyBound, Conflict
from weft.model.ids import HostName, NetworkId, PortId, ProjectId
from weft.model.port import Port, PortKind, Workload
from weft.store import Store
from weft.store.hosts import add_host
from weft.store.networks import NewNetwork, NewSubnet, add_network
from weft.store.ports import NewPort, add_port, attach, bind, release
from weft.store.transaction import Transaction


@pytest.fixture
def network(store: Store, project: ProjectId) -> NetworkId:
    subnet = NewSubnet(cidr=ip_network("192.168.200.0/24"))
    with store.write("test") as tx:
        return add_network(tx, NewNetwork(project_id=project, name="net", subnets=(subnet,))).id


def workload(name: str) -> Workload:
    return Workload(runtime="libvirt", engine="qemu:///system", id=name, name=name)


def declared(tx: Transaction, project: ProjectId, network: NetworkId, name: str = "db") -> Port:
    new = NewPort(project_id=project, network_id=network, name=name, labels={"app": "db"}, kind=PortKind.VM)
    return add_port(tx, new)


def brings(port: Port, name: str = "vm1", **labels: str) -> NewPort:
    """A workload whose interface has the port's id and MAC address."""
    return NewPort(
        project_id=port.project_id,
        network_id=port.network_id,
        name=name,
        kind=PortKind.VM,
        mac=port.mac,
        labels=labels,
        host=HostName("h1"),
        workload=workload(name),
        id=port.id,
    )


def test_a_declared_port_is_adopted_with_its_name_and_labels_and_waits_again_after(
    store: Store, project: ProjectId, network: NetworkId
) -> None:
    with store.write("test") as tx:
        add_host(tx, name=HostName("h1"))
        port = declared(tx, project, network)
    with store.write("test") as tx:
        adopted, created = attach(tx, brings(port, tier="back"))
    with store.write("test") as tx:
        again, _ = attach(tx, brings(port, tier="front"))
    with store.write("test") as tx:
        release(tx, port.id)

    assert (adopted.id, adopted.name, created, adopted.host) == (port.id, "db", False, "h1")
    assert adopted.labels == {"app": "db", "tier": "back"}
    assert (again.name, again.labels) == ("db", {"app": "db", "tier": "front"})
    assert store.snapshot().ports[port.id] == port


def test_a_workload_that_brings_a_declared_ports_id_gives_up_the_port_that_was_made_for_it(
    store: Store, project: ProjectId, network: NetworkId
) -> None:
    with store.write("test") as tx:
        add_host(tx, name=HostName("h1"))
        port = declared(tx, project, network)
        made, _ = attach(tx, replace(brings(port), id=None, mac=None))
    with store.write("test") as tx:
        attach(tx, brings(port))

    assert set(store.snapshot().ports) == {port.id}
    assert made.id != port.id


def test_an_id_that_the_interface_invents_does_not_replace_a_known_port(
    store: Store, project: ProjectId, network: NetworkId
) -> None:
    with store.write("test") as tx:
        add_host(tx, name=HostName("h1"))
        asked = replace(brings(declared(tx, project, network)), mac=None)
        first, _ = attach(tx, replace(asked, id=PortId(uuid4())))
    with store.write("test") as tx:
        again, _ = attach(tx, replace(asked, id=PortId(uuid4())))

    assert again == first


def test_what_cannot_be_adopted_is_refused(store: Store, project: ProjectId, network: NetworkId) -> None:
    with store.write("test") as tx:
        for host in ("h1", "h2"):
            add_host(tx, name=HostName(host))
        port, taken = declared(tx, project, network), declared(tx, project, network, "taken")
        elsewhere = declared(tx, project, network, "elsewhere")
        bind(tx, elsewhere.id, HostName("h2"))
        attach(tx, brings(taken, "vm0"))

    with pytest.raises(Conflict, match="give the interface the port's MAC"), store.write("test") as tx:
        attach(tx, replace(brings(port), mac="02:00:00:00:00:99"))
    with pytest.raises(Conflict, match="vm0 already"), store.write("test") as tx:
        attach(tx, brings(taken))
    with pytest.raises(AlreadyBound, match="h2"), store.write("test") as tx:
        attach(tx, brings(elsewhere))


def test_a_port_that_was_made_for_a_workload_goes_with_it(
    store: Store, project: ProjectId, network: NetworkId
) -> None:
    with store.write("test") as tx:
        made, _ = attach(tx, NewPort(project_id=project, network_id=network, workload=workload("c1")))
        release(tx, made.id)

    assert made.id not in store.snapshot().ports


def test_a_copy_of_a_machine_gets_a_port_of_its_own(
    store: Store, project: ProjectId, network: NetworkId
) -> None:
    with store.write("test") as tx:
        add_host(tx, name=HostName("h1"))
        asked = replace(brings(declared(tx, project, network)), mac=None, id=PortId(uuid4()))
        first, _ = attach(tx, asked)
    with store.write("test") as tx:
        copy, created = attach(tx, replace(asked, name="vm2", workload=workload("vm2"), id=first.id))

    assert created
    assert copy.id != first.id
    assert store.snapshot().ports[first.id] == first
