"""The fallback answers what the agent leaves, and only that."""

import fcntl
import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.support.eventually import eventually

from weft.agent.docker import fallback, messages
from weft.agent.docker.plugin import bind, take_over

PATIENCE_S = 0.3


class OverUnix(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("docker", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(str(self._path))


class Host:
    """A host whose socket is there; the agent lives when the test says so."""

    def __init__(self, place: Path) -> None:
        self.plugin, self.lock = place / "weft.sock", place / "agent.lock"
        self.listening = bind(self.plugin)
        self.passed = self.listening.dup()
        self.stop = threading.Event()
        self.thread = threading.Thread(
            target=fallback.serve,
            args=(self.passed, self.lock),
            kwargs={"stop": self.stop, "patience_s": PATIENCE_S},
        )
        self.thread.start()

    def call(self, name: str) -> tuple[int, dict[str, object]]:
        with closing(OverUnix(self.plugin)) as connection:
            connection.request("POST", f"/{name}", body=json.dumps({"EndpointID": "e"}))
            answered = connection.getresponse()
            return answered.status, json.loads(answered.read())

    @contextmanager
    def serving(self) -> Iterator[None]:
        """As long as an agent has taken over."""
        descriptor = take_over(self.lock)
        yield
        os.close(descriptor)

    def take_one_call(self) -> bytes:
        """What an agent does; the request. Fails when the fallback has taken it."""
        self.listening.settimeout(5)
        taken, _ = self.listening.accept()
        with taken:
            asked = b""
            while not asked.endswith(b"}"):
                asked += taken.recv(1000)
            taken.sendall(b"HTTP/1.0 200 OK\r\n\r\n{}")
        return asked


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path)
    yield made
    made.stop.set()
    made.thread.join()
    made.passed.close()
    made.listening.close()


def test_starting_a_container_is_refused_with_what_is_wrong_and_the_cure(host: Host) -> None:
    status, said = host.call("IpamDriver.RequestAddress")

    assert status == 200
    assert "the agent of this host does not answer" in str(said["Err"])
    assert "systemctl restart weft-agent" in str(said["Err"])
    assert said["Error"] == said["Err"], "IPAM drivers are read by another name"


@pytest.mark.parametrize(
    "call", ["NetworkDriver.Leave", "NetworkDriver.DeleteEndpoint", "IpamDriver.ReleaseAddress"]
)
def test_stopping_a_container_works(host: Host, call: str) -> None:
    assert host.call(call) == (200, {})


def test_a_call_that_does_not_exist_is_not_found(host: Host) -> None:
    assert host.call("NetworkDriver.NoSuchCall")[0] == 404


def test_it_says_of_the_driver_what_the_agent_says() -> None:
    assert fallback.answer("Plugin.Activate") == messages.ACTIVATE
    assert fallback.answer("NetworkDriver.GetCapabilities") == messages.DRIVER_CAPABILITIES
    assert fallback.answer("IpamDriver.GetCapabilities") == messages.IPAM_CAPABILITIES
    assert fallback.answer("IpamDriver.GetDefaultAddressSpaces") == messages.ADDRESS_SPACES
    assert fallback.CONTENT_TYPE == messages.CONTENT_TYPE


def test_the_first_call_waits_for_the_agent_and_the_next_ones_do_not(host: Host) -> None:
    began = time.monotonic()
    host.call("IpamDriver.RequestAddress")
    waited = time.monotonic() - began
    began = time.monotonic()
    host.call("IpamDriver.RequestAddress")

    assert waited >= PATIENCE_S
    assert time.monotonic() - began < PATIENCE_S


def test_an_agent_that_comes_in_time_takes_the_call_that_waits(host: Host) -> None:
    caller = threading.Thread(target=host.call, args=("Plugin.Activate",))
    caller.start()

    assert host.take_one_call().startswith(b"POST /Plugin.Activate")

    caller.join()


def test_it_leaves_the_calls_to_an_agent_that_is_back(host: Host) -> None:
    host.call("IpamDriver.RequestAddress")  # given up
    with host.serving():
        caller = threading.Thread(target=host.call, args=("Plugin.Activate",))
        caller.start()
        threading.Event().wait(PATIENCE_S / 2)

        assert host.take_one_call().startswith(b"POST /Plugin.Activate")

        caller.join()


def test_after_another_life_of_the_agent_it_is_patient_again(host: Host) -> None:
    host.call("IpamDriver.RequestAddress")
    with host.serving():
        pass
    began = time.monotonic()

    host.call("IpamDriver.RequestAddress")

    assert time.monotonic() - began >= PATIENCE_S


def test_an_agent_that_is_stuck_does_not_hang_docker(host: Host) -> None:
    with host.lock.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        _, said = host.call("NetworkDriver.Join")

    assert "does not answer" in str(said["Err"])


def test_nonsense_on_the_socket_ends_nothing(host: Host) -> None:
    with socket.socket(socket.AF_UNIX) as rude:
        rude.connect(str(host.plugin))
        rude.sendall(b"\0\xff nonsense\r\n\r\n")

        eventually(lambda: rude.recv(100) is not None)

    assert host.call("NetworkDriver.Leave") == (200, {})
