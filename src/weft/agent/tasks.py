"""Tasks of the agent's event loop: servers, and the end of all of them."""

import asyncio
import socket
from contextlib import suppress

import uvicorn


async def serve(serving: uvicorn.Server, listening: socket.socket) -> None:
    """uvicorn's inner loop: its `serve` would take over the signals of the process."""
    await serving._serve([listening])  # noqa: SLF001 - the public one installs signal handlers


async def until(ending: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Wait for the end, or for the first task that fails; then end them all."""
    waiting = asyncio.create_task(ending.wait())
    done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in (waiting, *tasks):
        task.cancel()
    for task in (waiting, *tasks):
        with suppress(asyncio.CancelledError):
            if task not in done:
                await task
    for task in done:
        task.result()
