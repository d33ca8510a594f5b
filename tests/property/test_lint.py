"""Lint says of a rule that it does nothing just where taking it away changes nothing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address, ip_network
from random import Random

import pytest
from tests.support.builders import a_service
from tests.support.random_models import SERVICES, random_model

from weft.model.ids import PolicyId
from weft.model.network import Address
from weft.model.policy import Peer, Policy, Protocol, Rule
from weft.model.port import Port
from weft.model.router import StaticRoute
from weft.model.snapshot import Snapshot
from weft.verifier.difference import difference
from weft.verifier.lines import traffic_of
from weft.verifier.lint import Finding, Problem, lint
from weft.verifier.packet import EPHEMERAL, Header
from weft.verifier.station import Station, stations
from weft.verifier.usefulness import Usefulness
from weft.verifier.verdict import Judge
from weft.verifier.world import World

MODELS = 30
OUTSIDE: list[Address] = [
    *map(
        ip_address,
        ("192.0.2.1", "10.0.0.1", "10.0.0.7", "10.0.0.9", "10.9.9.9", "203.0.113.9", "192.0.2.200"),
    )
]
"""One for each stretch of addresses that the prefixes of random models tell apart."""

EDGES = {
    value
    for text in SERVICES
    for first, last in traffic_of(a_service(text)).values
    for value in (max(first - 1, 0), first, last, min(last + 1, 65535))
}
DEAD = {Problem.SHADOWED, Problem.NEVER_MATCHING, Problem.REDUNDANT}


def a_model(seed: int) -> Snapshot:
    """A random model; where there is a router, a route leads out of some."""
    model, chance = random_model(seed, most_ports=5), Random(f"lint {seed}")
    if not model.routers or chance.random() < 0.5:
        return model
    hop = next((f.address for p in model.ports.values() for f in p.fixed_ips if f.address.version == 4), None)
    if hop is None:
        return model
    prefix = ip_network(chance.choice(["0.0.0.0/0", "192.0.2.0/25"]))
    routers = {
        key: replace(router, routes=(StaticRoute(destination=prefix, next_hop=hop),))
        for key, router in model.routers.items()
    }
    return replace(model, routers=routers)


def without(model: Snapshot, policy: Policy, place: int) -> Snapshot:
    rules = (*policy.rules[:place], *policy.rules[place + 1 :])
    return with_policy(model, replace(policy, rules=rules))


def with_policy(model: Snapshot, policy: Policy) -> Snapshot:
    return replace(model, policies={**model.policies, policy.id: policy})


def rules(model: Snapshot) -> Iterator[tuple[Policy, int]]:
    """Those of policies in force: of others nothing is found."""
    for policy in model.policies.values():
        for place in range(len(policy.rules)) if policy.in_force else ():
            yield policy, place


def same(before: World, after: Snapshot, rule: Rule) -> bool:
    """Whether everybody reaches just whom they reached without `rule`, outside addresses among them."""
    if not difference(before, before.advanced(after)).is_none:
        return False
    headers = list(headers_of(rule))
    return outside_verdicts(before.snapshot, headers) == outside_verdicts(after, headers)


def outside_verdicts(model: Snapshot, headers: list[Header]) -> list[bool]:
    judge = Judge(model)
    return [
        judge.verdict(*ends, header).passes
        for port in model.ports.values()
        if leads_out(model, port)
        for here in stations(port)
        if here.address.version == 4
        for there in OUTSIDE
        for ends in ((here, Station(there)), (Station(there), here))
        for header in headers
    ]


def leads_out(model: Snapshot, port: Port) -> bool:
    router = model.router_of.get(port.network_id)
    return router is not None and bool(router.routes)


def headers_of(rule: Rule) -> Iterator[Header]:
    """Packets that a rule, or what it says of answers, is about: at every edge that any service has."""
    traffic = traffic_of(rule.service)
    if traffic.version == 6:
        return
    protocols = [p for p in (None, *Protocol) if p is not Protocol.ICMPV6]
    for protocol in protocols if traffic.protocol is None else [traffic.protocol]:
        edges = EDGES if protocol is not None else {0}
        for value in sorted(edges):
            header = Header(version=4, protocol=protocol, value=value, source_port=EPHEMERAL)
            if traffic.covers(header):
                yield header
            if not rule.stateful and protocol is not None:
                for target in (7, 53, 80, EPHEMERAL):
                    yield Header(version=4, protocol=protocol, value=target, source_port=value)


@pytest.mark.parametrize("start", range(0, MODELS, 15))
def test_a_rule_is_found_just_where_taking_it_away_changes_nothing(start: int) -> None:
    seen: Counter[bool] = Counter()
    for seed in range(start, start + 15):
        model = a_model(seed)
        world = World.of(model)
        dead = {(f.item.id, f.place) for f in lint(world) if f.problem in DEAD}
        for policy, place in rules(model):
            changes_nothing = same(world, without(model, policy, place), policy.rules[place])
            assert ((policy.id, place) in dead) is changes_nothing, (seed, policy.name, place)
            seen[changes_nothing] += 1
    assert min(seen.values()) > 5


def test_a_rule_that_could_name_a_group_changes_nothing_by_naming_it() -> None:
    count = 0
    for seed in range(MODELS, 2 * MODELS):  # the first of them have no such rule
        model = a_model(seed)
        world = World.of(model)
        for finding in lint(world):
            if finding.problem is Problem.WIDE:
                policy, place = told(finding)
                assert finding.narrower is not None
                rule = replace(policy.rules[place], peer=Peer(group_id=finding.narrower.group))
                after = replace(policy, rules=(*policy.rules[:place], rule, *policy.rules[place + 1 :]))
                assert same(world, with_policy(model, after), policy.rules[place]), (seed, policy.name, place)
                count += 1
    assert count > 0


def told(finding: Finding) -> tuple[Policy, int]:
    assert isinstance(finding.item, Policy)
    assert finding.place is not None
    return finding.item, finding.place


def test_who_is_said_to_decide_instead_of_a_shadowed_rule_comes_before_it() -> None:
    count = 0
    for seed in range(MODELS):
        world = World.of(a_model(seed))
        useful = Usefulness(world)
        order = {key: number for number, key in enumerate(useful.rules)}
        for finding in lint(world):
            if finding.problem is Problem.SHADOWED:
                policy, place = told(finding)
                assert finding.instead
                for line in finding.instead:
                    if line.policy is not None:
                        assert order[line.policy.id, line.place] < order[policy.id, place]
                    count += 1
    assert count > 5


@pytest.mark.parametrize("seed", range(20))
def test_a_policy_without_effect_can_go_as_a_whole(seed: int) -> None:
    model = a_model(seed)
    world = World.of(model)
    for finding in lint(world):
        if finding.problem is Problem.NO_EFFECT:
            left: dict[PolicyId, Policy] = {k: p for k, p in model.policies.items() if k != finding.item.id}
            assert difference(world, world.advanced(replace(model, policies=left))).is_none
