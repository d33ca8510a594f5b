"""/failures: the workloads that got no port, for those who look for them among the ports."""

from fastapi import APIRouter

from weft.api import references
from weft.api.auth import sees
from weft.api.context import Reading
from weft.api.schemas.agent import FailureShown, FailuresShown
from weft.model.network import Network
from weft.store import status

router = APIRouter(tags=["ports"])


@router.get("/failures")
def list_failures(
    asking: Reading, project: str | None = None, network: str | None = None, host: str | None = None
) -> FailuresShown:
    """Failed attachments that the caller may see, newest first; what they asked for need not exist."""
    snapshot = asking.store.snapshot()
    owner = references.asked_project(snapshot, asking.caller, project)
    on = None
    if network is not None:
        on = references.visible(snapshot, asking.caller, Network, network, project).id
    found = [
        failure
        for failure in status.failures(asking.store)
        if sees(asking.caller, failure.project_id)
        and owner in (None, failure.project_id)
        and on in (None, failure.network_id)
        and host in (None, failure.host)
    ]
    return FailuresShown(items=[FailureShown.from_model(failure) for failure in found])
