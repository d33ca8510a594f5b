"""On what conditions a change is asked for: by the headers of its request."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Header

PLAN_HEADER = "Weft-Plan"
"""With it a change is answered with its plan, and not made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """`if_match` is the object as the caller saw it, `weft_base` the model; `weft_plan` changes nothing."""

    if_match: Annotated[str | None, Header()] = None
    weft_plan: Annotated[bool, Header(description="Answer with the plan of the change; do not make it.")] = (
        False
    )
    weft_base: Annotated[
        int | None, Header(ge=0, le=2**53, description="Refuse if the model moved on since that revision.")
    ] = None
