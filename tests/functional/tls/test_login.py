"""`weft login` as a person types it, against a server with a CA that nobody here knows yet."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.functional.tls.conftest import Installation
from typer.testing import CliRunner, Result

from weft import trust
from weft.cli import app


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "weft"


def weft(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, list(words), input=typed)


def test_a_person_logs_in_by_fingerprint_and_works(installation: Installation, home: Path) -> None:
    pin = installation.authority.fingerprint

    login = weft("login", installation.url, "--ca-fingerprint", pin, typed=f"{installation.admin_token}\n")
    made = weft("network", "create", "n")
    who = weft("whoami")

    assert login.exit_code == 0, login.output
    assert made.exit_code == 0, made.output
    assert "admin (admin)" in who.stdout
    assert installation.admin_token not in login.output
    assert {path.stat().st_mode & 0o777 for path in home.iterdir()} == {0o600}


def test_no_token_is_asked_for_or_sent_where_the_fingerprint_is_wrong(
    installation: Installation, home: Path
) -> None:
    wrong = trust.Authority.new(datetime.now(UTC)).fingerprint

    login = weft("login", installation.url, "--ca-fingerprint", wrong)

    assert login.exit_code == 1
    assert "another server" in login.stderr
    assert "token:" not in login.stdout
    assert not home.exists()


def test_without_a_fingerprint_an_unknown_ca_is_not_trusted(installation: Installation, home: Path) -> None:
    login = weft("login", installation.url, "--token", installation.admin_token)

    assert login.exit_code == 3
    assert "--ca-fingerprint" in login.stderr
    assert not home.exists()


def test_after_logging_out_nothing_is_known(installation: Installation, home: Path) -> None:
    pin = installation.authority.fingerprint
    weft("login", installation.url, "--ca-fingerprint", pin, "--token", installation.admin_token)

    weft("logout")

    assert list(home.iterdir()) == []
    assert weft("network", "list").exit_code == 1


@pytest.mark.usefixtures("home")
def test_an_administrator_gives_a_member_a_token(installation: Installation) -> None:
    pin = installation.authority.fingerprint
    weft("login", installation.url, "--ca-fingerprint", pin, "--token", installation.admin_token)

    created = weft("token", "create", "ann", "--role", "member", "--project", "default", "-o", "json")
    listed = weft("token", "list")
    revoked = weft("token", "revoke", "ann")

    assert '"token"' in created.stdout
    assert "ann" in listed.stdout
    assert revoked.exit_code == 0
    assert "ann" not in weft("token", "list").stdout
