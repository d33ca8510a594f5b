"""Keep the other hosts' tunnel addresses resolved, so that no first packet is lost on looking for them.

On the userspace datapath Open vSwitch wraps packets itself. It drops one whose outer next hop it does not
know, and only then asks. It learns from every answer that passes the bridge that holds the tunnel's address,
whoever asked (OVS, "Userspace tunnelling"), and forgets after 15 minutes without use. So the agent has the
kernel ask. On the kernel datapath packets wait for the answer, and nothing is to be done.
"""

import time
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from weft.agent.neighbours import NeighbourUnknown, confirm

log = structlog.get_logger()

PERIOD_S = 20.0
"""Above 10 s: as long the datapath passes an answer on by the flow of the last one, and learns nothing."""


class Switch(Protocol):
    """What is asked of Open vSwitch; Vswitch and its fake."""

    def datapath(self) -> str: ...  # noqa: D102
    def tunnel_peers(self) -> frozenset[str]: ...  # noqa: D102


class Tunnels:
    """Asks for each peer when its tunnel appears, and again every PERIOD_S."""

    def __init__(
        self,
        switch: Switch,
        *,
        ask: Callable[[str], None] = confirm,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`ask` has the neighbour on the way to a peer looked for, and does not wait."""
        self._switch, self._ask, self._clock = switch, ask, clock
        self._asked: Mapping[str, float] = {}
        self._troubled: set[str] = set()

    def look(self) -> None:
        """Ask for the peers that are due. Raises OvsdbUnavailable."""
        peers = self._switch.tunnel_peers() if self._switch.datapath() == "netdev" else frozenset()
        now = self._clock()
        fresh = {peer: at for peer, at in self._asked.items() if peer in peers and now - at < PERIOD_S}
        for peer in sorted(peers - fresh.keys()):
            self._ask_for(peer)
        self._asked = fresh | dict.fromkeys(peers - fresh.keys(), now)

    def _ask_for(self, peer: str) -> None:
        try:
            self._ask(peer)
        except NeighbourUnknown as error:
            if peer not in self._troubled:
                log.warning("tunnel peer not resolved", peer=peer, why=str(error))
            self._troubled.add(peer)
        else:
            self._troubled.discard(peer)
