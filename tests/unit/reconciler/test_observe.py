"""What is told of the Southbound database, and how often."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.builders import a_host, a_network, a_port, a_snapshot

from weft.ovn.southbound import BindingSeen, ChassisSeen
from weft.reconciler.observe import REMEMBERED, SETTLE, Observer, PortSeen, StatusSink

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PORT = a_port("p", host="h1")
MODEL = a_snapshot(a_network(), a_host("h1"), PORT)


@dataclass
class FakeSouthbound:
    """Rows that a test changes; `changed` are the ports that differ since they were last asked for."""

    hosts: dict[str, ChassisSeen] = field(default_factory=dict)
    changed: dict[str, BindingSeen | None] = field(default_factory=dict)

    def claim(self, chassis: str | None, *, up: bool = True) -> None:
        self.changed[str(PORT.id)] = BindingSeen(str(PORT.id), chassis, up=up)

    def changed_bindings(self) -> Mapping[str, BindingSeen | None]:
        told, self.changed = self.changed, {}
        return told

    def chassis(self) -> Mapping[str, ChassisSeen]:
        return self.hosts

    def wait(self, timeout_s: float) -> bool:
        del timeout_s
        return False


@dataclass
class Told:
    """What the sink was told; `broken` makes it refuse."""

    ports: list[PortSeen] = field(default_factory=list)
    hosts: list[dict[str, int | None]] = field(default_factory=list)
    settled: int = 0
    broken: bool = False

    def settle(self) -> None:
        self.settled += 1

    def take_ports(self, seen: Sequence[PortSeen], at: datetime) -> None:
        assert at >= NOW
        if self.broken:
            raise ConnectionError("fake: switched off by the test")
        self.ports += seen

    def take_chassis(self, seen: Mapping[str, ChassisSeen | None], at: datetime) -> None:
        assert at >= NOW
        self.hosts.append({name: None if one is None else one.nb_cfg for name, one in seen.items()})


@dataclass
class Clock:
    """A clock that a test moves."""

    time: datetime = NOW

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def southbound() -> FakeSouthbound:
    return FakeSouthbound()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def observer(southbound: FakeSouthbound, told: Told, clock: Clock) -> Observer:
    sink = StatusSink(ports=told.take_ports, chassis=told.take_chassis, settle=told.settle)
    return Observer(southbound, lambda: MODEL, sink, now=clock)


def test_a_port_is_up_where_it_is_bound(observer: Observer, southbound: FakeSouthbound, told: Told) -> None:
    southbound.claim("h1")

    observer.look()

    assert [(seen.up, seen.host, seen.alarm) for seen in told.ports] == [(True, "h1", "")]


def test_a_claim_by_another_host_is_an_alarm_that_is_remembered_after_its_end(
    observer: Observer, southbound: FakeSouthbound, told: Told, clock: Clock
) -> None:
    for chassis in ("h2", "h1"):
        southbound.claim(chassis)
        observer.look()
    clock.time += REMEMBERED - timedelta(seconds=1)
    observer.look()
    assert len(told.ports) == 2
    assert observer.claimed(PORT.id)
    clock.time += timedelta(seconds=1)
    observer.look()
    assert not observer.claimed(PORT.id)

    alarmed, back, well = told.ports
    assert "host h2 claims port p" in alarmed.alarm
    assert (alarmed.up, alarmed.host) == (False, "h2")
    assert (back.up, back.host, back.alarm) == (True, "h1", "")
    assert "host h2 claimed port p" in back.remembered
    assert (well.up, well.alarm, well.remembered) == (True, "", "")


def test_a_claim_that_stands_is_an_alarm_for_as_long_as_it_stands(
    observer: Observer, southbound: FakeSouthbound, told: Told, clock: Clock
) -> None:
    southbound.claim("h2")
    observer.look()
    clock.time += 2 * REMEMBERED
    observer.look()
    assert len(told.ports) == 1
    assert observer.claimed(PORT.id)
    southbound.claim("h1")
    observer.look()

    assert [(seen.up, bool(seen.alarm), bool(seen.remembered)) for seen in told.ports] == [
        (False, True, False),
        (True, False, True),
    ]


def test_what_is_no_news_is_not_told_again(
    observer: Observer, southbound: FakeSouthbound, told: Told
) -> None:
    southbound.hosts["h1"] = ChassisSeen("h1", 4)
    for _ in range(2):
        southbound.claim("h1")
        observer.look()

    assert (len(told.ports), told.hosts) == (1, [{"h1": 4}])


def test_what_could_not_be_written_is_told_with_the_next_look(
    observer: Observer, southbound: FakeSouthbound, told: Told
) -> None:
    southbound.claim("h1")
    told.broken = True
    with pytest.raises(ConnectionError):
        observer.look()

    told.broken = False
    observer.look()

    assert [seen.up for seen in told.ports] == [True]


def test_a_host_that_ovn_does_not_list_is_told_even_if_it_went_before_the_server_came(
    observer: Observer, southbound: FakeSouthbound, told: Told
) -> None:
    observer.look()
    southbound.hosts["h1"] = ChassisSeen("h1", 4)
    observer.look()
    southbound.hosts["h1"] = replace(southbound.hosts["h1"], nb_cfg=5)
    observer.look()
    del southbound.hosts["h1"]
    observer.look()

    assert told.hosts == [{"h1": None}, {"h1": 4}, {"h1": 5}, {"h1": None}]


def test_ports_of_strangers_are_not_looked_at(
    observer: Observer, southbound: FakeSouthbound, told: Told
) -> None:
    southbound.changed["cr-lrp-foreign"] = BindingSeen("cr-lrp-foreign", "h1", up=True)

    observer.look()

    assert [seen.port_id for seen in told.ports] == [PORT.id]


def test_many_looks_ask_what_is_enforced_once_a_second_and_whenever_hosts_come_or_go(
    southbound: FakeSouthbound, told: Told, clock: Clock
) -> None:
    model = [MODEL]
    sink = StatusSink(ports=told.take_ports, chassis=told.take_chassis, settle=told.settle)
    observer = Observer(southbound, lambda: model[0], sink, now=clock)
    observer.look()  # tells of the hosts, which settles
    for _ in range(5):
        observer.look()
    assert told.settled == 1

    clock.time += SETTLE
    observer.look()
    assert told.settled == 2

    model[0] = replace(MODEL, ports={})
    observer.look()
    assert told.settled == 3
