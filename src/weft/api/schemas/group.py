"""Bodies of /groups and /address-groups."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from weft.api.schemas.base import ABSENT, Body, IpPrefix, Name, Owned, Patch, Reference, Text
from weft.api.view import View
from weft.model.policy import AddressGroup, Group
from weft.store import Kind

Members = Annotated[list[Reference], Field(max_length=10_000)]
Cidrs = Annotated[list[IpPrefix], Field(max_length=10_000)]


class GroupCreate(Body):
    """Body of POST /groups; `members` are ports listed by hand, beside those of the selector."""

    project: Reference | None = None
    name: Name
    description: Text = ""
    selector: Text | None = None
    members: Members = Field(default_factory=list)


class GroupPatch(Patch):
    """Body of PATCH /groups/{id}; `members` replaces the ports listed by hand."""

    name: Name = ABSENT
    description: Text = ABSENT
    selector: Text | None = None
    members: Members = ABSENT


class GroupShown(Owned):
    """A group: `members` are all its ports, `listed` those that were listed by hand."""

    description: str
    selector: str | None
    members: list[UUID]
    listed: list[UUID]

    @classmethod
    def from_model(cls, view: View, group: Group) -> "GroupShown":
        """The group as it is shown."""
        return cls(
            id=group.id,
            project_id=group.project_id,
            project=view.project_name(group.project_id),
            name=group.name,
            description=group.description,
            selector=None if group.selector is None else group.selector.text,
            members=sorted(view.snapshot.members_of.get(group.id, group.members)),
            listed=sorted(group.members),
            revision=view.revised_at(Kind.GROUPS, group.id),
        )


class AddressGroupCreate(Body):
    """Body of POST /address-groups."""

    project: Reference | None = None
    name: Name
    description: Text = ""
    cidrs: Cidrs = Field(default_factory=list)


class AddressGroupPatch(Patch):
    """Body of PATCH /address-groups/{id}."""

    name: Name = ABSENT
    description: Text = ABSENT
    cidrs: Cidrs = ABSENT

    def to_model(self) -> dict[str, object]:
        """The changes in the store's terms."""
        changes = self.sent()
        if "cidrs" in changes:
            changes["cidrs"] = tuple(self.cidrs)
        return changes


class AddressGroupShown(Owned):
    """An address group."""

    description: str
    cidrs: list[IpPrefix]

    @classmethod
    def from_model(cls, view: View, group: AddressGroup) -> "AddressGroupShown":
        """The address group as it is shown."""
        return cls(
            id=group.id,
            project_id=group.project_id,
            project=view.project_name(group.project_id),
            name=group.name,
            description=group.description,
            cidrs=list(group.cidrs),
            revision=view.revised_at(Kind.ADDRESS_GROUPS, group.id),
        )
