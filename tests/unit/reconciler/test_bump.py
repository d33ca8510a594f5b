"""How often hosts are asked to acknowledge."""

from weft.reconciler.bump import bump_is_due


def test_few_hosts_are_asked_at_once() -> None:
    assert bump_is_due(200, 0.0)


def test_many_hosts_are_asked_once_a_second() -> None:
    assert [bump_is_due(201, since) for since in (0.0, 0.999, 1.0)] == [False, False, True]
