"""Passes: what they look at, what they write, and when hosts are woken."""

from dataclasses import replace

import pytest
from tests.fakes.northbound import FakeNorthbound
from tests.support.builders import Anything, a_host, a_network, a_port, a_snapshot, a_subnet
from tests.support.changes import touched_between

from weft.compiler import Compilation, CompilerSettings
from weft.model.ids import Revision
from weft.model.snapshot import Snapshot, Touched
from weft.ovn.rows import Key, LogicalSwitchPort
from weft.ovsdb import OvsdbUnavailable
from weft.reconciler.audit import Found, audit
from weft.reconciler.passes import Passes, Realised

MODEL: list[Anything] = [a_network(), a_subnet(), a_host("h1")]
PORT = a_port("p", {"10.0.0.5": "10.0.0.0/24"})
PORT_KEY = Key(f"port:{PORT.id}")


class Estate:
    """A model that is changed step by step, and the passes that follow it."""

    def __init__(self) -> None:
        self.northbound = FakeNorthbound()
        self.compiled = 0
        self.passes = Passes(self.compile, self.northbound)
        self.snapshots = [a_snapshot()]

    def compile(self, snapshot: Snapshot) -> Compilation:
        self.compiled += 1
        return Compilation(snapshot, CompilerSettings())

    def declare(self, *objects: Anything) -> None:
        revision = Revision(self.snapshots[-1].revision + 1)
        self.snapshots.append(replace(a_snapshot(*objects), revision=revision))

    def since(self, revision: Revision) -> Touched | None:
        return touched_between(self.snapshots[revision], self.snapshots[-1])

    def run(self, *, bump: bool = True) -> Realised:
        return self.passes.run(self.snapshots[-1], self.since, bump=bump)

    def audited(self) -> Found:
        held = self.passes.held()
        assert held is not None
        return audit(held, self.compile)


@pytest.fixture
def estate() -> Estate:
    estate = Estate()
    estate.declare(*MODEL)
    return estate


def test_a_second_pass_writes_nothing(estate: Estate) -> None:
    first = estate.run()

    second = estate.run()

    assert (first.wrote, second.wrote, second.nb_cfg) == (True, False, first.nb_cfg)


def test_what_waits_for_a_bump_is_covered_by_the_next_one(estate: Estate) -> None:
    first = estate.run(bump=False)
    waiting = estate.run(bump=False)
    paid = estate.run()

    assert (first.nb_cfg, waiting.nb_cfg, paid.nb_cfg) == (1, 1, 1)
    assert (waiting.wrote, paid.wrote, estate.northbound.owes_bump) == (False, True, False)


def test_what_nobody_declares_any_more_is_removed(estate: Estate) -> None:
    estate.run()
    estate.declare()

    estate.run()

    assert estate.northbound.rows == {}


def test_a_change_is_applied_without_compiling_all_anew(estate: Estate) -> None:
    estate.run()
    estate.declare(*MODEL, PORT)

    estate.run()

    assert PORT_KEY in estate.northbound.rows
    assert estate.compiled == 1


def test_what_the_log_does_not_reach_is_compiled_anew(estate: Estate) -> None:
    estate.run()
    estate.declare(*MODEL, PORT)

    estate.passes.run(estate.snapshots[-1], lambda _: None)

    assert PORT_KEY in estate.northbound.rows
    assert estate.compiled == 2


def test_drift_is_repaired_by_the_next_pass(estate: Estate) -> None:
    estate.declare(*MODEL, PORT)
    estate.run()
    good = dict(estate.northbound.rows)
    estate.northbound.rows[PORT_KEY] = LogicalSwitchPort(key=PORT_KEY, name="someone else's")

    assert estate.run().wrote

    assert estate.northbound.rows == good


def test_what_could_not_be_applied_is_applied_later(estate: Estate) -> None:
    estate.run()
    estate.declare(*MODEL, PORT)
    estate.northbound.available = False
    with pytest.raises(OvsdbUnavailable):
        estate.run()
    estate.northbound.available = True

    estate.run()

    assert PORT_KEY in estate.northbound.rows


def test_an_audit_of_what_is_right_finds_nothing(estate: Estate) -> None:
    estate.run()
    estate.declare(*MODEL, PORT)
    estate.run()
    estate.run()

    assert estate.audited() == Found(miscompiled=set(), unnoticed=set())


def test_while_something_was_just_written_there_is_nothing_to_audit(estate: Estate) -> None:
    estate.run()

    assert estate.passes.held() is None


def test_an_audit_finds_a_change_that_nobody_told_of_and_the_next_pass_applies_it(estate: Estate) -> None:
    estate.run()
    estate.declare(*MODEL, PORT)
    estate.passes.run(estate.snapshots[-1], lambda _: Touched())

    found = estate.audited()
    estate.passes.correct(found)
    estate.run()

    assert PORT_KEY in found.miscompiled
    assert PORT_KEY in estate.northbound.rows


def test_an_audit_finds_drift_that_the_database_did_not_tell_of(estate: Estate) -> None:
    estate.declare(*MODEL, PORT)
    estate.run()
    del estate.northbound.rows[PORT_KEY]
    estate.northbound.look({})
    estate.run()

    found = estate.audited()
    estate.passes.correct(found)
    estate.run()

    assert found.unnoticed == {PORT_KEY}
    assert PORT_KEY in estate.northbound.rows
