import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.runtime import FakeRuntime, FakeServer
from tests.fakes.vswitch import FakeLinks, FakeSwitch

from weft.agent.docker.runtime import Container, Event
from weft.agent.docker.watch import Watch
from weft.agent.journal import Journal
from weft.agent.leases import Leases

BOX = Container(
    id="c1",
    name="box",
    image="i",
    labels={"weft.network": "web", "tier": "front"},
    state="running",
    network_mode="none",
    pid=41,
)


class Host:
    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        self.runtime, self.server = FakeRuntime(), FakeServer()
        self.links, self.switch = FakeLinks(), FakeSwitch()
        self.leases = Leases(self.server, "h1", Journal(folder / "attachments.json"))
        self.watch = Watch(
            runtime=self.runtime,
            leases=self.leases,
            links=self.links,
            switch=self.switch,
            clock=lambda: self.now,
            engine="engine",
        )

    def happens(self, *actions: str) -> None:
        async def all_of_them() -> None:
            for action in actions:
                attributes = {"name": "box", **BOX.labels}
                self.watch.take(Event(type="container", action=action, id="c1", attributes=attributes, at=1))
            await self.watch.settled()

        asyncio.run(all_of_them())

    def resyncs(self) -> None:
        async def once() -> None:
            await self.watch.attach_missing()
            await self.watch.settled()

        asyncio.run(once())


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_a_labelled_container_is_attached_when_it_starts_and_reported_up(host: Host) -> None:
    host.runtime.put(BOX)

    host.happens("start")

    (port,) = host.server.ports.values()
    assert port.labels == BOX.labels
    assert list(host.links.inside.values()) == [(41, port.mac)]
    assert host.server.statuses == [(port.id, "up")]


def test_a_container_with_a_network_of_dockers_own_is_left_alone(host: Host) -> None:
    host.runtime.put(replace(BOX, network_mode="bridge"))

    host.happens("start")

    assert host.server.ports == {}


def test_a_dead_container_is_unplugged_and_keeps_its_port_until_it_is_removed(host: Host) -> None:
    host.runtime.put(BOX)
    host.happens("start")

    host.runtime.put(replace(BOX, state="exited", pid=0))
    host.happens("die")
    assert (host.switch.ports, len(host.server.ports)) == ({}, 1)

    del host.runtime.listed["c1"]
    host.happens("destroy")
    assert (host.server.ports, host.leases.journal.leases()) == ({}, ())


def test_a_restart_without_the_server_keeps_the_address(host: Host) -> None:
    host.runtime.put(BOX)
    host.happens("start")
    (before,) = host.leases.journal.leases()

    host.server.away = True
    host.runtime.put(replace(BOX, pid=42))
    host.happens("die", "start")

    assert host.leases.journal.leases() == (before,)
    assert list(host.links.inside.values()) == [(42, before.mac)]


def test_a_running_container_is_not_plugged_twice(host: Host) -> None:
    host.runtime.put(BOX)

    host.happens("start", "start")
    host.resyncs()

    assert host.links.made == 1


def test_containers_that_started_unseen_are_attached_by_the_resync(host: Host) -> None:
    host.runtime.put(BOX)

    host.resyncs()

    assert len(host.links.inside) == 1


def test_what_nobody_waits_for_is_reported_as_a_failure(host: Host) -> None:
    host.runtime.put(replace(BOX, labels={"weft.network": "nowhere"}))

    host.happens("start")

    assert host.server.failures == ["no network 'nowhere' that you may see"]


def test_a_container_that_died_unseen_is_unplugged_when_docker_is_followed_again(host: Host) -> None:
    host.runtime.put(BOX)
    host.resyncs()
    host.runtime.put(replace(BOX, state="exited", pid=0))

    asyncio.run(host.watch.follow(lambda: None))

    assert (host.switch.ports, len(host.server.ports)) == ({}, 1)
