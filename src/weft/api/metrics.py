"""Numbers about the server, in Prometheus' text format, and the one middleware that takes times."""

import time
from collections import Counter
from collections.abc import Iterable

import prometheus_client
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from weft.api.drops import Drops, Verdict
from weft.store import Store
from weft.store.hits import silent
from weft.store.progress import enforced, open_cuts, plugged_hosts, realised
from weft.store.standing import Realised, standing
from weft.store.status import PortState, failures, port_statuses

LARGEST_BODY = 32 * 1024 * 1024


class ModelCollector(Collector):
    """Revisions and ports, read when someone asks."""

    def __init__(self, store: Store) -> None:
        """Read from `store`."""
        self._store = store

    def collect(self) -> Iterable[Metric]:
        """The model's numbers now."""
        snapshot = self._store.snapshot()
        applied = realised(self._store)
        yield GaugeMetricFamily("weft_revision", "Newest revision of the model.", value=snapshot.revision)
        yield GaugeMetricFamily(
            "weft_applied_revision",
            "Newest revision that OVN's northbound database holds.",
            value=0 if applied is None else applied.revision,
        )
        yield from _enforcement(self._store, applied)
        ports = GaugeMetricFamily("weft_ports", "Ports by state.", labels=["state"])
        known = port_statuses(self._store)
        found = Counter(known[port].state if port in known else PortState.DOWN for port in snapshot.ports)
        found[PortState.FAILED] += len(failures(self._store))  # a port that never came to be is one, too
        for state in PortState:
            ports.add_metric([state.value], found[state])
        yield ports
        yield GaugeMetricFamily(
            "weft_hosts_silent_about_hits",
            "Hosts with ports that have not told lately what was matched there.",
            value=len(silent(self._store, self._store.now())),
        )
        yield GaugeMetricFamily("weft_networks", "Networks of all projects.", value=len(snapshot.networks))
        yield GaugeMetricFamily("weft_hosts", "Hosts.", value=len(snapshot.hosts))


def _enforcement(store: Store, applied: Realised | None) -> Iterable[Metric]:
    """How far the hosts are with the newest revision that is applied, and what OVN cannot parse on each."""
    hosts = plugged_hosts(store)
    settled = enforced(store)
    yield GaugeMetricFamily(
        "weft_enforced_revision",
        "Newest revision that became enforced on every host.",
        value=0 if settled is None else settled.revision,
    )
    waiting = () if applied is None else standing(applied, hosts, open_cuts(store)).waiting
    yield GaugeMetricFamily(
        "weft_hosts_waiting", "Hosts without the newest applied revision.", value=len(waiting)
    )
    unparsed = GaugeMetricFamily(
        "weft_unparsed_matches",
        "Rules absent on a host: OVN cannot parse them.",
        labels=["host"],
    )
    for host in hosts:
        unparsed.add_metric([host.name], len(host.unparsed))
    yield unparsed


class DropsCollector(Collector):
    """What hosts told of packets that were dropped, rejected or logged."""

    def __init__(self, drops: Drops) -> None:
        """Read from `drops`."""
        self._drops = drops

    def collect(self) -> Iterable[Metric]:
        """The numbers now."""
        drops = self._drops
        seen = CounterMetricFamily(
            "weft_logged_packets", "Packets that OVN logged, by what became of them.", labels=["verdict"]
        )
        for verdict in Verdict:
            seen.add_metric([verdict.value], drops.seen[verdict])
        yield seen
        yield CounterMetricFamily(
            "weft_unlogged_packets", "Packets that full meters kept from the log.", value=drops.unlogged
        )
        yield CounterMetricFamily(
            "weft_strange_packets",
            "Packets that a host told of and that are not of its ports, or of no rule that there is.",
            value=drops.strange,
        )
        yield CounterMetricFamily(
            "weft_spoofed_packets",
            "Packets that anti-spoofing dropped at their senders.",
            value=drops.spoofed,
        )
        yield GaugeMetricFamily("weft_drops_kept", "Flows that GET /drops can show.", value=len(drops))


def claims_by_strangers() -> prometheus_client.Counter:
    """Counts how often a host was seen to claim a port that is bound to another. A claim may be over before
    anybody asks for numbers, so it is the growth that tells.
    """
    return prometheus_client.Counter(
        "weft_claims_by_strangers",
        "Claims of ports by a host that they are not bound to.",
        ["host"],
        registry=None,
    )


def trace_disagreements() -> prometheus_client.Counter:
    """Counts how often OVN's trace and the verdict differed on a model that is enforced."""
    return prometheus_client.Counter(
        "weft_trace_disagreements",
        "Packets that OVN's trace and the verifier did not agree about.",
        registry=None,
    )


class Measured:
    """Times every request by its route, and cuts bodies that are too large."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        """Measure `app`."""
        self._app = app
        self._times = Histogram(
            "weft_http_request_seconds",
            "Time until the answer was complete.",
            ["method", "route", "status"],
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status = 500
        size = 0

        async def limited() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > LARGEST_BODY:
                raise HTTPException(413, f"a body has at most {LARGEST_BODY} bytes")
            return message

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, limited, noted)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._times.labels(method, route, str(status)).observe(time.monotonic() - began)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
