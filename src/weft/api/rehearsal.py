"""Any change of the model can be asked for its plan: the same request, with a header, and nothing is kept.

The handler does all that it does, in a transaction that is taken back at its end. So a plan refuses what the
change would refuse, with the same words at the same field.
"""

from fastapi import Request, Response

from weft.api.context import Rehearsal
from weft.api.planned import planned


def answer(request: Request, rehearsed: Exception) -> Response:
    """The plan, in place of what the handler would have answered."""
    del request
    if not isinstance(rehearsed, Rehearsal):
        raise rehearsed
    asking, models = rehearsed.asking, (rehearsed.old, rehearsed.new)
    breaks = asking.api.planner.breaks(*models)
    plan = planned(asking, models, rehearsed.changes, breaks)
    return Response(plan.model_dump_json(), media_type="application/json")
