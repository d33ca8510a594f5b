"""Two servers on one database: both answer, one writes, and either may be killed."""

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
