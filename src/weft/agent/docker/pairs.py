"""Two addresses for one endpoint: Docker asks for one of each family, and not in one question.

It asks for both in a row. So on a network with both families one container is served at a time, between its
first question and its second.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from weft.agent.attachment import Lease

PAIRING_S = 3.0
"""Then whoever asked first has given up."""


@dataclass
class Pairs:
    """By Weft network id. Belongs to one event loop."""

    _open: dict[str, asyncio.Event] = field(default_factory=dict)
    _leases: dict[str, Lease] = field(default_factory=dict)

    async def first(self, network_id: str, obtain: Callable[[], Awaitable[Lease]]) -> Lease:
        """What `obtain` gives, in turn; the next turn comes with the second question."""
        while (earlier := self._open.get(network_id)) is not None:
            try:
                await asyncio.wait_for(earlier.wait(), PAIRING_S)
            except TimeoutError:
                self._end(network_id, earlier)
        mine = self._open[network_id] = asyncio.Event()
        try:
            lease = self._leases[network_id] = await obtain()
        except BaseException:
            self._end(network_id, mine)
            raise
        return lease

    def second(self, network_id: str) -> Lease | None:
        """Whose first address has just been asked for."""
        lease = self._leases.get(network_id)
        if network_id in self._open:
            self._end(network_id, self._open[network_id])
        return lease

    def _end(self, network_id: str, turn: asyncio.Event) -> None:
        if self._open.get(network_id) is turn:
            del self._open[network_id]
            self._leases.pop(network_id, None)
        turn.set()
