"""Who is where: the members of each group on each network, as port groups.

A group is one port group per routing domain, for the addresses of a port group are global to it: members on
an overlapping network elsewhere would let strangers with the same address pass. Without routers a routing
domain is one network.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from weft.compiler import names
from weft.model.ids import GroupId, NetworkId
from weft.model.port import Port
from weft.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Members:
    """Ports under one name in OVN, never empty: a match that names an empty port group does not parse."""

    name: str
    ports: tuple[Port, ...]

    def has(self, version: int) -> bool:
        """Whether any member has an address of IP `version`, so that `$name_ipN` exists."""
        return any(ip.address.version == version for port in self.ports for ip in port.fixed_ips)


class Domains:
    """The members that rules can name, for one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Partitions lazily: each index is made when it is first asked for."""
        self.snapshot = snapshot

    @cached_property
    def everyone(self) -> dict[NetworkId, Members]:
        """All ports of each network that has any."""
        return {
            network: Members(names.everyone(network), ports)
            for network, ports in self.snapshot.ports_of.items()
        }

    @cached_property
    def quarantined(self) -> dict[NetworkId, Members]:
        """The ports of each network whose workload is not known yet."""
        found = {
            network: tuple(port for port in ports if port.quarantined)
            for network, ports in self.snapshot.ports_of.items()
        }
        return {
            network: Members(names.quarantine(network), ports) for network, ports in found.items() if ports
        }

    @cached_property
    def groups(self) -> dict[GroupId, dict[NetworkId, Members]]:
        """The members of each group on each network where it has any."""
        result: dict[GroupId, dict[NetworkId, Members]] = {}
        for group, identities in self.snapshot.members_of.items():
            split: defaultdict[NetworkId, list[Port]] = defaultdict(list)
            for identity in identities:
                port = self.snapshot.ports[identity]
                split[port.network_id].append(port)
            result[group] = {
                network: Members(names.group_in(group, network), tuple(ports))
                for network, ports in split.items()
            }
        return result
