"""What the kernel does with packets at the door, as rules of nft(8). Pure.

    prerouting  apart      what a router sends is tracked in its own zone: routers may use equal addresses
                returning  answers go back to the router that asked, by a mark that a routing rule reads
                arriving   what a port is published for goes to that port
    output      ...        the same for what the host itself sends
    input       inwards    the host itself is not outside: it has no service for who comes by the door
    forward     through    into the door go answers, and what is published; nothing else
    postrouting outwards   what leaves is hidden behind the host's address, and behind the door's what the
                           host itself, or another router, sends into it

A router is known by its MAC. Its number is in its zone and in its mark. IPv4 and IPv6 have a table each;
ports are published in IPv4 alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_network

from weft.client import Door, DoorRouter
from weft.model.publication import Publication

TABLE = "weft_door"
DEVICE = "weft-door"
MARKS, MARK = 0xFFFF8000, 0x57EF0000
"""Which bits of a packet's mark are ours, and what they are; the other 15 are a router's number."""
FAMILIES = {4: "ip", 6: "ip6"}
"""What nft(8) calls the tables of each IP version."""
ZONE = 0x8000
"""Zones from here on are ours. ovn-controller begins with 1 (ovn-controller(8), "ct-zone")."""


@dataclass(frozen=True, slots=True)
class Landing:
    """Where what is published goes: to `address` on a network."""

    published: Publication
    network_id: str
    address: IPv4Address


def mark_of(router: DoorRouter) -> int:
    """The mark of packets that go to `router`; also the number of the routing table that has the way."""
    return MARK | router.number


def ruleset(door: Door | None, landings: Sequence[Landing] = ()) -> str:
    """Our tables in place of those that are there, at once; without a door there is none.

    Landings on networks that do not leave by the door are left out.
    """
    absent = "".join(f"add table {one} {TABLE}\ndelete table {one} {TABLE}\n" for one in FAMILIES.values())
    if door is None:
        return absent
    tables = [
        f"table {family} {TABLE} {{\n{''.join(_chain(*one) for one in _chains(door, landings, version))}}}\n"
        for version, family in FAMILIES.items()
    ]
    return absent + "".join(tables)


def _chains(
    door: Door, landings: Sequence[Landing], version: int
) -> Iterator[tuple[str, str, Sequence[str]]]:
    at, to = f'iifname "{DEVICE}"', f'oifname "{DEVICE}"'
    routers = door.routers
    yield (
        "apart",
        "filter hook prerouting priority -300",
        [f"{at} ether saddr {one.mac} ct original zone set {ZONE | one.number}" for one in routers],
    )
    yield (
        "returning",
        "filter hook prerouting priority -150",
        [
            *(
                f"ct direction reply ct original zone {ZONE | one.number} meta mark set {mark_of(one):#x}"
                for one in routers
            ),
            _AGAIN,
        ],
    )
    if version == 4:
        found = [_arriving(landing, router) for landing in landings for router in _routers_of(door, landing)]
        yield "arriving", "nat hook prerouting priority -100", found
        yield "returning_here", "route hook output priority -150", [_AGAIN]
        yield "arriving_here", "nat hook output priority -100", found
    yield (
        "inwards",
        "filter hook input priority 0",
        [
            *([f"{at} icmpv6 type {{ {_NEIGHBOURS} }} accept"] if version == 6 else ()),
            f"{at} ct state established,related accept",
            f"{at} drop",
        ],
    )
    yield (
        "through",
        "filter hook forward priority -10",
        [
            f"{to} ct state established,related accept",
            *(f'iifname != "{DEVICE}" {to} {one} drop' for one in _pretences(routers, version)),
            f"{to} ct status dnat accept",
            f"{to} drop",
        ],
    )
    from_here = f"{to} fib saddr type local masquerade"
    yield "outwards", "nat hook postrouting priority 100", [f"{at} masquerade", from_here]


_NEIGHBOURS = "nd-neighbor-solicit, nd-neighbor-advert"
"""By which the host and a router find each other at the door (RFC 4861)."""
_AGAIN = f"ct direction original ct mark & {MARKS:#x} == {MARK:#x} meta mark set ct mark"
"""The first packet of a connection to what is published is marked where it is sent there, the others here."""


def _pretences(routers: Sequence[DoorRouter], version: int) -> Iterator[str]:
    """What comes from elsewhere and says that it is from behind the router that it is going to."""
    for router in routers:
        behind = [prefix for prefix in router.prefixes if ip_network(prefix).version == version]
        if behind:
            yield f"meta mark {mark_of(router):#x} {FAMILIES[version]} saddr {{ {', '.join(behind)} }}"


def _routers_of(door: Door, landing: Landing) -> list[DoorRouter]:
    """The router that leads to a landing; a network has one at most."""
    return [router for router in door.routers if landing.network_id in router.networks]


def _arriving(landing: Landing, router: DoorRouter) -> str:
    one, mark = landing.published, mark_of(router)
    where = "fib daddr type local" if one.host_address is None else f"ip daddr {one.host_address}"
    marked = f"ct mark set {mark:#x} meta mark set {mark:#x}"
    return f"{where} {one.protocol} dport {one.host_port} {marked} dnat to {landing.address}:{one.port}"


def _chain(name: str, hook: str, rules: Sequence[str]) -> str:
    lines = "".join(f"    {rule}\n" for rule in rules)
    return f"  chain {name} {{\n    type {hook}; policy accept;\n{lines}  }}\n"
