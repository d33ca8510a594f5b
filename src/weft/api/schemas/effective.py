"""What is evaluated for a port, and who made each rule what it is."""

from uuid import UUID

from pydantic import Field

from weft.api.schemas.base import Shown
from weft.api.schemas.explain import CreditShown, LineShown
from weft.api.schemas.hits import DefaultHits, Matched, Precision
from weft.model.network import Default


class EffectiveShown(Shown):
    """One line, and how much it matched: for all whom its rule is for, not for this port alone.

    Without `matched` it is not counted apart. `together` are the numbers of rules that are counted as one.
    """

    line: LineShown
    matched: Matched | None
    together: list[int]


class SideShown(Shown):
    """What is evaluated in one direction, first match first; then the `default` of the network."""

    rules: list[EffectiveShown]
    default: Default
    credit: CreditShown | None
    matched: list[DefaultHits] = Field(description="On all of the network; `drop` is what nobody allowed.")


class PortRulesShown(Precision):
    """Answer of GET /ports/{id}/rules."""

    ingress: SideShown
    egress: SideShown


class RuleCredit(Shown):
    """Who made a rule say what it says; null where the history does not go back that far."""

    rule_id: UUID
    credit: CreditShown | None


class CreditsShown(Shown):
    """Answer of GET /policies/{id}/credits, in the order of the rules."""

    rules: list[RuleCredit]
