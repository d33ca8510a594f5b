"""Where ports come from: the server, or the journal while the server is away."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from weft.agent.attachment import Attachment, Lease, Wanted
from weft.agent.journal import Journal, same
from weft.client import (
    SILENCE,
    Attached,
    AttachRule,
    ClientError,
    HeartbeatTold,
    HostNetworks,
    Network,
    Port,
    ProblemError,
    ServerUnreachable,
    Telling,
)
from weft.model.port import Workload
from weft.model.publication import Publication

log = structlog.get_logger()


class Server(Protocol):
    """What the agent asks of the server; `weft.client.Client` and its fake."""

    def attach(  # noqa: PLR0913, D102 - the fields of the request
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
    ) -> Attached: ...

    def plug(  # noqa: PLR0913, D102 - the fields of the request
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
    ) -> Attached: ...

    def identify(  # noqa: D102
        self,
        host: str,
        port_id: str,
        *,
        workload: Workload,
        name: str = "",
        labels: Mapping[str, str] | None = None,
    ) -> Port: ...

    def set_mac(self, host: str, port_id: str, mac: str) -> Port: ...  # noqa: D102
    def realised(self, host: str, revision: int, wait_s: float = 0) -> int | None: ...  # noqa: D102
    def detach(self, host: str, port_id: str) -> None: ...  # noqa: D102
    def set_port_status(  # noqa: D102
        self, host: str, port_id: str, state: str, reason: str = ""
    ) -> None: ...
    def report_failure(  # noqa: D102
        self,
        host: str,
        *,
        workload: Workload,
        reason: str,
        project: str | None = None,
        network: str | None = None,
    ) -> None: ...
    def heartbeat(self, host: str, **facts: object) -> HeartbeatTold: ...  # noqa: D102
    def host_networks(self, host: str) -> HostNetworks: ...  # noqa: D102
    def create_host_network(  # noqa: D102
        self, host: str, *, project: str | None, name: str, cidr: str
    ) -> Network: ...
    def remove_host_network(self, host: str, network_id: str) -> None: ...  # noqa: D102
    def host_attach_rules(self, host: str) -> tuple[AttachRule, ...]: ...  # noqa: D102
    def host_failures(self, host: str) -> tuple[Workload, ...]: ...  # noqa: D102
    def forget_failure(self, host: str, workload: Workload) -> None: ...  # noqa: D102
    def host_ports(self, host: str) -> tuple[Port, ...]: ...  # noqa: D102
    def publish(  # noqa: D102
        self, host: str, port_id: str, published: Sequence[Publication]
    ) -> Port: ...


class Leases:
    """The leases of one host. May be used from several threads; every call blocks."""

    def __init__(self, server: Server, host: str, journal: Journal) -> None:
        """`journal` remembers what the server said."""
        self._server, self._host, self.journal = server, host, journal
        self._remarks: dict[str, str] = {}

    def obtain(self, wanted: Attachment) -> Lease:
        """The port for `wanted`: idempotent per workload and network. Raises ClientError."""
        try:
            return self.ask(wanted)
        except ServerUnreachable:
            known = self.remembered(wanted)
            if known is None:
                raise
            log.warning("lease taken from the journal", port_id=known.port_id, workload=wanted.workload.name)
            return known

    def ask(self, wanted: Attachment) -> Lease:
        """The port for `wanted` as the server has it; idempotent. Raises ClientError."""
        lease = self._ask(wanted)
        self.journal.keep(lease)
        return lease

    def plugged(self, wanted: Wanted) -> tuple[Lease, int]:
        """The port that a person plugs, and the revision that binds it here; idempotent. Raises ClientError.

        Not in the journal yet: that comes when it is plugged.
        """
        attached = self._server.plug(
            self._host,
            name=wanted.name,
            network=wanted.network,
            project=wanted.project,
            kind=wanted.kind,
            mac=wanted.mac,
            addresses=wanted.addresses,
            labels=wanted.labels,
        )
        return Lease.from_attached(attached), attached.revision

    def identify(self, lease: Lease, workload: Workload, labels: Mapping[str, str]) -> int:
        """Say whose port `lease` is; the revision that says so. Raises ClientError."""
        port = self._server.identify(
            self._host, lease.port_id, workload=workload, name=workload.name, labels=labels
        )
        self.journal.keep(replace(lease, workload=workload))
        log.info("port identified", port_id=lease.port_id, workload=workload.name)
        return port.revision

    def set_mac(self, lease: Lease, mac: str) -> Lease:
        """Give the port the MAC address that its interface is to have. Raises ClientError."""
        port = self._server.set_mac(self._host, lease.port_id, mac)
        after = replace(lease, mac=port.mac)
        self.journal.keep(after)
        return after

    def publish(self, port_id: str, published: Sequence[Publication]) -> None:
        """Tell for what of the port this host answers: just these. Idempotent. Raises ClientError."""
        self._server.publish(self._host, port_id, published)

    def realised(self, revision: int, wait_s: float) -> int | None:
        """The `nb_cfg` that this host reaches with `revision`, once OVN holds it. Raises ClientError."""
        return self._server.realised(self._host, revision, wait_s)

    def free(self, port_id: str) -> None:
        """Give the port back. Idempotent. Raises ClientError when the server cannot be asked."""
        try:
            self._server.detach(self._host, port_id)
        except ProblemError as error:
            if error.status != 404:
                raise
        self.journal.forget(port_id)
        self._remarks.pop(port_id, None)
        log.info("port freed", port_id=port_id)

    def remark(self, port_id: str, text: str) -> None:
        """What people should know of a port that is up; it is said with that state. Empty: nothing."""
        self._remarks[port_id] = text

    def report(self, port_id: str, state: str, reason: str = "") -> None:
        """Report a port's state; what cannot be reported is logged, since the heartbeat reports again."""
        try:
            self.tell(port_id, state, reason)
        except ClientError as error:
            log.warning("port status not reported", port_id=port_id, state=state, why=str(error))

    def tell(self, port_id: str, state: str, reason: str = "") -> None:
        """Report a port's state, with the remark on it if it is up. Raises ClientError."""
        said = reason or (self._remarks.get(port_id, "") if state == "up" else "")
        self._server.set_port_status(self._host, port_id, state, said)

    def report_failure(self, wanted: Attachment | None, workload: Workload, reason: str) -> None:
        """Report a workload that got no port."""
        log.error("workload not attached", workload=workload.name, workload_id=workload.id, why=reason)
        try:
            self._server.report_failure(
                self._host,
                workload=workload,
                reason=reason[:1000],
                project=None if wanted is None else wanted.project,
                network=None if wanted is None else wanted.network,
            )
        except ClientError as error:
            log.warning("failure not reported", workload=workload.name, why=str(error))

    def failed(self) -> tuple[Workload, ...]:
        """The workloads of this host that are reported to have got no port. Raises ClientError."""
        return self._server.host_failures(self._host)

    def forget_failure(self, workload: Workload) -> None:
        """The workload is gone: nobody need know any more that it got no port. Raises ClientError."""
        self._server.forget_failure(self._host, workload)

    def bound(self, runtime: str, engine: str) -> tuple[Port, ...]:
        """The ports on this host whose workload belongs to that engine. Raises ClientError."""
        return tuple(
            port
            for port in self.all_bound()
            if port.workload and (port.workload.runtime, port.workload.engine) == (runtime, engine)
        )

    def all_bound(self) -> tuple[Port, ...]:
        """The ports on this host as the server has them. Raises ClientError."""
        return self._server.host_ports(self._host)

    def _ask(self, wanted: Attachment) -> Lease:
        anonymous = wanted.quarantined
        return Lease.from_attached(
            self._server.attach(
                self._host,
                network=wanted.network,
                kind=wanted.kind,
                project=wanted.project,
                name=None if anonymous else wanted.workload.name or None,
                mac=wanted.mac,
                addresses=wanted.addresses,
                labels=wanted.labels,
                workload=None if anonymous else wanted.workload,
                quarantined=anonymous,
                id=wanted.port_id,
                telling=wanted.telling,
            )
        )

    def remembered(self, wanted: Attachment) -> Lease | None:
        """The lease that `wanted` has had on this host."""
        for lease in self.journal.leases():
            if lease.workload is None or wanted.quarantined or not same(lease.workload, wanted.workload):
                continue
            by_name = (lease.network, lease.project) == (wanted.network, wanted.project)
            if by_name or lease.network_id == wanted.network:
                return lease
        return None
