"""A server killed in the middle of a step: what was decided is made whole by the next, and nothing twice."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.functional.servers.conftest import Running, Site, behind
from tests.functional.servers.proxy import Proxy
from tests.functional.servers.test_two_servers import declare, is_applied, names
from tests.support.eventually import eventually

from weft.client import ClientError

NAME = "in-the-middle"


@pytest.fixture
def northbound(site: Site) -> Iterator[Proxy]:
    proxy = Proxy(site.place / "proxy" / "nb.sock", site.northbound.place / "nb.sock")
    yield proxy
    proxy.close()


def settled(server: Running, site: Site) -> int:
    """The configuration number once nothing more is to be written."""
    revision = declare(server, "settled")
    eventually(lambda: is_applied(server, revision))
    return site.nb_cfg()


@pytest.mark.parametrize("done", [False, True], ids=["before OVN has it", "after OVN has it"])
def test_a_server_killed_while_it_writes_to_ovn(site: Site, northbound: Proxy, done: bool) -> None:  # noqa: FBT001
    """After: OVN has the rows, and the server has not recorded that it has."""
    server = site.start(nb=f"unix:{northbound.here}")
    before = settled(server, site)
    answered = threading.Event()

    def kill() -> None:
        assert answered.wait(10)
        server.kill()

    northbound.trap(b"Logical_Switch", b'"transact"', kill, passed_on=done)
    revision = declare(server, NAME)
    answered.set()
    assert northbound.sprung.wait(10)
    left = site.switches()
    assert len(left) == (2 if done else 1)

    second = site.start()

    eventually(lambda: is_applied(second, revision))
    assert len(site.switches()) == 2
    assert left.items() <= site.switches().items(), "what was written keeps its identity"
    assert names(second) == {"settled", NAME}
    more = declare(second, "more")
    eventually(lambda: is_applied(second, more))
    assert site.nb_cfg() == before + 2, "each network was written once"


def test_a_database_that_goes_away_loses_nothing_and_is_found_again(
    site: Site, postgresql_proxy: Proxy
) -> None:
    server = site.start(database_url=behind(postgresql_proxy, site))
    revision = declare(server, "before")
    eventually(lambda: is_applied(server, revision))
    applied = site.switches()

    postgresql_proxy.close()
    with pytest.raises(ClientError, match="cannot reach its database"):
        declare(server, NAME)
    assert site.switches() == applied, "OVN keeps what it was told"

    with closing(Proxy(postgresql_proxy.here, postgresql_proxy.there)):
        later = eventually(lambda: declared(server, "after"))
        assert later == revision + 1
        eventually(lambda: is_applied(server, later))
        assert names(server) == {"before", "after"}
    assert server.process.poll() is None, "it is the same server"


def declared(server: Running, name: str) -> int:
    """As `declare`; an AssertionError while the server cannot."""
    try:
        return declare(server, name)
    except ClientError as error:
        raise AssertionError(str(error)) from error


@pytest.mark.parametrize("done", [False, True], ids=["before it is committed", "after it is committed"])
def test_a_server_killed_inside_a_commit(site: Site, postgresql_proxy: Proxy, done: bool) -> None:  # noqa: FBT001
    """Whoever asked has no answer. It is declared whole, and then also in OVN, or not at all."""
    server = site.start(database_url=behind(postgresql_proxy, site))
    revision = declare(server, "settled")
    eventually(lambda: is_applied(server, revision))

    postgresql_proxy.trap(NAME.encode(), b"COMMIT", server.kill, passed_on=done)
    with pytest.raises(ClientError):
        declare(server, NAME)
    assert postgresql_proxy.sprung.wait(10)

    second = site.start()

    assert names(second) == ({"settled", NAME} if done else {"settled"})
    assert declare(second, "more") == revision + (2 if done else 1), "no revision is lost or left half"
    eventually(lambda: len(site.switches()) == (3 if done else 2))
