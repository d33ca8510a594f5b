"""The article's way: `docker run --net=none --label weft.network=NAME`, attached when the container starts.

Events tell what happens; a full listing at each (re)connection tells what was missed. Labels are in the
listing, so a container that started while the agent was down is attached all the same.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import aiodocker
import structlog

from weft.agent.attachment import NETWORK, Container

log = structlog.get_logger()
RECONNECT_S = 0.5


class Watcher:
    """Tells which labelled containers run (`attach`), stopped (`unplug`) and are gone (`free`)."""

    def __init__(
        self,
        socket: str,
        *,
        attach: Callable[[Container], None],
        unplug: Callable[[Container], None],
        listed: Callable[[str, list[Container], set[str]], None],
    ) -> None:
        """`listed` gets the engine's id, the running labelled containers, and the ids of all containers."""
        self._socket = socket
        self._attach, self._unplug, self._listed = attach, unplug, listed
        self.connected = asyncio.Event()
        self._engine = ""

    async def run(self) -> None:
        """Watch for ever, across restarts of the engine."""
        while True:
            try:
                async with aiodocker.Docker(url=f"unix://{self._socket}") as docker:
                    await self._session(docker)
            except (aiodocker.DockerError, OSError, ConnectionError) as error:
                log.warning("docker unavailable", reason=str(error))
            except Exception:  # the watcher's one boundary: the next session lists everything anew
                log.exception("watching failed")
            self.connected.clear()
            await asyncio.sleep(RECONNECT_S)

    async def _session(self, docker: aiodocker.Docker) -> None:
        events = docker.events.subscribe()  # type: ignore[no-untyped-call]
        self._engine = (await docker.system.info())["ID"]
        await self._list(docker)
        self.connected.set()
        while (event := await events.get()) is not None:
            if event.get("Type") == "container" and event.get("Action") in ("start", "die", "destroy"):
                await self._take(docker, event["Action"], event["Actor"])

    async def _list(self, docker: aiodocker.Docker) -> None:
        """Everything at once: what is missed by events, and what the collector may compare with."""
        found = await docker.containers.list(all=True)
        running = [
            await self._inspect(docker, one.id)
            for one in found
            if NETWORK in (one["Labels"] or {}) and one["State"] == "running"
        ]
        await asyncio.to_thread(self._listed, self._engine, running, {one.id for one in found})

    async def _take(self, docker: aiodocker.Docker, action: str, actor: dict[str, Any]) -> None:
        attributes = actor["Attributes"]
        if NETWORK not in attributes:
            return
        if action == "start":
            try:
                container = await self._inspect(docker, actor["ID"])
            except aiodocker.DockerError:
                return  # already gone again; its destruction is an event of its own
            await asyncio.to_thread(self._attach, container)
        elif action == "die":
            gone = Container(self._engine, actor["ID"], attributes["name"], "", 0, attributes)
            await asyncio.to_thread(self._unplug, gone)
        else:
            await self._list(docker)

    async def _inspect(self, docker: aiodocker.Docker, identity: str) -> Container:
        shown = (await docker.containers.get(identity))._container  # noqa: SLF001 - aiodocker has no typed view
        return Container(
            self._engine,
            shown["Id"],
            shown["Name"].lstrip("/"),
            shown["Config"]["Image"],
            shown["State"]["Pid"],
            shown["Config"]["Labels"] or {},
        )
