import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.runtime import WEB, FakeRuntime, FakeServer
from tests.fakes.vswitch import FakeLinks, FakeSwitch

from weft.agent.docker.runtime import Container, Event
from weft.agent.docker.watch import Watch
from weft.agent.journal import Journal
from weft.agent.leases import Leases
from weft.client import AttachRule

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
        self.plugged: list[tuple[str, str]] = []
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
            rules=lambda: self.server.rules,
            on_plugged=lambda lease, labels: self.plugged.append((lease.port_id, labels.get("app", ""))),
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


SILENT = replace(BOX, labels={"tier": "front"})
TO_WEB = AttachRule(name="front", project="default", selector="tier=front", network_id=WEB.id)
BLUE = replace(WEB, id="22222222-2222-4222-8222-222222222222", name="blue")
TO_BLUE = replace(TO_WEB, name="blue", network_id=BLUE.id)


def networks_of(host: Host) -> list[str]:
    return [port.network for port in host.server.ports.values()]


def test_a_container_that_says_nothing_goes_where_the_first_matching_rule_leads(host: Host) -> None:
    host.server.others = (BLUE,)
    host.server.rules = (replace(TO_WEB, selector="tier=back"), TO_BLUE, TO_WEB)
    host.runtime.put(SILENT)

    host.happens("start")

    (port,) = host.server.ports.values()
    assert (port.network, port.labels) == ("blue", SILENT.labels)
    assert len(host.links.inside) == 1


def test_a_container_that_no_rule_matches_or_that_has_a_network_is_left_alone(host: Host) -> None:
    host.server.rules = (TO_WEB,)
    host.runtime.put(replace(SILENT, labels={"tier": "back"}))
    host.happens("start")
    host.runtime.put(replace(SILENT, network_mode="bridge"))
    host.happens("start")

    assert host.server.ports == {}
    assert host.server.failures == []


def test_a_containers_own_label_goes_before_every_rule(host: Host) -> None:
    host.server.others = (BLUE,)
    host.server.rules = (TO_BLUE,)
    host.runtime.put(BOX)

    host.happens("start")

    assert networks_of(host) == ["web"]


def test_a_container_that_names_a_project_is_asked_about_by_its_rules_alone(host: Host) -> None:
    host.server.others = (BLUE,)
    host.server.rules = (replace(TO_WEB, project="shop"), TO_BLUE)
    host.runtime.put(replace(SILENT, labels={**SILENT.labels, "weft.project": "default"}))

    host.happens("start")

    assert networks_of(host) == ["blue"]


def test_a_new_rule_reaches_who_runs_without_a_port(host: Host) -> None:
    host.runtime.put(SILENT)
    host.resyncs()
    assert host.server.ports == {}

    host.server.rules = (TO_WEB,)
    host.resyncs()

    assert networks_of(host) == ["web"]


def test_a_changed_rule_moves_nobody_who_runs_not_even_after_the_agents_restart(host: Host) -> None:
    host.server.others = (BLUE,)
    host.server.rules = (TO_WEB,)
    host.runtime.put(SILENT)
    host.resyncs()

    host.server.rules = (TO_BLUE,)
    host.watch._attached.clear()
    host.resyncs()

    assert networks_of(host) == ["web"]
    assert host.links.made == 1


def test_a_changed_rule_holds_from_the_next_start_and_the_old_port_is_given_back(host: Host) -> None:
    host.server.others = (BLUE,)
    host.server.rules = (TO_WEB,)
    host.runtime.put(SILENT)
    host.happens("start")

    host.server.rules = (TO_BLUE,)
    host.runtime.put(replace(SILENT, state="exited", pid=0))
    host.happens("die")
    host.runtime.put(replace(SILENT, pid=42))
    host.happens("start")

    assert networks_of(host) == ["blue"]
    assert len(host.links.inside) == 1


def test_the_same_failure_is_reported_once_and_forgotten_with_its_container(host: Host) -> None:
    host.runtime.put(replace(BOX, labels={"weft.network": "nowhere"}))
    host.happens("start")
    host.resyncs()
    assert len(host.server.failures) == 1

    del host.runtime.listed["c1"]
    host.happens("destroy")

    assert host.server.failed == []


def test_a_failure_whose_container_went_unseen_is_forgotten_and_others_stay(host: Host) -> None:
    gone = BOX.workload("engine")
    elsewhere = BOX.workload("another engine")
    host.server.failed = [gone, elsewhere]

    asyncio.run(host.watch.forget_failures({"c2"}))

    assert host.server.failed == [elsewhere]


def test_a_container_that_dies_while_it_is_attached_is_unplugged_in_its_turn(host: Host) -> None:
    host.runtime.put(BOX)
    host.links.then = lambda: host.runtime.put(replace(BOX, state="exited", pid=0))

    host.happens("start", "die")

    assert host.links.made == 1
    assert host.links.inside == {}
