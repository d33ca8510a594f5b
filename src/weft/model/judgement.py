"""What policy says of connections that exist already: as much as a host needs to tell which ones must end."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from weft.model.network import Address, Prefix
from weft.model.policy import Direction, Protocol

Range = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A connection, seen from who opened it. `protocol` None is any that no service can name.

    `value` is the number that services speak of: the destination port, or for ICMP the type times 256 plus
    the code of the first packet.
    """

    source: Address
    destination: Address
    protocol: Protocol | None = None
    value: int = 0
    source_port: int = 0


@dataclass(frozen=True, slots=True)
class Peers:
    """Addresses, found quickly however many they are: `hosts` are single, `prefixes` the others."""

    hosts: frozenset[Address] = frozenset()
    prefixes: tuple[Prefix, ...] = ()

    @classmethod
    def of(cls, prefixes: Iterable[Prefix]) -> "Peers":
        """The addresses in any of `prefixes`."""
        found = frozenset(prefixes)
        single = {prefix for prefix in found if prefix.prefixlen == prefix.max_prefixlen}
        return cls(
            frozenset(prefix.network_address for prefix in single), tuple(sorted(found - single, key=str))
        )

    def __contains__(self, address: object) -> bool:
        """Whether `address` is one of them."""
        return address in self.hosts or any(
            prefix.version == getattr(address, "version", None) and address in prefix
            for prefix in self.prefixes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One line of policy. None and no ranges are any."""

    allows: bool
    peers: Peers | None = None
    version: int | None = None
    protocol: Protocol | None = None
    values: tuple[Range, ...] = ()
    source_ports: tuple[Range, ...] = ()

    def covers(self, connection: Connection, peer: Address) -> bool:
        """Whether the clause decides about `connection`, whose other end is `peer`."""
        return (
            self.version in (None, peer.version)
            and self.protocol in (None, connection.protocol)
            and _among(connection.value, self.values)
            and _among(connection.source_port, self.source_ports)
            and (self.peers is None or peer in self.peers)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All that policy says of what opens towards (ingress) or from (egress) any of `addresses`.

    The first clause that covers a connection decides; what none covers is not allowed.
    """

    direction: Direction
    addresses: frozenset[Address]
    clauses: tuple[Clause, ...]

    def denies(self, connection: Connection, peer: Address) -> bool:
        """Whether `connection`, whose other end is `peer`, is not allowed."""
        deciding = next((clause for clause in self.clauses if clause.covers(connection, peer)), None)
        return deciding is None or not deciding.allows


@dataclass(frozen=True, slots=True)
class Judgements:
    """The judgements of one routing domain, by the address that they are about.

    Of a link-local address there can be several, where ports of different networks have the same MAC.
    """

    by_end: Mapping[tuple[Direction, Address], Sequence[Judgement]] = field(default_factory=dict)

    @classmethod
    def of(cls, judgements: Iterable[Judgement]) -> "Judgements":
        """Index `judgements`."""
        found: defaultdict[tuple[Direction, Address], list[Judgement]] = defaultdict(list)
        for one in judgements:
            for address in one.addresses:
                found[one.direction, address].append(one)
        return cls(found)

    def deny(self, connection: Connection) -> bool:
        """Whether a judgement about either end denies it; where there is none, nothing has changed.

        One that is ended and was allowed is no harm: its next packet is judged as a first one.
        """
        there, here = connection.destination, connection.source
        return self._denies((Direction.EGRESS, here), connection, there) or self._denies(
            (Direction.INGRESS, there), connection, here
        )

    def _denies(self, end: tuple[Direction, Address], connection: Connection, peer: Address) -> bool:
        return any(judgement.denies(connection, peer) for judgement in self.by_end.get(end, ()))


def _among(number: int, ranges: tuple[Range, ...]) -> bool:
    return not ranges or any(first <= number <= last for first, last in ranges)
