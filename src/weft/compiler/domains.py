"""Who is where: the members of each group in each routing domain, as port groups.

A group is one port group per routing domain, for the addresses of a port group are global to it: members on
an overlapping network elsewhere would let strangers with the same address pass. A routing domain is a router
with its networks, or a network that has none. A zone is a group of that kind: of the ports on its networks.
What nobody declares, everyone and the unknown, is by network.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import Enum
from typing import cast

from weft.compiler import names
from weft.compiler.addresses import known_by
from weft.compiler.dns import NetworkNames, zone_of
from weft.compiler.merging import merged
from weft.compiler.settings import CompilerSettings
from weft.model.ids import DomainId, GroupId, NetworkId, PolicyId, ProjectId, RouterId, RuleId
from weft.model.policy import Group, Policy, Rule
from weft.model.port import Port
from weft.model.snapshot import Snapshot, Touched, belongs
from weft.ovn.rows import Key


class Standing(Enum):
    """The groups that nobody declares: each network has them."""

    EVERYONE = "everyone"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Zone:
    """The ports on the networks of a zone. Its name will do: a domain is of one project."""

    name: str


Owner = Standing | Zone | GroupId
Place = tuple[Owner, DomainId]
"""A group or a zone in a domain, or a standing group on a network: what one port group stands for."""

RuleKey = tuple[PolicyId, RuleId]

BOTH_VERSIONS = frozenset({4, 6})
_VERSIONS = {(False, False): frozenset[int](), (True, False): frozenset({4}), (False, True): frozenset({6})}


@dataclass(frozen=True, slots=True)
class Members:
    """Ports under one name in OVN, never none: a match that names an empty port group does not parse.

    The numbers say how many addresses of each IP version they have, and how many are not secured against
    spoofing.
    """

    name: str
    ports: frozenset[Key] = frozenset()
    ip4: int = 0
    ip6: int = 0
    unsecured: int = 0

    @property
    def versions(self) -> frozenset[int]:
        """IP versions of which any member has an address: `$name_ip4` exists only if 4 is among them."""
        return _VERSIONS.get((self.ip4 > 0, self.ip6 > 0), BOTH_VERSIONS)

    @property
    def speaks(self) -> frozenset[int]:
        """IP versions that any member may send: all of them, where anti-spoofing is off."""
        return BOTH_VERSIONS if self.unsecured else self.versions

    def after(self, gone: Sequence[Port], come: Sequence[Port]) -> "Members":
        """The members once those in `gone` have left and those in `come` have joined."""
        left = frozenset(names.port_key(port.id) for port in gone)
        joined = frozenset(names.port_key(port.id) for port in come)
        counts = zip((self.ip4, self.ip6, self.unsecured), _counts(gone), _counts(come), strict=True)
        return Members(
            self.name, (self.ports - left) | joined, *(was - less + more for was, less, more in counts)
        )


def _counts(ports: Sequence[Port]) -> tuple[int, int, int]:
    """How many IPv4 addresses they have, how many IPv6 addresses; how many are free of anti-spoofing."""
    ip4 = ip6 = unsecured = 0
    for port in ports:
        addresses = known_by(port)
        of_ip4 = sum(address.version == 4 for address in addresses)
        ip4 += of_ip4
        ip6 += len(addresses) - of_ip4
        unsecured += not port.port_security
    return ip4, ip6, unsecured


_Split = Mapping[Owner, Mapping[DomainId, Members]]


@dataclass(frozen=True, slots=True)
class Domains:
    """A snapshot, and the indexes of it that compiling asks for. A value: `advanced` makes the next one."""

    settings: CompilerSettings
    snapshot: Snapshot
    split: _Split
    """The members of each group in each domain where it has any."""
    port_groups: Mapping[Key, Members]
    """The same by the key of their port group."""
    rules: Mapping[RuleKey, tuple[Policy, Rule]]
    called: Mapping[NetworkId, NetworkNames]
    """The names of each network's ports."""
    moved: Sequence[Place] = ()
    """Whose members are not those of the domains that these were advanced from."""
    named: Set[NetworkId] = frozenset()
    """The networks of which some names may not be those of these domains."""

    @classmethod
    def of(cls, snapshot: Snapshot, settings: CompilerSettings) -> "Domains":
        """All at once."""
        return cls(settings, Snapshot(), {}, {}, {}, {}).advanced(snapshot, Touched.everything(snapshot))

    def at(self, owner: Owner, where: DomainId) -> Members | None:
        """The members of a group in the domain `where`, a standing group's on that network, if any."""
        return self.split.get(owner, _NOBODY).get(where)

    def target(self, policy: Policy, where: DomainId) -> Members | None:
        """Whom `policy` is about there; without a target, everyone on a network that is the project's own."""
        owner = owner_of(policy)
        if policy.target_network not in (None, where):
            return None
        return self.at(owner, where) if policy.target is not None or self._owns(policy, where) else None

    def _owns(self, policy: Policy, where: DomainId) -> bool:
        """Whether a network or a domain is of the policy's project: others may have the same zone."""
        snapshot = self.snapshot
        found = snapshot.routers.get(cast("RouterId", where)) or snapshot.networks.get(
            cast("NetworkId", where)
        )
        return found is not None and found.project_id == policy.project_id

    def places_of(self, policy: Policy) -> Iterable[DomainId]:
        """Where the target of `policy` has members."""
        places = self.split.get(owner_of(policy), _NOBODY)
        return [where for where in places if self.target(policy, where) is not None]

    def advanced(self, snapshot: Snapshot, touched: Touched) -> "Domains":
        """The domains of `snapshot`, which differs from this one's in no more than what is `touched`."""
        moves = _moves(self, snapshot, touched)
        port_groups = dict(self.port_groups)
        moved = {owner: dict(self.split.get(owner, _NOBODY)) for owner, _ in moves}
        for (owner, where), (gone, come) in moves.items():
            known = None if owner in touched.groups else moved[owner].get(where)
            after = (known or Members(_name(owner, where))).after(gone, come)
            if after.ports:
                moved[owner][where] = port_groups[names.group_key(after.name)] = after
            else:
                moved[owner].pop(where, None)
                port_groups.pop(names.group_key(after.name), None)
        split = {owner: places for owner, places in {**self.split, **moved}.items() if places}
        rules = _rules(self, snapshot, touched)
        named = _called(self, snapshot, touched, moves)
        called = {key: known for key, known in {**self.called, **named}.items() if key in snapshot.networks}
        return Domains(self.settings, snapshot, split, port_groups, rules, called, tuple(moves), named.keys())


_NOBODY: Mapping[DomainId, Members] = {}

_Moves = dict[Place, tuple[list[Port], list[Port]]]


def owner_of(policy: Policy) -> Owner:
    """Whose members the target of `policy` is: of a zone or everyone, those of its own project."""
    if policy.target is not None:
        return policy.target
    return Standing.EVERYONE if policy.target_zone is None else Zone(policy.target_zone)


def _name(owner: Owner, where: DomainId) -> str:
    match owner:
        case Standing.EVERYONE:
            return names.everyone(cast("NetworkId", where))
        case Standing.QUARANTINED:
            return names.quarantine(cast("NetworkId", where))
        case Zone(name):
            return names.zone_in(name, where)
        case group:
            return names.group_in(group, where)


def rejoined(old: Snapshot, new: Snapshot, routers: Set[RouterId]) -> Set[NetworkId]:
    """The networks that any of `routers` joins, before or after: their domain may be another one."""
    sides = (old.routers, new.routers)
    return {network for known in sides for key in routers if key in known for network in known[key].networks}


def _rezoned(old: Snapshot, new: Snapshot, networks: Set[NetworkId]) -> Set[NetworkId]:
    """Those of `networks` that have another zone than before."""
    sides = [{k: s.networks[k].zone for k in networks if k in s.networks} for s in (old, new)]
    return {key for key in networks if sides[0].get(key) != sides[1].get(key)}


def _moves(old: Domains, new: Snapshot, touched: Touched) -> _Moves:
    """Which ports left and which joined, at each place. A group that is touched itself begins with nobody."""
    moves: _Moves = defaultdict(lambda: ([], []))
    settled = _by_project(group for key, group in new.groups.items() if key not in touched.groups)
    rehomed = rejoined(old.snapshot, new, touched.routers) | _rezoned(old.snapshot, new, touched.networks)
    for side, snapshot in enumerate((old.snapshot, new)):
        moving = {port.id for network in rehomed for port in snapshot.ports_of.get(network, ())}
        for key in touched.ports | moving:
            port = snapshot.ports.get(key)
            if port is not None:
                for owner in _owners(snapshot, port, settled.get(port.project_id, ())):
                    moves[_place(snapshot, owner, port)][side].append(port)
    for touched_group in touched.groups:
        for where in old.split.get(touched_group, _NOBODY):
            moves[touched_group, where] = ([], [])
    for port, group in _belonging(new, touched.groups):
        moves[_place(new, group, port)][1].append(port)
    return moves


def _place(snapshot: Snapshot, owner: Owner, port: Port) -> Place:
    """Where `port` is as a member of `owner`."""
    if isinstance(owner, Standing):
        return owner, port.network_id
    return owner, snapshot.domain_of(port.network_id)


def _owners(snapshot: Snapshot, port: Port, groups: Iterable[Group]) -> Iterator[Owner]:
    yield Standing.EVERYONE
    zone = snapshot.networks[port.network_id].zone
    if zone is not None:
        yield Zone(zone)
    if port.quarantined:
        yield Standing.QUARANTINED
    for group in groups:
        if belongs(port, group):
            yield group.id


def _belonging(snapshot: Snapshot, wanted: Set[GroupId]) -> Iterator[tuple[Port, GroupId]]:
    """The members of the `wanted` groups. Asks every port of their projects."""
    by_project = _by_project(snapshot.groups[key] for key in wanted if key in snapshot.groups)
    if by_project:
        for port in snapshot.ports.values():
            for group in by_project.get(port.project_id, ()):
                if belongs(port, group):
                    yield port, group.id


def _by_project(groups: Iterable[Group]) -> Mapping[ProjectId, Sequence[Group]]:
    found: defaultdict[ProjectId, list[Group]] = defaultdict(list)
    for group in groups:
        found[group.project_id].append(group)
    return found


def _rules(old: Domains, new: Snapshot, touched: Touched) -> Mapping[RuleKey, tuple[Policy, Rule]]:
    """Every rule with its policy; those that one ACL stands for are one, called after the first."""
    if not touched.policies:
        return old.rules
    rules = dict(old.rules)
    for key in touched.policies:
        if (before := old.snapshot.policies.get(key)) is not None:
            for rule in merged(before):
                rules.pop((key, rule.id), None)
        if (after := new.policies.get(key)) is not None:
            for rule in merged(after):
                rules[key, rule.id] = (after, rule)
    return rules


def _called(old: Domains, new: Snapshot, touched: Touched, moves: _Moves) -> dict[NetworkId, NetworkNames]:
    """The names of the ports of each network of which any may differ; none where a network is gone."""
    found: dict[NetworkId, NetworkNames] = {}
    for key in touched.networks & new.networks.keys() - old.called.keys():
        found[key] = NetworkNames.of(zone_of(new, new.networks[key], old.settings), ())
    for (owner, where), (gone, come) in moves.items():
        network = cast("NetworkId", where)
        known = found.get(network) or old.called.get(network)
        if owner is Standing.EVERYONE and known is not None:
            found[network] = known.after(gone, come)
    for key in _renamed(new, touched):
        zone = zone_of(new, new.networks[key], old.settings)
        if (found.get(key) or old.called[key]).zone != zone:
            found[key] = NetworkNames.of(zone, new.ports_of.get(key, ()))
    return {key: known for key, known in found.items() if key in new.networks}


def _renamed(new: Snapshot, touched: Touched) -> Iterator[NetworkId]:
    """The networks that may be called otherwise: their project may be."""
    yield from (key for key in touched.networks if key in new.networks)
    if touched.projects:
        yield from (key for key, network in new.networks.items() if network.project_id in touched.projects)
