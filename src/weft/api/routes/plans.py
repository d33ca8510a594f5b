"""/description, /plan, /apply, /revert: the model as a text, what a text would do, and doing it."""

from typing import Annotated

import yaml
from fastapi import APIRouter, Query

from weft.api import reachability, references
from weft.api.changing import change
from weft.api.context import Asking, Reading, Writing
from weft.api.described import describe, read
from weft.api.moved import check_base
from weft.api.objects import objects
from weft.api.past import then
from weft.api.planned import planned
from weft.api.reverting import restore
from weft.api.routes.explain import ends, verdicts
from weft.api.schemas.explain import ExplainIn
from weft.api.schemas.plan import (
    ApplyIn,
    CheckIn,
    CheckShown,
    DescriptionShown,
    PlanIn,
    PlanShown,
    RevertIn,
    RevertShown,
)
from weft.model.errors import CheckFailed, InvariantBroken, WeftError
from weft.model.ids import Revision
from weft.model.snapshot import Snapshot
from weft.verifier.sentences import name_of as end_name
from weft.verifier.sentences import tell, traffic_text

router = APIRouter(tags=["plans"])

When = Annotated[str | None, Query(max_length=64, description="A revision, or a time (ISO 8601).")]

_MENTIONED = 10


@router.get("/description")
def read_description(asking: Reading, project: str | None = None, at: When = None) -> DescriptionShown:
    """The model, or one project, as just the text that /plan and /apply take: now, or at a moment."""
    snapshot, _ = then(asking, at)
    owner = references.asked_project(snapshot, asking.caller, project)
    found = describe(snapshot, [p for p in snapshot.projects.values() if owner in (None, p.id)])
    data = found.model_dump(mode="json", exclude_defaults=True)
    return DescriptionShown(
        revision=snapshot.revision, text=yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    )


@router.post("/plan")
def plan(asking: Writing, body: PlanIn) -> PlanShown:
    """What a change would do: objects, rows of OVN, who reaches whom, invariants. Nothing changes."""
    described = read(body.text)
    old, new, changes = asking.store.rehearse(
        asking.caller.name, lambda tx: change(asking, tx, body, described)
    )
    breaks = asking.api.planner.breaks(old, new)
    return planned(asking, (old, new), changes, breaks, _checks(asking, body, new))


@router.post("/apply")
def apply(asking: Writing, body: ApplyIn) -> PlanShown:
    """Change the model as was planned: all of it in one revision, or nothing.

    Refused when the model moved on since `base`, an invariant would break or a check would fail.
    """
    described = read(body.text)
    with asking.write(promised=True) as tx:
        check_base(asking.store, asking.caller, tx, Revision(body.base))
        change(asking, tx, body, described)
        old = tx.base
        new, changes = tx.result(Revision(tx.revision + 1))
        _check(asking, body, old, new)
    done = planned(asking, (old, new), changes, checks=_checks(asking, body, new))
    return done.model_copy(update={"revision": tx.revision})


@router.post("/revert")
def revert(asking: Writing, body: RevertIn) -> RevertShown:
    """Restore what one revision changed, as a new revision. Refused where somebody has built on it since."""
    with asking.write() as tx:
        restore(asking, tx, Revision(body.revision))
        old = tx.base
        new, changes = tx.result(Revision(tx.revision + 1))
    return RevertShown(revision=tx.revision, reverted=body.revision, objects=objects(old, new, changes))


def _check(asking: Asking, body: ApplyIn, old: Snapshot, new: Snapshot) -> None:
    broken = asking.api.planner.breaks(old, new)
    if broken:
        raise InvariantBroken("; ".join(map(reachability.breach_sentence, broken[:_MENTIONED])))
    failing = [check for check in _checks(asking, body, new) if not check.holds]
    if failing:
        told = "; ".join(f"{check.text}: {' '.join(check.sentences)}" for check in failing[:_MENTIONED])
        raise CheckFailed(f"nothing was changed, for a check would fail: {told}", field="checks")


def _checks(asking: Asking, body: PlanIn, snapshot: Snapshot) -> list[CheckShown]:
    return [_checked(asking, body, snapshot, number) for number in range(len(body.checks))]


def _checked(asking: Asking, body: PlanIn, snapshot: Snapshot, number: int) -> CheckShown:
    """For a check to hold every pair of addresses must say the same."""
    check: CheckIn = body.checks[number]
    asked = ExplainIn(
        project=body.project, source=check.source, destination=check.destination, traffic=check.traffic
    )
    try:
        found = verdicts(snapshot, *ends(asking, snapshot, asked), asked)
    except WeftError as error:
        error.field = f"checks.{number}" if error.field is None else f"checks.{number}.{error.field}"
        raise
    wrong = [verdict for verdict in found if verdict.passes is not check.reaches]
    first = found[0]
    does = "reaches" if check.reaches else "does not reach"
    return CheckShown(
        text=f"{end_name(first.source)} {does} {end_name(first.destination)} {traffic_text(first.header)}",
        holds=not wrong,
        sentences=list(tell(snapshot, (wrong or found)[0])),
    )
