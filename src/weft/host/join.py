"""Make this machine a host: look, say what will be done, then do it, each step so that it can be repeated."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from weft import trust
from weft.client import ProblemError
from weft.client.join import Joined
from weft.host import cni, preflight
from weft.host.facts import INTEGRATION, Bridge, Machine, Switch
from weft.host.layout import Layout
from weft.host.preflight import OVN_CONFIG, OVN_IDS, Wish
from weft.host.record import Before, Phase, Record, put, read, write
from weft.host.services import Services
from weft.host.switch import SwitchDatabase
from weft.model.errors import WeftError
from weft.model.invitation import Invitation


class HostRefused(WeftError):
    """This machine must not become a host; nothing was changed."""

    code = "host_refused"


class Exchange(Protocol):
    """Trade the join token for credentials; `weft.client.join.join`."""

    def __call__(self, token: str, host: str, csr: str) -> Joined: ...  # noqa: D102


Registered = Callable[[Joined], str]
"""Wait until OVN lists this host; empty, or what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """One join: what is wished, and the parts of the machine that it acts on."""

    wish: Wish
    token: str
    machine: Machine
    layout: Layout
    services: Services
    units: Mapping[Path, str]
    exchange: Exchange
    registered: Registered
    remote: str

    def check(self) -> None:
        """Raises HostRefused, with every reason."""
        record = read(self.layout.record) if self.machine.is_root else None
        reasons = preflight.refusals(self.machine, self.wish, record)
        if reasons:
            raise HostRefused("; ".join(reasons))

    def plan(self) -> tuple[str, ...]:
        """What is going to happen, as sentences."""
        return preflight.announced(self.machine, self.wish, units=bool(self.units))

    def run(self, done: Callable[[str], None]) -> Record:
        """Do it all; `done` hears of each step. May be killed at any step, and run again with the same token.

        Raises HostRefused before anything is changed; then ClientError, ServiceFailed, SwitchFailed.
        """
        self.check()
        record = self._enrol()
        done(f"{record.joined.url} knows this host as {record.host}, and what it was is kept")
        self._write_files(record)
        done("settings and certificates are written")
        self.services.install(self.units)
        done("units are installed")
        self._configure(record)
        done("Open vSwitch is set up")
        self.services.start_controller()
        trouble = self.registered(record.joined)
        done(
            f"not yet part of OVN: {trouble}; see /var/log/ovn/ovn-controller.log"
            if trouble
            else "OVN knows this host"
        )
        self._settle()
        self.services.start_agent()
        done("the agent runs")
        record = record.now(Phase.JOINED)
        write(self.layout.record, record)
        return record

    def _enrol(self) -> Record:
        """Trade the token for credentials, unless this very token has been traded already.

        What was there is recorded by the first join only: a later one would find what that one made.
        """
        mark = hashlib.sha256(self.token.strip().encode()).hexdigest()
        known = read(self.layout.record)
        if known is not None and known.token == mark:
            return known
        key = trust.new_key() if known is None else known.key
        try:
            joined = self.exchange(self.token, self.wish.host, trust.request(key, self.wish.host))
        except ProblemError as error:
            raise HostRefused(
                f"the server at {self.wish.server} refuses host {self.wish.host}: {error}. "
                "Nothing was changed here"
            ) from error
        record = Record(
            phase=Phase.JOINING if known is None else known.phase,
            host=joined.host,
            before=self._before() if known is None else known.before,
            token=mark,
            key=key,
            joined=joined,
        )
        write(self.layout.record, record)
        return record

    def _before(self) -> Before:
        switch = self.machine.switch or Switch()
        return Before(
            external_ids={k: v for k, v in switch.external_ids.items() if k in OVN_IDS},
            other_config={k: v for k, v in switch.other_config.items() if k in OVN_CONFIG},
            ssl=switch.ssl,
            integration_bridge=_columns(switch.bridge(INTEGRATION)),
            files={
                str(p): p.read_text() for p in (self.layout.chassis, self.layout.cni_network) if p.exists()
            },
            folders=tuple(str(p) for p in self.layout.cni_folders if p.exists()),
            controller_ran=self.services.controller_runs(),
            controller_enabled=self.services.controller_enabled(),
        )

    def _write_files(self, record: Record) -> None:
        joined = record.joined
        put(self.layout.key, record.key, mode=0o600)
        self.layout.key.parent.chmod(0o700)
        put(self.layout.ca, joined.ca)
        put(self.layout.certificate, _lasting(self.layout.certificate, joined.certificate))
        put(self.layout.token, f"{joined.token}\n", mode=0o600)
        put(self.layout.settings, _settings(joined, self.layout, libvirt=self.machine.libvirt), mode=0o600)
        put(self.layout.chassis, f"{joined.host}\n")
        put(self.layout.cni_plugin, cni.plugin(), mode=0o755)
        if self.wish.cni:
            put(self.layout.cni_network, cni.conflist(self.wish.cni))

    def _configure(self, record: Record) -> None:
        joined = record.joined
        values = preflight.ids(
            host=joined.host,
            southbound=joined.southbound,
            encapsulation=joined.encapsulation,
            address=self.wish.address,
            kernel_datapath=self.machine.kernel_datapath,
        )
        with SwitchDatabase.open(self.remote) as database:
            database.set_ssl(self.wish.ssl)
            database.set_ids(values)

    def _settle(self) -> None:
        with SwitchDatabase.open(self.remote) as database:
            database.set_ids(preflight.WAIT_BEFORE_CLEAR)


def invitation_url(token: str) -> str:
    """The server that a join token is for. Raises Invalid."""
    return Invitation.parse(token).url


def _lasting(file: Path, given: str) -> str:
    """The certificate that ends later: the agent may have had it renewed since the token was traded."""
    try:
        there = file.read_text()
        return there if trust.valid_until(there) > trust.valid_until(given) else given
    except (OSError, ValueError):  # there is none, or it is not a certificate
        return given


def _columns(bridge: Bridge | None) -> Mapping[str, str] | None:
    return None if bridge is None else {"datapath_type": bridge.datapath_type, "fail_mode": bridge.fail_mode}


def _settings(joined: Joined, layout: Layout, *, libvirt: bool) -> str:
    """agent.toml: a path or a name here has no character that TOML would need escaped."""
    lines = {
        "server_url": joined.url,
        "host": joined.host,
        "ca_file": layout.ca,
        "certificate_file": layout.certificate,
        "key_file": layout.key,
        "token_file": layout.token,
        "state_dir": layout.state,
        **({"libvirt_uri": "qemu:///system"} if libvirt else {}),
    }
    text = "".join(f'{name} = "{value}"\n' for name, value in lines.items())
    return f"# Written by weft host join; weft host leave removes it.\n{text}"
