"""What is plugged and leased against what Docker lists: whatever was missed, by whomever, is put right here.

A pass needs no memory of what happened. What looks left over is removed only after it has looked so for the
grace time, because Docker may be in the middle of a start.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from weft.agent.docker.driver import Driver
from weft.agent.docker.leftovers import Found, leftovers
from weft.agent.docker.runtime import Container, DockerNetwork, DockerUnavailable, Runtime
from weft.agent.docker.watch import Watch
from weft.agent.leases import Leases
from weft.agent.plug import PlugFailed, Switch, VethPairs, unplug
from weft.client import ClientError
from weft.ovsdb import OvsdbUnavailable

log = structlog.get_logger()

RETRY_S = (2.0, 60.0)
"""A container that we made fail is started again after the first, then twice as long, up to the second."""

_BECAUSE_OF_US = re.compile(r"weft: |plugin \"?weft\b|weft\.sock")


@dataclass
class Resync:
    """Belongs to one event loop; what blocks is done in threads."""

    runtime: Runtime
    watch: Watch
    driver: Driver
    leases: Leases
    links: VethPairs
    switch: Switch
    clock: Callable[[], float]
    """Seconds, never backwards."""
    grace_s: float = 60.0
    """How long something must have been left over before it is removed."""
    _seen: dict[tuple[str, str], float] = field(default_factory=dict)
    _retries: dict[str, tuple[float, float]] = field(default_factory=dict)
    """When a container may be started next, and how long after that again."""

    @property
    def retrying(self) -> bool:
        """Whether containers are waiting to be started again."""
        return bool(self._retries)

    async def once(self) -> None:
        """One pass. Raises DockerUnavailable."""
        networks = await self.runtime.networks()
        for network in networks:
            if network.weft_id:
                await self.driver.identify_unowned(network.id)
        await self.watch.attach_missing()
        await self._clear(networks)
        await self._start_failed()

    async def _clear(self, networks: tuple[DockerNetwork, ...]) -> None:
        starting = set(self.driver.endpoints.starts)
        containers = {container.id: container for container in await self.runtime.containers()}
        try:
            found = await asyncio.to_thread(self._found, containers, networks, starting)
        except OvsdbUnavailable as error:
            log.warning("leftovers not looked for", why=str(error))
            return
        await self.watch.forget_failures(containers)
        over = leftovers(found)
        now = self.clock()
        kinds = {"port": over.ports, "endpoint": over.endpoints, "plugged": over.plugged, "link": over.links}
        keys = [(kind, name) for kind, names in kinds.items() for name in names]
        self._seen = {key: self._seen.get(key, now) for key in keys}
        for kind, name in keys:
            if now - self._seen[kind, name] >= self.grace_s and name not in self.driver.endpoints.starts:
                await self._remove(kind, name)

    def _found(
        self, containers: dict[str, Container], networks: tuple[DockerNetwork, ...], starting: set[str]
    ) -> Found:
        """The links first and the journal last: what is plugged in between is in the journal by then."""
        links, plugged = self.links.ours(), self.switch.ours()
        try:
            bound = self.leases.all_bound()
        except ClientError as error:
            log.debug("ports of this host not listed", why=str(error))
            bound = ()
        return Found(
            engine=self.watch.engine,
            containers=containers,
            networks=networks,
            links=links,
            plugged=plugged,
            bound=bound,
            leases=self.leases.journal.leases(),
            starting=starting,
        )

    async def _remove(self, kind: str, name: str) -> None:
        log.info("left over", what=kind, name=name)
        try:
            match kind:
                case "endpoint":
                    await self.driver.delete_endpoint({"EndpointID": name})
                case "link":
                    await asyncio.to_thread(self.links.delete, name)
                case _:
                    await asyncio.to_thread(unplug, name, links=self.links, switch=self.switch)
                    if kind == "port":
                        await asyncio.to_thread(self.leases.free, name)
        except (PlugFailed, ClientError) as error:
            log.warning("not removed", what=kind, name=name, why=str(error))

    async def _start_failed(self) -> None:
        """Start the containers that Docker gave up on because of us, one after the other."""
        for container in await self.runtime.containers():
            due = self._retries.get(container.id, (0.0, 0.0))[0]
            if container.state != "exited" or not container.endpoints or self.clock() < due:
                continue
            shown = await self.runtime.inspect(container.id)
            if shown.restarts and _BECAUSE_OF_US.search(shown.error):
                await self._start(container)
            else:
                self._retries.pop(container.id, None)

    async def _start(self, container: Container) -> None:
        first, longest = RETRY_S
        pause = min(self._retries.get(container.id, (0.0, first / 2))[1] * 2, longest)
        self._retries[container.id] = (self.clock() + pause, pause)
        try:
            await self.runtime.start(container.id)
            log.info("container started that failed because of us", container=container.name)
        except DockerUnavailable as error:
            log.warning("container not started", container=container.name, why=str(error), again_in_s=pause)
