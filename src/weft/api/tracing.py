"""A question to OVN's own trace: a verdict's packet in its words, and its walk in ours."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from weft.compiler import names
from weft.compiler.merging import stands_for
from weft.compiler.routers import router_mac
from weft.model.ids import RuleId
from weft.model.policy import Policy, Protocol
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.ovn.rows import Key
from weft.ovn.trace import Step, Walk
from weft.verifier.packet import WITH_PORTS, Header
from weft.verifier.station import Station

Trace = Callable[[str, str], Walk]
"""Given a logical switch and a packet; raises TraceFailed."""

_GRE = 47
"""Stands for every protocol that no service can name (IANA, protocol numbers)."""
_DROPPED_FIRST = {"ls_in_apply_port_sec": "anti-spoofing drops it: the address is not the sender's own"}


@dataclass(frozen=True, slots=True)
class Told:
    """What the trace says: whether the packet came out where it was meant to, and how far it got."""

    arrives: bool
    lines: tuple[str, ...]


def microflow(snapshot: Snapshot, here: Station, there: Station, header: Header) -> str:
    """The first packet from `here`, which is a port, to `there`, as the sender's stack would write it."""
    if here.port is None:
        raise ValueError("what comes from outside enters at no port of ours")
    ip = f"ip{header.version}"
    return " && ".join(
        (
            f'inport == "{here.port.id}"',
            f"eth.src == {here.port.mac}",
            f"eth.dst == {_next_hop(snapshot, here.port, there.port)}",
            f"{ip}.src == {here.address}",
            f"{ip}.dst == {there.address}",
            "ip.ttl == 64",
            *_transport(header),
        )
    )


def entry(source: Port) -> str:
    """The logical switch on which what `source` sends appears."""
    return names.switch_name(source.network_id)


def told(snapshot: Snapshot, walk: Walk, target: Port) -> Told:
    """The walk in the words of the model."""
    arrives = str(target.id) in walk.outputs
    return Told(arrives, tuple(_lines(snapshot, walk)) or ("it meets no rule on the way",))


def _next_hop(snapshot: Snapshot, source: Port, target: Port | None) -> str:
    """The neighbour's MAC, or the router's where there is one and the other end is not on this network."""
    router = snapshot.router_of.get(source.network_id)
    if target is not None and (router is None or target.network_id == source.network_id):
        return target.mac
    return source.mac if router is None else router_mac(router.id, source.network_id)


def _transport(header: Header) -> list[str]:
    if header.protocol is None:
        return [f"ip.proto == {_GRE}"]
    if header.protocol in WITH_PORTS:
        word = header.protocol.value
        return [f"{word}.src == {header.source_port}", f"{word}.dst == {header.value}"]
    word = "icmp4" if header.protocol is Protocol.ICMP else "icmp6"
    return [f"{word}.type == {header.value >> 8}", f"{word}.code == {header.value & 0xFF}"]


def _lines(snapshot: Snapshot, walk: Walk) -> Iterator[str]:
    called = _datapaths(snapshot)
    rules = {rule.id: policy for policy in snapshot.policies.values() for rule in policy.rules}
    merged = stands_for(snapshot.policies.values())
    where = ""
    for step in walk.steps:
        said = _said(step, rules, merged)
        if said is None:
            continue
        if step.datapath != where:
            where = step.datapath
            yield f"on {called.get(where, where)}:"
        yield f"  {said}"


def _datapaths(snapshot: Snapshot) -> Mapping[str, str]:
    networks = {str(names.switch_key(n.id)): f"network {n.name}" for n in snapshot.networks.values()}
    routers = {str(names.router_key(r.id)): f"router {r.name}" for r in snapshot.routers.values()}
    return {**networks, **routers}


def _said(
    step: Step, rules: Mapping[RuleId, Policy], merged: Mapping[RuleId, tuple[RuleId, ...]]
) -> str | None:
    """A step that tells something of policy or of the way; None for OVN's own machinery."""
    if step.stage in _DROPPED_FIRST:
        return _DROPPED_FIRST[step.stage]
    if step.stage == "lr_in_ip_routing":
        return "it is routed"
    if step.acl is None:
        return None
    side = "where it is sent" if step.pipeline == "ingress" else "where it is received"
    return f"{_acl(step.acl, rules, merged)} decides {side}"


def _acl(key: Key, rules: Mapping[RuleId, Policy], merged: Mapping[RuleId, tuple[RuleId, ...]]) -> str:
    rule = names.acl_rule(key)
    if rule is None:
        return f"the {key.split(':')[2].split('-')[0]} band of the network"
    policy = rules.get(rule)
    if policy is None:
        return "a rule that is gone by now"
    places = {each.id: place for place, each in enumerate(policy.rules, 1)}
    numbers = [places[each] for each in merged.get(rule, (rule,)) if each in places]
    which = f"rule {numbers[0]}" if len(numbers) == 1 else f"one of the rules {numbers[0]} to {numbers[-1]}"
    return f"{which} of policy {policy.name}"
