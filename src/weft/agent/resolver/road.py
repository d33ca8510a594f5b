"""Where the answer to a question is to be found. Pure.

Names of ports are OVN's to tell, and nobody's else: what ends in our domain, what an address of ours leads
back to, and a name of one label, which is short for one of these, never leave this host.
"""

from collections.abc import Sequence
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from weft.agent.resolver.message import Kind, Query
from weft.client import AskingNetwork, Resolver
from weft.model.resolver import DOMAIN, NAMES

Address = IPv4Address | IPv6Address
Prefix = IPv4Network | IPv6Network

_REVERSE4, _REVERSE6 = ".in-addr.arpa", ".ip6.arpa"


class Road(Enum):
    """Whom to ask."""

    OURS = "OVN"
    WORLD = "the servers of this host"
    NONE = "nobody"


def network_of(resolver: Resolver, client: Address) -> AskingNetwork | None:
    """The network that `client` is on; None of a stranger, who is owed nothing."""
    here = (one for one in resolver.networks if any(client in prefix for prefix in one.prefixes))
    return next(here, None)


def road_of(query: Query, resolver: Resolver, network: AskingNetwork) -> Road:
    """Whom to ask for a workload on `network`, one of the resolver's."""
    if _is_ours(query, [prefix for one in resolver.networks for prefix in one.prefixes]):
        return Road.OURS
    return Road.WORLD if network.forwards else Road.NONE


def _is_ours(query: Query, prefixes: Sequence[Prefix]) -> bool:
    name = query.name
    if name == DOMAIN or name.endswith(f".{DOMAIN}"):
        return True
    if name and "." not in name:
        return query.kind in (Kind.A, Kind.AAAA, Kind.ANY)  # whoever checks signatures asks of com, too
    address = _leads_back(name)
    return address is not None and any(address in prefix for prefix in (*prefixes, *NAMES))


def _leads_back(name: str) -> Address | None:
    """The address whose reverse name this is (RFC 1035, section 3.5; RFC 3596, section 2.5)."""
    try:
        if name.endswith(_REVERSE4):
            return IPv4Address(".".join(reversed(name.removesuffix(_REVERSE4).split("."))))
        if name.endswith(_REVERSE6):
            digits = name.removesuffix(_REVERSE6).split(".")
            if len(digits) == 32 and all(len(digit) == 1 for digit in digits):
                return IPv6Address(int("".join(reversed(digits)), 16))
    except ValueError:
        return None
    return None
