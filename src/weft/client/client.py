"""The client of Weft's API, for the agent, the command line and users' own programs.

One object per server. It retries nothing: a caller knows what may be asked twice. The exception is
`changes`, whose whole point is to stay connected.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from weft.client.doors import DoorCalls
from weft.client.drops import follow_drops
from weft.client.errors import ServerUnreachable
from weft.client.events import changes_in
from weft.client.guests import SILENCE, GuestCalls, Telling
from weft.client.machines import MachineCalls
from weft.client.observed import HeartbeatTold, ObservedCalls
from weft.client.progress import FlushWork, ProgressTold
from weft.client.resolvers import ResolverCalls
from weft.client.transport import Answer, Identity, Transport, path_of, show, trusting
from weft.client.types import (
    Attached,
    AttachRule,
    Change,
    HostNetworks,
    Json,
    Network,
    Port,
    Receipt,
    workload_body,
    workload_from,
)
from weft.model.port import Workload

_PAGE = 500
_SILENCE_S = 60.0


class Client(DoorCalls, GuestCalls, MachineCalls, ObservedCalls, ResolverCalls):
    """A session with one server. May be used from several threads."""

    def __init__(
        self,
        base_url: str,
        *,
        token: str | None = None,
        ca: Path | None = None,
        identity: Identity | None = None,
        timeout_s: float = 10.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`ca` is a PEM file to trust instead of the system's; hosts show their `identity`.

        `transport` replaces the network in tests.
        """
        tls = None if ca is None and identity is None else trusting(ca, identity)
        self._tls = tls
        self._transport = Transport(base_url, token=token, tls=tls, timeout_s=timeout_s, transport=transport)
        self._timeout_s = timeout_s

    @property
    def url(self) -> str:
        """The server's address."""
        return self._transport.url

    def __enter__(self) -> Self:
        """Use the client; it closes at the end."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    # Any kind of object: what the command line needs.

    def request(
        self,
        method: str,
        *path: str,
        body: object = None,
        query: Mapping[str, object] | None = None,
        timeout_s: float | None = None,
    ) -> Answer:
        """One request to `path`, whose parts are quoted here; None waits as long as for any other."""
        return self._transport.send(method, path_of(*path), body=body, query=query, timeout_s=timeout_s)

    def list(self, kind: str, **filters: object) -> Iterator[dict[str, Any]]:
        """All objects of `kind` that match, page after page, as they are asked for."""
        cursor: object = None
        while True:
            query = {"limit": _PAGE, **filters, "cursor": cursor}
            page = self._transport.send("GET", path_of(kind), query=query).body
            yield from page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def get(self, kind: str, name: str, *, project: str | None = None) -> dict[str, Any]:
        """One object, by id, or by name in `project`."""
        query = {"project": project}
        found: dict[str, Any] = self._transport.send("GET", path_of(kind, name), query=query).body
        return found

    def create(self, kind: str, body: Json) -> Answer:
        """Declare a new object; the answer's body is what was made."""
        return self._transport.send("POST", path_of(kind), body=dict(body))

    def change(
        self, kind: str, name: str, body: Json, *, project: str | None = None, if_match: int | None = None
    ) -> Answer:
        """Change the fields in `body`; with `if_match` only if that is still the object's revision."""
        query = {"project": project}
        return self._transport.send(
            "PATCH", path_of(kind, name), body=dict(body), query=query, if_match=if_match
        )

    def remove(
        self, kind: str, name: str, *, project: str | None = None, if_match: int | None = None
    ) -> Answer:
        """Remove an object; with `if_match` only if that is still its revision."""
        return self._transport.send(
            "DELETE", path_of(kind, name), query={"project": project}, if_match=if_match
        )

    def receipt(self, revision: int, wait_s: float = 0) -> Receipt:
        """How far `revision` got, after at most `wait_s` seconds of waiting for it to be enforced."""
        answer = self._transport.send(
            "GET",
            path_of("receipts", str(revision)),
            query={"wait_s": wait_s},
            timeout_s=self._timeout_s + wait_s,
        )
        return Receipt.from_body(answer.body)

    def changes_since(self, revision: int) -> tuple[Sequence[Change], int]:
        """The changes after `revision`, and the revision that they lead to."""
        body = self._transport.send("GET", "/changes", query={"since": revision}).body
        return [Change.from_body(item) for item in body["items"]], int(body["revision"])

    def changes(
        self, since: int, *, stop: threading.Event | None = None, pause_s: float = 1.0
    ) -> Iterator[Change]:
        """Every change after `since`, for ever or until `stop` is set, each exactly once.

        A lost connection is made again after `pause_s` (up to 30 times that while the server stays away)
        and continues after the last change that was seen. A refusal is raised.
        """
        stop = stop or threading.Event()
        pause = pause_s
        seen: set[Change] = set()  # of the last revision, which a lost connection may have cut in two
        while not stop.is_set():
            try:
                for change in self._stream(since - 1 if seen else since):
                    if change in seen or change.revision < since:
                        continue
                    seen = {change} if change.revision > since else seen | {change}
                    since = change.revision
                    pause = pause_s
                    yield change
                    if stop.is_set():
                        return
            except ServerUnreachable:
                pause = min(pause * 2, pause_s * 30)
            stop.wait(pause)

    def _stream(self, since: int) -> Iterator[Change]:
        with self._transport.stream("/changes", {"since": since}, _SILENCE_S) as lines:
            yield from changes_in(lines)

    def drops(self, **filters: object) -> Iterator[dict[str, Any] | None]:
        """What is dropped, rejected or logged from now on, whenever it is seen, for ever.

        A lost connection is made again, and goes on after what was seen last. None stands for entries that
        were gone before they were told. A refusal is raised.
        """
        yield from follow_drops(self._transport, filters)

    # The agent's part. A host token can only act for its own host.
    def host_networks(self, host: str) -> HostNetworks:
        """The networks that `host` may plug workloads into, with the MTU that they get."""
        body = self._transport.send("GET", path_of("hosts", host, "networks")).body
        items = tuple(Network.from_body(item) for item in body["items"])
        return HostNetworks(revision=int(body.get("revision") or 0), items=items)

    def create_host_network(self, host: str, *, project: str | None, name: str, cidr: str) -> Network:
        """A new network with one subnet in a project that `host` serves; without one: its default."""
        body: dict[str, object] = {"name": name, "subnets": [{"cidr": cidr}]}
        if project is not None:
            body["project"] = project
        return Network.from_body(
            self._transport.send("POST", path_of("hosts", host, "networks"), body=body).body
        )

    def remove_host_network(self, host: str, network_id: str) -> None:
        """Take back a network that `host` has just made, and that nobody has changed or used."""
        self._transport.send("DELETE", path_of("hosts", host, "networks", network_id))

    def host_attach_rules(self, host: str) -> tuple[AttachRule, ...]:
        """The attach rules that `host` asks, first to last."""
        body = self._transport.send("GET", path_of("hosts", host, "attach-rules")).body
        return tuple(AttachRule.from_body(item) for item in body["items"])

    def host_failures(self, host: str) -> tuple[Workload, ...]:
        """The workloads of `host` that got no port."""
        body = self._transport.send("GET", path_of("hosts", host, "failures")).body
        found = (workload_from(item["workload"]) for item in body["items"])
        return tuple(workload for workload in found if workload is not None)

    def host_ports(self, host: str) -> tuple[Port, ...]:
        """The ports that are bound to `host`."""
        body = self._transport.send("GET", path_of("hosts", host, "ports")).body
        return tuple(Port.from_body(item) for item in body["items"])

    def attach(  # noqa: PLR0913 - the fields of the request
        self,
        host: str,
        *,
        network: str,
        kind: str,
        project: str | None = None,
        name: str | None = None,
        mac: str | None = None,
        addresses: Sequence[str] = (),
        labels: Mapping[str, str] | None = None,
        workload: Workload | None = None,
        quarantined: bool = False,
        id: str | None = None,  # noqa: A002 - the API's word
        telling: Telling = SILENCE,
    ) -> Attached:
        """The port of `workload` on `network`, bound to `host`: idempotent, the same port every time.

        Without `labels` a port that is there already keeps its own.
        """
        body: dict[str, object] = {
            "project": project,
            "network": network,
            "kind": kind,
            "name": name,
            "mac": mac,
            "addresses": list(addresses) if addresses else None,
            "labels": None if labels is None else dict(labels),
            "workload": workload_body(workload),
            "quarantined": quarantined or None,
            "id": id,
            **telling.body(),
        }
        said = {field: value for field, value in body.items() if value is not None}
        return Attached.from_body(
            self._transport.send("POST", path_of("hosts", host, "attach"), body=said).body
        )

    def plug(  # noqa: PLR0913 - the fields of the request
        self,
        host: str,
        *,
        name: str,
        network: str | None = None,
        project: str | None = None,
        kind: str | None = None,
        mac: str | None = None,
        addresses: Sequence[str] = (),
        labels: Mapping[str, str] | None = None,
    ) -> Attached:
        """The port `name`, bound to `host` for a person; made on `network` if need be. Idempotent."""
        body: dict[str, object] = {
            "name": name,
            "network": network,
            "project": project,
            "kind": kind,
            "mac": mac,
            "addresses": list(addresses) or None,
            "labels": None if labels is None else dict(labels),
        }
        said = {field: value for field, value in body.items() if value is not None}
        return Attached.from_body(
            self._transport.send("POST", path_of("hosts", host, "plug"), body=said).body
        )

    def identify(
        self,
        host: str,
        port_id: str,
        *,
        workload: Workload,
        name: str = "",
        labels: Mapping[str, str] | None = None,
    ) -> Port:
        """Say whose the port `port_id` is: it leaves quarantine, or a wrong guess is put right."""
        body = {"workload": workload_body(workload), "name": name, "labels": dict(labels or {})}
        answer = self._transport.send("POST", path_of("hosts", host, "ports", port_id, "identify"), body=body)
        return Port.from_body(answer.body.get("port", answer.body))

    def set_mac(self, host: str, port_id: str, mac: str) -> Port:
        """Say which MAC address the interface of `port_id` has. Idempotent."""
        path = path_of("hosts", host, "ports", port_id, "mac")
        return Port.from_body(self._transport.send("PUT", path, body={"mac": mac}).body)

    def realised(self, host: str, revision: int, wait_s: float = 0) -> int | None:
        """The `nb_cfg` that `host` reaches with `revision`; None if OVN does not have it by then."""
        path = path_of("hosts", host, "revisions", str(revision))
        answer = self._transport.send(
            "GET", path, query={"wait_s": wait_s}, timeout_s=wait_s + self._timeout_s
        )
        number = answer.body.get("nb_cfg")
        return None if number is None else int(number)

    def detach(self, host: str, port_id: str) -> None:
        """Remove the port and free its addresses."""
        self._transport.send("DELETE", path_of("hosts", host, "ports", port_id))

    def bind(self, host: str, port_id: str) -> None:
        """Say that an interface of this port's is on `host`. Idempotent."""
        self._transport.send("PUT", path_of("hosts", host, "ports", port_id, "binding"))

    def unbind(self, host: str, port_id: str) -> None:
        """Say that the port's interface has left `host`."""
        self._transport.send("DELETE", path_of("hosts", host, "ports", port_id, "binding"))

    def set_port_status(self, host: str, port_id: str, state: str, reason: str = "") -> None:
        """Report what the host sees of a port: `down`, `pending`, `up` or `failed`."""
        body = {"state": state, "reason": reason}
        self._transport.send("PUT", path_of("hosts", host, "ports", port_id, "status"), body=body)

    def report_failure(
        self,
        host: str,
        *,
        workload: Workload,
        reason: str,
        project: str | None = None,
        network: str | None = None,
    ) -> None:
        """Report a workload that got no port, so that people see it."""
        body: dict[str, object] = {"workload": workload_body(workload), "reason": reason}
        if project is not None:
            body["project"] = project
        if network is not None:
            body["network"] = network
        self._transport.send("POST", path_of("hosts", host, "failures"), body=body)

    def forget_failure(self, host: str, workload: Workload) -> None:
        """Say that a workload that got no port is gone. Idempotent."""
        body = {"workload": workload_body(workload)}
        self._transport.send("POST", path_of("hosts", host, "failures", "forget"), body=body)

    def retire_host(self, host: str, *, force: bool = False) -> Answer:
        """Remove `host` and its credentials, and free its ports; `force` although it is still heard of."""
        return self._transport.send("POST", path_of("hosts", host, "retire"), body={"force": force})

    def heartbeat(self, host: str, **facts: object) -> HeartbeatTold:
        """Say that `host` is alive, and what its agent says of itself; what it is to look at."""
        answer = self._transport.send("POST", path_of("hosts", host, "heartbeat"), body=facts)
        return HeartbeatTold.from_body(answer.body)

    def renew_certificate(self, host: str, csr: str) -> str:
        """A new certificate (PEM) of `host` for the key of this request (PKCS #10, PEM)."""
        answer = self._transport.send("POST", path_of("hosts", host, "certificate"), body={"csr": csr})
        return str(answer.body["certificate"])

    def show_anew(self, identity: Identity) -> None:
        """Show what is in these files now, on connections to come. Raises ClientError."""
        if self._tls is not None:
            show(self._tls, identity)

    def report_progress(self, host: str, *, nb_cfg: int, unparsed: Sequence[tuple[str, str]]) -> ProgressTold:
        """Say that `host` has the flows of `nb_cfg`, and which matches it could not parse, and why."""
        body = {"nb_cfg": nb_cfg, "unparsed": [{"match": match, "problem": why} for match, why in unparsed]}
        return ProgressTold.from_body(
            self._transport.send("POST", path_of("hosts", host, "progress"), body=body).body
        )

    def flush_work(self, host: str) -> FlushWork:
        """The connections that `host` must end."""
        return FlushWork.from_body(self._transport.send("GET", path_of("hosts", host, "flush")).body)

    def report_flushed(self, host: str, revision: int) -> None:
        """Say that `host` has ended what it had to for `revision`. Idempotent."""
        self._transport.send("POST", path_of("hosts", host, "flushed"), body={"revision": revision})
