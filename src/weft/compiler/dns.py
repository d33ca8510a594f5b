"""What ports are called in DNS: PORT.NETWORK.PROJECT.internal, and just PORT, forward and reverse.

OVN answers on the host itself what appears on a switch with DNS records (ovn-nb(5), DNS; keys are in lower
case). Before the cure of CVE-2025-0650 no ACL of such a switch holds for what says that it is an answer: UDP
from port 53 gets to every port. So no workload is on it: each router has one of its own behind it. What OVN
does not know goes on to the resolver there, which each host has (ovn-nb(5), "localport").
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import uuid5

from weft.compiler import names
from weft.compiler.settings import CompilerSettings
from weft.model.ids import NetworkId, PortId
from weft.model.network import Address, Network, Subnet
from weft.model.port import Port, mac_for
from weft.model.resolver import NAMES, RESOLVERS, ROUTERS, resolver_id, resolver_mac
from weft.model.router import Router
from weft.model.snapshot import Snapshot
from weft.ovn.rows import Dns, LogicalRouterPort, LogicalSwitch, LogicalSwitchPort, Row

_LONGEST_LABEL = 63
"""RFC 1035, section 2.3.4."""
_NO_LABEL = re.compile(r"[^a-z0-9]+")
_NAMELESS = "x"


class Claim(NamedTuple):
    """Who wants to be known by a label, and under which addresses."""

    name: str
    port: PortId
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class NetworkNames:
    """The names of a network's ports in its `zone`. A value: `after` makes the next one.

    `claims` are by label. Where several ports have the same label it is the one's whose name is just that, or
    comes first; the others have a part of their id behind theirs.
    """

    zone: str
    claims: Mapping[str, Sequence[Claim]]
    records: Mapping[str, str]

    @classmethod
    def of(cls, zone: str, ports: Iterable[Port]) -> "NetworkNames":
        """The names of `ports`."""
        return cls(zone, {}, {}).after((), ports)

    def after(self, gone: Iterable[Port], come: Iterable[Port]) -> "NetworkNames":
        """The names once the ports in `gone` have left and those in `come` are there. Costs what differs."""
        before, now = set(map(_claim, gone)), set(map(_claim, come))
        left, joined = before - now, now - before
        if not left and not joined:
            return self
        claims, records = dict(self.claims), dict(self.records)
        for known in {label(claim.name) for claim in left | joined}:
            held = claims.pop(known, ())
            for key in _records(self.zone, known, held):
                records.pop(key, None)
            wanted = {*held, *(c for c in joined if label(c.name) == known)} - left
            if wanted:
                claims[known] = sorted(wanted, key=lambda claim: (claim.name != known, claim[:2]))
                records.update(_records(self.zone, known, claims[known]))
        return NetworkNames(self.zone, claims, records)


def label(name: str) -> str:
    """`name` as a label of DNS: lower case, and one dash for whatever is no letter and no digit.

    No two dashes follow each other, so that nobody is called what tells others apart.
    """
    plain = _NO_LABEL.sub("-", name.lower()).strip("-")
    return plain[:_LONGEST_LABEL].rstrip("-") or _NAMELESS


def zone_of(snapshot: Snapshot, network: Network, settings: CompilerSettings) -> str:
    """What the names of the ports of `network` end in."""
    project = snapshot.projects.get(network.project_id)
    owner = str(network.project_id) if project is None else project.name
    return f"{label(network.name)}.{label(owner)}.{settings.domain}"


def dns_row(network: NetworkId, known: NetworkNames) -> Dns:
    """The records of a network; none while it has no ports."""
    return Dns(key=names.dns_key(network), records=known.records)


def answers(snapshot: Snapshot, network: NetworkId) -> bool:
    """Whether the ports of a network can ask for names: only a router leads to who answers."""
    return network in snapshot.router_of and network in snapshot.subnets_of


def resolvers(snapshot: Snapshot, subnet: Subnet) -> Sequence[Address]:
    """Whom the ports of a subnet are told to ask: those declared, or else ours."""
    if subnet.dns_servers or not answers(snapshot, subnet.network_id):
        return subnet.dns_servers
    return [address for address in RESOLVERS if address.version == subnet.cidr.version]


def resolver_rows(snapshot: Snapshot, router: Router) -> Iterator[Row]:
    """The switch on which the names of a router's networks are answered, and the router's way there."""
    mac = mac_for(PortId(uuid5(router.id, "dns")))
    yield LogicalRouterPort(
        key=names.to_resolver_key(router.id),
        name=names.to_resolver_name(router.id),
        mac=mac,
        networks=frozenset(f"{at}/{prefix.prefixlen}" for at, prefix in zip(ROUTERS, NAMES, strict=True)),
    )
    link = LogicalSwitchPort(
        key=names.from_resolver_key(router.id),
        name=names.from_resolver_name(router.id),
        type="router",
        addresses=frozenset({"router"}),
        options={"router-port": names.to_resolver_name(router.id)},
    )
    asked = LogicalSwitchPort(
        key=names.resolver_key(router.id),
        name=str(resolver_id(router.id)),
        type="localport",
        addresses=frozenset({" ".join([resolver_mac(router.id), *map(str, RESOLVERS)])}),
    )
    yield from (link, asked)
    known = (network for network in router.networks if network in snapshot.networks)
    yield LogicalSwitch(
        key=names.dns_switch_key(router.id),
        name=names.resolver_name(router.id),
        ports=frozenset({link.key, asked.key}),
        dns_records=frozenset(map(names.dns_key, known)),
    )


def _claim(port: Port) -> Claim:
    return Claim(port.name, port.id, tuple(fixed.address for fixed in port.fixed_ips))


def _records(zone: str, known: str, claims: Sequence[Claim]) -> dict[str, str]:
    found: dict[str, str] = {}
    for place, claim in enumerate(claims):
        called = known if place == 0 else _apart(known, claim.port)
        if claim.addresses:
            found[called] = found[f"{called}.{zone}"] = " ".join(_spoken(claim.addresses))
        for address in claim.addresses:
            found[address.reverse_pointer] = f"{called}.{zone}"
    return found


def _spoken(addresses: Sequence[Address]) -> Iterator[str]:
    """What a name is answered with. Without an IPv6 address it is an IPv4-mapped one (RFC 4291, 2.5.5.2).

    OVN is silent where it has no address of the version that is asked for, and then whoever asks for both, as
    every C library does, waits for seconds, or gives up. A connection to a mapped address is one by IPv4.
    """
    yield from map(str, addresses)
    if all(address.version == 4 for address in addresses):
        yield from (f"::ffff:{address}" for address in addresses)


def _apart(known: str, port: PortId) -> str:
    mark = f"--{port.hex[:12]}"
    return known[: _LONGEST_LABEL - len(mark)].rstrip("-") + mark
