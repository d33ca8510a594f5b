"""Containers that ask by label: attached when they start, unplugged when they die, freed when they go.

Events tell at once; a complete listing at every connection, and again and again, tells what events missed.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from weft.agent.attachment import NETWORK, Attachment, Lease, from_labels
from weft.agent.docker.runtime import RUNTIME, Container, DockerUnavailable, Event, Runtime
from weft.agent.leases import Leases
from weft.agent.links import LinkFailed
from weft.agent.plug import PlugFailed, Switch, VethPairs, plug_inside, unplug
from weft.client import ClientError
from weft.model.errors import Invalid
from weft.model.port import Workload
from weft.ovsdb import OvsdbError, OvsdbUnavailable

log = structlog.get_logger()

INSTALL_S = 10.0


@dataclass
class Watch:
    """One engine's containers. Belongs to one event loop; what blocks is done in threads."""

    runtime: Runtime
    leases: Leases
    links: VethPairs
    switch: Switch
    clock: Callable[[], float]
    """Seconds since the epoch: Docker's events carry the same clock."""
    on_network: Callable[[Event], Coroutine[Any, Any, None]] | None = None
    """Told of every network event: the driver identifies its endpoints by them."""
    engine: str = ""
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict)
    _attached: set[str] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _since: int | None = None

    async def follow(self, connected: Callable[[], None]) -> None:
        """Resync, then follow events until the engine goes away. Raises DockerUnavailable."""
        self.engine = await self.runtime.engine_id()
        events = self.runtime.events(self._since or int(self.clock() * 10**9))
        self._attached.clear()
        await self.unplug_stopped()
        await self.attach_missing()
        connected()
        log.info("docker followed", engine=self.engine)
        async for event in events:
            self._since = event.at or self._since
            self.take(event)

    def take(self, event: Event) -> None:
        """Begin to act on an event; those of one container are done in their order."""
        if event.type == "network" and self.on_network is not None:
            self._begin(self.on_network(event))
        elif event.type == "container" and event.action in {"start", "die", "destroy"}:
            self._begin(self._container_event(event))

    async def settled(self) -> None:
        """Wait until everything that was begun is done."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def attach_missing(self) -> None:
        """Attach whoever runs without the port that it asks for. Raises DockerUnavailable."""
        for container in await self.runtime.containers():
            if container.state == "running" and _asks(container) and container.id not in self._attached:
                self._begin(self._attach(container.workload(self.engine), container.labels))
        await self.settled()

    async def unplug_stopped(self) -> None:
        """Unplug what died while nobody listened. Raises DockerUnavailable."""
        for container in await self.runtime.containers():
            if container.state in {"exited", "dead"} and _asks(container):
                workload = container.workload(self.engine)
                await self._in_turn(workload, self._unplug(workload))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _container_event(self, event: Event) -> None:
        attributes = event.attributes
        workload = Workload(
            runtime=RUNTIME,
            engine=self.engine,
            id=event.id,
            name=attributes.get("name", ""),
            image=attributes.get("image", ""),
        )
        match event.action:
            case "start" if NETWORK in attributes:
                labels = {k: v for k, v in attributes.items() if k not in _NOT_LABELS}
                await self._attach(workload, labels)
            case "die" if NETWORK in attributes:
                await self._in_turn(workload, self._unplug(workload))
            case "destroy":
                await self._in_turn(workload, self._free(workload))
                self._turns.pop(workload.id, None)
            case _:
                pass

    async def _attach(self, workload: Workload, labels: Mapping[str, str]) -> None:
        await self._in_turn(workload, self._attach_now(workload, labels))

    async def _in_turn(self, workload: Workload, work: Coroutine[Any, Any, None]) -> None:
        async with self._turns.setdefault(workload.id, asyncio.Lock()):
            await work

    async def _attach_now(self, workload: Workload, event_labels: Mapping[str, str]) -> None:
        """A failure here is nobody's answer: it is reported to the server, where people see it."""
        wanted: Attachment | None = None
        lease: Lease | None = None
        try:
            container = await self._still_asking(workload.id)
            if container is None:
                return
            wanted = from_labels(container.labels or event_labels, container.workload(self.engine))
            lease = await asyncio.to_thread(self.leases.obtain, wanted)
            pid = (await self.runtime.inspect(workload.id)).pid
            if pid == 0:
                return
            await asyncio.to_thread(plug_inside, lease, pid, links=self.links, switch=self.switch)
            self._attached.add(workload.id)
            log.info("container attached", container=workload.name, port_id=lease.port_id)
        except (Invalid, ClientError, PlugFailed, LinkFailed, OvsdbError, OvsdbUnavailable) as error:
            await asyncio.to_thread(self.leases.report_failure, wanted, workload, str(error))
            if lease is not None:
                await asyncio.to_thread(self.leases.report, lease.port_id, "failed", str(error))
            return
        except DockerUnavailable as error:
            log.warning("container not attached", container=workload.name, why=str(error))
            return
        self._begin(self._report_installed(lease))

    async def _still_asking(self, container_id: str) -> Container | None:
        """The running container with this id, if it has no other network; events are a moment old."""
        listed = await self.runtime.containers()
        return next((c for c in listed if c.id == container_id and c.state == "running" and _asks(c)), None)

    async def _runs_again(self, container_id: str) -> bool:
        try:
            return await self._still_asking(container_id) is not None
        except DockerUnavailable:
            return False

    async def _report_installed(self, lease: Lease) -> None:
        if await asyncio.to_thread(self.switch.wait_installed, lease.port_id, INSTALL_S):
            await asyncio.to_thread(self.leases.report, lease.port_id, "up")
        else:
            log.warning("port not installed in time", port_id=lease.port_id, waited_s=INSTALL_S)
            reason = (
                f"OVN has not installed the port's flows within {INSTALL_S:g} s; is ovn-controller running?"
            )
            await asyncio.to_thread(self.leases.report, lease.port_id, "pending", reason)

    async def _unplug(self, workload: Workload) -> None:
        self._attached.discard(workload.id)
        if await self._runs_again(workload.id):
            return  # the start event plugs its new namespace
        for lease in self.leases.journal.of_workload(workload):
            try:
                await asyncio.to_thread(unplug, lease.port_id, links=self.links, switch=self.switch)
            except PlugFailed as error:
                log.warning("port not unplugged", port_id=lease.port_id, why=str(error))
                continue
            log.info("container unplugged", container=workload.name, port_id=lease.port_id)
            await asyncio.to_thread(self.leases.report, lease.port_id, "down")

    async def _free(self, workload: Workload) -> None:
        """What cannot be freed now is freed by a later resync."""
        self._attached.discard(workload.id)
        for lease in self.leases.journal.of_workload(workload):
            await self._free_port(lease.port_id)

    async def _free_port(self, port_id: str) -> None:
        try:
            await asyncio.to_thread(unplug, port_id, links=self.links, switch=self.switch)
            await asyncio.to_thread(self.leases.free, port_id)
        except (PlugFailed, ClientError) as error:
            log.warning("port not freed", port_id=port_id, why=str(error))


_NOT_LABELS = frozenset({"name", "image", "exitCode", "signal", "execDuration"})


def _asks(container: Container) -> bool:
    """Whether the agent is to plug the container: by label, and no network of Docker's own."""
    return NETWORK in container.labels and container.network_mode == "none"
