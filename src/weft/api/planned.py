"""A plan as the API shows it: of two models, and the changes that lead from one to the other."""

from collections.abc import Sequence

from weft.api import reachability
from weft.api.context import Asking
from weft.api.objects import objects
from weft.api.quota import heaviest
from weft.api.schemas.plan import CheckShown, FlowsShown, PlanShown, RowsShown
from weft.model.snapshot import Snapshot
from weft.store import Change
from weft.store.tokens import Role
from weft.verifier.invariants import Breach


def planned(
    asking: Asking,
    models: tuple[Snapshot, Snapshot],
    changes: Sequence[Change],
    breaks: Sequence[Breach] = (),
    checks: Sequence[CheckShown] = (),
) -> PlanShown:
    """What becomes of objects, of OVN's rows, of who reaches whom, and of what was promised."""
    planner, (old, new) = asking.api.planner, models
    broken = [reachability.breach_shown(old, new, one) for one in breaks]
    flows = _flows(asking, old, new)
    return PlanShown(
        base=old.revision,
        applicable=not broken and flows.refused is None and all(check.holds for check in checks),
        objects=objects(old, new, changes),
        rows=[
            RowsShown(table=r.table, inserted=r.inserted, updated=r.updated, deleted=r.deleted)
            for r in planner.rows(old, new)
        ],
        flows=flows,
        reachability=reachability.shown(old, new, planner.difference(old, new)),
        invariants=len(new.invariants),
        broken=broken,
        checks=list(checks),
    )


def _flows(asking: Asking, old: Snapshot, new: Snapshot) -> FlowsShown:
    """On the host that has most afterwards."""
    forecast = asking.api.planner.forecast
    load, excess = heaviest(forecast(old), forecast(new)), asking.excess(old, new)
    return FlowsShown(
        host=load.host if load is not None and asking.caller.role is Role.ADMIN else None,
        before=0 if load is None else load.before,
        after=0 if load is None else load.after,
        most=asking.api.policy_flows_per_host,
        refused=None if excess is None else asking.refusal(new, excess),
    )
