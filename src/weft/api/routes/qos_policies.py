"""/qos-policies: limits and marking for ports and networks."""

from typing import Annotated

from fastapi import APIRouter, Depends

from weft.api import references
from weft.api.context import Asking, Reading, Writing
from weft.api.pages import Paging, page
from weft.api.schemas.base import Page
from weft.api.schemas.qos_policy import QosPolicyCreate, QosPolicyPatch, QosPolicyShown
from weft.model.policy import QosPolicy
from weft.store import Kind, policies

router = APIRouter(prefix="/qos-policies", tags=["QoS policies"])


@router.get("")
def list_qos_policies(
    asking: Reading, paging: Annotated[Paging, Depends()], project: str | None = None
) -> Page[QosPolicyShown]:
    """The QoS policies of a project, or all that the caller may see."""
    view = asking.api.view()
    owner = references.asked_project(view.snapshot, asking.caller, project)
    found = (g for g in view.snapshot.qos_policies.values() if owner in (None, g.project_id))
    items, following = page(found, paging)
    shown = [QosPolicyShown.from_model(view, group) for group in items]
    return Page(items=shown, next_cursor=following)


@router.post("", status_code=201)
def create_qos_policy(asking: Writing, body: QosPolicyCreate) -> QosPolicyShown:
    """Make a QoS policy."""
    with asking.write() as tx:
        owner = references.project(tx.snapshot, asking.caller, body.project).id
        made = policies.add_qos_policy(tx, body.to_model(owner))
    return _shown(asking, made)


@router.get("/{reference}")
def read_qos_policy(asking: Reading, reference: str, project: str | None = None) -> QosPolicyShown:
    """One QoS policy, by id, or by name within a project."""
    snapshot = asking.store.snapshot()
    found = references.visible(snapshot, asking.caller, QosPolicy, reference, project)
    return _shown(asking, found)


@router.patch("/{reference}")
def change_qos_policy(
    asking: Writing, reference: str, body: QosPolicyPatch, project: str | None = None
) -> QosPolicyShown:
    """Change a QoS policy."""
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, QosPolicy, reference, project)
        asking.check_version(Kind.QOS_POLICIES, found.id)
        after = policies.change_qos_policy(tx, found.id, **body.to_model())
    return _shown(asking, after)


@router.delete("/{reference}", status_code=204)
def remove_qos_policy(asking: Writing, reference: str, project: str | None = None) -> None:
    """Remove a QoS policy that no network and no port uses."""
    with asking.write() as tx:
        found = references.visible(tx.snapshot, asking.caller, QosPolicy, reference, project)
        asking.check_version(Kind.QOS_POLICIES, found.id)
        policies.remove_qos_policy(tx, found.id)


def _shown(asking: Asking, group: QosPolicy) -> QosPolicyShown:
    shown = QosPolicyShown.from_model(asking.api.view(), group)
    asking.tag(shown.revision)
    return shown
