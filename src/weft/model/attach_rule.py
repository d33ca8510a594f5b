"""Attach rules: which network a container goes to that says nothing itself."""

from collections.abc import Iterable
from dataclasses import dataclass

from weft.model.errors import Invalid
from weft.model.ids import AttachRuleId, NetworkId, ProjectId
from weft.model.selector import Labels, Selector

HIGHEST_ORDER = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachRule:
    """Containers without a network whose labels `selector` matches go to the network.

    The first that matches decides, by (`order`, name).
    """

    id: AttachRuleId
    project_id: ProjectId
    name: str
    selector: Selector
    network_id: NetworkId
    order: int = 100
    description: str = ""

    def __post_init__(self) -> None:
        """Refuse an order that nobody could put another rule before or after."""
        if not 0 <= self.order <= HIGHEST_ORDER:
            raise Invalid(f"order is between 0 and {HIGHEST_ORDER}, not {self.order}", field="order")


def in_order(rules: Iterable[AttachRule]) -> list[AttachRule]:
    """The rules as they are asked; those of several projects are told apart by their ids at last."""
    return sorted(rules, key=lambda rule: (rule.order, rule.name, rule.id))


def first_match(rules: Iterable[AttachRule], labels: Labels) -> AttachRule | None:
    """The rule that decides for a container with `labels`, if any does."""
    return next((rule for rule in in_order(rules) if rule.selector.matches(labels)), None)
