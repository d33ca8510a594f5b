"""The agent's composition root: what is made, in which order, and how it ends.

It unplugs nothing when it ends: OVN and Open vSwitch carry the traffic without it.
"""

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog

import weft.agent.docker.networks as docker_networks
from weft.agent import guard, looks
from weft.agent.baremetal.keeper import Machines
from weft.agent.bind import Binder
from weft.agent.cni.attaching import Attaching
from weft.agent.cni.deferred import Deferred
from weft.agent.cni.serving import Serving
from weft.agent.cni.shim import DEFERRED
from weft.agent.cni.shim import SOCKET as CNI_SOCKET
from weft.agent.confirm import Confirmer
from weft.agent.credentials import agent_client, identity_of
from weft.agent.docker.driver import Driver
from weft.agent.docker.endpoints import Endpoints
from weft.agent.docker.plugin import bind, server, take_over
from weft.agent.docker.pools import Pools
from weft.agent.docker.publisher import Publisher
from weft.agent.docker.resync import RETRY_S, Resync
from weft.agent.docker.routes import reroute
from weft.agent.docker.runtime import Docker, DockerUnavailable
from weft.agent.docker.watch import Watch
from weft.agent.door.hostports import HostPorts
from weft.agent.door.keeper import Keeper
from weft.agent.door.publishing import Publishing
from weft.agent.health.gather import PULSE
from weft.agent.heartbeat import Heartbeat
from weft.agent.journal import Journal
from weft.agent.kept_log import KeptLog
from weft.agent.leases import Leases
from weft.agent.libvirt.follow import Follower, Following
from weft.agent.libvirt.hypervisor import Hypervisor, Libvirt
from weft.agent.libvirt.mirror import Mirror
from weft.agent.libvirt.watch import Watch as DomainWatch
from weft.agent.links import Links, addresses
from weft.agent.looking import Looking
from weft.agent.manual import control
from weft.agent.manual.messages import SOCKET
from weft.agent.manual.plugging import REMADE, Plugging
from weft.agent.manual.taps import Taps
from weft.agent.metadata.keeper import Keeper as Stations
from weft.agent.parse_errors import LogTail
from weft.agent.pulse import Pulse
from weft.agent.renewal import Renewal
from weft.agent.resolver.place import Places
from weft.agent.served import ServedNetworks
from weft.agent.tasks import serve, until
from weft.agent.tunnels import Tunnels
from weft.agent.version import VERSION
from weft.agent.vswitch import Vswitch
from weft.client import Client, ClientError
from weft.ovsdb import OvsdbUnavailable
from weft.settings import AgentSettings, SupervisorSettings
from weft.systemd import given_sockets, tell, watchdog_s

log = structlog.get_logger()

NETWORKS_S = 2.0
RECONNECT_S = 1.0
SWITCH_S = 10.0


def run(settings: AgentSettings) -> None:
    """Run until SIGTERM or SIGINT. Raises Invalid when the settings cannot work, GuardFailed."""
    _log_as_json(settings)
    ready = settings.run_dir / "agent.ready"
    ready.unlink(missing_ok=True)
    host = settings.host or socket.gethostname()
    with ExitStack() as stack:
        client = stack.enter_context(agent_client(settings))
        links = Links()
        stack.callback(links.close)
        switch = Vswitch(settings.ovsdb)
        stack.callback(switch.close)
        leases = Leases(client, host, Journal(settings.state_dir / "attachments.json"))
        try:
            switch.ready(SWITCH_S)
        except OvsdbUnavailable as error:
            log.warning("open vswitch not reached yet", why=str(error))
        means = _Means(
            leases=leases,
            links=links,
            switch=switch,
            served=ServedNetworks(client, host),
            plugging=_plugging(settings, host, leases, switch),
            door=looks.door(settings, host, client, switch, leases),
        )
        agent = _Agent(settings, means)
        stack.callback(ready.unlink, missing_ok=True)
        health = looks.health(settings, host, client)
        riding = looks.riding(settings, host, client, switch)
        beating = Heartbeat(
            client,
            host,
            switch=switch,
            leases=leases,
            details=lambda: {"agent_version": VERSION, **agent.engines(), "health": health.report()},
            riders=riding,
        )
        stack.callback(beating.close)
        binder = Binder(host, client, switch, journal=leases.journal, kept=settings.state_dir / "bound.json")
        binder.start()
        stack.callback(binder.stop)
        stack.callback(os.close, take_over(settings.run_dir / "agent.lock"))
        attaching = _attaching(settings, means, stack)
        tail = LogTail(settings.controller_log)
        stack.callback(tail.close)
        controller_log = KeptLog(settings.controller_log, settings.state_dir / "drops.json")
        stack.callback(controller_log.close)
        woken = {
            "confirmer": Confirmer(host, client, looks.local(settings, switch, tail)).look,
            "guard": _guard(switch).look_again,
            "taps": means.plugging.look,
            "tunnels": Tunnels(switch).look,
            "machines": Machines(host, client, switch).look,
        }
        timed = {
            "cni": attaching.look,
            "pulse": Pulse(switch.seen, settings.run_dir / PULSE).look,
            "health": health.look,
            "hits": looks.hits(settings, host, client).look,
            "drops": looks.drops(settings, host, client, controller_log).look,
            "spoofing": looks.spoofing(settings, host, client, switch).look,
            "counters": riding[0].look,
            "audited": riding[1].look,
            "door": means.door.look,
            "metadata": stack.enter_context(closing(Stations.of(host, client, switch, links))).look,
            "published": agent.publishing.look,
            "resolvers": stack.enter_context(
                closing(looks.resolvers(settings, host, client, Places(links, switch)))
            ).look,
            **_renewing(settings, host, client),
        }
        threads = [Looking(name, look, switch) for name, look in woken.items()]
        for looking in (*threads, *(Looking(name, look) for name, look in timed.items())):
            looking.start()
            stack.callback(looking.stop)
        log.info("agent started", host=host, server=settings.server_url, version=VERSION)
        asyncio.run(agent.serve(ready))
        log.info("agent ended", host=host)


def _log_as_json(settings: AgentSettings) -> None:
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ],
        cache_logger_on_first_use=True,
    )


def _guard(switch: Vswitch) -> guard.Guard:
    """The guard, in place before anything is plugged. Raises GuardFailed."""
    guarding = guard.Guard(switch, guard)
    with suppress(OvsdbUnavailable):  # then nothing can be plugged either
        guarding.look()
    return guarding


def _attaching(settings: AgentSettings, means: "_Means", stack: ExitStack) -> Attaching:
    """What container runtimes ask for by CNI, and its socket, served until `stack` ends."""
    attaching = Attaching(
        leases=means.leases,
        links=means.links,
        switch=means.switch,
        deferred=Deferred(settings.run_dir / DEFERRED),
        networks=means.served.refresh,
        clock=time.monotonic,
        grace_s=settings.grace_s,
        resync_s=settings.resync_s,
    )
    calls = Serving(attaching, bind(settings.run_dir / CNI_SOCKET))
    calls.start()
    stack.callback(calls.stop)
    return attaching


def _plugging(settings: AgentSettings, host: str, leases: Leases, switch: Vswitch) -> Plugging:
    return Plugging(
        host=host,
        leases=leases,
        taps=Taps(),
        switch=switch,
        own_addresses=addresses,
        remade=settings.run_dir / REMADE,
        clock=time.monotonic,
        grace_s=settings.grace_s,
        resync_s=settings.resync_s,
    )


def _renewing(settings: AgentSettings, host: str, client: Client) -> Mapping[str, Callable[[], None]]:
    """What has the certificate renewed, where there is one."""
    identity = identity_of(settings)
    if identity is None:
        return {}
    return {"renewal": Renewal(host, identity, client, now=lambda: datetime.now(UTC)).look}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Means:
    """What the agent works with on this host."""

    leases: Leases
    links: Links
    switch: Vswitch
    served: ServedNetworks
    plugging: Plugging
    door: Keeper


class _Agent:
    """Everything that belongs to the event loop."""

    def __init__(self, settings: AgentSettings, means: _Means) -> None:
        self._settings = settings
        self._leases, self._links, self._switch = means.leases, means.links, means.switch
        self._served, self._plugging = means.served, means.plugging
        self.publishing = Publishing(means.leases, HostPorts(), means.door)
        self.followed = threading.Event()
        self.compare = asyncio.Event()
        self._supervisor = SupervisorSettings()
        self._given = given_sockets(self._supervisor)
        self._libvirt = Following(trouble="not asked for")

    def engines(self) -> Mapping[str, str | bool]:
        """How it stands with the engines, for the heartbeat."""
        libvirt = self._libvirt
        return {"docker": self.followed.is_set(), "libvirt": libvirt.now, "libvirt_trouble": libvirt.trouble}

    async def serve(self, ready: Path) -> None:
        ending = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ending.set)
        with bind(self._settings.run_dir / SOCKET) as asked:
            tasks = [asyncio.create_task(serve(control.server(self._plugging), asked))]
            tasks.append(asyncio.create_task(self._stay_watched()))
            await self._serve_engines(ready, ending, [*tasks, *self._libvirt_tasks()])

    async def _serve_engines(
        self, ready: Path, ending: asyncio.Event, tasks: list[asyncio.Task[None]]
    ) -> None:
        if self._settings.docker_enabled == "no":
            _touch(ready)
            tell(self._supervisor, "READY=1")
            await until(ending, tasks)
            return
        docker = Docker(self._settings.docker_socket, self._served.id_of)
        watch = Watch(
            runtime=docker,
            leases=self._leases,
            links=self._links,
            switch=self._switch,
            clock=time.time,
            rules=self._served.rules,
            on_plugged=self.publishing.publish_by_label,
        )
        endpoints = Endpoints(docker, self._leases, engine=lambda: watch.engine)
        driver = Driver(
            endpoints=endpoints,
            leases=self._leases,
            links=self._links,
            switch=self._switch,
            pools=Pools(self._served),
        )
        resync = Resync(
            runtime=docker,
            watch=watch,
            driver=driver,
            leases=self._leases,
            links=self._links,
            switch=self._switch,
            clock=time.monotonic,
            grace_s=self._settings.grace_s,
        )
        watch.on_network = driver.connected
        plugin = server(driver, Publisher(endpoints, self.publishing))
        try:
            with bind(self._settings.plugin_dir / "weft.sock", self._given) as listening:
                tasks.append(asyncio.create_task(serve(plugin, listening)))
                tell(self._supervisor, "READY=1")  # Docker may be waiting for us: never wait for Docker
                tasks.append(asyncio.create_task(self._follow(watch, ready)))
                tasks.append(asyncio.create_task(self._keep_networks(docker, driver)))
                tasks.append(asyncio.create_task(self._resync(resync)))
                await until(ending, tasks)
        finally:
            tell(self._supervisor, "STOPPING=1")
            await docker.close()

    async def _stay_watched(self) -> None:
        """Say that the event loop still turns; a loop that is stuck says nothing, and systemd restarts us."""
        period = watchdog_s(self._supervisor)
        while period is not None:
            tell(self._supervisor, "WATCHDOG=1")
            await asyncio.sleep(period)
        await asyncio.Event().wait()

    def _libvirt_tasks(self) -> list[asyncio.Task[None]]:
        uri = self._settings.libvirt_uri
        if uri is None:
            return []
        follower = Follower(
            connect=partial(Libvirt, uri),
            watch=self._libvirt_watch,
            clock=time.monotonic,
            resync_s=self._settings.resync_s,
            state=self._libvirt,
        )
        return [asyncio.create_task(follower.run())]

    def _libvirt_watch(self, hypervisor: Hypervisor) -> DomainWatch:
        return DomainWatch(
            hypervisor=hypervisor,
            leases=self._leases,
            switch=self._switch,
            networks=Mirror(hypervisor, self._switch, self._served.refresh),
            clock=time.monotonic,
            grace_s=self._settings.grace_s,
        )

    async def _follow(self, watch: Watch, ready: Path) -> None:
        """Follow the engine, and again when it comes back. Without an engine the agent is ready, too."""
        if self._settings.docker_enabled == "auto" and not self._settings.docker_socket.exists():
            _touch(ready)

        def connected() -> None:
            self.followed.set()
            self.compare.set()
            _touch(ready)

        while True:
            try:
                await watch.follow(connected)
                log.warning("docker went away")
            except DockerUnavailable as error:
                if self.followed.is_set():
                    log.warning("docker not followed", why=str(error))
            self.followed.clear()
            await asyncio.sleep(RECONNECT_S)

    async def _keep_networks(self, docker: Docker, driver: Driver) -> None:
        """Served networks as Docker networks; the server's list is small, and asked for often."""
        while True:
            if self.followed.is_set():
                try:
                    asked = self._served.rules()
                    served = await asyncio.to_thread(self._served.refresh)
                    if self._served.rules() != asked:
                        self.compare.set()  # who runs without a port may get one now
                    present, containers = await docker.networks(), await docker.containers()
                    busy = driver.pools.being_created()
                    planned = docker_networks.plan(
                        [one for one in served if one.id not in busy], present, containers
                    )
                    await docker_networks.apply(docker, planned)
                    await reroute(docker, self._leases.journal, self._links, served)
                except (ClientError, DockerUnavailable) as error:
                    log.debug("docker networks not compared", why=str(error))
            await asyncio.sleep(NETWORKS_S)

    async def _resync(self, resync: Resync) -> None:
        """A pass when the engine is followed or something asks for one, and then again and again."""
        while True:
            pause = RETRY_S[0] if resync.retrying else self._settings.resync_s
            with suppress(TimeoutError):
                await asyncio.wait_for(self.compare.wait(), pause)
            self.compare.clear()
            if self.followed.is_set():
                try:
                    await resync.once()
                except DockerUnavailable as error:
                    log.warning("containers not compared", why=str(error))


def _touch(ready: Path) -> None:
    ready.parent.mkdir(parents=True, exist_ok=True)
    ready.touch()
