"""The model as it was, on both databases: every revision reads back as what was current then."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from ipaddress import ip_network
from random import Random
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from tests.functional.conftest import NewDatabase
from tests.functional.store.conftest import Clock, Reopen
from tests.support.builders import a_peer, a_rule
from tests.support.eventually import eventually

from weft.model.errors import HistoryGone, NotFound
from weft.model.ids import AddressGroupId, GroupId, PolicyId, ProjectId, Revision
from weft.model.network import Default
from weft.model.policy import Action, AddressGroup, Direction, Group, Policy
from weft.model.selector import Selector
from weft.model.snapshot import Snapshot
from weft.store import Change, Declared, Kind, Store, tables
from weft.store.dump import dump, load
from weft.store.engine import connect
from weft.store.history import changes_between, moment_at, moment_of, oldest, snapshot_at
from weft.store.kinds import kind_of
from weft.store.networks import NewNetwork, NewSubnet, add_network, change_network
from weft.store.policies import NewPolicy, add_policy, change_policy
from weft.store.ports import NewPort, add_port, change_port, remove_port
from weft.store.progress import record_realised
from weft.store.provenance import changes_of, origin_of_default, origin_of_rule
from weft.store.retention import Retention, prune
from weft.store.transaction import Transaction

DAY = 86_400
APPS = ["app=a", "app=b", "app=c"]


def something(chance: Random, tx: Transaction, project: ProjectId) -> None:
    """One random change of the model."""
    networks, ports = list(tx.snapshot.networks), list(tx.snapshot.ports)
    name = f"n{chance.getrandbits(40)}"
    if not networks or chance.random() < 0.1:
        subnet = NewSubnet(cidr=ip_network(f"10.{len(networks) + 1}.0.0/24"))
        add_network(tx, NewNetwork(project_id=project, name=name, subnets=(subnet,)))
    elif not ports or chance.random() < 0.3:
        add_port(tx, NewPort(project_id=project, network_id=chance.choice(networks), name=name))
    elif chance.random() < 0.3:
        change_port(tx, chance.choice(ports), labels={"app": chance.choice("abc")})
    elif chance.random() < 0.3:
        remove_port(tx, chance.choice(ports))
    else:
        of_policy(chance, tx, project)


def of_policy(chance: Random, tx: Transaction, project: ProjectId) -> None:
    """A group, a policy or an address group comes, changes or goes."""
    number = UUID(int=chance.randint(1, 3))
    rules = tuple(
        a_rule(f"r{n}", Direction.INGRESS, Action.DROP, peer=a_peer()) for n in range(chance.randint(0, 3))
    )
    selector = Selector(chance.choice(APPS))
    offered: list[Declared] = [
        Group(id=GroupId(number), project_id=project, name=f"g{number}", selector=selector),
        Policy(id=PolicyId(number), project_id=project, name=f"p{number}", rules=rules),
        AddressGroup(id=AddressGroupId(number), project_id=project, name=f"a{number}"),
    ]
    made = chance.choice(offered)
    held = getattr(tx.snapshot, kind_of(made).value).get(number)
    if held is not None and chance.random() < 0.4:
        tx.remove(made)
    else:
        tx.put(made)


def lived(
    store: Store, project: ProjectId, clock: Clock, seed: int, revisions: int
) -> dict[Revision, Snapshot]:
    """A random life; the model at each of its revisions."""
    chance = Random(seed)
    found = {store.revision: store.snapshot()}
    for _ in range(revisions):
        clock.advance(DAY / 4)
        with store.write(chance.choice(["alice", "bob"])) as tx:
            for _ in range(chance.randint(1, 3)):
                something(chance, tx, project)
        found[store.revision] = store.snapshot()
    return found


@pytest.mark.parametrize("seed", range(4))
def test_every_revision_reads_back_as_what_was_current_then(
    store: Store, project: ProjectId, clock: Clock, reopen: Reopen, seed: int
) -> None:
    then = lived(store, project, clock, seed, 40)

    again = reopen()

    for revision, snapshot in then.items():
        assert snapshot_at(store, revision) == snapshot
        assert snapshot_at(again, revision) == snapshot


def test_what_did_not_change_since_is_the_same_object(store: Store, project: ProjectId) -> None:
    with store.write("alice") as tx:
        network = add_network(tx, NewNetwork(project_id=project, name="n"))
    before = store.revision
    with store.write("alice") as tx:
        add_port(tx, NewPort(project_id=project, network_id=network.id, name="p"))

    found = snapshot_at(store, before)

    assert found.networks is store.snapshot().networks
    assert found.ports == {}


def test_a_time_means_the_newest_revision_of_then(store: Store, project: ProjectId, clock: Clock) -> None:
    began = clock.time
    then = lived(store, project, clock, 1, 8)
    for revision in then:
        made = moment_of(store, revision)

        assert moment_at(store, made.at + timedelta(seconds=1)) == made

    with pytest.raises(NotFound):
        moment_at(store, began - timedelta(seconds=1))
    with pytest.raises(NotFound):
        snapshot_at(store, Revision(store.revision + 1))


@pytest.mark.parametrize("seed", range(2))
def test_what_became_of_each_object_is_told_as_by_its_last_change(
    store: Store, project: ProjectId, clock: Clock, seed: int
) -> None:
    then = lived(store, project, clock, seed, 30)
    chance = Random(seed)
    for _ in range(10):
        old, new = (snapshot_at(store, chance.choice(list(then))) for _ in range(2))
        changes = changes_between(store, old, new)

        for kind in Kind:
            items = dict(getattr(old, kind.value))
            for change in changes:
                if change.kind is kind:
                    assert items.pop(change.object_id, None) == change.before
                    if change.after is not None:
                        items[change.object_id] = change.after
            assert items == getattr(new, kind.value)
        for change in changes:
            assert min(old.revision, new.revision) < change.revision <= max(old.revision, new.revision)


def newest_change(store: Store, kind: Kind, key: UUID | str) -> Change:
    with closing(changes_of(store, kind, key)) as found:
        return next(found)


def prune_all(store: Store, days: int, most: int = 7) -> int:
    steps = 0
    while prune(store, timedelta(days=days), most=most):
        steps += 1
    return steps


def rows(store: Store, table: sa.Table) -> int:
    with store.engine.begin() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


@pytest.mark.parametrize("seed", range(2))
def test_what_is_kept_reads_back_after_pruning_and_what_is_not_is_said_to_be_gone(
    store: Store, project: ProjectId, clock: Clock, reopen: Reopen, seed: int
) -> None:
    then = lived(store, project, clock, seed, 80)
    record_realised(store, store.revision, 1, clock(), None)
    before = rows(store, tables.changes)

    steps = prune_all(store, days=10)

    kept = oldest(store)
    assert kept is not None
    assert steps > 2
    assert clock.time - timedelta(days=10.5) < kept.at <= clock.time - timedelta(days=10)
    assert rows(store, tables.changes) < before
    for revision, snapshot in then.items():
        for opened in (store, reopen()):
            if revision >= kept.revision:
                assert snapshot_at(opened, revision) == snapshot
            else:
                with pytest.raises(HistoryGone, match="history_days"):
                    snapshot_at(opened, revision)
    with pytest.raises(HistoryGone):
        moment_at(store, kept.at - timedelta(days=1))
    assert reopen().changes(Revision(0))[0].revision > kept.revision
    assert not prune(store, timedelta(days=10))


@pytest.mark.parametrize("seed", range(2))
def test_the_newest_version_of_everything_still_has_its_author(
    store: Store, project: ProjectId, clock: Clock, seed: int
) -> None:
    lived(store, project, clock, seed, 40)
    record_realised(store, store.revision, 1, clock(), None)
    model = store.snapshot()
    told = {
        (kind, key): newest_change(store, kind, key) for kind in Kind for key in getattr(model, kind.value)
    }

    clock.advance(100 * DAY)
    with store.write("carol") as tx:
        add_network(tx, NewNetwork(project_id=project, name="new"))
    prune_all(store, days=1)

    for (kind, key), change in told.items():
        assert newest_change(store, kind, key) == change


def test_who_made_a_rule_and_a_default_is_known_however_often_others_were_made_since(
    store: Store, project: ProjectId, clock: Clock
) -> None:
    with store.write("alice") as tx:
        network = add_network(tx, NewNetwork(project_id=project, name="n", default_ingress=Default.DROP))
        policy = add_policy(tx, NewPolicy(project_id=project, name="p"))
        rule = a_rule("first", Direction.INGRESS, Action.DROP, peer=a_peer())
        tx.put(replace(policy, rules=(rule,)))
    for number in range(20):
        clock.advance(DAY)
        with store.write("bob") as tx:
            change_network(tx, network.id, description=str(number))
            held = tx.snapshot.policies[policy.id]
            rules = (*held.rules[:1], a_rule(f"r{number}", Direction.EGRESS, Action.DROP, peer=a_peer()))
            tx.put(replace(held, rules=rules))
    with store.write("bob") as tx:
        change_policy(tx, policy.id, order=7)
    record_realised(store, store.revision, 1, clock(), None)
    before = len(list(changes_of(store, Kind.POLICIES, policy.id)))

    clock.advance(100 * DAY)
    with store.write("bob") as tx:
        add_network(tx, NewNetwork(project_id=project, name="other"))
    prune_all(store, days=1)

    made = origin_of_rule(store, store.snapshot().policies[policy.id], rule.id)
    set_to = origin_of_default(store, store.snapshot().networks[network.id], Direction.INGRESS)
    assert made is not None
    assert set_to is not None
    assert (made.author, set_to.author) == ("alice", "alice")
    assert before == 22
    assert len(list(changes_of(store, Kind.POLICIES, policy.id))) == 3


def test_what_is_not_realised_is_not_forgotten(store: Store, project: ProjectId, clock: Clock) -> None:
    then = lived(store, project, clock, 3, 20)
    record_realised(store, list(then)[5], 1, clock(), None)
    clock.advance(100 * DAY)

    prune_all(store, days=1)

    kept = oldest(store)
    assert kept is not None
    assert kept.revision == list(then)[5]


def test_a_server_that_was_away_for_longer_reads_everything_anew(
    store: Store, project: ProjectId, clock: Clock, reopen: Reopen
) -> None:
    sleeper = reopen()
    lived(store, project, clock, 5, 20)
    record_realised(store, store.revision, 1, clock(), None)
    clock.advance(100 * DAY)
    with store.write("alice") as tx:
        add_network(tx, NewNetwork(project_id=project, name="late"))
    prune_all(store, days=1)

    sleeper.catch_up()

    assert sleeper.snapshot() == store.snapshot()


def test_history_from_before_it_could_be_read_back_can_be(
    store: Store, project: ProjectId, clock: Clock, new_database: NewDatabase
) -> None:
    then = lived(store, project, clock, 2, 20)
    out = StringIO()
    dump(store.engine, out)
    older = [json.loads(line) for line in out.getvalue().splitlines()]
    for row in older:
        for column in ("prior", "kept_from"):
            row["row"].pop(column, None)
    engine = connect(new_database(store.engine.dialect.name))

    load(engine, map(json.dumps, older), version="0011", at=clock())

    upgraded = Store.open(engine.url.render_as_string(hide_password=False), now=clock, new_id=uuid4)
    with closing(upgraded):
        for revision, snapshot in then.items():
            assert snapshot_at(upgraded, revision) == snapshot
    engine.dispose()


def test_the_server_forgets_by_itself(store: Store, project: ProjectId, clock: Clock) -> None:
    lived(store, project, clock, 4, 8)
    record_realised(store, store.revision, 1, clock(), None)
    clock.advance(100 * DAY)
    retention = Retention(store, timedelta(days=1))

    retention.start()

    eventually(lambda: (oldest(store) or moment_of(store, Revision(1))).revision == store.revision - 1)
    retention.stop()
