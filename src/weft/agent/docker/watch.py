"""Containers without a network of Docker's: attached at their start, unplugged at their end, freed when gone.

They ask by the label weft.network; for who says nothing the attach rules are asked.

Events tell at once; a complete listing at every connection, and again and again, tells what events missed.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from weft.agent.attachment import NETWORK, Attachment, Lease, from_labels, from_rules, host_end
from weft.agent.docker.runtime import RUNTIME, Container, DockerUnavailable, Event, Runtime
from weft.agent.leases import Leases
from weft.agent.links import LinkFailed
from weft.agent.plug import PlugFailed, Switch, VethPairs, plug_inside, unplug
from weft.client import AttachRule, ClientError
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
    on_plugged: Callable[[Lease, Mapping[str, str]], None] | None = None
    """Told of every port that is plugged, with its container's labels; blocks, and raises nothing."""
    rules: Callable[[], Sequence[AttachRule]] = tuple
    """The attach rules, first to last."""
    engine: str = ""
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict)
    _attached: set[str] = field(default_factory=set)
    _told: dict[str, str] = field(default_factory=dict)
    """Why a container got no port, as reported: the same again is no news."""
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
            if container.state == "running" and self._asks(container) and container.id not in self._attached:
                self._begin(self._attach(container.workload(self.engine)))
        await self.settled()

    async def unplug_stopped(self) -> None:
        """Unplug what died while nobody listened. Raises DockerUnavailable."""
        for container in await self.runtime.containers():
            if container.state in {"exited", "dead"} and container.network_mode == "none":
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
            case "start" if NETWORK in attributes or self.rules():
                await self._attach(workload)
            case "die":
                await self._in_turn(workload, self._died(workload))
            case "destroy":
                await self._in_turn(workload, self._free(workload))
                self._turns.pop(workload.id, None)
            case _:
                pass

    async def _attach(self, workload: Workload) -> None:
        await self._in_turn(workload, self._attach_now(workload))

    async def _in_turn(self, workload: Workload, work: Coroutine[Any, Any, None]) -> None:
        async with self._turns.setdefault(workload.id, asyncio.Lock()):
            await work

    async def _attach_now(self, workload: Workload) -> None:
        """A failure here is nobody's answer: it is reported to the server, where people see it."""
        wanted: Attachment | None = None
        lease: Lease | None = None
        try:
            container = await self._still_asking(workload.id)
            pid = 0 if container is None else (await self.runtime.inspect(workload.id)).pid
            if container is None or pid == 0:
                return
            wanted = await asyncio.to_thread(self._wish, container, pid)
            if wanted is None:
                return
            lease = await asyncio.to_thread(self.leases.obtain, wanted)
            await asyncio.to_thread(plug_inside, lease, pid, links=self.links, switch=self.switch)
            if self.on_plugged is not None:
                await asyncio.to_thread(self.on_plugged, lease, container.labels)
            self._attached.add(workload.id)
            self._told.pop(workload.id, None)
            log.info("container attached", container=workload.name, port_id=lease.port_id)
            await self._free_others(lease)
        except (Invalid, ClientError, PlugFailed, LinkFailed, OvsdbError, OvsdbUnavailable) as error:
            await self._tell_failure(wanted, workload, str(error))
            if lease is not None:
                await asyncio.to_thread(self.leases.report, lease.port_id, "failed", str(error))
            return
        except DockerUnavailable as error:
            log.warning("container not attached", container=workload.name, why=str(error))
            return
        self._begin(self._report_installed(lease))

    def _wish(self, container: Container, pid: int) -> Attachment | None:
        """What the container is to get; one that runs by a rule stays where it is. Raises Invalid."""
        workload = container.workload(self.engine)
        if NETWORK in container.labels:
            return from_labels(container.labels, workload)
        wanted = from_rules(self.rules(), container.labels, workload)
        for lease in self.leases.journal.of_workload(workload):
            if self.links.exists(host_end(lease.port_id)) and self.links.has_inside(pid, lease.mac):
                return Attachment(
                    network=lease.network_id, project=None, workload=workload, labels=dict(container.labels)
                )
        return wanted

    async def _free_others(self, lease: Lease) -> None:
        """A container has one network in this way: what it had by an earlier rule is given back."""
        if lease.workload is not None:
            for other in self.leases.journal.of_workload(lease.workload):
                if other.port_id != lease.port_id:
                    await self._free_port(other.port_id)

    async def _tell_failure(self, wanted: Attachment | None, workload: Workload, reason: str) -> None:
        if self._told.get(workload.id) != reason:
            self._told[workload.id] = reason
            await asyncio.to_thread(self.leases.report_failure, wanted, workload, reason)

    def _asks(self, container: Container) -> bool:
        """Whether the agent is to look after the container: it has no network of Docker's own."""
        return container.network_mode == "none" and (NETWORK in container.labels or bool(self.rules()))

    async def _still_asking(self, container_id: str) -> Container | None:
        """The running container with this id, if it has no other network; events are a moment old."""
        listed = await self.runtime.containers()
        return next(
            (c for c in listed if c.id == container_id and c.state == "running" and self._asks(c)), None
        )

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

    async def _died(self, workload: Workload) -> None:
        """Asked in its turn, after a start just before. Who is on a network of Docker's is the driver's."""
        if workload.id in self._attached:
            await self._unplug(workload)

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
            self.leases.journal.keep(replace(lease, published=()))
            log.info("container unplugged", container=workload.name, port_id=lease.port_id)
            await asyncio.to_thread(self.leases.report, lease.port_id, "down")

    async def _free(self, workload: Workload) -> None:
        """What cannot be freed now is freed by a later resync."""
        self._attached.discard(workload.id)
        if self._told.pop(workload.id, None) is not None:
            await self._forget_failure(workload)
        for lease in self.leases.journal.of_workload(workload):
            await self._free_port(lease.port_id)

    async def forget_failures(self, present: Collection[str]) -> None:
        """Take back the reports about containers of this engine that are gone."""
        try:
            failed = await asyncio.to_thread(self.leases.failed)
        except ClientError as error:
            log.debug("failures not compared", why=str(error))
            return
        for workload in failed:
            ours = (workload.runtime, workload.engine) == (RUNTIME, self.engine)
            if ours and workload.id not in present:
                await self._forget_failure(workload)

    async def _forget_failure(self, workload: Workload) -> None:
        try:
            await asyncio.to_thread(self.leases.forget_failure, workload)
        except ClientError as error:
            log.debug("failure not forgotten", container=workload.name, why=str(error))

    async def _free_port(self, port_id: str) -> None:
        try:
            await asyncio.to_thread(unplug, port_id, links=self.links, switch=self.switch)
            await asyncio.to_thread(self.leases.free, port_id)
        except (PlugFailed, ClientError) as error:
            log.warning("port not freed", port_id=port_id, why=str(error))
