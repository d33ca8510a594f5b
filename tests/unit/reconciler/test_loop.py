"""Passes: what they write, and when hosts are woken."""

from tests.fakes.northbound import FakeNorthbound
from tests.support.builders import a_host, a_network, a_snapshot

from weft.compiler import CompilerSettings, compile_model
from weft.model.snapshot import Snapshot
from weft.ovn.rows import Rows
from weft.reconciler.loop import reconcile_once

MODEL = a_snapshot(a_network(), a_host("h1"))


def compiled(snapshot: Snapshot) -> Rows:
    return compile_model(snapshot, CompilerSettings())


def test_a_second_pass_writes_nothing() -> None:
    northbound = FakeNorthbound()
    first = reconcile_once(MODEL, compiled, northbound)

    second = reconcile_once(MODEL, compiled, northbound)

    assert (first.wrote, second.wrote, second.nb_cfg) == (True, False, first.nb_cfg)


def test_what_waits_for_a_bump_is_covered_by_the_next_one() -> None:
    northbound = FakeNorthbound()

    first = reconcile_once(MODEL, compiled, northbound, bump=False)
    waiting = reconcile_once(MODEL, compiled, northbound, bump=False)
    paid = reconcile_once(MODEL, compiled, northbound)

    assert (first.nb_cfg, waiting.nb_cfg, paid.nb_cfg) == (1, 1, 1)
    assert (waiting.wrote, paid.wrote, northbound.owes_bump) == (False, True, False)


def test_what_nobody_declares_any_more_is_removed() -> None:
    northbound = FakeNorthbound()
    reconcile_once(MODEL, compiled, northbound)

    reconcile_once(a_snapshot(), compiled, northbound)

    assert northbound.rows == {}
