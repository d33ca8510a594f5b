"""The application: every route, over one store."""

from collections.abc import Callable, Collection, Mapping, Sequence
from importlib.metadata import version

import anyio
from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from weft.api import problems, rehearsal, ui
from weft.api.context import ENCAPSULATION_OVERHEAD, AclOf, Api, Rehearsal, Vouching
from weft.api.counters import Counters
from weft.api.drops import Drops
from weft.api.metrics import DropsCollector, Measured, ModelCollector, trace_disagreements
from weft.api.planner import Planner
from weft.api.receipts import Receipts, receipts_of
from weft.api.routes import (
    address_groups,
    agent,
    attach_rules,
    counters,
    doors,
    drops,
    effective,
    explain,
    failures,
    floating_ips,
    groups,
    health,
    history,
    hits,
    hosts,
    invariants,
    lint,
    machines,
    metadata,
    mirrors,
    networks,
    past,
    plans,
    policies,
    ports,
    progress,
    projects,
    qos_policies,
    resolvers,
    revisions,
    routers,
    session,
    subnets,
    tokens,
    traces,
)
from weft.api.tracing import Trace
from weft.api.turns import Turns
from weft.api.waiting import MOST_WAITING
from weft.compiler import CompilerSettings
from weft.model.ids import PortId
from weft.ovn.rows import Key
from weft.ovn.trace import TraceFailed, Walk
from weft.store import Store
from weft.store.tokens import Caller

BASE = "/api/v1"


def _nothing_wrong() -> Sequence[str]:
    return ()


def _no_trace(_switch: str, _packet: str) -> Walk:
    raise TraceFailed("this server was not told how OVN traces")


def _unclaimed(_port_id: PortId) -> bool:
    return False


def _no_acls(_cookies: Collection[int]) -> Mapping[int, Key]:
    return {}


def create_app(  # noqa: PLR0913 - the one place where everything is handed in
    *,
    store: Store,
    caller_of: Callable[[str], Caller | None],
    receipts: Receipts | None = None,
    collectors: Sequence[Collector] = (),
    underlay_mtu: int = 1500,
    host_timeout_s: float = 30,
    public_url: str = "https://SERVER:7443",
    vouching: Vouching | None = None,
    ready: Callable[[], Sequence[str]] = _nothing_wrong,
    compiled: CompilerSettings | None = None,
    trace: Trace = _no_trace,
    acl_of: AclOf = _no_acls,
    claimed: Callable[[PortId], bool] = _unclaimed,
    traces_at_once: int = 2,
    policy_flows_per_host: int = 500_000,
    unavailable: tuple[type[Exception], ...] = (),
) -> FastAPI:
    """The API over `store`.

    `caller_of` knows whose a token is. `receipts` defaults to what the store recorded. `collectors` are
    shown by /metrics, too. `public_url` is where hosts reach us. With `vouching` hosts get certificates
    and must show them. `ready` names what keeps the server from its work. `compiled` is how the
    reconciler compiles, for plans; `trace` is OVN's, of which `traces_at_once` may run; `acl_of` knows the
    ACLs by the cookies of flows.
    `claimed` says for which ports an alarm stands. Policies may cost a host `policy_flows_per_host` flows.
    `unavailable` are the exceptions of databases that are away.
    """
    app = FastAPI(
        title="Weft",
        version=version("weft"),
        summary="Containers, virtual machines and bare metal on one network under one policy.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    disagreements, dropped = trace_disagreements(), Drops(store.now())
    app.state.api = Api(
        store=store,
        caller_of=caller_of,
        receipts=receipts_of(store, host_timeout_s=host_timeout_s) if receipts is None else receipts,
        underlay_mtu=underlay_mtu,
        host_timeout_s=host_timeout_s,
        public_url=public_url,
        vouching=vouching,
        ready=ready,
        trace=trace,
        tracing=Turns("traces", traces_at_once),
        disagreements=disagreements,
        acl_of=acl_of,
        policy_flows_per_host=policy_flows_per_host,
        claimed=claimed,
        drops=dropped,
        counters=Counters(),
        planner=Planner(compiled or CompilerSettings(default_mtu=underlay_mtu - ENCAPSULATION_OVERHEAD)),
    )
    app.state.waiting = anyio.CapacityLimiter(MOST_WAITING)
    app.state.registry = CollectorRegistry()
    for collector in (ModelCollector(store), DropsCollector(dropped), disagreements, *collectors):
        app.state.registry.register(collector)
    app.add_exception_handler(Rehearsal, rehearsal.answer)
    problems.install(app, (TraceFailed, *unavailable))
    app.include_router(health.router)
    app.include_router(_versioned())
    ui.install(app)
    app.add_middleware(Measured, registry=app.state.registry)
    return app


def _versioned() -> APIRouter:
    """The paths under the version."""
    router = APIRouter(prefix=BASE)
    for noun in (projects, networks, subnets, ports, failures, groups, address_groups, policies):
        router.include_router(noun.router)
    for noun in (
        routers,
        floating_ips,
        qos_policies,
        attach_rules,
        hosts,
        tokens,
        agent,
        progress,
        history,
        session,
    ):
        router.include_router(noun.router)
    for noun in (
        explain,
        traces,
        invariants,
        plans,
        past,
        revisions,
        lint,
        hits,
        drops,
        counters,
        doors,
        resolvers,
        machines,
        metadata,
        effective,
        mirrors,
    ):
        router.include_router(noun.router)
    return router
