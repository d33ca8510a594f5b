"""/lint: what is declared and does nothing, or more than is needed."""

from datetime import timedelta

from fastapi import APIRouter

from weft.api import references
from weft.api.auth import sees
from weft.api.context import Reading
from weft.api.schemas.lint import FindingShown, LintShown
from weft.verifier.lint import ending_soon

_SOON = timedelta(days=3)
"""A rule that expires within this is listed: long enough for a weekend."""

router = APIRouter(prefix="/lint", tags=["lint"])


@router.get("")
def read_lint(asking: Reading, project: str | None = None) -> LintShown:
    """Rules that decide nothing, could name a group or end soon, policies without effect, groups of nobody.

    Each finding holds by itself: of two rules that say the same, either can go, not both.
    """
    snapshot = asking.store.snapshot()
    owner = references.asked_project(snapshot, asking.caller, project)
    found = [
        *ending_soon(snapshot, asking.store.now() + _SOON),
        *asking.api.planner.lint(snapshot),
    ]
    mine = [f for f in found if owner in (None, f.item.project_id) and sees(asking.caller, f.item.project_id)]
    return LintShown(
        revision=snapshot.revision, items=[FindingShown.from_model(snapshot, one) for one in mine]
    )
