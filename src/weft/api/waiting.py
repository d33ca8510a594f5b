"""Those who wait sit in threads of their own kind, so that they never hold up those who ask."""

from collections.abc import Callable
from typing import TypeVar

import anyio
from fastapi import Request

T = TypeVar("T")

MOST_WAITING = 256
KEEP_ALIVE_S = 10.0
"""After that much silence a stream says that it is still there."""


async def waiting(request: Request, ask: Callable[[], T]) -> T:
    """What `ask` answers, which may take its time."""
    limiter = request.app.state.waiting
    if not isinstance(limiter, anyio.CapacityLimiter):
        raise TypeError("the app was not made by create_app")
    return await anyio.to_thread.run_sync(ask, limiter=limiter, abandon_on_cancel=True)
