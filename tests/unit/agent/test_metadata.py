"""What guests are answered, at which path, and to whom."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest

from weft.agent.metadata.answers import answer
from weft.agent.metadata.keeper import ASK_S, Keeper
from weft.agent.metadata.serving import ARRIVE_S, AT_ONCE_EACH, Serving
from weft.agent.metadata.station import station_end
from weft.client import GuestTold, ProblemError, ServerUnreachable, Station

GUEST = GuestTold(
    instance_id="11111111-1111-4111-8111-111111111111",
    host_name="db-1",
    mac="02:00:00:00:00:01",
    address="10.1.0.5",
    ssh_keys=("ssh-ed25519 AAAA one", "ssh-ed25519 BBBB two"),
    user_data=b"\x1f\x8b binary",
)
STATION = Station(
    network_id="22222222-2222-4222-8222-222222222222",
    port_id="33333333-3333-4333-8333-333333333333",
    mac="02:00:00:00:00:02",
    mtu=1400,
    prefixes=("10.1.0.0/24",),
)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/", "2009-04-04/\nlatest/\nopenstack/"),
        ("/latest", "meta-data/\nuser-data"),
        ("/2009-04-04/meta-data/instance-id", GUEST.instance_id),
        ("/latest/meta-data/local-hostname", "db-1"),
        ("/latest/meta-data/local-ipv4", "10.1.0.5"),
        ("/latest/meta-data/public-keys/", "0=key-0\n1=key-1"),
        ("/latest/meta-data/public-keys/1/", "openssh-key"),
        ("/latest/meta-data/public-keys/1/openssh-key", "ssh-ed25519 BBBB two"),
    ],
)
def test_the_tree_of_ec2_is_there(path: str, body: str) -> None:
    assert answer(GUEST, path) == body.encode()


def test_openstack_s_document_says_who_the_machine_is() -> None:
    told = answer(GUEST, "/openstack/latest/meta_data.json")

    assert told is not None
    said = json.loads(told)
    assert (said["uuid"], said["hostname"]) == (GUEST.instance_id, "db-1")
    assert said["public_keys"] == {"key-0": GUEST.ssh_keys[0], "key-1": GUEST.ssh_keys[1]}


def test_user_data_is_given_byte_for_byte() -> None:
    assert answer(GUEST, "/latest/user-data") == GUEST.user_data
    assert answer(GUEST, "/openstack/2018-08-27/user_data") == GUEST.user_data


@pytest.mark.parametrize(
    "path", ["/latest/user-data", "/openstack/latest/user_data", "/latest/meta-data/public-keys"]
)
def test_what_was_not_declared_is_not_there(path: str) -> None:
    assert answer(replace(GUEST, user_data=None, ssh_keys=()), path) is None


@pytest.mark.parametrize(
    "path", ["/latest/meta-data/../../etc", "/latest/user-data/more", "/1999", "/latest/api/token"]
)
def test_nothing_else_is_there(path: str) -> None:
    assert answer(GUEST, path) is None


@contextmanager
def served(ask: Callable[[str], GuestTold]) -> Iterator[str]:
    """An answering socket; its URL."""
    listening = socket.create_server(("127.0.0.1", 0))
    serving = Serving(listening, ask)
    serving.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    serving.stop()


def test_who_asks_is_known_by_its_address() -> None:
    asked: list[str] = []

    def ask(caller: str) -> GuestTold:
        asked.append(caller)
        return GUEST

    with served(ask) as url:
        assert httpx.get(f"{url}/latest/user-data").content == GUEST.user_data
        assert httpx.put(f"{url}/latest/user-data").status_code == 501
    assert asked == ["127.0.0.1"]


def refusing(status: int) -> Callable[[str], GuestTold]:
    def ask(caller: str) -> GuestTold:
        raise ProblemError(code="x", title="", detail=caller, field=None, status=status)

    return ask


def away(caller: str) -> GuestTold:
    raise ServerUnreachable("the server", caller)


@pytest.mark.parametrize(("ask", "status"), [(refusing(404), 404), (refusing(403), 503), (away, 503)])
def test_a_stranger_gets_nothing_and_a_guest_is_to_ask_again_while_the_server_is_away(
    ask: Callable[[str], GuestTold], status: int
) -> None:
    with served(ask) as url:
        assert httpx.get(f"{url}/latest/user-data").status_code == status


def test_a_caller_that_says_nothing_does_not_keep_more_than_its_share() -> None:
    with served(lambda _: GUEST) as url:
        place = ("127.0.0.1", int(url.rpartition(":")[2]))
        silent = [socket.create_connection(place) for _ in range(AT_ONCE_EACH)]
        with socket.create_connection(place, timeout=4 * ARRIVE_S) as one_more:
            assert one_more.recv(1) == b"", "turned away at once"
        for one in silent:
            one.close()


class FakeStanding:
    """A station that stands in no kernel."""

    def __init__(self, station: Station, open_: dict[str, str]) -> None:
        self.station, self._open = station, open_

    def open(self, ask: Callable[[str], GuestTold]) -> None:
        self._open[station_end(self.station.port_id)] = ask("10.1.0.5").host_name

    def close(self) -> None:
        del self._open[station_end(self.station.port_id)]


class FakeHost:
    """The server and the switch of a host, as a keeper sees them."""

    def __init__(self) -> None:
        self.stations: tuple[Station, ...] = ()
        self.away = False
        self.open: dict[str, str] = {}
        self.left: dict[str, str] = {}
        self.now = 0.0
        self.keeper = Keeper("h1", self, self, lambda s: FakeStanding(s, self.open), clock=lambda: self.now)

    def look(self) -> None:
        self.now += ASK_S
        self.keeper.look()

    def host_stations(self, host: str) -> tuple[Station, ...]:
        if self.away:
            raise ServerUnreachable("the server", host)
        return self.stations

    def guest(self, host: str, network_id: str, address: str) -> GuestTold:
        assert (host, network_id) == ("h1", STATION.network_id)
        return replace(GUEST, host_name=address)

    def interfaces(self) -> dict[str, str]:
        return {**self.left, **self.open, "eth0": ""}

    def drop_internal(self, name: str) -> None:
        del self.left[name]


def test_a_station_stands_while_there_are_guests_and_while_the_server_is_away() -> None:
    host = FakeHost()
    host.stations = (STATION,)
    host.look()
    name = station_end(STATION.port_id)
    assert host.open == {name: "10.1.0.5"}

    host.away, host.stations = True, ()
    host.look()
    assert host.open, "what is not known is not absent"

    host.away = False
    host.look()
    assert host.open == {}


def test_what_a_killed_agent_left_is_taken_off_the_switch_and_nothing_else() -> None:
    host = FakeHost()
    host.left = {"wm0123456789a": "x"}

    host.look()

    assert host.left == {}
