"""Plugging: a veth pair and a port of the switch, together or not at all."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from weft.agent.attachment import Lease, container_end, host_end
from weft.agent.links import Inside, LinkFailed, Namespace
from weft.ovsdb import OvsdbError, OvsdbUnavailable

INSTALL_S = 5.0
"""For how long whoever plugs waits for the flows."""


@dataclass(frozen=True, slots=True)
class Plugged:
    """A port of the bridge that Weft made."""

    name: str
    port_id: str


class VethPairs(Protocol):
    """What plugging asks of links; Links and its fake."""

    def exists(self, name: str) -> bool: ...  # noqa: D102
    def ours(self) -> frozenset[str]: ...  # noqa: D102
    def make_pair(self, name: str, peer: str, *, mac: str, mtu: int) -> None: ...  # noqa: D102
    def make_inside(  # noqa: D102
        self,
        name: str,
        *,
        where: Namespace,
        mac: str,
        mtu: int,
        prefixes: tuple[str, ...],
        called: str = "",
    ) -> str: ...
    def lead_out(self, where: Namespace, mac: str, gateways: tuple[str, ...]) -> None: ...  # noqa: D102
    def has_inside(self, where: Namespace, mac: str) -> bool: ...  # noqa: D102
    def look_inside(self, where: Namespace, name: str) -> Inside | None: ...  # noqa: D102
    def delete(self, name: str) -> None: ...  # noqa: D102


class Flows(Protocol):
    """What is asked of the switch about flows; Vswitch and its fake."""

    def wait_installed(self, port_id: str, timeout_s: float) -> bool: ...  # noqa: D102
    def wait_reached(self, nb_cfg: int, timeout_s: float) -> bool: ...  # noqa: D102


class Switch(Flows, Protocol):
    """What plugging asks of the switch; Vswitch and its fake."""

    def add(self, name: str, lease: Lease) -> None: ...  # noqa: D102
    def remove(self, name: str) -> None: ...  # noqa: D102
    def ours(self) -> tuple[Plugged, ...]: ...  # noqa: D102


class PlugFailed(Exception):
    """The workload has no working port; the message is a whole sentence."""


def plug_inside(
    lease: Lease, where: Namespace, *, links: VethPairs, switch: Switch, called: str = ""
) -> None:
    """Give a namespace the port of `lease`, as `called` or else as the next ethN.

    Idempotent; on failure nothing is left.
    """
    name = host_end(lease.port_id)
    try:
        if links.exists(name) and links.has_inside(where, lease.mac):
            switch.add(name, lease)
            return
        switch.remove(name)  # of an earlier life: its `ovn-installed` says nothing of the new link
        links.make_inside(
            name, where=where, mac=lease.mac, mtu=lease.mtu, prefixes=lease.prefixes, called=called
        )
        links.lead_out(where, lease.mac, lease.gateways)
        _add(name, lease, links, switch)
    except (LinkFailed, OvsdbError, OvsdbUnavailable) as error:
        raise _failed(lease, error) from error


def plug_pair(lease: Lease, *, links: VethPairs, switch: Switch) -> str:
    """Make the pair of `lease`; the name of the end that the engine moves. On failure nothing is left."""
    name, peer = host_end(lease.port_id), container_end(lease.port_id)
    try:
        switch.remove(name)
        links.make_pair(name, peer, mac=lease.mac, mtu=lease.mtu)
        _add(name, lease, links, switch)
    except (LinkFailed, OvsdbError, OvsdbUnavailable) as error:
        raise _failed(lease, error) from error
    return peer


def unplug(port_id: str, *, links: VethPairs, switch: Switch) -> None:
    """Take the port off the switch and delete its pair. Idempotent."""
    name = host_end(port_id)
    try:
        switch.remove(name)
    except (OvsdbError, OvsdbUnavailable) as error:
        raise PlugFailed(f"port {port_id} could not be taken off the switch: {error}") from error
    finally:
        links.delete(name)


def await_flows(
    lease: Lease,
    revision: int,
    deadline: float,
    *,
    realised: Callable[[int, float], int | None],
    switch: Flows,
) -> None:
    """Block until this host's flows are those of `revision` (0: of any) and the port's are in.

    `deadline` is monotonic; `realised` asks for the `nb_cfg` of a revision. Raises PlugFailed, ClientError.
    """
    if revision:
        number = realised(revision, max(deadline - monotonic(), 0))
        if number is None or not switch.wait_reached(number, max(deadline - monotonic(), 0)):
            raise PlugFailed(
                f"port {lease.port_id} on {lease.network} as revision {revision} says it is not enforced "
                f"here within {INSTALL_S:g} s; check ovn-controller here and the server's reconciler"
            )
    if not switch.wait_installed(lease.port_id, max(deadline - monotonic(), 0)):
        raise PlugFailed(
            f"OVN has not installed port {lease.port_id} on {lease.network} within {INSTALL_S:g} s; "
            "check ovn-controller on this host and the Weft server's reconciler"
        )


def _add(name: str, lease: Lease, links: VethPairs, switch: Switch) -> None:
    try:
        switch.add(name, lease)
    except (OvsdbError, OvsdbUnavailable):
        links.delete(name)
        raise


def _failed(lease: Lease, error: Exception) -> PlugFailed:
    return PlugFailed(f"port {lease.port_id} on network {lease.network} could not be plugged: {error}")
