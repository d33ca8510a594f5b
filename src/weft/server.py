"""The management plane's composition root: store, API, reconciler and observer in one process."""

import argparse
import signal
import ssl
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import FrameType
from uuid import uuid4

import structlog
from prometheus_client import Counter
from sqlalchemy.exc import OperationalError
from starlette.types import ASGIApp

from weft.api import serving
from weft.api.app import create_app
from weft.api.context import ENCAPSULATION_OVERHEAD, Vouching
from weft.api.metrics import claims_by_strangers
from weft.collector import collector_off
from weft.compiler import Compilation, CompilerSettings
from weft.installation.files import TlsFiles, authority, client_context
from weft.installation.running import running
from weft.keystone import Keystone, trusting
from weft.model.errors import WeftError
from weft.model.host import Enrolment
from weft.model.ids import HostName
from weft.model.snapshot import Snapshot
from weft.ovn.hits import AclCookies
from weft.ovn.northbound import Northbound
from weft.ovn.southbound import ChassisSeen, Southbound
from weft.ovn.trace import Identity, Tracer
from weft.ovsdb import OvsdbUnavailable
from weft.reconciler.loop import Loop
from weft.reconciler.observe import Observer, PortSeen, StatusSink
from weft.reconciler.passes import Realised
from weft.reconciler.record import record
from weft.settings import ServerSettings, SupervisorSettings, load_server
from weft.store import Limits, Store, progress, status, tokens
from weft.store.expiry import Expiry
from weft.store.retention import Retention
from weft.store.status import PortState, PortStatus
from weft.store.tokens import Caller, Role
from weft.systemd import tell

log = structlog.get_logger()


def _now() -> datetime:
    return datetime.now(UTC)


def _realised(store: Store, realised: Realised, snapshot: Snapshot) -> None:
    record(store, snapshot, realised.nb_cfg, _now())


def _ports_seen(store: Store, claims: Counter, seen: Sequence[PortSeen], _now: datetime) -> None:
    for port in seen:
        if port.alarm:
            claims.labels(port.host).inc()
    status.set_port_statuses(store, {port.port_id: _status(port) for port in seen})


def _status(seen: PortSeen) -> PortStatus:
    """An alarm is a failure; otherwise up is up, all else down. An alarm that is over is told."""
    if seen.alarm:
        return PortStatus(state=PortState.FAILED, reason=seen.alarm)
    return PortStatus(state=PortState.UP if seen.up else PortState.DOWN, reason=seen.remembered)


def _chassis_seen(store: Store, seen: Mapping[str, ChassisSeen | None], now: datetime) -> None:
    progress.record_chassis(
        store,
        {
            HostName(name): None if one is None or one.nb_cfg is None else (one.nb_cfg, one.acknowledged_at)
            for name, one in seen.items()
        },
        now,
    )


def _vouching(settings: ServerSettings) -> Vouching | None:
    """How we sign and are recognised; None without TLS. Raises Invalid if there is no CA yet."""
    if settings.tls == "off":
        return None
    ours = authority(TlsFiles(settings.tls_dir))
    southbound = settings.southbound_remote

    def enrol(host: HostName, csr: str) -> Enrolment:
        return Enrolment(
            certificate=ours.host(host, csr, _now()),
            ca=ours.credential.certificate,
            southbound=southbound,
            encapsulation=settings.encapsulation,
        )

    return Vouching(ca=ours.credential.certificate, fingerprint=ours.fingerprint, enrol=enrol)


def _ovn_tls(settings: ServerSettings) -> ssl.SSLContext | None:
    """How we show ourselves to OVN's databases where they are not Unix sockets, and recognise them."""
    if "ssl:" not in f"{settings.nb},{settings.sb}":
        return None
    return client_context(TlsFiles(settings.tls_dir))


def _identity(settings: ServerSettings) -> Identity | None:
    """The files that OVN's programs show to its databases, where TLS is on."""
    if settings.tls == "off":
        return None
    files = TlsFiles(settings.tls_dir)
    return Identity(files.key("server"), files.certificate("server"), files.certificate("ca"))


def _keystone(settings: ServerSettings, store: Store) -> Keystone | None:
    """The Keystone whose tokens are accepted. Raises Invalid if its CA cannot be read."""
    if settings.keystone_url is None:
        return None
    return Keystone(
        settings.keystone_url,
        roles={name: Role(role) for name, role in settings.keystone_roles.items()},
        known=lambda project: project in store.snapshot().projects,
        now=_now,
        tls=None if settings.keystone_ca_file is None else trusting(settings.keystone_ca_file),
    )


@dataclass(frozen=True)
class Callers:
    """Whose a token is: first our own are looked up, then Keystone is asked, if there is one."""

    store: Store
    keystone: Keystone | None

    def __call__(self, token: str) -> Caller | None:
        """The caller. Raises what Keystone does."""
        own = tokens.find(self.store, token, _now())
        return own if own is not None or self.keystone is None else self.keystone.caller_of(token)

    def close(self) -> None:
        """Close the connections to Keystone."""
        if self.keystone is not None:
            self.keystone.close()


def serve(settings: ServerSettings) -> None:
    """Run until a signal ends it."""
    vouching, ovn_tls = _vouching(settings), _ovn_tls(settings)
    with collector_off():
        store = Store.open(
            settings.database_url, now=_now, new_id=uuid4, limits=Limits.of(settings.encapsulation)
        )
    northbound = Northbound(settings.nb, ssl_context=ovn_tls)
    southbound = Southbound(settings.sb, ssl_context=ovn_tls)
    acl_of = AclCookies(settings.nb, settings.sb, ssl_context=ovn_tls)
    how = CompilerSettings(
        encapsulation=settings.encapsulation,
        default_mtu=settings.underlay_mtu - ENCAPSULATION_OVERHEAD,
        log_rate=settings.log_rate,
        log_drops=settings.log_drops,
    )
    compiled = partial(Compilation, settings=how)
    loop = Loop(
        store,
        compiled,
        northbound,
        realised=partial(_realised, store),
        resync_s=settings.resync_s,
        clock=time.monotonic,
    )
    callers = Callers(store, _keystone(settings, store))
    claims = claims_by_strangers()
    sink = StatusSink(
        ports=partial(_ports_seen, store, claims),
        chassis=partial(_chassis_seen, store),
        settle=partial(progress.settle, store),
    )
    observer = Observer(southbound, store.snapshot, sink, now=_now)
    retention = Retention(store, timedelta(days=settings.history_days))
    expiry = Expiry(store)
    for thread in (loop, observer, retention, expiry):
        thread.start()
    try:
        app = create_app(
            store=store,
            collectors=[claims],
            caller_of=callers,
            underlay_mtu=settings.underlay_mtu,
            host_timeout_s=settings.host_timeout_s,
            public_url=settings.public_url,
            vouching=vouching,
            compiled=how,
            trace=Tracer(settings.nb, settings.sb, _identity(settings)),
            acl_of=acl_of,
            traces_at_once=settings.traces_at_once,
            policy_flows_per_host=settings.policy_flows_per_host,
            claimed=observer.claimed,
            unavailable=(OvsdbUnavailable, OperationalError),
        )
        _serve_http(settings, app)
    finally:
        callers.close()
        expiry.stop()
        retention.stop()
        observer.stop()
        loop.stop()
        northbound.close()
        southbound.close()
        acl_of.close()
        store.close()


def _serve_http(settings: ServerSettings, app: ASGIApp) -> None:
    tls = None
    if settings.tls == "on":
        files = TlsFiles(settings.tls_dir)
        tls = serving.tls_context(files.certificate("server"), files.key("server"), files.certificate("ca"))
    listening = serving.listening(settings.listen)
    log.info("serving", listen=settings.listen, tls=settings.tls)
    tell(SupervisorSettings(), "READY=1")
    serving.server(app, tls).run(sockets=[listening])


def main() -> None:
    """`python -m weft.server --config FILE`."""
    arguments = argparse.ArgumentParser(prog="weft.server", description=__doc__)
    arguments.add_argument("--config", type=Path)
    chosen = arguments.parse_args()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    try:
        settings = load_server(chosen.config)
        with running(settings.state_dir):
            serve(settings)
    except WeftError as error:
        sys.exit(f"weft server: {error.message}")


if __name__ == "__main__":
    main()
