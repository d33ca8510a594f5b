"""/ports/{id}/rules and /policies/{id}/credits: which rules apply, whose they are, and what they matched."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from uuid import UUID

from fastapi import APIRouter

from weft.api import references
from weft.api.context import Asking, Reading
from weft.api.routes.hits import PRECISION_S, network_hits, rules_hits
from weft.api.schemas.effective import CreditsShown, EffectiveShown, PortRulesShown, RuleCredit, SideShown
from weft.api.schemas.explain import CreditShown, LineShown, Telling
from weft.api.schemas.hits import Matched, RuleHits
from weft.model.ids import RuleId
from weft.model.policy import Direction, Policy
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.store import Change, hits
from weft.store.provenance import origin_of_default, origins_of_rules
from weft.verifier.effective import effective_lines
from weft.verifier.lines import Line, Origin

router = APIRouter()


@router.get("/ports/{reference}/rules", tags=["ports"])
def read_port_rules(asking: Reading, reference: str, project: str | None = None) -> PortRulesShown:
    """The rules that are evaluated for a port, in their order: whose they are, and what they matched."""
    snapshot = asking.store.snapshot()
    port = references.visible(snapshot, asking.caller, Port, reference, project)
    lines = list(effective_lines(snapshot, port))
    sides = {direction: _side(asking, snapshot, port, direction, lines) for direction in Direction}
    return PortRulesShown(
        precision_s=PRECISION_S,
        silent=list(hits.silent(asking.store, asking.store.now())),
        ingress=sides[Direction.INGRESS],
        egress=sides[Direction.EGRESS],
    )


@router.get("/policies/{reference}/credits", tags=["policies"])
def read_policy_credits(asking: Reading, reference: str, project: str | None = None) -> CreditsShown:
    """Who made each rule of a policy say what it says, when, and in which revision."""
    policy = references.visible(asking.store.snapshot(), asking.caller, Policy, reference, project)
    made = origins_of_rules(asking.store, policy)
    return CreditsShown(
        rules=[
            RuleCredit(rule_id=rule.id, credit=CreditShown.from_model(made.get(rule.id)))
            for rule in policy.rules
        ]
    )


def _side(
    asking: Asking, snapshot: Snapshot, port: Port, direction: Direction, lines: Sequence[Line]
) -> SideShown:
    network = snapshot.networks[port.network_id]
    told = Telling(snapshot, _origins(asking))
    here = [line for line in lines if line.direction is direction]
    policies = {line.policy.id: line.policy for line in here if line.policy is not None}
    counted = {each.rule_id: each for each in rules_hits(asking, policies.values()).rules}
    defaults = network_hits(asking, network).defaults
    default = network.default_ingress if direction is Direction.INGRESS else network.default_egress
    return SideShown(
        rules=[_effective(told, line, counted) for line in here],
        default=default,
        credit=CreditShown.from_model(origin_of_default(asking.store, network, direction)),
        matched=[each for each in defaults if each.what.startswith(f"default-{direction}-")],
    )


def _effective(told: Telling, line: Line, counted: Mapping[UUID, RuleHits]) -> EffectiveShown:
    """Answers of a stateless rule are counted with it."""
    found = counted.get(line.rule.id) if line.rule is not None and line.origin is Origin.RULE else None
    if found is None:
        return EffectiveShown(line=LineShown.from_model(told, line), matched=None, together=[])
    matched = Matched(packets=found.packets, bytes=found.bytes, last_hit_at=found.last_hit_at)
    return EffectiveShown(
        line=LineShown.from_model(told, line), matched=matched, together=sorted(_numbers(line, found))
    )


def _numbers(line: Line, found: RuleHits) -> Iterator[int]:
    if line.policy is None or not found.together:
        return
    together = {found.rule_id, *found.together}
    yield from (number for number, rule in enumerate(line.policy.rules, 1) if rule.id in together)


def _origins(asking: Asking) -> Callable[[Line], Change | None]:
    """Who made a line what it is; what became of each policy is read once."""

    @cache
    def of_policy(policy: Policy) -> Mapping[RuleId, Change]:
        return origins_of_rules(asking.store, policy)

    def origin(line: Line) -> Change | None:
        if line.policy is None or line.rule is None:
            return None
        return of_policy(line.policy).get(line.rule.id)

    return origin
