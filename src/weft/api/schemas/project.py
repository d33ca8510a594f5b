"""Bodies of /projects."""

from uuid import UUID

from weft.api.schemas.base import ABSENT, Body, Name, Patch, Shown, Text
from weft.api.view import View
from weft.model.network import Project
from weft.store import Kind


class ProjectCreate(Body):
    """Body of POST /projects."""

    name: Name
    description: Text = ""


class ProjectPatch(Patch):
    """Body of PATCH /projects/{id}."""

    name: Name = ABSENT
    description: Text = ABSENT


class ProjectShown(Shown):
    """A project."""

    id: UUID
    name: str
    description: str
    revision: int

    @classmethod
    def from_model(cls, view: View, project: Project) -> "ProjectShown":
        """The project as it is shown."""
        return cls(
            id=project.id,
            name=project.name,
            description=project.description,
            revision=view.revised_at(Kind.PROJECTS, project.id),
        )
