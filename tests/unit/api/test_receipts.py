"""What a receipt says, decided from records and from what the hosts told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from weft.api.receipts import State, receipt
from weft.model.ids import HostName, Revision
from weft.store.standing import Progress, Realised, Unparsed

T0 = datetime(2026, 1, 1, tzinfo=UTC)
APPLIED = Realised(revision=Revision(9), nb_cfg=40, applied_at=T0 + timedelta(milliseconds=15))


def host(name: str, nb_cfg: int | None) -> Progress:
    return Progress(name=HostName(name), nb_cfg=nb_cfg, seen_at=T0, checked=nb_cfg or 0)


def test_nothing_is_applied_before_ovn_holds_it() -> None:
    found = receipt(Revision(10), T0, None, [host("a", 40)])

    assert (found.state, found.applied, found.waiting) == (State.COMMITTED, False, ("a",))


def test_what_no_host_has_yet_is_applied_and_waits() -> None:
    found = receipt(Revision(9), T0, APPLIED, [host("a", 40), host("b", 39)])

    assert (found.state, found.applied_after_ms) == (State.APPLIED, 15)
    assert (found.waiting, found.hosts_total) == (("b",), 2)


def test_what_was_settled_does_not_change_when_hosts_come_and_go() -> None:
    settled = replace(APPLIED, enforced_at=T0 + timedelta(milliseconds=80), hosts=2)

    found = receipt(Revision(7), T0, settled, [host("a", None), host("new", 3), host("newer", 4)])

    assert (found.state, found.enforced_after_ms) == (State.ENFORCED, 80)
    assert (found.hosts_total, found.waiting, found.problems) == (2, (), ())


def test_a_rule_that_a_host_cannot_parse_is_a_failure_that_names_both() -> None:
    deaf = replace(host("a", 40), unparsed=(Unparsed(match="ip4.src == $x", problem="Syntax error"),))

    found = receipt(Revision(9), T0, APPLIED, [deaf])

    assert (found.state, found.enforced) == (State.FAILED, False)
    assert "host a cannot parse 'ip4.src == $x'" in found.problems[0]
