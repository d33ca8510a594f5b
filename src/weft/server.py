"""The management plane's composition root: store, API, reconciler and observer in one process."""

import argparse
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType
from uuid import uuid4

import structlog
import uvicorn
from sqlalchemy.exc import OperationalError

from weft.api.app import create_app
from weft.api.context import ENCAPSULATION_OVERHEAD
from weft.compiler import Compilation, CompilerSettings
from weft.model.errors import WeftError
from weft.model.ids import HostName
from weft.model.snapshot import Snapshot
from weft.ovn.northbound import Northbound
from weft.ovn.southbound import ChassisSeen, Southbound
from weft.ovsdb import OvsdbUnavailable
from weft.reconciler.loop import Loop
from weft.reconciler.observe import Observer, PortSeen, StatusSink
from weft.reconciler.passes import Realised
from weft.settings import ServerSettings, SupervisorSettings, load_server
from weft.store import Limits, Store, progress, status, tokens
from weft.store.status import PortState, PortStatus
from weft.systemd import tell

log = structlog.get_logger()


def _now() -> datetime:
    return datetime.now(UTC)


def _realised(store: Store, realised: Realised, _snapshot: Snapshot) -> None:
    progress.record_realised(store, realised.revision, realised.nb_cfg, _now())


def _ports_seen(store: Store, seen: Sequence[PortSeen], _now: datetime) -> None:
    status.set_port_statuses(store, {port.port_id: _status(port) for port in seen})


def _status(seen: PortSeen) -> PortStatus:
    """An alarm is a failure; otherwise up is up, and everything else is down."""
    if seen.alarm:
        return PortStatus(state=PortState.FAILED, reason=seen.alarm)
    return PortStatus(state=PortState.UP if seen.up else PortState.DOWN)


def _chassis_seen(store: Store, seen: Mapping[str, ChassisSeen | None], now: datetime) -> None:
    progress.record_chassis(
        store,
        {
            HostName(name): None if one is None or one.nb_cfg is None else (one.nb_cfg, one.acknowledged_at)
            for name, one in seen.items()
        },
        now,
    )


def _print_first_token(store: Store, place: Path) -> None:
    """At the first start: the administrator's token, once, on the terminal and in a file of root's."""
    token = tokens.first_admin_token(store)
    if token is None:
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    place.touch(mode=0o600)
    place.write_text(f"{token}\n")
    sys.stdout.write(f"The administrator's token, shown this once and kept in {place}: {token}\n")
    sys.stdout.flush()


def serve(settings: ServerSettings) -> None:
    """Run until a signal ends it."""
    store = Store.open(
        settings.database_url, now=_now, new_id=uuid4, limits=Limits.of(settings.encapsulation)
    )
    _print_first_token(store, settings.admin_token_file)
    northbound, southbound = Northbound(settings.nb), Southbound(settings.sb)
    compiled = partial(
        Compilation,
        settings=CompilerSettings(
            encapsulation=settings.encapsulation,
            default_mtu=settings.underlay_mtu - ENCAPSULATION_OVERHEAD,
        ),
    )
    loop = Loop(
        store,
        compiled,
        northbound,
        realised=partial(_realised, store),
        resync_s=settings.resync_s,
        clock=time.monotonic,
    )
    sink = StatusSink(
        ports=partial(_ports_seen, store),
        chassis=partial(_chassis_seen, store),
        settle=partial(progress.settle, store),
    )
    observer = Observer(southbound, store.snapshot, sink, now=_now)
    loop.start()
    observer.start()
    try:
        app = create_app(
            store=store,
            caller_of=lambda token: tokens.find(store, token, _now()),
            underlay_mtu=settings.underlay_mtu,
            host_timeout_s=settings.host_timeout_s,
            unavailable=(OvsdbUnavailable, OperationalError),
        )
        _serve_http(settings, app)
    finally:
        observer.stop()
        loop.stop()
        northbound.close()
        southbound.close()
        store.close()


def _serve_http(settings: ServerSettings, app: object) -> None:
    host, _, port = settings.listen.rpartition(":")
    listening = socket.create_server((host.strip("[]"), int(port)), reuse_port=False)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3))  # type: ignore[arg-type]  # any ASGI application
    log.info("serving", listen=settings.listen)
    tell(SupervisorSettings(), "READY=1")
    server.run(sockets=[listening])


def main() -> None:
    """`python -m weft.server --config FILE`."""
    arguments = argparse.ArgumentParser(prog="weft.server", description=__doc__)
    arguments.add_argument("--config", type=Path)
    chosen = arguments.parse_args()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    try:
        serve(load_server(chosen.config))
    except WeftError as error:
        sys.exit(f"weft server: {error.message}")


if __name__ == "__main__":
    main()
