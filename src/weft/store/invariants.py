"""Invariants: their ends are of their own project."""

from dataclasses import dataclass, field

from weft.model.ids import InvariantId, ProjectId
from weft.model.invariant import Invariant, Promise
from weft.model.policy import Peer, Service
from weft.store.change import Kind
from weft.store.lookup import check_name, require, require_within, revised
from weft.store.transaction import Transaction

_CHANGES = ("name", "description", "promise", "source", "destination", "service")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInvariant:
    """An invariant as asked for."""

    project_id: ProjectId
    name: str
    promise: Promise
    description: str = ""
    source: Peer = field(default_factory=Peer)
    destination: Peer = field(default_factory=Peer)
    service: Service = field(default_factory=Service)


def add_invariant(tx: Transaction, new: NewInvariant) -> Invariant:
    """A new invariant. Raises NotFound, NameTaken, Invalid."""
    require(tx.snapshot.projects, new.project_id, "project", field="project")
    check_name(tx, Kind.INVARIANTS, new.project_id, new.name)
    made = Invariant(
        id=InvariantId(tx.new_id()),
        project_id=new.project_id,
        name=new.name,
        promise=new.promise,
        description=new.description,
        source=new.source,
        destination=new.destination,
        service=new.service,
    )
    return _put(tx, made)


def change_invariant(tx: Transaction, invariant_id: InvariantId, **changes: object) -> Invariant:
    """Change any field but `id` and `project_id`. Raises NotFound, NameTaken, Invalid."""
    found = require(tx.snapshot.invariants, invariant_id, "invariant")
    after = revised(found, changes, _CHANGES)
    if after.name != found.name:
        check_name(tx, Kind.INVARIANTS, found.project_id, after.name)
    return _put(tx, after)


def remove_invariant(tx: Transaction, invariant_id: InvariantId) -> None:
    """Remove an invariant: nothing is promised any more. Raises NotFound."""
    tx.remove(require(tx.snapshot.invariants, invariant_id, "invariant"))


def _put(tx: Transaction, invariant: Invariant) -> Invariant:
    for name in ("source", "destination"):
        end: Peer = getattr(invariant, name)
        owner = invariant.project_id
        require_within(tx.snapshot.groups, end.group_id, "group", owner, field=f"{name}.group")
        require_within(tx.snapshot.networks, end.network_id, "network", owner, field=f"{name}.network")
    tx.put(invariant)
    return invariant
