"""/projects: who owns what. Administrators make them; everybody sees their own."""

from typing import Annotated

from fastapi import APIRouter, Depends

from weft.api import references
from weft.api.context import Administering, Reading
from weft.api.pages import Paging, page
from weft.api.schemas.base import Page
from weft.api.schemas.project import ProjectCreate, ProjectPatch, ProjectShown
from weft.store import Kind, networks

router = APIRouter(prefix="/projects", tags=["projects"])


@router.get("")
def list_projects(asking: Reading, paging: Annotated[Paging, Depends()]) -> Page[ProjectShown]:
    """The projects that the caller may see."""
    view = asking.api.view()
    own = references.asked_project(view.snapshot, asking.caller, None)
    found = (p for p in view.snapshot.projects.values() if own in (None, p.id))
    items, following = page(found, paging)
    shown = [ProjectShown.from_model(view, project) for project in items]
    return Page(items=shown, next_cursor=following)


@router.post("", status_code=201)
def create_project(asking: Administering, body: ProjectCreate) -> ProjectShown:
    """Make a project."""
    with asking.write() as tx:
        made = networks.add_project(tx, name=body.name, description=body.description)
    return _shown(asking, ProjectShown.from_model(asking.api.view(), made))


@router.get("/{reference}")
def read_project(asking: Reading, reference: str) -> ProjectShown:
    """One project, by id or name."""
    view = asking.api.view()
    found = references.project(view.snapshot, asking.caller, reference)
    return _shown(asking, ProjectShown.from_model(view, found))


@router.patch("/{reference}")
def change_project(asking: Administering, reference: str, body: ProjectPatch) -> ProjectShown:
    """Change a project."""
    with asking.write() as tx:
        found = references.project(tx.snapshot, asking.caller, reference)
        asking.check_version(Kind.PROJECTS, found.id)
        after = networks.change_project(tx, found.id, **body.sent())
    return _shown(asking, ProjectShown.from_model(asking.api.view(), after))


@router.delete("/{reference}", status_code=204)
def remove_project(asking: Administering, reference: str) -> None:
    """Remove an empty project."""
    with asking.write() as tx:
        found = references.project(tx.snapshot, asking.caller, reference)
        asking.check_version(Kind.PROJECTS, found.id)
        networks.remove_project(tx, found.id)


def _shown(asking: Reading, shown: ProjectShown) -> ProjectShown:
    asking.tag(shown.revision)
    return shown
