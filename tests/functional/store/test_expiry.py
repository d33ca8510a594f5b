"""A rule ends when it was said to, by exactly one revision, whoever is there to make it."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest
from tests.functional.store.conftest import Clock, Reopen
from tests.support.eventually import eventually

from weft.model.errors import Conflict, Invalid
from weft.model.ids import HostName, ProjectId, RuleId
from weft.model.network import Default
from weft.model.policy import Action, Direction, Policy, Rule
from weft.reconciler.record import record
from weft.store import Kind, Store
from weft.store.expiry import AUTHOR, Expiry, end
from weft.store.hosts import add_host
from weft.store.networks import NewNetwork, add_network
from weft.store.policies import NewPolicy, NewRule, add_policy, change_policy, insert_rule
from weft.store.ports import NewPort, add_port
from weft.store.progress import open_cuts
from weft.store.provenance import changes_of

HOUR = timedelta(hours=1)
ALLOW = NewRule(direction=Direction.INGRESS, action=Action.ALLOW)


def until(moment: datetime, description: str = "") -> NewRule:
    return NewRule(direction=Direction.INGRESS, action=Action.ALLOW, expires=moment, description=description)


@pytest.fixture
def policy(store: Store, project: ProjectId, clock: Clock) -> Policy:
    """A rule that ends in an hour, one for ever, and one that ends in two."""
    now = clock()
    rules = (until(now + HOUR, "one"), ALLOW, until(now + 2 * HOUR, "two"))
    with store.write("ann") as tx:
        return add_policy(tx, NewPolicy(project_id=project, name="p", rules=rules))


def rules(store: Store) -> list[Rule]:
    (found,) = store.snapshot().policies.values()
    return list(found.rules)


def test_a_rule_is_in_force_until_its_time_and_then_gone(store: Store, policy: Policy, clock: Clock) -> None:
    clock.advance(3599)
    before = end(store)
    clock.advance(1)
    revision = end(store)

    assert (before, revision) == (None, store.revision)
    assert rules(store) == list(policy.rules[1:])


def test_its_end_is_a_revision_like_any_other_with_an_author_of_its_own(
    store: Store, policy: Policy, clock: Clock
) -> None:
    clock.advance(3600)
    revision = end(store)

    newest = next(changes_of(store, Kind.POLICIES, policy.id))
    assert (newest.revision, newest.author, newest.before) == (revision, AUTHOR, policy)
    assert end(store) is None
    assert store.revision == revision


def test_what_expires_together_ends_together(store: Store, policy: Policy, clock: Clock) -> None:
    before = store.revision
    clock.advance(7200)
    end(store)

    assert store.revision == before + 1
    assert rules(store) == [policy.rules[1]]


def test_what_expired_while_no_server_ran_ends_when_one_starts(
    reopen: Reopen, store: Store, policy: Policy, clock: Clock
) -> None:
    store.close()
    clock.advance(3600)
    again = reopen()
    thread = Expiry(again)
    thread.start()
    try:
        eventually(lambda: rules(again) == list(policy.rules[1:]))
    finally:
        thread.stop()

    assert again.snapshot().expires_next == policy.rules[2].expires


def test_two_servers_make_one_revision(reopen: Reopen, store: Store, policy: Policy, clock: Clock) -> None:
    other, before = reopen(), store.revision
    threads = [Expiry(store), Expiry(other)]
    for thread in threads:
        thread.start()
    try:
        clock.advance(3600)
        eventually(lambda: rules(store) == rules(other) == list(policy.rules[1:]))
    finally:
        for thread in threads:
            thread.stop()

    written = [change.author for change in changes_of(store, Kind.POLICIES, policy.id)]
    assert written == [AUTHOR, "ann"]
    assert reopen().revision == before + 1


def test_many_who_try_at_once_make_one_revision(
    reopen: Reopen, store: Store, policy: Policy, clock: Clock
) -> None:
    stores = [store, *(reopen() for _ in range(3))]
    clock.advance(3600)
    start = threading.Barrier(len(stores))
    made: list[int] = []

    def race(one: Store) -> None:
        start.wait(timeout=10)
        try:
            revision = end(one)
        except Conflict:
            return
        if revision is not None:
            made.append(revision)

    racing = [threading.Thread(target=race, args=(one,)) for one in stores]
    for thread in racing:
        thread.start()
    for thread in racing:
        thread.join(timeout=30)

    assert len(made) == 1
    assert [change.author for change in changes_of(store, Kind.POLICIES, policy.id)] == [AUTHOR, "ann"]


def test_connections_that_only_it_allowed_are_to_be_ended(
    store: Store, project: ProjectId, clock: Clock
) -> None:
    with store.write("ann") as tx:
        add_host(tx, name=HostName("h1"))
        network = add_network(tx, NewNetwork(project_id=project, name="n", default_ingress=Default.DROP))
        for _ in range(2):
            add_port(tx, NewPort(project_id=project, network_id=network.id, host=HostName("h1")))
        add_policy(tx, NewPolicy(project_id=project, name="p", rules=(until(clock() + HOUR),)))
    record(store, store.snapshot(), 1, clock())
    clock.advance(3600)

    revision = end(store)
    record(store, store.snapshot(), 2, clock())

    (cut,) = open_cuts(store)
    assert cut.revision == revision
    assert cut.ingress == frozenset(store.snapshot().ports)


def test_a_rule_that_was_over_before_it_began_is_refused_by_name(
    store: Store, policy: Policy, clock: Clock
) -> None:
    def add() -> None:
        with store.write("ann") as tx:
            insert_rule(tx, policy.id, until(clock()))

    def change() -> None:
        with store.write("ann") as tx:
            change_policy(tx, policy.id, rules=[ALLOW, until(clock() - HOUR)])

    attempts: list[Callable[[], None]] = [add, change]
    before = store.revision
    fields = []
    for attempt in attempts:
        with pytest.raises(Invalid, match="over before it began") as refused:
            attempt()
        fields.append(refused.value.field)

    assert fields == ["rule.expires", "rules.1.expires"]
    assert store.revision == before


def test_a_time_of_another_zone_is_none_of_the_models() -> None:
    elsewhere = timezone(HOUR)
    for moment in (datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=elsewhere)):  # noqa: DTZ001
        with pytest.raises(Invalid, match="UTC"):
            Rule(id=RuleId(uuid4()), direction=Direction.INGRESS, action=Action.DROP, expires=moment)


def test_the_time_is_kept(reopen: Reopen, policy: Policy) -> None:
    assert [rule.expires for rule in rules(reopen())] == [rule.expires for rule in policy.rules]
    assert policy.rules[0].expires is not None
    assert policy.rules[0].expires.tzinfo is UTC
