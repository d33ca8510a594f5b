"""The loop: when passes run, and what they are told of the model's changes."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from threading import Condition, Event
from time import monotonic

import pytest
from tests.fakes.northbound import FakeNorthbound
from tests.support.builders import Anything, a_network, a_snapshot
from tests.support.eventually import eventually

from weft.compiler import Compilation, CompilerSettings
from weft.model.ids import Revision
from weft.model.network import Network
from weft.model.snapshot import Snapshot, Touched
from weft.ovn.plan import diff
from weft.reconciler.loop import Loop, touched_since
from weft.reconciler.passes import Realised
from weft.store.change import Change, ChangeAction, Kind


class Source:
    """A model in memory: each network that is declared is a revision."""

    def __init__(self) -> None:
        self.log: list[Change] = []
        self.networks: list[Anything] = []
        self.news = Condition()
        self.broken = False
        self.untold = 0
        """So many of the newest revisions are another server's, and this one has not asked for them yet."""

    def declare(self, network: Network, *, named: Network | None = None) -> None:
        """The log names `network`, or tells a lie."""
        with self.news:
            self.networks.append(network)
            self.log.append(
                Change(
                    revision=Revision(len(self.networks)),
                    seq=0,
                    kind=Kind.NETWORKS,
                    object_id=(named or network).id,
                    project_id=network.project_id,
                    action=ChangeAction.CREATE,
                    author="test",
                    at=datetime(2026, 1, 1, tzinfo=UTC),
                    before=None,
                    after=network,
                )
            )
            self.news.notify_all()

    def snapshot(self) -> Snapshot:
        with self.news:
            known = self.networks[: len(self.networks) - self.untold]
            found = a_snapshot(*known)
            return Snapshot(revision=Revision(len(known)), networks=found.networks)

    def changes(self, since: Revision, limit: int) -> Sequence[Change]:
        return [change for change in self.log if change.revision > since][:limit]

    def catch_up(self) -> Revision:
        with self.news:
            self.untold = 0
            return Revision(len(self.networks))

    def wait_beyond(self, revision: Revision, timeout_s: float) -> Revision:
        if self.broken:
            self.broken = False
            raise ConnectionError("fake: switched off by the test")
        with self.news:
            self.news.wait_for(lambda: len(self.networks) > revision, timeout_s)
            return Revision(len(self.networks))


@pytest.fixture
def source() -> Source:
    return Source()


def test_what_was_touched_is_what_the_log_names(source: Source) -> None:
    source.declare(a_network("a"))
    source.declare(a_network("b"))

    touched = touched_since(source, Revision(1), Revision(2))

    assert touched == Touched(networks={a_network("b").id})


def test_nothing_was_touched_when_there_is_no_newer_revision(source: Source) -> None:
    source.declare(a_network("a"))

    assert touched_since(source, Revision(1), Revision(1)) == Touched()


def test_a_log_that_does_not_go_back_far_enough_says_nothing(source: Source) -> None:
    for name in "abc":
        source.declare(a_network(name))
    del source.log[:2]

    assert touched_since(source, Revision(1), Revision(3)) is None
    assert touched_since(source, Revision(2), Revision(3)) is not None


def test_a_log_that_does_not_reach_the_snapshot_says_nothing(source: Source) -> None:
    source.declare(a_network("a"))

    assert touched_since(source, Revision(0), Revision(2)) is None


@pytest.fixture
def northbound() -> FakeNorthbound:
    return FakeNorthbound()


@pytest.fixture
def told() -> list[Realised]:
    return []


def a_loop(
    source: Source,
    northbound: FakeNorthbound,
    told: list[Realised],
    clock: Callable[[], float] = monotonic,
) -> Loop:
    return Loop(
        source,
        lambda snapshot: Compilation(snapshot, CompilerSettings()),
        northbound,
        realised=lambda realised, _: told.append(realised),
        resync_s=0,
        clock=clock,
    )


@pytest.fixture
def running(source: Source, northbound: FakeNorthbound, told: list[Realised]) -> Iterator[Loop]:
    loop = a_loop(source, northbound, told)
    loop.start()
    yield loop
    loop.stop()


@pytest.mark.usefixtures("running")
def test_a_change_is_realised_and_told(
    source: Source, northbound: FakeNorthbound, told: list[Realised]
) -> None:
    source.declare(a_network("a"))

    eventually(lambda: told and told[-1].revision == 1)

    assert f"switch:{a_network('a').id}" in northbound.rows


@pytest.mark.usefixtures("running")
def test_a_change_that_the_log_is_wrong_about_is_found_by_the_audit(
    source: Source, northbound: FakeNorthbound, told: list[Realised]
) -> None:
    eventually(lambda: told)
    source.declare(a_network("a"), named=a_network("b"))

    eventually(lambda: f"switch:{a_network('a').id}" in northbound.rows)


def test_a_writer_that_takes_over_does_not_undo_what_it_was_not_told_of(
    source: Source, northbound: FakeNorthbound, told: list[Realised], running: Loop
) -> None:
    """Another server committed revision 2, wrote it to OVN and died."""
    source.declare(a_network("a"))
    eventually(lambda: told and told[-1].revision == 1)
    running.stop()
    source.declare(a_network("b"))
    desired = Compilation(source.snapshot(), CompilerSettings()).rows
    northbound.apply(diff(desired, northbound.read()), Revision(2))
    source.untold = 1
    plans = len(northbound.plans)

    heir = a_loop(source, northbound, told)
    heir.start()
    eventually(lambda: told[-1].revision == 2)
    heir.stop()

    assert len(northbound.plans) == plans, "nothing was left to write"


def test_who_does_not_hold_the_lock_writes_nothing_and_goes_on_when_it_does(
    source: Source, northbound: FakeNorthbound, told: list[Realised]
) -> None:
    northbound.holds_lock = False
    source.declare(a_network("a"))
    asked = Event()

    def clock() -> float:
        asked.set()
        return monotonic()

    second = a_loop(source, northbound, told, clock)
    second.start()
    assert asked.wait(5)
    assert (northbound.plans, told) == ([], [])

    northbound.holds_lock = True

    eventually(lambda: told and told[-1].revision == 1)
    second.stop()


@pytest.mark.usefixtures("running")
def test_a_store_that_was_away_for_a_moment_does_not_end_the_loop(
    source: Source, told: list[Realised]
) -> None:
    eventually(lambda: told)
    source.broken = True
    eventually(lambda: not source.broken)

    source.declare(a_network("a"))

    eventually(lambda: told[-1].revision == 1)
