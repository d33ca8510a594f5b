"""What the rules ask of the whole model, answered without a search: names, holders, leases.

Every change is symmetric, so that taking it back is the same change the other way round.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from weft.model.floating_ip import FloatingIP
from weft.model.ids import FloatingIPId, HostName, NetworkId, PortId, RouterId, SubnetId
from weft.model.network import Address, Physical, Subnet
from weft.model.port import Port, Workload
from weft.model.router import Router
from weft.store.change import Change, Declared, Kind
from weft.store.kinds import ObjectId, kind_of, name_of, object_id_of, project_of
from weft.store.leases import Leases


def workload_key(workload: Workload) -> str:
    """What a lease is bound to, as one text; no part can run into the next."""
    return "\x1f".join((workload.runtime, workload.engine, workload.id))


class Index:
    """Lookups over the model of the writer. Only for use under the writer's lock."""

    def __init__(self, objects: Iterable[Declared] = ()) -> None:
        """Start from `objects`; subnets must come before ports."""
        self.names: dict[tuple[Kind, UUID | None, str], ObjectId] = {}
        self.contents: defaultdict[UUID, int] = defaultdict(int)
        self.subnets: defaultdict[NetworkId, dict[SubnetId, Subnet]] = defaultdict(dict)
        self.ports: defaultdict[NetworkId, dict[PortId, None]] = defaultdict(dict)
        self.macs: dict[tuple[NetworkId, str], PortId] = {}
        self.addresses: dict[tuple[NetworkId, Address], PortId] = {}
        self.workloads: dict[tuple[NetworkId, str], PortId] = {}
        self.leases: dict[SubnetId, Leases] = {}
        self.routers: dict[NetworkId, RouterId] = {}
        self.gateways: dict[tuple[NetworkId, Address], RouterId] = {}
        self.floating_ips: dict[tuple[NetworkId, Address], FloatingIPId] = {}
        self.floating_of: dict[PortId, FloatingIPId] = {}
        self.vlans: dict[tuple[HostName, Physical], PortId] = {}
        """The bare-metal ports by where their hosts find the machines."""
        self.trunks: defaultdict[PortId, dict[int, PortId]] = defaultdict(dict)
        """The ports of tagged frames by the port that carries them, and VLAN."""
        for item in objects:
            self.change(None, item)

    def change(self, before: Declared | None, after: Declared | None) -> None:
        """Replace `before` by `after`; None is nothing."""
        if before is not None and self.names.get(_name_key(before)) == object_id_of(before):
            del self.names[_name_key(before)]
        if after is not None:
            self.names[_name_key(after)] = object_id_of(after)
        self._count(before, -1)
        self._count(after, +1)
        if isinstance(before, Subnet) or isinstance(after, Subnet):
            self._change_subnet(before, after)
        self._change_router(before, after)
        self._change_floating(before, after)
        if isinstance(before, Port):
            self._forget_port(before)
        if isinstance(after, Port):
            self._learn_port(after)

    def follow(self, changes: Sequence[Change]) -> None:
        """Take in one revision as the change log tells it, which is not in the order it happened.

        What a port gives up is free before another takes it, and a port goes before its subnet.
        """
        in_place = [c.kind is Kind.SUBNETS and None not in (c.before, c.after) for c in changes]
        for change, stays in reversed(list(zip(changes, in_place, strict=True))):
            if not stays:
                self.change(change.before, None)
        for change, stays in zip(changes, in_place, strict=True):
            self.change(change.before if stays else None, change.after)

    def _count(self, item: Declared | None, by: int) -> None:
        project = None if item is None else project_of(item)
        if project is not None:
            self.contents[project] += by

    def _change_subnet(self, before: Declared | None, after: Declared | None) -> None:
        taken: set[int] | None = None
        if isinstance(before, Subnet):
            taken = self.leases.pop(before.id).taken
            del self.subnets[before.network_id][before.id]
        if isinstance(after, Subnet):
            self.leases[after.id] = Leases(after, taken)
            self.subnets[after.network_id][after.id] = after

    def _change_router(self, before: Declared | None, after: Declared | None) -> None:
        if isinstance(before, Router):
            for network in before.networks:
                if self.routers.get(network) == before.id:
                    del self.routers[network]
            if before.gateway is not None:
                del self.gateways[before.gateway.network_id, before.gateway.address]
                self._give_up(before.gateway.network_id, before.gateway.address)
        if isinstance(after, Router):
            self.routers.update(dict.fromkeys(after.networks, after.id))
            if after.gateway is not None:
                self.gateways[after.gateway.network_id, after.gateway.address] = after.id
                self._take(after.gateway.network_id, after.gateway.address)

    def _change_floating(self, before: Declared | None, after: Declared | None) -> None:
        if isinstance(before, FloatingIP):
            del self.floating_ips[before.network_id, before.address]
            if before.port_id is not None and self.floating_of.get(before.port_id) == before.id:
                del self.floating_of[before.port_id]
            self._give_up(before.network_id, before.address)
        if isinstance(after, FloatingIP):
            self.floating_ips[after.network_id, after.address] = after.id
            if after.port_id is not None:
                self.floating_of[after.port_id] = after.id
            self._take(after.network_id, after.address)

    def _take(self, network: NetworkId, address: Address) -> None:
        for leases in self._leases_around(network, address):
            leases.take(address)

    def _give_up(self, network: NetworkId, address: Address) -> None:
        for leases in self._leases_around(network, address):
            leases.release(address)

    def _leases_around(self, network: NetworkId, address: Address) -> Iterable[Leases]:
        subnets = self.subnets[network].values()
        return [self.leases[subnet.id] for subnet in subnets if address in subnet.cidr]

    def _forget_port(self, port: Port) -> None:
        del self.ports[port.network_id][port.id]
        del self.macs[port.network_id, port.mac]
        if port.workload is not None:
            del self.workloads[port.network_id, workload_key(port.workload)]
        if port.host is not None and port.physical is not None:
            del self.vlans[port.host, port.physical]
        if port.trunk is not None:
            del self.trunks[port.trunk.port_id][port.trunk.vlan]
        for fixed in port.fixed_ips:
            del self.addresses[port.network_id, fixed.address]
            self.leases[fixed.subnet_id].release(fixed.address)

    def _learn_port(self, port: Port) -> None:
        self.ports[port.network_id][port.id] = None
        self.macs[port.network_id, port.mac] = port.id
        if port.workload is not None:
            self.workloads[port.network_id, workload_key(port.workload)] = port.id
        if port.host is not None and port.physical is not None:
            self.vlans[port.host, port.physical] = port.id
        if port.trunk is not None:
            self.trunks[port.trunk.port_id][port.trunk.vlan] = port.id
        for fixed in port.fixed_ips:
            self.addresses[port.network_id, fixed.address] = port.id
            self.leases[fixed.subnet_id].take(fixed.address)


def _name_key(item: Declared) -> tuple[Kind, UUID | None, str]:
    return kind_of(item), project_of(item), name_of(item)
