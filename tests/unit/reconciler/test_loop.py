"""The loop: when passes run, and what they are told of the model's changes."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from threading import Condition
from time import monotonic

import pytest
from tests.fakes.northbound import FakeNorthbound
from tests.support.builders import Anything, a_network, a_snapshot
from tests.support.eventually import eventually

from weft.compiler import Compilation, CompilerSettings
from weft.model.ids import Revision
from weft.model.network import Network
from weft.model.snapshot import Snapshot, Touched
from weft.reconciler.loop import Loop, touched_since
from weft.reconciler.passes import Realised
from weft.store.change import Change, ChangeAction, Kind


class Source:
    """A model in memory: each network that is declared is a revision."""

    def __init__(self) -> None:
        self.log: list[Change] = []
        self.networks: list[Anything] = []
        self.news = Condition()

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
            found = a_snapshot(*self.networks)
            return Snapshot(revision=Revision(len(self.networks)), networks=found.networks)

    def changes(self, since: Revision, limit: int) -> Sequence[Change]:
        return [change for change in self.log if change.revision > since][:limit]

    def wait_beyond(self, revision: Revision, timeout_s: float) -> Revision:
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


@pytest.fixture
def running(source: Source, northbound: FakeNorthbound, told: list[Realised]) -> Iterator[Loop]:
    loop = Loop(
        source,
        lambda snapshot: Compilation(snapshot, CompilerSettings()),
        northbound,
        realised=lambda realised, _: told.append(realised),
        resync_s=0,
        clock=monotonic,
    )
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
