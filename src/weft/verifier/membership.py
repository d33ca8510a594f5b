"""Who is meant by a line: as its target a port, as its peer an address."""

from collections.abc import Iterable

from weft.model.ids import NetworkId
from weft.model.judgement import Peers
from weft.model.network import Address, Prefix
from weft.model.port import Port
from weft.model.snapshot import Snapshot, belongs
from weft.verifier.lines import (
    Everyone,
    OfGroup,
    OfNetwork,
    OfProject,
    OfZone,
    Publishing,
    Quarantined,
    Who,
    Within,
    publishing,
)
from weft.verifier.station import Domain, known_by


class Membership:
    """Who is who in one routing domain of a snapshot."""

    def __init__(self, snapshot: Snapshot, domain: Domain) -> None:
        """Costs nothing yet."""
        self._snapshot = snapshot
        self._domain = domain

    def has_target(self, who: Who, port: Port) -> bool:
        """Whether a line for `who` is about what `port` sends and gets, under whatever address."""
        match who:
            case OfNetwork(network):
                return port.network_id == network
            case OfZone(zone, project):
                return port.project_id == project and self._snapshot.networks[port.network_id].zone == zone
            case OfGroup(group):
                found = self._snapshot.groups[group]
                return port.project_id == found.project_id and belongs(port, found)
            case Within():
                raise TypeError("prefixes have no traffic of their own")
            case _:
                return _by_itself(who, port)

    def has_peer(self, who: Who, address: Address, owners: Iterable[Port]) -> bool:
        """Whether `address`, which means `owners` if any port of the domain, is one of `who`."""
        match who:
            case Everyone():
                return True
            case Within(prefixes):
                return any(inside(address, prefix) for prefix in prefixes)
            case OfNetwork(network) if network not in self._domain:
                return any(inside(address, prefix) for prefix in self._foreign(network))
            case _:
                return any(self.has_target(who, owner) for owner in owners)

    def peers(self, who: Who) -> Peers | None:
        """The addresses that are `who` as peers, None where every address is."""
        match who:
            case Everyone():
                return None
            case Within(prefixes):
                return Peers.of(prefixes)
            case OfNetwork(network) if network not in self._domain:
                return Peers.of(self._foreign(network))
            case _:
                return Peers(
                    frozenset(
                        address
                        for network in self._domain
                        for port in self._snapshot.ports_of.get(network, ())
                        if self.has_target(who, port)
                        for address in known_by(port)
                    )
                )

    def _foreign(self, network: NetworkId) -> tuple[Prefix, ...]:
        return foreign_prefixes(self._snapshot, self._domain, network)


def foreign_prefixes(snapshot: Snapshot, domain: Domain, network: NetworkId) -> tuple[Prefix, ...]:
    """The prefixes of a network outside of `domain` that `domain` does not use itself.

    Where two overlap the address means a port of this domain, never the stranger with the same one.
    """
    own = [subnet.cidr for here in domain for subnet in snapshot.subnets_of.get(here, ())]
    there = [subnet.cidr for subnet in snapshot.subnets_of.get(network, ())]
    return tuple(prefix for prefix in there if not any(_meet(prefix, mine) for mine in own))


def _by_itself(who: Everyone | OfProject | Quarantined | Publishing, port: Port) -> bool:
    """Whether a port is one of `who`, by what it says itself."""
    match who:
        case Everyone():
            return True
        case OfProject(project):
            return port.project_id == project
        case Quarantined():
            return port.quarantined
        case Publishing():
            return who in publishing(port)


def inside(address: Address, prefix: Prefix) -> bool:
    """Whether `address` is in `prefix`; never across IP versions."""
    return address.version == prefix.version and address in prefix


def _meet(one: Prefix, other: Prefix) -> bool:
    return one.version == other.version and (one.network_address in other or other.network_address in one)
