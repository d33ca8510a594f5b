"""Keep this host's resolvers equal to what the server says, and as they were while the server is away."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import structlog

from weft.agent.links import LinkFailed
from weft.agent.resolver.known import Known
from weft.agent.resolver.place import Ends
from weft.agent.resolver.serving import Answering
from weft.agent.resolver.upstream import Upstream
from weft.client import ClientError, Resolver
from weft.model.ids import RouterId
from weft.ovsdb import OvsdbError

log = structlog.get_logger()

ASK_S = 2.0
"""How often the server is asked."""
CHECK_S = 10.0
"""How long a resolver may be without its place: somebody deleted its interface."""
_BEGIN_S = 10.0

_T = TypeVar("_T")


class Places(Protocol):
    """Where resolvers are; `place.Places` and its fake."""

    def settle(self, resolver: Resolver) -> Ends: ...  # noqa: D102
    def unsettle(self, router: RouterId) -> None: ...  # noqa: D102
    def is_settled(self, router: RouterId) -> bool: ...  # noqa: D102
    def sweep(self) -> None: ...  # noqa: D102


@dataclass(slots=True)
class _Kept:
    """A resolver that answers, and the sockets that are its place."""

    answering: Answering
    ends: Ends


class Keeper:
    """The keeper of the resolvers, with the thread in which they answer."""

    def __init__(
        self,
        ask: Callable[[], Sequence[Resolver]],
        places: Places,
        upstream: Upstream,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`ask` asks the server which resolvers there are to be, and raises ClientError.

        Names of the world are asked of `upstream`.
        """
        self._ask, self._places, self._upstream, self._clock = ask, places, upstream, clock
        self._kept: dict[RouterId, _Kept] = {}
        self._asked: float | None = None
        self._checked: float | None = None
        self._troubles: dict[RouterId, str] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="resolvers", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer nobody any more; what was made goes with its sockets."""
        for router in list(self._kept):
            self._stop(router)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=_BEGIN_S)
        self._loop.close()

    def look(self) -> None:
        """Ask if it is time, compare, and put right what differs. Raises OvsdbUnavailable."""
        now = self._clock()
        if self._asked is not None and now - self._asked < ASK_S:
            return
        first, self._asked = self._checked is None, now
        try:
            wanted = {one.router: one for one in self._ask()}
        except ClientError as error:
            log.debug("resolvers not asked for", why=str(error))
            return
        if first:
            self._places.sweep()
        if self._checked is None or now - self._checked >= CHECK_S:
            self._checked = now
            self._forget_unsettled()
        for router in self._kept.keys() - wanted.keys():
            self._end(router)
        for resolver in wanted.values():
            self._keep(resolver)

    def _forget_unsettled(self) -> None:
        for router in list(self._kept):
            if not self._places.is_settled(router):
                self._end(router)

    def _keep(self, resolver: Resolver) -> None:
        kept = self._kept.get(resolver.router)
        if kept is not None and kept.answering.resolver.mtu == resolver.mtu:
            kept.answering.resolver = resolver
            return
        if kept is not None:
            self._end(resolver.router)
        try:
            ends = self._places.settle(resolver)
        except (LinkFailed, OSError, OvsdbError) as error:
            self._note(resolver.router, str(error))
            return
        answering = Answering(resolver, Known(ends.to_ovn), self._upstream)
        self._kept[resolver.router] = _Kept(answering, ends)
        self._do(answering.start(ends.by_udp, ends.by_tcp))
        self._note(resolver.router, "")
        log.info("resolver in place", router=str(resolver.router))

    def _end(self, router: RouterId) -> None:
        self._stop(router)
        self._places.unsettle(router)
        log.info("no resolver", router=str(router))

    def _stop(self, router: RouterId) -> None:
        kept = self._kept.pop(router)
        self._do(kept.answering.stop())
        kept.ends.close()

    def _do(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=_BEGIN_S)

    def _note(self, router: RouterId, trouble: str) -> None:
        if trouble and self._troubles.get(router) != trouble:
            log.error("names of the world are not answered", router=str(router), why=trouble)
        self._troubles[router] = trouble
