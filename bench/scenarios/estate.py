"""An estate in one routing domain, as large as asked for: ports with labels, groups of them, and rules.

Each environment is a network of its own, and a router joins them all. Ports that differ in application or
environment differ in a label set, and no two label sets are alike to the rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from random import Random
from uuid import UUID

from weft.model.ids import (
    GroupId,
    InvariantId,
    NetworkId,
    PolicyId,
    PortId,
    ProjectId,
    RouterId,
    RuleId,
    SubnetId,
)
from weft.model.invariant import Invariant, Promise
from weft.model.network import Network, Project, Subnet
from weft.model.policy import Action, Direction, Group, Peer, Policy, PortRange, Protocol, Rule, Service
from weft.model.port import FixedIP, Port, PortKind, mac_at
from weft.model.rank import arrange
from weft.model.router import Router
from weft.model.selector import Selector
from weft.model.snapshot import Snapshot

APPLICATIONS, ENVIRONMENTS = 200, 10
LABEL_SETS = APPLICATIONS * ENVIRONMENTS
_POLICIES = 100
_PROJECT = ProjectId(UUID(int=1))
_BOTH, _ENVIRONMENT = 10_000, 20_000
"""Where the numbers of groups begin that ask for both labels, and for the environment alone."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything. Applications alone make as many label sets as there are of them."""

    ports: int = 10_000
    rules: int = 10_000
    invariants: int = 0
    environments: int = ENVIRONMENTS


def estate(size: Size) -> Snapshot:
    """The model of that size; the same one every time."""
    chance = Random(1)
    subnets = [_subnet(number) for number in range(size.environments)]
    ports = [_port(subnets, number) for number in range(size.ports)]
    groups = list(_groups(size.environments))
    policies = _policies(chance, size)
    promises = [_invariant(chance, number, size.environments) for number in range(size.invariants)]
    networks = [
        Network(id=subnet.network_id, project_id=_PROJECT, name=f"net{number}")
        for number, subnet in enumerate(subnets)
    ]
    hub = Router(
        id=RouterId(UUID(int=2)),
        project_id=_PROJECT,
        name="hub",
        networks=frozenset(network.id for network in networks),
    )
    return Snapshot(
        projects={_PROJECT: Project(id=_PROJECT, name="default")},
        networks={network.id: network for network in networks},
        subnets={subnet.id: subnet for subnet in subnets},
        routers={hub.id: hub},
        ports={port.id: port for port in ports},
        groups={group.id: group for group in groups},
        policies={policy.id: policy for policy in policies},
        invariants={one.id: one for one in promises},
    )


def one_rule_more(model: Snapshot, chance: Random) -> Snapshot:
    """`model` with a rule inserted into one policy."""
    policy = chance.choice(list(model.policies.values()))
    made = _rule(chance, chance.getrandbits(64), len(model.networks))
    place = chance.randrange(len(policy.rules))
    made = replace(made, rank=policy.rules[place].rank + 1)
    rules = (*policy.rules[:place], made, *policy.rules[place:])
    return replace(model, policies={**model.policies, policy.id: replace(policy, rules=rules)})


def one_port_moved(model: Snapshot, chance: Random) -> Snapshot:
    """`model` with a port whose application is another one: it leaves a group and joins one."""
    port = chance.choice(list(model.ports.values()))
    others = [f"a{number}" for number in range(APPLICATIONS) if f"a{number}" != port.labels["app"]]
    moved = replace(port, labels={**port.labels, "app": chance.choice(others)})
    return replace(model, ports={**model.ports, port.id: moved})


def _subnet(number: int) -> Subnet:
    cidr = IPv4Network(f"10.{number}.0.0/16")
    return Subnet(
        id=SubnetId(UUID(int=100 + number)),
        project_id=_PROJECT,
        network_id=NetworkId(UUID(int=200 + number)),
        name=f"net{number}-v4",
        cidr=cidr,
        gateway=cidr[1],
    )


def _port(subnets: Sequence[Subnet], number: int) -> Port:
    turn, application = divmod(number, APPLICATIONS)
    environment = turn % len(subnets)
    subnet = subnets[environment]
    address = IPv4Address(int(subnet.cidr[10]) + turn // len(subnets) * APPLICATIONS + application)
    return Port(
        id=PortId(UUID(int=10**6 + number)),
        project_id=_PROJECT,
        network_id=subnet.network_id,
        name=f"p{number}",
        kind=PortKind.CONTAINER,
        mac=mac_at(subnet.network_id, address),
        fixed_ips=(FixedIP(subnet.id, address),),
        labels={"app": f"a{application}", "env": f"e{environment}"},
    )


def _groups(environments: int) -> list[Group]:
    asked = {number: f"app=a{number}" for number in range(APPLICATIONS)}
    asked |= {_BOTH + n: f"app=a{n} && env=e{n % environments}" for n in range(APPLICATIONS)}
    asked |= {_ENVIRONMENT + number: f"env=e{number}" for number in range(environments)}
    return [
        Group(id=_group(number), project_id=_PROJECT, name=f"g{number}", selector=Selector(text))
        for number, text in asked.items()
    ]


def _group(number: int) -> GroupId:
    return GroupId(UUID(int=10**7 + number))


def _policies(chance: Random, size: Size) -> list[Policy]:
    """Nine of ten are for an application, the others for a whole environment."""
    made = []
    for number in range(_POLICIES):
        rules = [_rule(chance, number * size.rules + n, size.environments) for n in range(_share(size))]
        whole = number % 10 == 9
        made.append(
            Policy(
                id=PolicyId(UUID(int=10**8 + number)),
                project_id=_PROJECT,
                name=f"policy{number}",
                target=_group(_ENVIRONMENT + number // 10 % size.environments if whole else number),
                rules=tuple(rules),
            )
        )
    ranks = iter(arrange([0] * (_share(size) * _POLICIES), made[0].tier))
    return [replace(p, rules=tuple(replace(r, rank=next(ranks)) for r in p.rules)) for p in made]


def _share(size: Size) -> int:
    return size.rules // _POLICIES


def _rule(chance: Random, number: int, environments: int) -> Rule:
    return Rule(
        id=RuleId(UUID(int=10**12 + number)),
        direction=Direction.INGRESS,
        action=chance.choice([Action.ALLOW, Action.DROP]),
        peer=_peer(chance, environments),
        service=_service(chance),
    )


def _peer(chance: Random, environments: int) -> Peer:
    """Mostly applications; some of one environment, some environments, few prefixes, few anybody."""
    kind = chance.randrange(100)
    application = chance.randrange(APPLICATIONS)
    if kind < 80:
        return Peer(group_id=_group(application))
    if kind < 90:
        return Peer(group_id=_group(_BOTH + application))
    if kind < 95:
        return Peer(group_id=_group(_ENVIRONMENT + application % environments))
    return Peer(cidr=IPv4Network(f"10.{application % environments}.0.0/16")) if kind < 98 else Peer()


def _service(chance: Random) -> Service:
    number = chance.randrange(1, 2000)
    last = number + chance.choice([0] * 9 + [20])
    return Service(protocol=Protocol.TCP, ports=(PortRange(number, last),))


def _invariant(chance: Random, number: int, environments: int) -> Invariant:
    """Most are about one application in one environment, the others about all of either.

    One in ten is about all traffic. Most hold: of two environments never, within one always.
    """
    ends = [chance.randrange(APPLICATIONS) for _ in range(2)]
    apart = len({end % environments for end in ends}) > 1
    begin = chance.choice([_BOTH] * 8 + [_ENVIRONMENT, 0])
    groups = [_ENVIRONMENT + end % environments if begin == _ENVIRONMENT else begin + end for end in ends]
    return Invariant(
        id=InvariantId(UUID(int=10**9 + number)),
        project_id=_PROJECT,
        name=f"i{number}",
        promise=Promise.NEVER if apart else Promise.ALWAYS,
        source=Peer(group_id=_group(groups[0])),
        destination=Peer(group_id=_group(groups[1])),
        service=Service() if number % 10 == 0 else _service(chance),
    )
