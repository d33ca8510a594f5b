"""Keep tenants' frames out of the host's own stack, where Open vSwitch works in user space.

There the kernel gets a copy of every frame on a device that the switch took. Without the guard it answers:
ARP for any address of the host, every service over IPv6's link-local addresses; and it forwards where the
host is a router, as every Docker host is; all of it past OVN and its rules. In the other direction the kernel
speaks on these devices as it does on all (neighbour discovery, mDNS). The guard drops both, on those devices
alone; everything else is accepted, because a default drop would cut off SSH, Docker's bridges and VPNs. What
the host itself sends and receives on an enslaved uplink passes through its bridge's internal port.

The kernel datapath takes frames before the kernel sees them: there is no guard.
"""

import subprocess
import time
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

import structlog

from weft.agent.links import GROUP, addresses
from weft.model.errors import WeftError

log = structlog.get_logger()

TABLE = "weft_guard"
CHECK_S = 10.0
"""How long the guard may be missing after another firewall flushed every rule of the host."""
OWN_S = 1.0
"""How old the host's own addresses may be while nothing else is different. To read them takes ten
milliseconds, and each attachment makes half a dozen looks."""
_NFT_S = 20

_FAMILIES = {
    # The kernel's names of where packets come in and leave (nft(8), "address families"). -450 is before
    # fragments are collected and connections are tracked.
    "inet": ("hook prerouting priority -450", "hook postrouting priority 450"),
    "arp": ("hook input priority 0", "hook output priority 0"),
}


class GuardFailed(WeftError):
    """The kernel did not take the guard, so tenants may reach the host past OVN."""


def ruleset(devices: Collection[str]) -> str:
    """What nft(8) reads: our tables in place of those that are there, at once.

    Our own veth pairs are told by their device group, so that none is unguarded for a moment; `devices` are
    the others.
    """
    names = ", ".join(f'"{name}"' for name in sorted(devices))
    elements = f"elements = {{ {names} }}" if names else ""
    parts = [_absent()]
    for family, (inwards, outwards) in _FAMILIES.items():
        parts.append(f"""
table {family} {TABLE} {{
  set enslaved {{ type ifname; {elements} }}
  chain from_tenants {{
    type filter {inwards}; policy accept;
    iifgroup {GROUP} drop
    iifname @enslaved drop
  }}
  chain to_tenants {{
    type filter {outwards}; policy accept;
    oifgroup {GROUP} drop
    oifname @enslaved drop
  }}
}}""")
    return "".join(parts) + "\n"


def apply(devices: Collection[str]) -> None:
    """Guard our veth pairs and `devices`, and no others. Idempotent, all or nothing. Raises GuardFailed."""
    done = _nft("-f", "-", stdin=ruleset(devices))
    if done.returncode != 0:
        raise GuardFailed(f"nft refused the guard against tenants' frames: {done.stderr.strip()}")


def remove() -> None:
    """Take the guard away. Idempotent; where there is no nft, there is no guard. Raises GuardFailed."""
    try:
        done = _nft("-f", "-", stdin=_absent())
    except GuardFailed:
        return
    if done.returncode != 0:
        raise GuardFailed(f"nft refused to remove the tables {TABLE}: {done.stderr.strip()}")


def is_in_place() -> bool:
    """Whether our tables are there. Raises GuardFailed."""
    return all(_nft("list", "table", family, TABLE).returncode == 0 for family in _FAMILIES)


def _absent() -> str:
    """Adding before deleting: nft 1.0 has no way to delete what may be missing."""
    return "".join(f"add table {f} {TABLE}\ndelete table {f} {TABLE}\n" for f in _FAMILIES)


def _nft(*argv: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            ["nft", *argv], input=stdin, capture_output=True, text=True, timeout=_NFT_S, check=False
        )
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise GuardFailed(
            f"the guard against tenants' frames needs nft, which does not run: {error}; install nftables"
        ) from error


class Enslaving(Protocol):
    """What is asked of Open vSwitch; Vswitch and its fake."""

    def enslaved(self, addresses: Mapping[str, str]) -> frozenset[str] | None: ...  # noqa: D102


class Firewall(Protocol):
    """What is asked of the kernel; this module and its fake."""

    def apply(self, devices: Collection[str]) -> None: ...  # noqa: D102
    def remove(self) -> None: ...  # noqa: D102
    def is_in_place(self) -> bool: ...  # noqa: D102


class Guard:
    """Keeps the guard equal to what the switch took; it stays when the agent ends."""

    def __init__(
        self,
        switch: Enslaving,
        firewall: Firewall,
        *,
        addresses: Callable[[], Mapping[str, str]] = addresses,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`addresses` are those by which the host itself is reached, with their devices."""
        self._switch, self._firewall, self._addresses, self._clock = switch, firewall, addresses, clock
        self._guarded: frozenset[str] | None = None
        self._checked: float | None = None
        self._spared: frozenset[str] = frozenset()
        self._own: Mapping[str, str] = {}
        self._own_at: float | None = None

    def look(self) -> None:
        """Compare, and put right what differs. Raises OvsdbUnavailable, GuardFailed."""
        changed, wanted = self._compared(OWN_S)
        if changed:
            changed, wanted = self._compared(0)  # by addresses of now
        if not (changed or self._is_due()):
            return
        if wanted is None:
            self._firewall.remove()
        elif changed or not self._firewall.is_in_place():
            self._firewall.apply(wanted)
            log.info("guard in place", devices=sorted(wanted))
        self._guarded, self._checked = wanted, self._clock()

    def _compared(self, oldest_s: float) -> tuple[bool, frozenset[str] | None]:
        """Whether what is to be guarded differs, and what that is, by addresses as old as that at most."""
        now = self._clock()
        if self._own_at is None or now - self._own_at >= oldest_s:
            self._own, self._own_at = self._addresses(), now
        enslaved = self._switch.enslaved(self._own)
        own = frozenset(self._own.values())
        wanted = None if enslaved is None else enslaved - self._spare(enslaved & own)
        return self._checked is None or wanted != self._guarded, wanted

    def _is_due(self) -> bool:
        return (
            self._guarded is not None
            and self._checked is not None
            and self._clock() - self._checked >= CHECK_S
        )

    def look_again(self) -> None:
        """As `look`, but a kernel that refuses is told about and asked again. Raises OvsdbUnavailable."""
        try:
            self.look()
        except GuardFailed as error:
            log.error("host not guarded", why=error.message)  # noqa: TRY400 - the reason is known

    def _spare(self, spared: frozenset[str]) -> frozenset[str]:
        """Devices with an address of the host's own: dropping their frames could lock the operator out."""
        if spared - self._spared:
            log.warning("device has the host's own address and is not guarded", devices=sorted(spared))
        self._spared = spared
        return spared
