"""/healthz, /readyz and /metrics: for those who watch the server; they need no token."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from weft.api.context import ApiDep
from weft.api.problems import problem
from weft.api.schemas.base import Done

router = APIRouter(tags=["health"])


@router.get("/healthz")
def healthz() -> Done:
    """The process answers."""
    return Done()


@router.get("/readyz", response_model=Done)
def readyz(api: ApiDep) -> Response:
    """The server can do its work: the store answers, and whatever else it was told to look at."""
    api.store.committed_at(api.store.revision)
    troubles = api.ready()
    if troubles:
        return problem(503, "not_ready", "; ".join(troubles))
    return Response(Done().model_dump_json(), media_type="application/json")


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Revisions, enforcement by hosts, ports by state, request durations."""
    registry = request.app.state.registry
    if not isinstance(registry, CollectorRegistry):
        raise TypeError("the app was not made by create_app")
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
