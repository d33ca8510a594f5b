"""One line of the change log: what happened to one object in one revision."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from weft.model.attach_rule import AttachRule
from weft.model.floating_ip import FloatingIP
from weft.model.host import Host
from weft.model.ids import ProjectId, Revision
from weft.model.invariant import Invariant
from weft.model.network import Network, Project, Subnet
from weft.model.policy import AddressGroup, Group, Policy, QosPolicy
from weft.model.port import Port
from weft.model.router import Router
from weft.model.snapshot import Snapshot, Touched

Declared = (
    Project
    | Network
    | Subnet
    | Router
    | Port
    | FloatingIP
    | Group
    | AddressGroup
    | Policy
    | QosPolicy
    | AttachRule
    | Invariant
    | Host
)
"""Everything that a user declares and a revision can change."""


class Kind(StrEnum):
    """The kinds of declared objects, by the name of the snapshot's field."""

    PROJECTS = "projects"
    QOS_POLICIES = "qos_policies"
    NETWORKS = "networks"
    SUBNETS = "subnets"
    ROUTERS = "routers"
    PORTS = "ports"
    FLOATING_IPS = "floating_ips"
    GROUPS = "groups"
    ADDRESS_GROUPS = "address_groups"
    POLICIES = "policies"
    ATTACH_RULES = "attach_rules"
    INVARIANTS = "invariants"
    HOSTS = "hosts"


class ChangeAction(StrEnum):
    """What a revision did to an object."""

    CREATE = "create"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What `author` did to one object; `object_id` is a UUID, or a host's name."""

    revision: Revision
    seq: int
    kind: Kind
    object_id: UUID | str
    project_id: ProjectId | None
    action: ChangeAction
    author: str
    at: datetime
    before: Declared | None
    after: Declared | None


Changes = Sequence[Change]


def touched_by(changes: Changes) -> Touched:
    """What `changes` may have made different."""
    found: dict[str, set[UUID | str]] = {kind.value: set() for kind in Kind}
    for change in changes:
        found[change.kind.value].add(change.object_id)
    return Touched(**found)  # type: ignore[arg-type]  # a kind's value is the field of its ids


def undone(snapshot: Snapshot, changes: Changes) -> Snapshot:
    """The model as it was before `changes`, the last of which led to `snapshot`."""
    contents: dict[str, dict[UUID | str, Declared]] = {}
    for change in reversed(changes):
        name = change.kind.value
        held = contents.setdefault(name, dict(getattr(snapshot, name)))
        if change.before is None:
            held.pop(change.object_id, None)
        else:
            held[change.object_id] = change.before
    revision = Revision(changes[0].revision - 1) if changes else snapshot.revision
    return replace(snapshot, revision=revision, **contents)  # type: ignore[arg-type]  # as `touched_by`
