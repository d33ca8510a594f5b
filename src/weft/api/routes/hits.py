"""/hosts/{host}/hits, and what rules and defaults have matched."""

from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime

from weft.api import references
from weft.api.auth import sees
from weft.api.context import Asking, Hosting, Reading
from weft.api.schemas.hits import (
    DefaultHits,
    HitsIn,
    HitsTold,
    Matched,
    NetworkHits,
    RuleHits,
    RulesHits,
    UnusedRule,
    UnusedRules,
)
from weft.api.slack import Past, changed_since, slack, subjects_of
from weft.compiler import names
from weft.compiler.merging import runs
from weft.model.errors import NotFound
from weft.model.ids import HostName
from weft.model.network import Network
from weft.model.policy import Policy
from weft.model.snapshot import Snapshot
from weft.ovn.rows import Key
from weft.store import hits
from weft.store.hits import Hits, Report, Subject

router = APIRouter()

PRECISION_S = 10
"""How often agents look."""
_ALWAYS = ("default-ingress-drop", "default-egress-drop")


@router.post("/hosts/{host}/hits", tags=["agent"])
def report_hits(asking: Hosting, host: str, body: HitsIn) -> HitsTold:
    """Tell what flows matched on a host since its report before, by their cookies. Idempotent."""
    snapshot = asking.store.snapshot()
    here = HostName(host)
    if here not in snapshot.hosts:
        raise NotFound("host", host)
    keys = asking.api.acl_of([one.cookie for one in body.counted])
    counted: dict[Subject, tuple[int, int]] = {}
    for one in body.counted:
        subject = _subject(snapshot, keys[one.cookie]) if one.cookie in keys else None
        if subject is not None:
            packets, size = counted.get(subject, (0, 0))
            counted[subject] = packets + one.packets, size + one.bytes
    hits.record(asking.store, Report(here, str(body.run), body.number), counted, asking.store.now())
    return HitsTold(others=[one.cookie for one in body.counted if one.cookie not in keys])


@router.get("/hits", tags=["policies"])
def list_hits(asking: Reading, project: str | None = None) -> RulesHits:
    """What each rule matched, of all policies in a project, or that the caller may see."""
    snapshot = asking.store.snapshot()
    wanted = references.asked_project(snapshot, asking.caller, project)
    mine = [p for p in snapshot.policies.values() if wanted is None or p.project_id == wanted]
    return rules_hits(asking, [policy for policy in mine if sees(asking.caller, policy.project_id)])


@router.get("/hits/unused", tags=["policies"])
def list_unused(
    asking: Reading, project: str | None = None, since: AwareDatetime | None = None
) -> UnusedRules:
    """Rules that allow and that nobody used since a time; by default since hits are known without a gap."""
    snapshot, now = asking.store.snapshot(), asking.store.now()
    wanted = references.asked_project(snapshot, asking.caller, project)
    mine = [p for p in snapshot.policies.values() if p.in_force and wanted in (None, p.project_id)]
    policies = sorted(mine, key=lambda policy: (policy.name, policy.id))
    known = hits.knowledge(asking.store, now)
    start = (known.since or now) if since is None else since.astimezone(UTC)
    past = Past(
        since=start,
        knowledge=known,
        hits=hits.read(asking.store, subjects_of(policies)),
        changed=changed_since(asking.store, policies, start),
    )
    return UnusedRules(
        precision_s=PRECISION_S,
        silent=list(known.silent),
        since=start,
        known_since=known.since,
        rules=[UnusedRule.from_model(found) for found in slack(policies, past)],
    )


@router.get("/policies/{reference}/hits", tags=["policies"])
def read_policy_hits(asking: Reading, reference: str, project: str | None = None) -> RulesHits:
    """What each rule of a policy matched, in the order of the rules."""
    snapshot = asking.store.snapshot()
    return rules_hits(asking, [references.visible(snapshot, asking.caller, Policy, reference, project)])


@router.get("/networks/{reference}/hits", tags=["networks"])
def read_network_hits(asking: Reading, reference: str, project: str | None = None) -> NetworkHits:
    """What was decided on a network where no rule matched."""
    return network_hits(
        asking, references.visible(asking.store.snapshot(), asking.caller, Network, reference, project)
    )


def network_hits(asking: Asking, network: Network) -> NetworkHits:
    """What was decided on `network` where no rule matched."""
    silent = hits.silent(asking.store, asking.store.now())
    found: Mapping[str, Hits | None] = {
        **dict.fromkeys(_ALWAYS),
        **hits.of_network(asking.store, network.id),
    }
    return NetworkHits(
        precision_s=PRECISION_S,
        silent=list(silent),
        defaults=[
            DefaultHits.model_validate({"what": what, **Matched.amount(one, known=not silent)})
            for what, one in sorted(found.items())
        ],
    )


def _subject(snapshot: Snapshot, key: Key) -> Subject | None:
    """What an ACL stands for; None when that is gone."""
    rule = names.acl_rule(key)
    if rule is not None:
        return Subject(rule) if rule in snapshot.rule_ids else None
    default = names.acl_default(key)
    return None if default is None or default[0] not in snapshot.networks else Subject(*default)


def rules_hits(asking: Asking, policies: Iterable[Policy]) -> RulesHits:
    """What each rule of `policies` matched."""
    found = [(policy, run) for policy in policies for run in runs(policy)]
    known = hits.read(asking.store, [Subject(run[0].id) for _, run in found])
    silent = hits.silent(asking.store, asking.store.now())
    return RulesHits(
        precision_s=PRECISION_S,
        silent=list(silent),
        rules=[
            _rule(policy.id, rule.id, [each.id for each in run if each is not rule], amount)
            for policy, run in found
            for amount in [Matched.amount(known.get(Subject(run[0].id)), known=not silent)]
            for rule in run
        ],
    )


def _rule(policy: UUID, rule: UUID, together: list[Any], amount: Mapping[str, object]) -> RuleHits:
    return RuleHits.model_validate({"policy_id": policy, "rule_id": rule, "together": together, **amount})
