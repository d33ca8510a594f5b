"""Where policy became stricter between two snapshots: whose connections must be looked through.

An upper bound. What is named here and did not become stricter costs a look, for hosts end only what the new
policy does not allow; what became stricter and is not named would let connections run on.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from weft.model.ids import GroupId, NetworkId, PortId
from weft.model.policy import Direction, Policy
from weft.model.snapshot import Snapshot, Touched, belongs
from weft.verifier.lines import (
    Everyone,
    Line,
    OfGroup,
    OfNetwork,
    OfProject,
    OfZone,
    Publishing,
    Quarantined,
    Who,
    Within,
    default_lines,
    policy_lines,
    publishing,
)

End = tuple[Direction, Who]
"""What the ports of `Who` open (egress), or what is opened to them (ingress)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The ports for whose ingress and egress policy became stricter."""

    ingress: frozenset[PortId] = frozenset()
    egress: frozenset[PortId] = frozenset()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.ingress or self.egress)

    def of(self, direction: Direction) -> frozenset[PortId]:
        """Those of one direction."""
        return self.ingress if direction is Direction.INGRESS else self.egress


def tightening(old: Snapshot, new: Snapshot, touched: Touched) -> Cut:
    """Which ports `new` may allow less than `old` did. `touched` is what differs between the two.

    Ports that are not in both have no connections that could run on.
    """
    moved = _moved(old, new, touched)
    found: dict[Direction, set[PortId]] = {direction: set() for direction in Direction}
    for direction, who in (
        *_stricter_policies(old, new, touched),
        *_stricter_networks(old, new, touched),
        *_stricter_zones(old, new, touched),
        *_stricter_peers(new, moved),
    ):
        found[direction] |= {*_ports(who, old), *_ports(who, new)}
    for direction, ports in (
        *_stricter_targets(new, moved),
        *_newly_quarantined(old, new, touched),
        (Direction.INGRESS, _taken_back(old, new, touched)),
    ):
        found[direction] |= ports
    ingress, egress = (
        frozenset(port for port in found[direction] if port in old.ports and port in new.ports)
        for direction in (Direction.INGRESS, Direction.EGRESS)
    )
    return Cut(ingress=ingress, egress=egress)


@dataclass(frozen=True, slots=True)
class _Moved:
    """The ports that joined and left each group whose members changed."""

    joined: Mapping[GroupId, frozenset[PortId]]
    left: Mapping[GroupId, frozenset[PortId]]


def _moved(old: Snapshot, new: Snapshot, touched: Touched) -> _Moved:
    """Asks groups that were touched for all ports, and the others for ports that may have moved."""
    movable = {
        port_id
        for port_id in touched.ports
        if (before := old.ports.get(port_id)) is not None
        and (after := new.ports.get(port_id)) is not None
        and (before.labels, before.quarantined) != (after.labels, after.quarantined)
    }
    asked = {*old.groups, *new.groups} if movable else touched.groups
    joined: dict[GroupId, frozenset[PortId]] = {}
    left: dict[GroupId, frozenset[PortId]] = {}
    for group in asked:
        was, now = (
            frozenset(_asked(snapshot, group, snapshot.ports if group in touched.groups else movable))
            for snapshot in (old, new)
        )
        if now - was:
            joined[group] = now - was
        if was - now:
            left[group] = was - now
    return _Moved(joined, left)


def _asked(snapshot: Snapshot, group_id: GroupId, candidates: Iterable[PortId]) -> Iterator[PortId]:
    """Which of `candidates` belong to the group."""
    group = snapshot.groups.get(group_id)
    if group is None:
        return
    for port_id in candidates:
        port = snapshot.ports.get(port_id)
        if port is not None and port.project_id == group.project_id and belongs(port, group):
            yield port_id


def _stricter_policies(old: Snapshot, new: Snapshot, touched: Touched) -> Iterator[End]:
    """Policies that changed, or that name what changed."""
    networks = _networks_of_changed_subnets(old, new, touched)
    named = {
        policy.id
        for policy in new.policies.values()
        if (touched.address_groups or networks) and _names(policy, touched, networks)
    }
    for policy_id in {*touched.policies, *named}:
        before, after = old.policies.get(policy_id), new.policies.get(policy_id)
        was = [] if before is None else list(policy_lines(old, before))
        now = [] if after is None else list(policy_lines(new, after))
        elsewhere = (
            before is not None
            and after is not None
            and (before.tier, before.order) != (after.tier, after.order)
        )
        if elsewhere or (policy_id in named and networks):
            yield from ((line.direction, line.target) for line in (*was, *now))
        else:
            yield from _stricter(was, now)


def _names(policy: Policy, touched: Touched, networks: Set[NetworkId]) -> bool:
    """Whether a rule's peer is an address group that was touched, or one of `networks`."""
    return any(
        rule.peer.address_group_id in touched.address_groups or rule.peer.network_id in networks
        for rule in policy.rules
    )


def _networks_of_changed_subnets(old: Snapshot, new: Snapshot, touched: Touched) -> Set[NetworkId]:
    return {
        subnet.network_id
        for subnet_id in touched.subnets
        if old.subnets.get(subnet_id) != new.subnets.get(subnet_id)
        for subnet in (old.subnets.get(subnet_id), new.subnets.get(subnet_id))
        if subnet is not None
    }


def _stricter_networks(old: Snapshot, new: Snapshot, touched: Touched) -> Iterator[End]:
    """Defaults that changed, and networks that a router does not join any more."""
    for network_id in touched.networks:
        before, after = old.networks.get(network_id), new.networks.get(network_id)
        if before is not None and after is not None:
            yield from _stricter(list(default_lines(before)), list(default_lines(after)))
    for router_id in touched.routers:
        router = old.routers.get(router_id)
        was = frozenset() if router is None else router.networks
        remains = new.routers.get(router_id)
        if was - (frozenset() if remains is None else remains.networks):
            yield from ((direction, OfNetwork(network)) for network in was for direction in Direction)


def _stricter_zones(old: Snapshot, new: Snapshot, touched: Touched) -> Iterator[End]:
    """Targets of rules that allow a zone which networks left, or drop one which networks joined.

    And these networks, where the rules are for the zone.
    """
    left, joined = _rezoned(old, new, touched), _rezoned(new, old, touched)
    if not left and not joined:
        return
    for policy in new.policies.values():
        for line in policy_lines(new, policy):
            changed = left if line.allows else joined
            if isinstance(line.peer, OfZone) and line.peer in changed:
                yield line.direction, line.target
            if isinstance(line.target, OfZone):
                yield from ((line.direction, network) for network in changed.get(line.target, ()))


def _rezoned(here: Snapshot, there: Snapshot, touched: Touched) -> Mapping[OfZone, Sequence[OfNetwork]]:
    """By zone, the networks that are in it in one snapshot, and not in the other."""
    found: defaultdict[OfZone, list[OfNetwork]] = defaultdict(list)
    for key in touched.networks & here.networks.keys():
        network, other = here.networks[key], there.networks.get(key)
        if network.zone is not None and (other is None or other.zone != network.zone):
            found[OfZone(network.zone, network.project_id)].append(OfNetwork(key))
    return found


def _stricter_peers(new: Snapshot, moved: _Moved) -> Iterator[End]:
    """Targets of rules that allow peers who left, or drop peers who joined."""
    for line in _about(new, moved):
        if isinstance(line.peer, OfGroup):
            changed = moved.left if line.allows else moved.joined
            if line.peer.group in changed:
                yield line.direction, line.target


def _stricter_targets(new: Snapshot, moved: _Moved) -> Iterator[tuple[Direction, frozenset[PortId]]]:
    """Ports that left a group which rules allow something, or joined one that rules drop something of."""
    for line in _about(new, moved):
        if isinstance(line.target, OfGroup):
            changed = moved.left if line.allows else moved.joined
            yield line.direction, changed.get(line.target.group, frozenset())


def _about(snapshot: Snapshot, moved: _Moved) -> Iterator[Line]:
    """The lines of policies that name a group whose members changed."""
    changed = moved.joined.keys() | moved.left.keys()
    if not changed:
        return
    for policy in snapshot.policies.values():
        if policy.target in changed or any(rule.peer.group_id in changed for rule in policy.rules):
            yield from policy_lines(snapshot, policy)


def _newly_quarantined(
    old: Snapshot, new: Snapshot, touched: Touched
) -> Iterator[tuple[Direction, frozenset[PortId]]]:
    found = frozenset(
        port_id
        for port_id in touched.ports
        if port_id in old.ports
        and port_id in new.ports
        and new.ports[port_id].quarantined > old.ports[port_id].quarantined
    )
    yield from ((direction, found) for direction in Direction)


def _taken_back(old: Snapshot, new: Snapshot, touched: Touched) -> frozenset[PortId]:
    """Ports of which something is not published any more."""
    return frozenset(
        port_id
        for port_id in touched.ports
        if port_id in old.ports
        and port_id in new.ports
        and set(publishing(old.ports[port_id])) - set(publishing(new.ports[port_id]))
    )


def _stricter(was: Sequence[Line], now: Sequence[Line]) -> Iterator[End]:
    """Whose lines may allow less: an allowance is gone, a drop is new, or what stayed changed places.

    First match decides, so a new allowance and the end of a drop only ever allow more.
    """
    before, after = {_said(line) for line in was}, {_said(line) for line in now}
    yield from ((line.direction, line.target) for line in was if line.allows and _said(line) not in after)
    yield from (
        (line.direction, line.target) for line in now if not line.allows and _said(line) not in before
    )
    stayed = [line for line in was if _said(line) in after]
    if [_said(line) for line in stayed] != [_said(line) for line in now if _said(line) in before]:
        yield from ((line.direction, line.target) for line in stayed)


def _said(line: Line) -> Hashable:
    """What a line means, whoever wrote it."""
    return line.origin, line.direction, line.target, line.peer, line.traffic, line.allows


def _ports(who: Who, snapshot: Snapshot) -> Iterable[PortId]:
    """The ports that are meant by a target."""
    ports = snapshot.ports.values()
    match who:
        case OfNetwork(network):
            return (port.id for port in snapshot.ports_of.get(network, ()))
        case OfProject(project):
            return (port.id for port in ports if port.project_id == project)
        case OfGroup(group_id):
            group = snapshot.groups.get(group_id)
            if group is None:
                return ()
            return (p.id for p in ports if p.project_id == group.project_id and belongs(p, group))
        case OfZone(zone, project):
            mine = [network for network in snapshot.networks.values() if network.project_id == project]
            return (p.id for n in mine if n.zone == zone for p in snapshot.ports_of.get(n.id, ()))
        case Everyone() | Quarantined() | Within() | Publishing():
            raise TypeError(f"no rule and no default has the target {who}")
