"""Bodies of /attach-rules."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from weft.api.schemas.base import ABSENT, Body, Name, Owned, Patch, Reference, Shown, Text
from weft.api.view import View
from weft.model.attach_rule import HIGHEST_ORDER, AttachRule
from weft.model.ids import NetworkId, ProjectId
from weft.model.selector import Selector
from weft.store import Kind
from weft.store.attach_rules import NewAttachRule

Order = Annotated[int, Field(ge=0, le=HIGHEST_ORDER)]


class AttachRuleCreate(Body):
    """Body of POST /attach-rules."""

    project: Reference | None = None
    name: Name
    selector: Text
    network: Reference
    order: Order = 100
    description: Text = ""

    def to_model(self, project: ProjectId, network: NetworkId) -> NewAttachRule:
        """The request in the store's terms, its references resolved."""
        return NewAttachRule(
            project_id=project,
            name=self.name,
            selector=Selector(self.selector),
            network_id=network,
            order=self.order,
            description=self.description,
        )


class AttachRulePatch(Patch):
    """Body of PATCH /attach-rules/{id}."""

    name: Name = ABSENT
    selector: Text = ABSENT
    network: Reference = ABSENT
    order: Order = ABSENT
    description: Text = ABSENT


class AttachRuleShown(Owned):
    """An attach rule."""

    description: str
    selector: str
    network_id: UUID
    network: str
    order: int

    @classmethod
    def from_model(cls, view: View, rule: AttachRule) -> "AttachRuleShown":
        """The rule as it is shown."""
        return cls(
            id=rule.id,
            project_id=rule.project_id,
            project=view.project_name(rule.project_id),
            name=rule.name,
            description=rule.description,
            selector=rule.selector.text,
            network_id=rule.network_id,
            network=view.network_name(rule.network_id),
            order=rule.order,
            revision=view.revised_at(Kind.ATTACH_RULES, rule.id),
        )


class HostAttachRules(Shown):
    """The attach rules of the projects that a host serves, in the order in which they are asked."""

    revision: int
    items: list[AttachRuleShown]
