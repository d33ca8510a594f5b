"""Make this machine an ordinary one again: what join and the agent brought goes, what was there returns."""

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from weft.agent.cni.shim import DEFERRED
from weft.agent.cni.shim import SOCKET as CNI_SOCKET
from weft.agent.docker.plugin import take_over
from weft.agent.door import trouble
from weft.agent.journal import Journal
from weft.agent.manual.messages import SOCKET
from weft.agent.manual.plugging import REMADE
from weft.agent.vswitch import INTERNAL
from weft.client import ClientError, ProblemError
from weft.client.join import Joined
from weft.host.facts import INTEGRATION, Interface, Switch
from weft.host.layout import Layout
from weft.host.preflight import OVN_CONFIG, OVN_IDS
from weft.host.record import Phase, Record, put, read, write
from weft.host.services import Services
from weft.host.switch import SwitchDatabase
from weft.model.errors import WeftError

_GONE = (401, 403, 404)
"""Statuses by which the server says that it knows this host no more: an earlier attempt has told it."""


class StillPlugged(WeftError):
    """Workloads of this host are on Weft's networks; nothing was changed."""

    code = "still_plugged"


class NotAHost(WeftError):
    """No join has made this machine a host."""

    code = "not_a_host"


class Traces(Protocol):
    """What the agent left outside of its own files; each call says what could not be removed."""

    def docker_networks(self) -> list[str]: ...  # noqa: D102
    def libvirt_networks(self) -> list[str]: ...  # noqa: D102
    def kernel(self) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """One leave: the parts of the machine that it acts on."""

    layout: Layout
    services: Services
    units: Mapping[Path, str]
    traces: Traces
    retire: Callable[[Joined, Layout], None]
    """Tell the server, with the host's own credentials. Raises ClientError."""
    remote: str
    force: bool = False

    def run(self, done: Callable[[str], None]) -> list[str]:
        """Do it all; `done` hears of each step. What is left to be done by hand, as sentences.

        May be killed at any step, and run again. Raises NotAHost and StillPlugged before anything is changed;
        afterwards Invalid (an agent runs on), ServiceFailed and SwitchFailed.
        """
        record = read(self.layout.record)
        if record is None:
            raise NotAHost(
                f"this machine is no host: there is no {self.layout.record}, which weft host join writes"
            )
        if record.phase is not Phase.LEAVING:
            self._check()
            record = record.now(Phase.LEAVING)
            write(self.layout.record, record)
        self.services.stop_agent()
        os.close(take_over(self.layout.run / "agent.lock"))
        done("the agent is stopped")
        left = [*self.traces.docker_networks(), *self.traces.libvirt_networks()]
        done("Docker and libvirt have no networks of Weft's")
        left += self._tell(record)
        self.services.remove(self.units)
        self.services.end_controller()
        done("OVN knows this host no more")
        self._restore_switch(record)
        self.traces.kernel()
        done("Open vSwitch is as it was")
        self._restore_files(record)
        self.services.restore_controller(
            ran=record.before.controller_ran, enabled=record.before.controller_enabled
        )
        self._forget()
        done("files and services are as they were")
        return left

    def _check(self) -> None:
        with SwitchDatabase.open(self.remote) as database:
            plugged = plugged_interfaces(database.read())
        if plugged and not self.force:
            leases = Journal(self.layout.state / "attachments.json").leases()
            owners = {lease.port_id: lease.workload.name for lease in leases if lease.workload}
            named = ", ".join(sorted(_named(interface, owners) for interface in plugged))
            raise StillPlugged(
                f"{len(plugged)} endpoints of this host are on Weft's networks: {named}. "
                "Stop these workloads, or say --force to cut them off"
            )

    def _tell(self, record: Record) -> list[str]:
        try:
            self.retire(record.joined, self.layout)
        except ProblemError as error:
            if error.status not in _GONE:
                return [_untold(record.joined, error)]
        except ClientError as error:
            return [_untold(record.joined, error)]
        return []

    def _restore_switch(self, record: Record) -> None:
        before = record.before
        with SwitchDatabase.open(self.remote) as database:
            database.delete_bridge(INTEGRATION)
            database.set_ids({key: before.external_ids.get(key) for key in OVN_IDS})
            database.set_other_config({key: before.other_config.get(key) for key in OVN_CONFIG})
            database.set_ssl(before.ssl)
            if before.integration_bridge is not None:
                database.add_bridge(INTEGRATION, before.integration_bridge)

    def _restore_files(self, record: Record) -> None:
        layout = self.layout
        for path in (
            layout.chassis,
            layout.settings,
            layout.key,
            layout.certificate,
            layout.ca,
            layout.token,
            layout.cni_plugin,
            layout.cni_network,
        ):
            if str(path) in record.before.files:
                put(path, record.before.files[str(path)])
            else:
                path.unlink(missing_ok=True)
        shutil.rmtree(layout.state, ignore_errors=True)
        shutil.rmtree(layout.run / DEFERRED, ignore_errors=True)
        for name in ("agent.lock", "agent.ready", SOCKET, CNI_SOCKET, REMADE, trouble.FILE):
            (layout.run / name).unlink(missing_ok=True)
        for folder in layout.cni_folders:
            if str(folder) not in record.before.folders:
                _remove_if_empty(folder)
        for folder in (layout.key.parent, layout.settings.parent, layout.run):
            _remove_if_empty(folder)

    def _forget(self) -> None:
        """Last of all: as long as there is a record, leaving can be repeated."""
        self.layout.record.unlink(missing_ok=True)
        _remove_if_empty(self.layout.record.parent)


def plugged_interfaces(switch: Switch) -> tuple[Interface, ...]:
    """What is on the integration bridge for a workload, whoever put it there."""
    bridge = switch.bridge(INTEGRATION)
    found = () if bridge is None else bridge.interfaces
    return tuple(one for one in found if "iface-id" in one.external_ids and INTERNAL not in one.external_ids)


def _named(interface: Interface, owners: Mapping[str, str]) -> str:
    owner = owners.get(interface.external_ids["iface-id"])
    return interface.name if owner is None else f"{owner} ({interface.name})"


def _untold(joined: Joined, error: ClientError) -> str:
    return (
        f"the server at {joined.url} was not told ({error}): its endpoints here keep their addresses until "
        f"an administrator runs weft host retire {joined.host}"
    )


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # it is not empty, or a file system of its own is mounted there
        folder.rmdir()
