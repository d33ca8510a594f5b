"""When a revision is enforced, decided from what each host told."""

from datetime import UTC, datetime, timedelta

from weft.model.ids import HostName, Revision
from weft.store.standing import Progress, Realised, standing

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def ms(after: float) -> datetime:
    return T0 + timedelta(milliseconds=after)


LATER = ms(500)
RECORD = Realised(revision=Revision(9), nb_cfg=40, applied_at=ms(15))


def host(name: str, nb_cfg: int | None, *, own: datetime | None = None, seen: datetime = LATER) -> Progress:
    return Progress(name=HostName(name), nb_cfg=nb_cfg, acknowledged_at=own, seen_at=seen)


def test_the_last_host_decides_when() -> None:
    found = standing(RECORD, [host("a", 40, own=ms(60)), host("b", 41, own=ms(80))])

    assert (found.enforced, found.enforced_at) == (True, ms(80))


def test_the_host_that_is_behind_is_named() -> None:
    found = standing(RECORD, [host("a", 40), host("b", 39)])

    assert (found.enforced, found.enforced_at, found.waiting) == (False, None, ("b",))


def test_a_host_that_ovn_does_not_list_is_unverified_and_waited_for() -> None:
    found = standing(RECORD, [host("a", 40), host("b", None)])

    assert found.waiting == ("b",)
    assert "host b is unverified" in found.problems[0]


def test_without_hosts_what_is_applied_is_enforced() -> None:
    assert standing(RECORD, []).enforced_at == ms(15)


def test_a_clock_that_is_ahead_is_not_believed() -> None:
    assert standing(RECORD, [host("a", 40, own=ms(9_000), seen=ms(70))]).enforced_at == ms(70)


def test_a_clock_that_is_behind_is_not_believed() -> None:
    assert standing(RECORD, [host("a", 40, own=ms(-9_000), seen=ms(70))]).enforced_at == ms(70)
