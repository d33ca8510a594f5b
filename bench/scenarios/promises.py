"""Invariants and plans on an estate of 10,000 ports and 10,000 rules in one routing domain."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from random import Random
from time import perf_counter
from uuid import UUID

from bench.figures import Figure, alone
from weft.api.planner import Planner
from weft.compiler import CompilerSettings
from weft.model.ids import (
    GroupId,
    InvariantId,
    NetworkId,
    PolicyId,
    PortId,
    ProjectId,
    RuleId,
    SubnetId,
)
from weft.model.invariant import Invariant, Promise
from weft.model.network import Network, Project, Subnet
from weft.model.policy import (
    Action,
    Direction,
    Group,
    Peer,
    Policy,
    PortRange,
    Protocol,
    Rule,
    Service,
)
from weft.model.port import FixedIP, Port, PortKind, mac_at
from weft.model.rank import arrange
from weft.model.selector import Selector
from weft.model.snapshot import Snapshot
from weft.verifier.invariants import breaches
from weft.verifier.world import World

PORTS, RULES, GROUPS, INVARIANTS = 10_000, 10_000, 200, 1_000
_POLICIES = 100
_PROJECT = ProjectId(UUID(int=1))
_NETWORK = NetworkId(UUID(int=2))
_PREFIX = IPv4Network("10.0.0.0/16")
_INVARIANTS_S, _DIFF_S = 1.0, 0.020


def run(pairs: int) -> Iterator[Figure]:
    """The promises, looked at anew; and a rule's plan, and the same with promises to keep."""
    model = estate()
    world = World.of(model)
    known = world.knowing([])
    took = []
    for _ in range(max(3, pairs // 8)):
        started = perf_counter()
        breaches(known, model.invariants.values())
        took.append(perf_counter() - started)
    yield alone(f"{INVARIANTS:,} invariants, all looked at", "s", took, goal=_INVARIANTS_S)
    yield from _plans(model, pairs)


def _plans(model: Snapshot, pairs: int) -> Iterator[Figure]:
    planner, chance = Planner(CompilerSettings()), Random(7)
    planner.difference(model, model)
    planner.rows(model, model)
    planner.breaks(model, model)
    reach: list[float] = []
    rows: list[float] = []
    kept: list[float] = []
    for _ in range(pairs):
        changed = one_rule_more(model, chance)
        for found, ask in ((reach, planner.difference), (rows, planner.rows)):
            started = perf_counter()
            ask(model, changed)
            found.append(perf_counter() - started)
    for _ in range(max(3, pairs // 8)):
        changed = one_rule_more(model, chance)
        started = perf_counter()
        planner.breaks(model, changed)
        kept.append(perf_counter() - started)
    yield alone("what one rule opens and closes", "s", reach, goal=_DIFF_S)
    yield alone("which rows one rule touches", "s", rows)
    yield alone("what one rule breaks", "s", kept, goal=_INVARIANTS_S)


def one_rule_more(model: Snapshot, chance: Random) -> Snapshot:
    """`model` with a rule inserted into one policy."""
    policy = chance.choice(list(model.policies.values()))
    rule = _rule(chance, chance.getrandbits(64))
    place = chance.randrange(len(policy.rules))
    rules = (*policy.rules[:place], replace(rule, rank=policy.rules[place].rank + 1), *policy.rules[place:])
    return replace(model, policies={**model.policies, policy.id: replace(policy, rules=rules)})


def estate() -> Snapshot:
    """Ports with labels of 200 applications, a group for each, and policies among these."""
    chance = Random(1)
    subnet = Subnet(
        id=SubnetId(UUID(int=3)),
        project_id=_PROJECT,
        network_id=_NETWORK,
        name="net-v4",
        cidr=_PREFIX,
        gateway=_PREFIX[1],
    )
    ports = [_port(subnet, number) for number in range(PORTS)]
    groups = [
        Group(id=_group(n), project_id=_PROJECT, name=f"g{n}", selector=Selector(f"app=a{n}"))
        for n in range(GROUPS)
    ]
    policies = _policies(chance)
    promises = [_invariant(chance, number) for number in range(INVARIANTS)]
    return Snapshot(
        projects={_PROJECT: Project(id=_PROJECT, name="default")},
        networks={_NETWORK: Network(id=_NETWORK, project_id=_PROJECT, name="net")},
        subnets={subnet.id: subnet},
        ports={port.id: port for port in ports},
        groups={group.id: group for group in groups},
        policies={policy.id: policy for policy in policies},
        invariants={one.id: one for one in promises},
    )


def _port(subnet: Subnet, number: int) -> Port:
    address = IPv4Address(int(_PREFIX[10]) + number)
    return Port(
        id=PortId(UUID(int=10**6 + number)),
        project_id=_PROJECT,
        network_id=_NETWORK,
        name=f"p{number}",
        kind=PortKind.CONTAINER,
        mac=mac_at(_NETWORK, address),
        fixed_ips=(FixedIP(subnet.id, address),),
        labels={"app": f"a{number % GROUPS}"},
    )


def _group(number: int) -> GroupId:
    return GroupId(UUID(int=10**7 + number % GROUPS))


def _policies(chance: Random) -> list[Policy]:
    made = []
    for number in range(_POLICIES):
        rules = [_rule(chance, number * RULES + n) for n in range(RULES // _POLICIES)]
        made.append(
            Policy(
                id=PolicyId(UUID(int=10**8 + number)),
                project_id=_PROJECT,
                name=f"policy{number}",
                target=_group(number),
                rules=tuple(rules),
            )
        )
    ranks = iter(arrange([0] * RULES, made[0].tier))
    return [replace(p, rules=tuple(replace(r, rank=next(ranks)) for r in p.rules)) for p in made]


def _rule(chance: Random, number: int) -> Rule:
    return Rule(
        id=RuleId(UUID(int=10**12 + number)),
        direction=Direction.INGRESS,
        action=chance.choice([Action.ALLOW, Action.DROP]),
        peer=Peer(group_id=_group(chance.randrange(GROUPS))),
        service=_service(chance),
    )


def _service(chance: Random) -> Service:
    number = chance.randrange(1, 2000)
    return Service(protocol=Protocol.TCP, ports=(PortRange(number, number),))


def _invariant(chance: Random, number: int) -> Invariant:
    return Invariant(
        id=InvariantId(UUID(int=10**9 + number)),
        project_id=_PROJECT,
        name=f"i{number}",
        promise=chance.choice(list(Promise)),
        source=Peer(group_id=_group(chance.randrange(GROUPS))),
        destination=Peer(group_id=_group(chance.randrange(GROUPS))),
        service=Service() if number % 10 == 0 else _service(chance),
    )
