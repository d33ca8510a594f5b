"""Two servers on one database: both answer, one writes, and either may be killed."""

from datetime import UTC, datetime, timedelta
from itertools import islice

from tests.functional.servers.conftest import Running, Site
from tests.support.eventually import eventually


def declare(server: Running, name: str) -> int:
    """A network by the API of `server`; its revision."""
    with server.client() as client:
        revision = client.create("networks", {"name": name}).revision
    assert revision is not None
    return revision


def names(server: Running) -> set[str]:
    with server.client() as client:
        return {network["name"] for network in client.list("networks")}


def is_applied(server: Running, revision: int) -> bool:
    with server.client() as client:
        return client.receipt(revision).state != "committed"


def test_what_one_server_commits_the_other_shows_and_the_writer_writes(site: Site) -> None:
    writer, other = site.start(), site.start()

    revision = declare(other, "by-the-other")

    eventually(lambda: "by-the-other" in names(writer))
    for server in (writer, other):
        eventually(lambda server=server: is_applied(server, revision))  # type: ignore[misc]


def test_the_change_feed_of_the_server_that_did_not_commit_goes_on(site: Site) -> None:
    first, second = site.start(), site.start()
    start = declare(first, "n0")
    made = [declare(first, f"n{number}") for number in (1, 2, 3)]

    with second.client() as listening:
        seen = [change.revision for change in islice(listening.changes(start), len(made))]

    assert seen == made


def test_the_writer_is_killed_and_the_other_goes_on_without_losing_a_revision(site: Site) -> None:
    """What the dead one wrote last is not undone, not even for a moment: its rows keep their identities."""
    writer, other = site.start(), site.start()
    revision = declare(writer, "the-last-words")
    eventually(lambda: is_applied(writer, revision))
    before = site.switches()

    writer.kill()
    late = declare(other, "afterwards")

    eventually(lambda: is_applied(other, late))
    assert before.items() <= site.switches().items()
    assert names(other) == {"the-last-words", "afterwards"}


def test_what_a_server_answered_before_it_was_killed_the_next_one_makes_whole(site: Site) -> None:
    """Killed right after an answer: OVN may have been told, or not; nothing is written a second time."""
    answered = set()
    for round_ in range(2):
        server = site.start()
        for number in range(round_ + 1):
            name = f"net-{round_}-{number}"
            declare(server, name)
            answered.add(name)
        server.kill()

    last = site.start()

    assert names(last) == answered
    eventually(lambda: len(site.switches()) == len(answered))
    settled = site.nb_cfg()
    site.start()
    more = declare(last, "one-more")
    eventually(lambda: is_applied(last, more))
    assert site.nb_cfg() == settled + 1, "nothing but the new network was written"


def test_the_northbound_database_away_does_not_keep_a_server_from_showing_the_model(site: Site) -> None:
    first, second = site.start(), site.start()
    site.northbound.kill()

    revision = declare(first, "while-ovn-is-away")
    eventually(lambda: "while-ovn-is-away" in names(second))
    site.northbound.start()

    eventually(lambda: is_applied(second, revision), within_s=20)


def test_a_rule_that_expires_is_ended_by_one_of_two_servers(site: Site) -> None:
    told, other = site.start(), site.start()
    soon = (datetime.now(UTC) + timedelta(seconds=5)).isoformat()
    rule = {"direction": "ingress", "action": "allow", "expires": soon}
    with told.client() as client:
        made = client.create("policies", {"name": "brief", "rules": [rule]}).revision
    assert made is not None

    for server in (told, other):
        eventually(lambda server=server: not rules(server, "brief"), within_s=60)  # type: ignore[misc]

    for server in (told, other):
        with server.client() as client:
            changes, newest = client.changes_since(made)
        assert [(change.author, change.action) for change in changes] == [("expiry", "change")]
        assert newest == made + 1


def test_a_rule_that_expired_while_no_server_ran_is_ended_by_the_next_one(site: Site) -> None:
    first = site.start()
    soon = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    with first.client() as client:
        client.create(
            "policies",
            {"name": "brief", "rules": [{"direction": "ingress", "action": "drop", "expires": soon}]},
        )
    first.kill()

    next_one = site.start()

    eventually(lambda: not rules(next_one, "brief"), within_s=60)


def rules(server: Running, policy: str) -> list[object]:
    with server.client() as client:
        found: list[object] = client.get("policies", policy)["rules"]
    return found
