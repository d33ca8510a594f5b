"""What things are called in OVN, and the keys by which our rows are known.

Names of Port_Group, Address_Set and Meter are global in OVN and must fit `[a-zA-Z_.][a-zA-Z_.0-9]*`.
"""

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from weft.model.ids import (
    AddressGroupId,
    DomainId,
    FloatingIPId,
    GroupId,
    HostName,
    NetworkId,
    PortId,
    ProjectId,
    RouterId,
    RuleId,
    SubnetId,
)
from weft.model.policy import Direction
from weft.ovn.rows import Key

_EVERYONE = "weft_net_"
_LOGS, _DROPS = "weft_log_", "weft_drop_"
_LOGGED = re.compile(
    r"weft-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:-(default|quarantine)-(?:ingress|egress))?"
)


def switch_name(network: NetworkId) -> str:
    """The logical switch that carries `network`."""
    return f"weft-{network}"


def switch_key(network: NetworkId) -> Key:
    """Of the same switch."""
    return Key(f"switch:{network}")


@lru_cache(maxsize=1 << 18)
def port_key(port: PortId) -> Key:
    """Of the logical switch port whose name is the port's id."""
    return Key(f"port:{port}")


@lru_cache(maxsize=1 << 18)
def port_of(key: Key) -> PortId:
    """The port whose logical switch port has `key`."""
    return PortId(UUID(key.partition(":")[2]))


def dhcp_key(subnet: SubnetId) -> Key:
    """Of the DHCP options of `subnet`."""
    return Key(f"dhcp:{subnet}")


def dns_key(network: NetworkId) -> Key:
    """Of the DNS records of `network`."""
    return Key(f"dns:{network}")


def named_network(key: Key) -> NetworkId | None:
    """The network whose DNS records have `key`, if it is theirs."""
    table, _, identity = key.partition(":")
    return NetworkId(UUID(identity)) if table == "dns" else None


def resolver_name(router: RouterId) -> str:
    """The switch on which the names of the networks of `router` are answered."""
    return f"weft-dns-{router}"


def dns_switch_key(router: RouterId) -> Key:
    """Of that switch."""
    return Key(f"dns-switch:{router}")


def resolver_key(router: RouterId) -> Key:
    """Of who is asked there."""
    return Key(f"resolver:{router}")


def to_resolver_name(router: RouterId) -> str:
    """The router's end of the link to that switch."""
    return f"weft-lrp-dns-{router}"


def to_resolver_key(router: RouterId) -> Key:
    """Of the router's end."""
    return Key(f"lrp-dns:{router}")


def from_resolver_name(router: RouterId) -> str:
    """The switch's end of the same link."""
    return f"weft-gw-dns-{router}"


def from_resolver_key(router: RouterId) -> Key:
    """Of the switch's end."""
    return Key(f"gw-dns:{router}")


def router_name(router: RouterId) -> str:
    """The logical router."""
    return f"weft-{router}"


def router_key(router: RouterId) -> Key:
    """Of the same router."""
    return Key(f"router:{router}")


def router_port_name(network: NetworkId) -> str:
    """The router's end of the link between `network` and its router: a network has one router at most."""
    return f"weft-lrp-{network}"


def router_port_key(network: NetworkId) -> Key:
    """Of the router's end."""
    return Key(f"lrp:{network}")


def gateway_name(network: NetworkId) -> str:
    """The switch's end of the same link."""
    return f"weft-gw-{network}"


def gateway_key(network: NetworkId) -> Key:
    """Of the switch's end."""
    return Key(f"gw:{network}")


def localnet_key(network: NetworkId) -> Key:
    """Of the switch's end of the way to a physical network."""
    return Key(f"localnet:{network}")


def localnet_name(network: NetworkId) -> str:
    """The same end."""
    return f"weft-localnet-{network}"


def metadata_key(network: NetworkId) -> Key:
    """Of the guests' service on `network`."""
    return Key(f"metadata:{network}")


def way_out_port_name(router: RouterId) -> str:
    """The router's port on the network of its gateway: a router has one way out at most."""
    return f"weft-lrp-out-{router}"


def way_out_port_key(router: RouterId) -> Key:
    """Of the same port."""
    return Key(f"lrp-out:{router}")


def way_out_name(router: RouterId) -> str:
    """The switch's end of the same link."""
    return f"weft-gw-out-{router}"


def way_out_key(router: RouterId) -> Key:
    """Of the switch's end."""
    return Key(f"gw-out:{router}")


def gateway_chassis_name(router: RouterId, host: HostName) -> str:
    """The row by which `host` can be the gateway of `router`."""
    return f"weft-{router}-{host}"


def gateway_chassis_key(router: RouterId, host: HostName) -> Key:
    """Of the same row."""
    return Key(f"gateway-chassis:{router}:{host}")


def nat_key(router: RouterId, inside: str) -> Key:
    """Of what hides the prefix `inside` behind the gateway of `router`."""
    return Key(f"nat:{router}:{inside}")


def floating_key(floating: FloatingIPId) -> Key:
    """Of what leads from a floating IP to its port."""
    return Key(f"floating:{floating}")


def route_key(router: RouterId, destination: str, next_hop: str) -> Key:
    """Of a static route of `router`."""
    return Key(f"route:{router}:{destination}:{next_hop}")


def link_local_key(router: RouterId) -> Key:
    """Of what keeps packets with a link-local source on their link."""
    return Key(f"link-local:{router}")


def everyone(network: NetworkId) -> str:
    """The port group of all ports of `network`."""
    return f"{_EVERYONE}{_word(network)}"


def quarantine(network: NetworkId) -> str:
    """The port group of the ports of `network` whose workload is not known yet."""
    return f"weft_quarantine_{_word(network)}"


def group_in(group: GroupId, domain: DomainId) -> str:
    """The port group of the members of `group` in a routing domain."""
    return f"weft_pg_{_word(group)}_{_word(domain)}"


def zone_in(zone: str, domain: DomainId) -> str:
    """The port group of the ports on the networks of `zone` in a routing domain. Zones have no dots."""
    return f"weft_zone_{zone.replace('-', '.')}_{_word(domain)}"


def address_set(group: AddressGroupId, version: int) -> str:
    """The address set of the prefixes of `group` of one family."""
    return f"weft_as_{_word(group)}_ip{version}"


def group_key(name: str) -> Key:
    """Of the port group called `name`."""
    return Key(f"pg:{name}")


def acl_key(owner: str, what: str) -> Key:
    """Of the ACL `what` on the port group called `owner`."""
    return Key(f"acl:{owner}:{what}")


def acl_rule(key: Key) -> RuleId | None:
    """The rule that the ACL with `key` is called after; None for the system's and the defaults'."""
    try:
        return RuleId(UUID(key.split(":")[2][:36]))
    except (IndexError, ValueError):
        return None


def acl_default(key: Key) -> tuple[NetworkId, str] | None:
    """The network and what of it (`default-ingress-drop`) the ACL with `key` is; None for a rule's."""
    try:
        _, owner, what = key.split(":")
        return NetworkId(UUID(owner.removeprefix(_EVERYONE).replace("_", "-"))), what
    except ValueError:
        return None


class Band(StrEnum):
    """What a network itself drops, and why: nothing matched, or nobody knows yet whose port it is."""

    DEFAULT = "default"
    QUARANTINE = "quarantine"


class Logged(NamedTuple):
    """What a line of ovn-controller's log is about: a rule, or what a network drops by itself."""

    of: RuleId | NetworkId
    band: Band | None = None


def rule_log_name(rule: RuleId) -> str:
    """By which the ACLs of `rule` are known in the log; ovn-nb(5) has room for 63 characters."""
    return f"weft-{rule}"


def band_log_name(network: NetworkId, band: Band, direction: Direction) -> str:
    """By which what `network` drops by itself is known in the log."""
    return f"weft-{network}-{band}-{direction}"


def logged(name: str) -> Logged | None:
    """What the ACLs called `name` stand for; None when they are not ours."""
    found = _LOGGED.fullmatch(name)
    if found is None:
        return None
    identity, band = UUID(found[1]), found[2]
    return Logged(RuleId(identity)) if band is None else Logged(NetworkId(identity), Band(band))


def log_meter(project: ProjectId, *, asked: bool) -> str:
    """The meter of what the rules of `project` ask to log (`asked`), or of what else it drops."""
    return f"{_LOGS if asked else _DROPS}{_word(project)}"


def metered(name: str) -> tuple[ProjectId, bool] | None:
    """The project whose meter `name` is, and whether it is that of what rules ask to log."""
    for prefix, asked in ((_LOGS, True), (_DROPS, False)):
        if name.startswith(prefix):
            try:
                return ProjectId(UUID(name.removeprefix(prefix).replace("_", "-"))), asked
            except ValueError:
                return None
    return None


def meter_key(name: str) -> Key:
    """Of the meter called `name`."""
    return Key(f"meter:{name}")


def meter_name(key: Key) -> str | None:
    """The meter that has `key`, if it is a meter's."""
    table, _, name = key.partition(":")
    return name if table == "meter" else None


def band_key(name: str) -> Key:
    """Of the one band of the meter called `name`."""
    return Key(f"band:{name}")


def acl_group(key: Key) -> Key:
    """Of the port group that the ACL with `key` sits on."""
    return group_key(key.split(":")[1])


def qos_key(network: NetworkId, port: PortId, direction: str) -> Key:
    """Of what limits `port` of `network` in one direction."""
    return Key(f"qos:{network}:{port}:{direction}")


def qos_switch(key: Key) -> Key:
    """Of the switch that owns the QoS row with `key`."""
    return Key(f"switch:{key.split(':')[1]}")


def switched_network(key: Key) -> NetworkId | None:
    """The network whose switch has `key`, if it is a switch's."""
    table, _, identity = key.partition(":")
    return NetworkId(UUID(identity)) if table == "switch" else None


def _word(identity: UUID) -> str:
    return str(identity).replace("-", "_")
