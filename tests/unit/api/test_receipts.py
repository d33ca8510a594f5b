"""What a receipt says, decided from records and acknowledgements alone."""

from datetime import UTC, datetime, timedelta

from weft.api.receipts import HostSeen, receipt
from weft.model.ids import HostName, Revision
from weft.store.status import Realised

T0 = datetime(2026, 1, 1, tzinfo=UTC)
APPLIED = Realised(revision=Revision(9), nb_cfg=40, applied_at=T0 + timedelta(milliseconds=15))


def host(name: str, nb_cfg: int | None, *, busy: bool = True, ms: int | None = None) -> HostSeen:
    at = None if ms is None else T0 + timedelta(milliseconds=ms)
    return HostSeen(name=HostName(name), has_plugged_ports=busy, nb_cfg=nb_cfg, acknowledged_at=at)


def test_nothing_is_applied_before_ovn_holds_it() -> None:
    found = receipt(Revision(10), T0, [APPLIED], [host("a", 40)])

    assert (found.applied, found.enforced, found.waiting) == (False, False, ("a",))


def test_a_later_transaction_realises_an_earlier_revision() -> None:
    found = receipt(Revision(7), T0, [APPLIED], [host("a", 40, ms=80), host("b", 41, ms=60)])

    assert (found.applied, found.applied_after_ms) == (True, 15)
    assert (found.enforced, found.enforced_after_ms) == (True, 80)


def test_the_host_that_is_behind_is_named() -> None:
    found = receipt(Revision(9), T0, [APPLIED], [host("a", 40), host("b", 39)])

    assert (found.enforced, found.waiting, found.hosts_total) == (False, ("b",), 2)


def test_a_host_without_chassis_is_waited_for_and_a_problem() -> None:
    found = receipt(Revision(9), T0, [APPLIED], [host("a", None)])

    assert (found.enforced, found.waiting) == (False, ("a",))
    assert "host a has no Chassis" in found.problems[0]


def test_a_host_without_ports_is_not_waited_for() -> None:
    found = receipt(Revision(9), T0, [APPLIED], [host("a", None, busy=False)])

    assert (found.enforced, found.enforced_after_ms, found.problems) == (True, 15, ())


def test_no_time_is_made_up_for_an_answer_that_nobody_timed() -> None:
    found = receipt(Revision(9), T0, [APPLIED], [host("a", 40)])

    assert (found.enforced, found.enforced_after_ms) == (True, None)
