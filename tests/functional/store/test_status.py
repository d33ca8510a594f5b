"""Status and credentials: kept beside the model, without revisions."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from tests.functional.store.conftest import Clock, Reopen

from weft.model.errors import Invalid, NameTaken, NotFound, Unauthenticated
from weft.model.ids import HostName, ProjectId, Revision
from weft.model.port import Port, Workload
from weft.store import Store, tables
from weft.store.cuts import Cut
from weft.store.hosts import add_host, retire_host
from weft.store.join_tokens import issue_join_token, redeem_join_token
from weft.store.networks import NewNetwork, add_network
from weft.store.news import News
from weft.store.ports import NewPort, add_port, attach, bind, remove_port
from weft.store.progress import (
    confirm,
    owed,
    plugged_hosts,
    realised,
    record_chassis,
    record_flushed,
    record_realised,
    settle,
)
from weft.store.standing import Unparsed
from weft.store.status import (
    PAST,
    Failure,
    PortState,
    clear_failure,
    failures,
    host_statuses,
    past_states,
    port_statuses,
    record_failure,
    set_host_seen,
    set_port_status,
)
from weft.store.tokens import (
    Caller,
    Role,
    find,
    first_admin_token,
    issue,
    issue_for_person,
    open_session,
    persons,
    revoke,
)

H1, H2 = HostName("h1"), HostName("h2")


@pytest.fixture
def port(store: Store, project: ProjectId) -> Port:
    with store.write("test") as tx:
        add_host(tx, name=H1)
        network = add_network(tx, NewNetwork(project_id=project, name="n"))
        return add_port(tx, NewPort(project_id=project, network_id=network.id, host=H1))


def test_the_migrations_make_the_tables_that_the_code_expects(store: Store) -> None:
    with store.engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []


def test_status_makes_no_revision_but_wakes_who_waits_for_news(store: Store, port: Port) -> None:
    revision, count = store.revision, store.status_count
    assert set_port_status(store, port.id, state=PortState.UP, host=H1)
    assert store.wait_for_news(revision, count, 0) == (revision, count + 1)
    assert port_statuses(store, [port.id])[port.id].state is PortState.UP


def test_since_is_when_the_state_became_what_it_is(store: Store, port: Port, clock: Clock) -> None:
    start = clock()
    for reason in ("first", "second"):
        set_port_status(store, port.id, state=PortState.PENDING, reason=reason)
        clock.advance(5)
    status = port_statuses(store)[port.id]
    assert (status.since, status.reason) == (start, "second")


def test_what_a_port_was_before_is_known_and_what_was_long_ago_is_forgotten(
    store: Store, port: Port, clock: Clock, reopen: Reopen
) -> None:
    start = clock()
    assert past_states(store, port.id) == []
    for state, reason in ((PortState.PENDING, "first"), (PortState.PENDING, "second"), (PortState.UP, "")):
        set_port_status(store, port.id, state=state, reason=reason)
        clock.advance(5)
    (only,) = past_states(reopen(), port.id)
    assert (only.state, only.reason, only.since, only.host) == (PortState.PENDING, "second", start, H1)

    for number in range(PAST + 4):
        set_port_status(store, port.id, state=(PortState.FAILED, PortState.UP)[number % 2])
        clock.advance(1)

    known = past_states(store, port.id)
    assert len(known) == PAST
    assert [one.since for one in known] == sorted((one.since for one in known if one.since), reverse=True)
    assert (known[0].state, known[1].state) == (PortState.FAILED, PortState.UP)


def test_stale_news_of_a_port_is_not_recorded(store: Store, port: Port) -> None:
    assert not set_port_status(store, port.id, state=PortState.UP, host=H2)
    with store.write("test") as tx:
        bind(tx, port.id, None)
    assert not set_port_status(store, port.id, state=PortState.UP, host=H1)
    with store.write("test") as tx:
        remove_port(tx, port.id)
    assert not set_port_status(store, port.id, state=PortState.UP)
    assert port_statuses(store) == {}


def test_a_removed_port_takes_its_status_along(store: Store, port: Port) -> None:
    set_port_status(store, port.id, state=PortState.UP)
    with store.write("test") as tx:
        remove_port(tx, port.id)
    assert port_statuses(store) == {}


@pytest.mark.usefixtures("port")
def test_heartbeats_and_chassis_progress_do_not_erase_each_other(store: Store, clock: Clock) -> None:
    record_chassis(store, {H1: (7, None), H2: (9, None)}, clock())
    set_host_seen(store, H1, agent_version="1", datapath="kernel", details={"ports": 3})
    record_chassis(store, {H1: (8, None)}, clock())
    status = host_statuses(store)[H1]
    assert (status.nb_cfg, status.last_seen, status.details) == (8, clock(), {"ports": 3})
    with pytest.raises(NotFound):
        set_host_seen(store, H2)


def test_a_revision_is_realised_by_the_first_record_that_covers_it(store: Store, clock: Clock) -> None:
    assert realised(store) is None
    record_realised(store, Revision(3), 1, clock())
    record_realised(store, Revision(3), 1, clock())
    record_realised(store, Revision(5), 2, clock())
    found = [realised(store, Revision(r)) for r in (2, 4, 6)]
    assert [None if f is None else f.revision for f in found] == [3, 5, None]


@pytest.mark.usefixtures("port")
def test_what_became_enforced_stays_so_with_its_time_and_hosts(
    store: Store, clock: Clock, reopen: Reopen
) -> None:
    start = clock()
    record_realised(store, Revision(3), 1, start)
    assert settle(store) == []
    clock.advance(0.25)
    record_chassis(store, {H1: (1, clock())}, clock())
    assert settle(store) == [], "the agent has not looked for parse errors yet"

    confirm(store, H1, 1, ())
    record_chassis(store, {H1: None}, clock())
    clock.advance(60)

    assert settle(store) == []
    kept = realised(reopen(), Revision(2))
    assert kept is not None
    assert (kept.enforced_at, kept.hosts) == (start + timedelta(seconds=0.25), 1)
    assert [host.nb_cfg for host in plugged_hosts(store)] == [None]


@pytest.mark.usefixtures("port")
def test_a_match_that_does_not_parse_keeps_a_revision_open_until_it_is_repaired(
    store: Store, clock: Clock
) -> None:
    record_realised(store, Revision(3), 1, clock())
    record_chassis(store, {H1: (1, None)}, clock())

    confirm(store, H1, 1, (Unparsed(match="ip4.src == $x", problem="no set"),))
    broken = realised(store)
    confirm(store, H1, 1, ())
    repaired = realised(store)

    assert [r and r.enforced_at for r in (broken, repaired)] == [None, clock()]


def test_what_must_be_ended_is_kept_until_every_host_has_ended_it(
    store: Store, port: Port, clock: Clock, reopen: Reopen
) -> None:
    cut = Cut(revision=Revision(3), ingress=frozenset({port.id}), egress=frozenset(), hosts=frozenset({H1}))
    record_realised(store, Revision(3), 1, clock(), cut)
    early = owed(reopen(), H1)
    confirm(store, H1, 1, ())
    record_chassis(store, {H1: (1, None)}, clock())
    assert settle(store) == []

    ready = owed(reopen(), H1)
    clock.advance(1)
    record_flushed(store, H1, Revision(3), clock())

    assert (early.cuts, early.acknowledge) == ((cut,), None)
    assert (ready.cuts, ready.acknowledge) == ((cut,), 3)
    done = realised(store)
    assert done is not None
    assert done.enforced_at == clock()
    assert owed(store, H1).cuts == ()


@pytest.mark.usefixtures("port")
def test_a_confirmation_that_is_no_news_is_not_written(store: Store) -> None:
    confirm(store, H1, 1, ())
    count = store.status_count

    confirm(store, H1, 1, ())

    assert store.status_count == count


def test_a_failure_is_listed_until_the_workload_has_its_port(store: Store, port: Port, clock: Clock) -> None:
    workload = Workload(runtime="docker", engine="e", id="c1", name="web")
    failure = Failure(
        host=H1,
        workload=workload,
        reason="no address left",
        at=clock(),
        project_id=port.project_id,
        network_id=port.network_id,
    )
    record_failure(store, failure)
    record_failure(store, failure)
    assert failures(store) == [failure]
    with store.write("test") as tx:
        attach(
            tx,
            NewPort(project_id=port.project_id, network_id=port.network_id, host=H1, workload=workload),
        )
    assert failures(store) == []
    clear_failure(store, H1, workload)


def test_only_the_first_start_gives_an_admin_token(store: Store, reopen: Reopen, clock: Clock) -> None:
    token = first_admin_token(store)
    assert token is not None
    assert first_admin_token(store) is None
    assert find(reopen(), token, clock()) == Caller(role=Role.ADMIN, name="admin")
    assert find(store, "wrong \ud800", clock()) is None


def test_only_the_hash_of_a_token_is_kept(store: Store) -> None:
    token = first_admin_token(store)
    with store.engine.begin() as connection:
        kept = connection.execute(sa.select(tables.tokens)).all()
    assert token is not None
    assert token not in str(kept)


def test_a_token_has_a_scope_and_an_end(store: Store, project: ProjectId, clock: Clock) -> None:
    with store.write("test") as tx:
        token, known = issue_for_person(tx, role=Role.MEMBER, name="alice", project_id=project)
    assert persons(store) == [known]
    assert find(store, token, clock()) == Caller(role=Role.MEMBER, name="alice", project_id=project)
    with store.write("test") as tx:
        revoke(tx, name="alice")
        short = issue(tx, role=Role.ADMIN, name="short", expires_at=clock())
    assert find(store, token, clock()) is None
    assert find(store, short, clock()) is None
    with pytest.raises(Invalid), store.write("test") as tx:
        issue(tx, role=Role.VIEWER, name="v")


@pytest.mark.parametrize("name", ["", " a", "a/b", "weft", "host h1", "x" * 256, "a\nb"])
def test_a_token_is_not_named_after_somebody_else(store: Store, name: str) -> None:
    with pytest.raises(Invalid), store.write("test") as tx:
        issue_for_person(tx, role=Role.ADMIN, name=name)


def test_tokens_have_names_of_their_own(store: Store, project: ProjectId) -> None:
    with store.write("test") as tx:
        issue_for_person(tx, role=Role.ADMIN, name="ann")
    with pytest.raises(NameTaken), store.write("test") as tx:
        issue_for_person(tx, role=Role.VIEWER, name="ann", project_id=project)
    for _ in range(2):
        with store.write("test") as tx:
            issue_for_person(tx, role=Role.MEMBER, project_id=project)

    assert [token.name for token in persons(store)] == ["ann", "member-of-default", "member-of-default-2"]


def test_a_session_ends_with_the_token_it_was_opened_with(store: Store, clock: Clock) -> None:
    with store.write("test") as tx:
        token, _ = issue_for_person(tx, role=Role.ADMIN, name="ann", ttl_s=3600)
    with store.write("test") as tx:
        session, ends = open_session(tx, token, ttl=timedelta(hours=12))
    assert ends == clock() + timedelta(hours=1), "and lives no longer than it"
    assert [token.name for token in persons(store)] == ["ann"]
    assert find(store, session, clock()) == Caller(role=Role.ADMIN, name="ann")

    with store.write("test") as tx:
        revoke(tx, name="ann")

    assert find(store, session, clock()) is None


def test_a_join_token_joins_one_host_once(store: Store, project: ProjectId, clock: Clock) -> None:
    with store.write("test") as tx:
        join = issue_join_token(tx, projects=frozenset({project}))
    with store.write("test") as tx:
        token = redeem_join_token(tx, join.token, H1)
    assert store.snapshot().hosts[H1].projects == {project}
    assert find(store, token, clock()) == Caller(role=Role.HOST, name="host h1", host=H1)
    with pytest.raises(Unauthenticated), store.write("test") as tx:
        redeem_join_token(tx, join.token, H2)
    with store.write("test") as tx:
        retire_host(tx, H1)
    assert find(store, token, clock()) is None


def test_a_join_token_ends_and_does_not_take_over_a_host(store: Store, clock: Clock) -> None:
    with store.write("test") as tx:
        add_host(tx, name=H1)
        late = issue_join_token(tx, ttl_s=60)
        for_h1 = issue_join_token(tx, host=H1)
        for_any = issue_join_token(tx)
    for token, host in ((for_h1.token, H2), (for_any.token, H1)):
        with pytest.raises(Unauthenticated), store.write("test") as tx:
            redeem_join_token(tx, token, host)
    with store.write("test") as tx:
        redeem_join_token(tx, for_h1.token, H1)
    clock.advance(61)
    with pytest.raises(Unauthenticated), store.write("test") as tx:
        redeem_join_token(tx, late.token, H2)


def test_what_is_recorded_already_is_not_written_again(store: Store, port: Port) -> None:
    set_port_status(store, port.id, state=PortState.UP)
    count = store.status_count

    assert set_port_status(store, port.id, state=PortState.UP)

    assert store.status_count == count


def test_a_port_that_was_never_up_needs_no_record_to_be_down(store: Store, port: Port) -> None:
    assert set_port_status(store, port.id, state=PortState.DOWN)

    assert port_statuses(store) == {}


def test_only_what_was_declared_waits_for_the_disk(store: Store) -> None:
    asked = "PRAGMA synchronous" if store.engine.dialect.name == "sqlite" else "SHOW synchronous_commit"
    waits = {2, "on"}  # PRAGMA synchronous: FULL

    for _ in range(2):
        with store.observing() as connection:
            assert connection.exec_driver_sql(asked).scalar() not in waits
        with store.write("test") as tx:
            assert tx.connection.exec_driver_sql(asked).scalar() in waits


def test_who_waits_for_one_kind_of_news_is_not_woken_by_another(store: Store, port: Port) -> None:
    kinds = (News.REALISED, News.SETTLED)
    heard = store.heard(kinds)

    set_port_status(store, port.id, state=PortState.UP, host=H1)
    set_host_seen(store, H1)
    store.wait_to_hear(kinds, heard, 0)
    assert store.heard(kinds) == heard

    record_realised(store, store.revision, 1, store.now())
    assert store.heard((News.REALISED,)) == 1


@pytest.mark.usefixtures("port")
def test_a_host_that_settles_a_revision_tells_who_waits_for_its_receipt(store: Store) -> None:
    record_realised(store, store.revision, 1, store.now())
    record_chassis(store, {H1: (1, None)}, store.now())
    assert store.heard((News.SETTLED,)) == 0, "the agent has not looked for parse errors yet"

    confirm(store, H1, 1, ())

    assert store.heard((News.SETTLED,)) == 1


@pytest.mark.usefixtures("port")
@pytest.mark.parametrize("order", [("chassis", "agent"), ("agent", "chassis")])
def test_a_host_that_does_not_understand_a_rule_tells_who_waits_for_its_receipt(
    store: Store, order: tuple[str, str]
) -> None:
    record_realised(store, store.revision, 1, store.now())
    unparsed = Unparsed(match="ip4 &&", problem="syntax error")
    says: dict[str, Callable[[], object]] = {
        "chassis": lambda: record_chassis(store, {H1: (1, None)}, store.now()),
        "agent": lambda: confirm(store, H1, 1, (unparsed,)),
    }
    says[order[0]]()
    assert store.heard((News.SETTLED,)) == 0

    says[order[1]]()

    assert store.heard((News.SETTLED,)) == 1
