"""A description becomes changes of the model; what it does not name goes only where it owns the project."""

from weft.api import references
from weft.api.auth import require_admin
from weft.api.described.floating import declare_floating, let_go
from weft.api.described.networking import declare_networking
from weft.api.described.policing import declare_policing
from weft.api.described.prune import prune_after, prune_before
from weft.api.described.scope import Scope
from weft.api.described.text import Described
from weft.api.schemas.description import ProjectDescribed
from weft.model.errors import Invalid, WeftError
from weft.model.network import Project
from weft.store import Transaction, networks
from weft.store.tokens import Caller


def declare(tx: Transaction, who: Caller, described: Described, *, prune: bool = False) -> None:
    """Make the model what the description says; what it does not name stays.

    With `prune` its projects are owned by it: what they have beyond it goes, but for ports of workloads.
    Idempotent. Raises what the store raises, with the line of the text that is to blame.
    """
    described_once(described)
    for number, project in enumerate(described.what.projects):
        place = ("projects", number)
        try:
            owner = _project(tx, who, project)
        except WeftError as error:
            described.blame(error, place)
            raise
        scope = Scope(tx=tx, who=who, described=described, project=owner.id, place=place)
        let_go(scope, project)
        if prune:
            with scope.at():
                prune_before(scope, project)
        declare_networking(scope, project)
        declare_floating(scope, project)
        declare_policing(scope, project)
        if prune:
            with scope.at():
                prune_after(scope, project)


def described_once(described: Described) -> None:
    """Refuse two objects of one kind and name. Raises Invalid."""
    _once(described, (), "projects", [project.name for project in described.what.projects])
    for number, project in enumerate(described.what.projects):
        for kind in set(ProjectDescribed.model_fields) - {"name", "description"}:
            names = [item.name for item in getattr(project, kind)]
            _once(described, ("projects", number), kind, names)


def _once(described: Described, place: tuple[str | int, ...], kind: str, names: list[str]) -> None:
    seen: set[str] = set()
    for number, name in enumerate(names):
        if name in seen:
            error = Invalid(f"{name!r:.80} is described twice; leave one of them", field="name")
            described.blame(error, (*place, kind, number))
            raise error
        seen.add(name)


def _project(tx: Transaction, who: Caller, asked: ProjectDescribed) -> Project:
    known = next((p for p in tx.snapshot.projects.values() if p.name == asked.name), None)
    if known is None and who.project_id is None:
        require_admin(who)
        return networks.add_project(tx, name=asked.name, description=asked.description)
    found = references.project(tx.snapshot, who, asked.name, field="name")
    if found.description != asked.description:
        require_admin(who)
        return networks.change_project(tx, found.id, description=asked.description)
    return found
