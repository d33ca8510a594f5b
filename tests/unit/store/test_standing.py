"""When a revision is enforced, decided from what each host told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from weft.model.ids import HostName, Revision
from weft.store.cuts import Cut
from weft.store.standing import Progress, Realised, Unparsed, standing

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def ms(after: float) -> datetime:
    return T0 + timedelta(milliseconds=after)


LATER = ms(500)
RECORD = Realised(revision=Revision(9), nb_cfg=40, applied_at=ms(15))


def host(name: str, nb_cfg: int | None, *, own: datetime | None = None, seen: datetime = LATER) -> Progress:
    return Progress(
        name=HostName(name), nb_cfg=nb_cfg, acknowledged_at=own, seen_at=seen, checked=nb_cfg or 0
    )


def test_the_last_host_decides_when() -> None:
    found = standing(RECORD, [host("a", 40, own=ms(60)), host("b", 41, own=ms(80))])

    assert found.enforced_at == ms(80)


def test_the_host_that_is_behind_is_named() -> None:
    found = standing(RECORD, [host("a", 40), host("b", 39)])

    assert (found.enforced_at, found.waiting) == (None, ("b",))


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


def test_a_host_whose_agent_has_not_looked_yet_is_waited_for() -> None:
    assert standing(RECORD, [replace(host("a", 40), checked=39)]).waiting == ("a",)


def test_an_agent_that_is_silent_is_named() -> None:
    silent = replace(host("a", 40), checked=39, last_seen=ms(1))

    found = standing(RECORD, [silent], silent_before=ms(2))

    assert "host a is unverified: its agent was heard of last at" in found.problems[0]


def test_what_a_host_cannot_parse_fails_the_revision() -> None:
    deaf = replace(host("a", 40), unparsed=(Unparsed(match="ip4.src == $x", problem="Syntax error"),))

    found = standing(RECORD, [deaf, host("b", 40)])

    assert (found.enforced_at, found.waiting) == (None, ())
    assert "host a cannot parse 'ip4.src == $x': Syntax error" in found.failures[0]


def test_what_a_host_could_not_parse_earlier_is_no_failure_of_a_revision_that_it_has_not_got_yet() -> None:
    late = replace(host("a", 39), unparsed=(Unparsed(match="ip4.src == $x", problem="Syntax error"),))

    assert standing(RECORD, [late]).failures == ()


CUT = Cut(
    revision=Revision(9),
    ingress=frozenset(),
    egress=frozenset(),
    hosts=frozenset({HostName("a"), HostName("b")}),
)


def test_a_host_that_has_connections_to_end_is_waited_for() -> None:
    ended = replace(host("a", 40), flushed=Revision(9), flushed_at=ms(90))

    found = standing(RECORD, [ended, host("b", 40), host("c", 40)], [CUT])

    assert found.waiting == ("b",)


def test_a_host_that_cannot_end_connections_before_another_has_its_flows_is_not_the_one_waited_for() -> None:
    found = standing(RECORD, [host("a", 40), host("b", None)], [CUT])

    assert (found.enforced_at, found.waiting) == (None, ("b",))


def test_the_end_of_the_last_connection_decides_when() -> None:
    hosts = [
        replace(host(name, 40, own=ms(60), seen=ms(65)), flushed=Revision(9), flushed_at=ms(at))
        for name, at in (("a", 90), ("b", 80))
    ]

    assert standing(RECORD, hosts, [CUT]).enforced_at == ms(90)


def test_what_a_later_revision_cuts_does_not_hold_up_an_earlier_one() -> None:
    assert standing(RECORD, [host("a", 40)], [replace(CUT, revision=Revision(10))]).waiting == ()
