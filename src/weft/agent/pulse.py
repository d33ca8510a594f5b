"""A frame to nobody through each tunnel, every few seconds: who hears none knows that the way is cut.

Tunnels have no sign of life of their own, and a firewall that drops their UDP port lets pings pass. The frame
has tunnel key 0, which OVN gives to no network, so the receiving switch counts and drops it. Every host
sends, so every host can tell which peers it does not hear, whatever workloads do.
"""

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import structlog

from weft.agent.health.openvswitch import BRIDGE, Seen

log = structlog.get_logger()

PERIOD_S = 5.0
"""As often as vswitchd writes its counters (ovs-vswitchd.conf.db(5), stats-update-interval)."""
STALE_S = 3 * PERIOD_S
_LOCAL_EXPERIMENT = "88b5"
"""IEEE 802, Local Experimental EtherType 1."""
FRAME = "01005e00000c" + "020000000001" + _LOCAL_EXPERIMENT + "00" * 46
"""A group address as its destination: no station takes it for its own."""
_SEND_S = 5


class SendFailed(Exception):
    """The switch did not take the frame; the message is what it said."""


class Pulse:
    """Sends, and remembers when each peer was last heard."""

    def __init__(
        self,
        seen: Callable[[], Seen],
        kept: Path,
        *,
        send: Callable[[Sequence[int]], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`seen` is the switch now; `kept` is where others on this host read what was heard."""
        self._seen, self._kept, self._clock = seen, kept, clock
        self._send = send or send_frame
        self._due = 0.0
        self._counted: dict[str, int] = {}
        self._heard: dict[str, float] = {}
        self._troubled = False

    def look(self) -> None:
        """Send and count, if it is time. Raises OvsdbUnavailable."""
        now = self._clock()
        if now < self._due:
            return
        self._due = now + PERIOD_S
        tunnels = [tunnel for tunnel in self._seen().tunnels if tunnel.ofport > 0]
        for tunnel in tunnels:
            # A tunnel that is new has the time of a silent one from now on.
            if self._counted.get(tunnel.address) != tunnel.received:
                self._heard[tunnel.address] = now
        self._counted = {tunnel.address: tunnel.received for tunnel in tunnels}
        self._heard = {address: self._heard[address] for address in self._counted}
        write(self._kept, now, self._heard)
        self._beat([tunnel.ofport for tunnel in tunnels])

    def _beat(self, ports: Sequence[int]) -> None:
        if not ports:
            return
        try:
            self._send(ports)
        except SendFailed as error:
            if not self._troubled:
                log.warning("tunnels not tried", why=str(error))
            self._troubled = True
        else:
            self._troubled = False


def send_frame(ports: Sequence[int]) -> None:
    """One frame through each of these ports of br-int, whatever its flows are. Raises SendFailed."""
    out = ",".join(f"output:{port}" for port in ports)
    said = f"in_port=controller packet={FRAME} actions=set_field:0->tun_id,{out}"
    try:
        subprocess.run(
            ["ovs-ofctl", f"--timeout={_SEND_S}", "packet-out", BRIDGE, said],
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise SendFailed(getattr(error, "stderr", "") or str(error)) from error


def write(kept: Path, now: float, heard: Mapping[str, float]) -> None:
    """Keep what was heard, for other processes of this boot: whole or not at all (rename(2))."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    draft = kept.with_suffix(".new")
    draft.write_text(json.dumps({"at": now, "heard": dict(heard)}))
    draft.replace(kept)


def read(kept: Path, now: float) -> Mapping[str, float]:
    """Seconds of silence by peer's address; none while no agent counts. `now` is CLOCK_MONOTONIC's."""
    try:
        body = json.loads(kept.read_text())
        if not 0 <= now - body["at"] <= STALE_S:
            return {}
        return {str(address): now - float(at) for address, at in body["heard"].items()}
    except (OSError, ValueError, LookupError, TypeError):
        return {}
