"""The two words with systemd, as its manual pages have them."""

import os
import socket
from pathlib import Path

import pytest

from weft.settings import SupervisorSettings
from weft.systemd import given_sockets, tell, watchdog_s


def supervised(monkeypatch: pytest.MonkeyPatch, **environment: str) -> SupervisorSettings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return SupervisorSettings()


def test_what_is_told_arrives_on_the_supervisor_s_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervising:
        supervising.bind(str(tmp_path / "notify"))

        tell(supervised(monkeypatch, NOTIFY_SOCKET=str(tmp_path / "notify")), "READY=1", "STATUS=well")

        assert supervising.recv(100) == b"READY=1\nSTATUS=well"


def test_an_abstract_address_begins_with_an_at_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"weft-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervising:
        supervising.bind(f"\0{name}")

        tell(supervised(monkeypatch, NOTIFY_SOCKET=f"@{name}"), "READY=1")

        assert supervising.recv(100) == b"READY=1"


def test_without_a_supervisor_nobody_is_told() -> None:
    tell(SupervisorSettings(), "READY=1")


def test_a_supervisor_that_is_gone_disturbs_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(supervised(monkeypatch, NOTIFY_SOCKET=str(tmp_path / "gone")), "READY=1")


def test_sockets_for_another_process_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert given_sockets(supervised(monkeypatch, LISTEN_PID="1", LISTEN_FDS="1")) == ()


def test_the_watchdog_is_fed_twice_as_often_as_it_bites(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watchdog_s(supervised(monkeypatch, WATCHDOG_USEC="30000000")) == 15
    assert watchdog_s(supervised(monkeypatch, WATCHDOG_USEC="30000000", WATCHDOG_PID="1")) is None


def test_without_a_watchdog_none_is_fed() -> None:
    assert watchdog_s(SupervisorSettings()) is None
