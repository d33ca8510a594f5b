"""Who is meant by a line: as its target a port, as its peer an address."""

from collections.abc import Mapping
from functools import cached_property

from weft.model.ids import NetworkId
from weft.model.network import Address, Prefix
from weft.model.port import Port
from weft.model.snapshot import Snapshot, belongs
from weft.verifier.lines import Everyone, OfGroup, OfNetwork, OfProject, Quarantined, Who, Within
from weft.verifier.station import Domain


class Membership:
    """Who is who in one routing domain of a snapshot."""

    def __init__(self, snapshot: Snapshot, domain: Domain) -> None:
        """Costs nothing yet."""
        self._snapshot = snapshot
        self._domain = domain

    def has_target(self, who: Who, port: Port) -> bool:
        """Whether a line for `who` is about what `port` sends and gets, under whatever address."""
        match who:
            case Everyone():
                return True
            case OfProject(project):
                return port.project_id == project
            case OfNetwork(network):
                return port.network_id == network
            case OfGroup(group):
                found = self._snapshot.groups[group]
                return port.project_id == found.project_id and belongs(port, found)
            case Quarantined():
                return port.quarantined
            case Within():
                raise TypeError("prefixes have no traffic of their own")

    def has_peer(self, who: Who, address: Address, owner: Port | None) -> bool:
        """Whether `address`, given to `owner` if to any port of the domain, is one of `who`."""
        match who:
            case Everyone():
                return True
            case Within(prefixes):
                return any(inside(address, prefix) for prefix in prefixes)
            case OfNetwork(network) if network not in self._domain:
                return any(inside(address, prefix) for prefix in self._foreign.get(network, ()))
            case _:
                return owner is not None and self.has_target(who, owner)

    @cached_property
    def _foreign(self) -> Mapping[NetworkId, tuple[Prefix, ...]]:
        """The prefixes of networks elsewhere that this domain does not use itself.

        Where two overlap the address means a port of this domain, never the stranger with the same one.
        """
        subnets_of = self._snapshot.subnets_of
        own = [subnet.cidr for network in self._domain for subnet in subnets_of.get(network, ())]
        return {
            network: tuple(s.cidr for s in subnets if not any(_meet(s.cidr, prefix) for prefix in own))
            for network, subnets in subnets_of.items()
            if network not in self._domain
        }


def inside(address: Address, prefix: Prefix) -> bool:
    """Whether `address` is in `prefix`; never across IP versions."""
    return address.version == prefix.version and address in prefix


def _meet(one: Prefix, other: Prefix) -> bool:
    return one.version == other.version and (one.network_address in other or other.network_address in one)
