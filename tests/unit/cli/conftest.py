from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from tests.unit.cli.fake_api import FakeApi
from tests.unit.cli.fake_machine import FakeMachine
from typer.testing import CliRunner, Result

from weft.cli import app
from weft.cli.session import Session
from weft.client import Client

Weft = Callable[..., Result]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("SERVER", "TOKEN", "CA", "PROJECT"):
        monkeypatch.delenv(f"WEFT_{name}", raising=False)
    monkeypatch.setenv("WEFT_LAB_NAME", "nolab")  # whatever a test asks of a lab, it is nobody's


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def machine() -> FakeMachine:
    return FakeMachine()


@pytest.fixture
def weft(api: FakeApi, machine: FakeMachine) -> Weft:
    """Run a command against the fake API."""

    def client(server: str, token: str | None, ca: Path | None) -> Client:
        assert ca is None
        return Client(server, token=token, transport=httpx.MockTransport(api))

    def run(*words: str, token: str = "good") -> Result:
        session = Session(
            connect=lambda: client("http://weft", token, None), login=client, machine=machine, timeout_s=0.2
        )
        return CliRunner().invoke(app, list(words), obj=session)

    return run
