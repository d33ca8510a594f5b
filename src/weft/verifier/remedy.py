"""What would turn a verdict: changes of policy, each tried on the model, the one that does least else first.

Tried are: to take away the rule that decided; to put a rule before it that is about just this traffic; to
make a policy where only a default decided; to add the far end to the group of a rule that came close.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network
from itertools import islice, product
from uuid import UUID

from weft.model.ids import GroupId, PolicyId, ProjectId, RuleId
from weft.model.policy import Action, Direction, Group, Peer, Policy, PortRange, Rule, Service
from weft.model.port import Port
from weft.model.snapshot import Snapshot, belongs, is_for
from weft.verifier.difference import difference
from weft.verifier.lines import OfGroup, Origin, in_order
from weft.verifier.packet import ICMP, WITH_PORTS, Header
from weft.verifier.station import Station
from weft.verifier.verdict import Decision, Judge, Verdict
from weft.verifier.world import World

_MOST_ON_A_SIDE = 5
_MOST_POLICIES = 3
_TO_COME = {Direction.EGRESS: UUID(int=1), Direction.INGRESS: UUID(int=2)}
"""The ids of rules and policies that do not exist yet."""


@dataclass(frozen=True, slots=True)
class Insert:
    """Put `rule` before the one at `place` of `policy`, or at its end."""

    policy: Policy
    place: int
    rule: Rule


@dataclass(frozen=True, slots=True)
class Remove:
    """Take the rule at `place` out of `policy`."""

    policy: Policy
    place: int


@dataclass(frozen=True, slots=True)
class Create:
    """Make `policy`, with its one rule."""

    policy: Policy


@dataclass(frozen=True, slots=True)
class Join:
    """Add `port` to `group` by hand."""

    group: Group
    port: Port


Edit = Insert | Remove | Create | Join


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """`edits` that together turn the verdict, and how many pairs of addresses they open and close in all."""

    edits: tuple[Edit, ...]
    opened: int
    closed: int

    @property
    def moved(self) -> int:
        """How much changes for anybody."""
        return self.opened + self.closed


Editable = Callable[[Policy | Group], bool]


def remedies(
    world: World, verdict: Verdict, editable: Editable = lambda _: True, *, most: int = 3
) -> tuple[Remedy, ...]:
    """The `most` changes that turn `verdict` and move least else; none where policy is not what decides.

    `editable` says which policies and groups may be changed, or made. `verdict` is one of `world`'s snapshot.
    """
    if verdict.obstacle is not None:
        return ()
    found: list[Remedy] = []
    for edits in _candidates(world.snapshot, verdict, editable):
        after = applied(world.snapshot, edits)
        told = Judge(after).verdict(verdict.source, verdict.destination, verdict.header)
        if told.passes is not verdict.passes:
            moved = difference(world, world.advanced(after))
            opened, closed = sum(moved.opened.values()), sum(moved.closed.values())
            found.append(Remedy(edits=edits, opened=opened, closed=closed))
    return tuple(sorted(found, key=lambda remedy: (remedy.moved, len(remedy.edits)))[:most])


def applied(snapshot: Snapshot, edits: Sequence[Edit]) -> Snapshot:
    """The model after `edits`. New rules have no rank: only the store gives those."""
    for edit in edits:
        match edit:
            case Insert(policy, place, rule):
                now = snapshot.policies[policy.id]
                at = _place_now(policy, place, now)
                rules = (*now.rules[:at], rule, *now.rules[at:])
                snapshot = _with_policy(snapshot, replace(now, rules=rules))
            case Remove(policy, place):
                now = snapshot.policies[policy.id]
                at = _place_now(policy, place, now)
                rules = (*now.rules[:at], *now.rules[at + 1 :])
                snapshot = _with_policy(snapshot, replace(now, rules=rules))
            case Create(policy):
                snapshot = _with_policy(snapshot, policy)
            case Join(group, port):
                joined = replace(group, members=group.members | {port.id})
                groups: Mapping[GroupId, Group] = {**snapshot.groups, group.id: joined}
                snapshot = replace(snapshot, groups=groups)
    return snapshot


def _place_now(policy: Policy, place: int, now: Policy) -> int:
    """Where the rule that `policy` has at `place` is in the policy `now`, after other edits."""
    return now.rules.index(policy.rules[place]) if place < len(policy.rules) else len(now.rules)


def _with_policy(snapshot: Snapshot, policy: Policy) -> Snapshot:
    return replace(snapshot, policies={**snapshot.policies, policy.id: policy})


def _candidates(snapshot: Snapshot, verdict: Verdict, editable: Editable) -> Iterator[tuple[Edit, ...]]:
    """To open, every side that does not allow must turn; to close, any one will do."""
    sides = [
        (decision, far)
        for decision, far in ((verdict.egress, verdict.asked), (verdict.ingress, verdict.seen))
        if decision is not None and decision.line.allows is verdict.passes
    ]
    found = [
        list(islice(_turning(snapshot, verdict, decision, far, editable=editable), _MOST_ON_A_SIDE))
        for decision, far in sides
    ]
    if verdict.passes:
        for one in found:
            yield from ((edit,) for edit in one)
    else:
        yield from product(*found)


def _turning(
    snapshot: Snapshot, verdict: Verdict, decision: Decision, far: Station, *, editable: Editable
) -> Iterator[Edit]:
    """Changes that turn what was decided at one end."""
    for edit in _thinkable(snapshot, decision, far, verdict.header, editable=editable):
        judge = Judge(applied(snapshot, [edit]))
        told = judge.verdict(verdict.source, verdict.destination, verdict.header)
        after = told.egress if decision is verdict.egress else told.ingress
        if after is not None and after.line.allows is not decision.line.allows:
            yield edit


def _thinkable(
    snapshot: Snapshot, decision: Decision, far: Station, header: Header, *, editable: Editable
) -> Iterator[Edit]:
    """Changes that may turn what was decided at one end."""
    line, wanted = decision.line, not decision.line.allows
    policy = line.policy
    if policy is not None and editable(policy):
        after = decision.next_line
        if line.origin is Origin.RULE and after is not None and after.allows is wanted:
            yield Remove(policy, line.place)
        for rule in _exact(snapshot, policy.project_id, decision, far, header):
            yield Insert(policy, line.place, rule)
    if line.origin in (Origin.PUBLISHED, Origin.DEFAULT, Origin.END):
        yield from _beside_the_default(snapshot, decision, far, header, editable=editable)
    yield from _joining(snapshot, decision, far, header, editable=editable)


def _beside_the_default(
    snapshot: Snapshot, decision: Decision, far: Station, header: Header, *, editable: Editable
) -> Iterator[Edit]:
    """A rule at the end of a policy that the port has, or a policy of its own."""
    port = decision.port
    mine = [p for p in in_order(snapshot) if p.in_force and editable(p) and is_for(snapshot, p, port)]
    for policy in mine[-_MOST_POLICIES:]:
        for rule in _exact(snapshot, policy.project_id, decision, far, header):
            yield Insert(policy, len(policy.rules), rule)
    group = _narrowest(snapshot, port.project_id, port)
    target = None if group is None else group.id
    for rule in _exact(snapshot, port.project_id, decision, far, header):
        made = Policy(
            id=PolicyId(_TO_COME[rule.direction]),
            project_id=port.project_id,
            name=f"{rule.action}-{port.name}",
            target=target,
            rules=(rule,),
        )
        if editable(made):
            yield Create(made)


def _joining(
    snapshot: Snapshot, decision: Decision, far: Station, header: Header, *, editable: Editable
) -> Iterator[Edit]:
    """A rule that came close would decide if the far end were in its group."""
    port = None if far.port is None else snapshot.ports.get(far.port.id)
    for line in decision.close:
        if line.allows is decision.line.allows or not line.traffic.covers(header) or port is None:
            continue
        if isinstance(line.peer, OfGroup):
            group = snapshot.groups[line.peer.group]
            if group.project_id == port.project_id and editable(group) and not belongs(port, group):
                yield Join(group, port)


def _exact(
    snapshot: Snapshot, project: ProjectId, decision: Decision, far: Station, header: Header
) -> Iterator[Rule]:
    """Rules that decide about this packet otherwise: from the far end's narrowest group, or from it alone."""
    group = None if far.port is None else _narrowest(snapshot, project, far.port)
    peers = [Peer(cidr=ip_network(far.address))]
    if group is not None:
        peers.insert(0, Peer(group_id=group.id))
    for peer in peers:
        yield Rule(
            id=RuleId(_TO_COME[decision.line.direction]),
            direction=decision.line.direction,
            action=Action.DROP if decision.line.allows else Action.ALLOW,
            peer=peer,
            service=_service(header),
        )


def _service(header: Header) -> Service:
    if header.protocol in WITH_PORTS:
        return Service(protocol=header.protocol, ports=(PortRange(header.value, header.value),))
    if header.protocol in ICMP:
        kind, code = divmod(header.value, 256)
        return Service(protocol=header.protocol, icmp_type=kind, icmp_code=code)
    return Service()


def _narrowest(snapshot: Snapshot, project: ProjectId, port: Port) -> Group | None:
    """The group with the fewest members that has `port`; a port of another project is in none."""
    if port.project_id != project:
        return None
    mine = [g for g in snapshot.groups.values() if g.project_id == project and belongs(port, g)]
    return min(mine, key=lambda group: (len(snapshot.members_of[group.id]), group.id), default=None)
