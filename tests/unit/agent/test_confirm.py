"""What the agent tells of this host's progress, and when."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from weft.agent.confirm import AGAIN_S, Confirmer
from weft.agent.parse_errors import Unparsed
from weft.client import ServerUnreachable

BAD = Unparsed("ip4.src == $a", "no such set")


@dataclass
class FakeHost:
    """The switch, the log, the clock and the server of one host."""

    reached: int = 5
    bad: tuple[Unparsed, ...] = ()
    time: float = 0.0
    away: bool = False
    told: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)

    def nb_cfg(self) -> int:
        return self.reached

    def look(self, nb_cfg: int) -> tuple[Unparsed, ...]:
        del nb_cfg
        return self.bad

    def clock(self) -> float:
        return self.time

    def report_progress(self, host: str, *, nb_cfg: int, unparsed: Sequence[tuple[str, str]]) -> None:
        assert host == "h1"
        if self.away:
            raise ServerUnreachable("fake", "switched off by the test")
        self.told.append((nb_cfg, tuple(match for match, _ in unparsed)))


def confirmer(host: FakeHost) -> Confirmer:
    return Confirmer("h1", host, host, host, clock=host.clock)


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
