"""What the agent tells of this host's progress, and when; and when it ends connections for it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from weft.agent.confirm import AGAIN_S, Confirmer, Local
from weft.agent.conntrack import Tracked
from weft.agent.parse_errors import Unparsed
from weft.client import FlushWork, ProgressTold, ServerUnreachable

BAD = Unparsed("ip4.src == $a", "no such set")


@dataclass
class FakeHost:
    """The switch, the log, the clock and the server of one host. `moves_on` while one waits for it.

    `owed` is what the server wants flushed; the other hosts have their flows after `others_need` questions.
    """

    reached: int = 5
    bad: tuple[Unparsed, ...] = ()
    time: float = 0.0
    away: bool = False
    owed: int | None = None
    others_need: int = 0
    realised: int | None = None
    told: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    flushed: list[int] = field(default_factory=list)
    paused: float = 0.0
    moves_on: bool = False

    def local(self) -> Local:
        return Local(self, self, self, clock=lambda: self.time)

    def wait_reached(self, nb_cfg: int, timeout_s: float) -> bool:
        if self.moves_on:
            self.reached += 1
        self.paused += timeout_s
        return self.reached >= nb_cfg

    def nb_cfg(self) -> int:
        return self.reached

    def conntrack_zones(self) -> Mapping[str, int]:
        return {}

    def tracked(self) -> Iterator[Tracked]:
        return iter(())

    def end(self, one: Tracked) -> None:
        raise AssertionError(one)

    def look(self, nb_cfg: int) -> tuple[Unparsed, ...]:
        del nb_cfg
        return self.bad

    def report_progress(self, host: str, *, nb_cfg: int, unparsed: Sequence[tuple[str, str]]) -> ProgressTold:
        assert host == "h1"
        if self.away:
            raise ServerUnreachable("fake", "switched off by the test")
        self.told.append((nb_cfg, tuple(match for match, _ in unparsed)))
        realised = nb_cfg if self.realised is None else self.realised
        return ProgressTold(realised_nb_cfg=realised, flush=self.owed is not None)

    def flush_work(self, host: str) -> FlushWork:
        del host
        self.others_need -= 1
        return FlushWork(acknowledge=None if self.others_need >= 0 else self.owed, domains=())

    def report_flushed(self, host: str, revision: int) -> None:
        del host
        self.flushed.append(revision)
        self.owed = None


def confirmer(host: FakeHost) -> Confirmer:
    return Confirmer("h1", host, host.local())


def test_each_configuration_is_confirmed_once() -> None:
    host = FakeHost()
    agent = confirmer(host)

    agent.look()
    agent.look()
    host.reached = 6
    agent.look()

    assert host.told == [(5, ()), (6, ())]


def test_a_match_that_does_not_parse_is_told_at_once_and_so_is_its_repair() -> None:
    host = FakeHost()
    agent = confirmer(host)
    agent.look()

    host.bad = (BAD,)
    agent.look()
    host.bad = ()
    agent.look()

    assert host.told[1:] == [(5, ("ip4.src == $a",)), (5, ())]


def test_everything_is_told_again_after_a_while() -> None:
    host = FakeHost()
    agent = confirmer(host)
    agent.look()

    host.time += AGAIN_S
    agent.look()

    assert host.told == [(5, ()), (5, ())]


def test_what_the_server_did_not_hear_is_told_again() -> None:
    host = FakeHost(away=True)
    agent = confirmer(host)
    agent.look()

    host.away = False
    agent.look()

    assert host.told == [(5, ())]


def test_connections_are_ended_and_that_is_acknowledged() -> None:
    host = FakeHost(owed=9)

    confirmer(host).look()

    assert (host.flushed, host.paused) == ([9], 0)


def test_a_flush_counts_only_after_every_host_has_the_flows() -> None:
    host = FakeHost(owed=9, others_need=2)

    confirmer(host).look()

    assert host.flushed == [9]
    assert host.paused > 0


def test_a_host_that_is_away_is_waited_for_less_and_less_often() -> None:
    host = FakeHost(owed=9, others_need=10**6)
    agent = confirmer(host)
    asked = []

    for host.time in range(60):
        agent.look()
        asked.append(len(host.told))

    assert asked[0] < 10
    assert asked[-1] - asked[30] <= 4
    host.others_need, host.time = 0, 100
    agent.look()
    assert host.flushed == [9]


def test_what_the_server_has_not_noted_yet_is_asked_for_again() -> None:
    """Between OVN's transaction and the server's own note of it a host can already be there."""
    host = FakeHost(realised=4)

    confirmer(host).look()

    assert len(host.told) > 1
    assert len(host.told) < 10


def test_newer_flows_are_told_of_without_settling_the_older_ones_first() -> None:
    host = FakeHost(realised=4, moves_on=True)
    agent = confirmer(host)

    agent.look()
    host.moves_on, host.realised = False, None
    agent.look()

    assert host.told == [(5, ()), (6, ())]
