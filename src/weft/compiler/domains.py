"""Who is where: the members of each group on each network, as port groups.

A group is one port group per routing domain, for the addresses of a port group are global to it: members on
an overlapping network elsewhere would let strangers with the same address pass. Without routers a routing
domain is one network.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from weft.compiler import names
from weft.model.ids import GroupId, NetworkId
from weft.model.port import Port
from weft.model.snapshot import Snapshot

BOTH_VERSIONS = frozenset({4, 6})


@dataclass(frozen=True, slots=True)
class Members:
    """Ports under one name in OVN, never empty: a match that names an empty port group does not parse.

    `versions` are the IP versions of which any member has an address: `$name_ip4` exists only if 4 is among
    them. `speaks` are those that any member may send: all of them, where anti-spoofing is off.
    """

    name: str
    ports: tuple[Port, ...]
    versions: frozenset[int]
    speaks: frozenset[int]


def members(name: str, ports: Sequence[Port]) -> Members:
    """`ports` as the port group `name`."""
    versions = frozenset(ip.address.version for port in ports for ip in port.fixed_ips)
    secure = all(port.port_security for port in ports)
    return Members(name, tuple(ports), versions, versions if secure else BOTH_VERSIONS)


class Domains:
    """The members that rules can name, for one snapshot. Each index is made when it is first asked for."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Costs nothing yet."""
        self.snapshot = snapshot

    def __iter__(self) -> Iterator[Members]:
        """All port groups that exist."""
        yield from self.everyone.values()
        yield from self.quarantined.values()
        for split in self.groups.values():
            yield from split.values()

    @cached_property
    def everyone(self) -> dict[NetworkId, Members]:
        """All ports of each network that has any."""
        return {
            network: members(names.everyone(network), ports)
            for network, ports in self.snapshot.ports_of.items()
        }

    @cached_property
    def quarantined(self) -> dict[NetworkId, Members]:
        """The ports of each network whose workload is not known yet."""
        unknown = {
            network: [port for port in ports if port.quarantined]
            for network, ports in self.snapshot.ports_of.items()
        }
        return {
            network: members(names.quarantine(network), ports) for network, ports in unknown.items() if ports
        }

    @cached_property
    def groups(self) -> dict[GroupId, dict[NetworkId, Members]]:
        """The members of each group on each network where it has any."""
        return {group: self._split(group) for group in self.snapshot.groups}

    def _split(self, group: GroupId) -> dict[NetworkId, Members]:
        by_network: defaultdict[NetworkId, list[Port]] = defaultdict(list)
        for identity in self.snapshot.members_of[group]:
            port = self.snapshot.ports[identity]
            by_network[port.network_id].append(port)
        return {
            network: members(names.group_in(group, network), ports) for network, ports in by_network.items()
        }
