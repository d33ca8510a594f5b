"""An installation is made once, whole, and for root only."""

import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from tests.support.eventually import eventually

from weft import trust
from weft.client import Client
from weft.client.pinning import pinned_ca
from weft.installation.begin import Begun, another_admin_token, begin
from weft.installation.files import TlsFiles, authority, renew
from weft.model.errors import Invalid
from weft.store import Store, tokens
from weft.store.tokens import Role


def now() -> datetime:
    return datetime.now(UTC)


def made(place: Path, **more: object) -> Begun:
    wanted = {
        "listen": "127.0.0.1:17443",
        "names": ["127.0.0.1", "weft.example.org"],
        "database_url": f"sqlite:///{place}/lib/server.db",
        "state_dir": place / "lib",
        "nb": f"unix:{place}/nb.sock",
        "sb": f"unix:{place}/sb.sock",
        **more,
    }
    return begin(place / "etc" / "server.toml", wanted, now)


def contents(place: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file() and "etc" in p.parts}


def test_a_new_installation_has_a_token_a_ca_and_a_line_to_log_in_with(tmp_path: Path) -> None:
    begun = made(tmp_path)

    assert begun.admin_token
    assert begun.fingerprint == authority(TlsFiles(tmp_path / "etc" / "tls")).fingerprint
    assert begun.login == f"weft login https://127.0.0.1:17443 --ca-fingerprint {begun.fingerprint}"
    assert begun.settings.southbound_remote == "ssl:127.0.0.1:6642"
    assert begun.admin_token not in repr(begun)


def test_beginning_again_changes_nothing_and_shows_no_token(tmp_path: Path) -> None:
    first = made(tmp_path)
    before = contents(tmp_path)

    again = made(tmp_path)

    assert contents(tmp_path) == before
    assert (again.admin_token, again.fingerprint) == (None, first.fingerprint)


def test_beginning_again_with_other_settings_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    made(tmp_path)
    before = contents(tmp_path)

    with pytest.raises(Invalid, match=r"says encapsulation = 'vxlan', not 'geneve'"):
        made(tmp_path, encapsulation="geneve")

    assert contents(tmp_path) == before


def test_a_beginning_that_was_cut_off_is_finished(tmp_path: Path) -> None:
    """Killed while certificates were written: a draft is there, the directory is not."""
    draft = tmp_path / "etc" / "tls.new"
    draft.mkdir(parents=True)
    (draft / "ca.key").write_text("half of a k")

    begun = made(tmp_path)

    assert begun.admin_token
    assert not draft.exists()


def test_settings_that_cannot_work_leave_no_file(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="encapsulation"):
        made(tmp_path, encapsulation="gre")

    assert contents(tmp_path) == {}


def test_keys_settings_and_database_are_roots_only(tmp_path: Path) -> None:
    made(tmp_path)

    private = [
        *(tmp_path / "etc").rglob("*.key"),
        *(tmp_path / "lib").iterdir(),
        tmp_path / "etc/server.toml",
    ]
    assert len(private) >= 5
    assert {oct(stat.S_IMODE(p.stat().st_mode)) for p in private} == {"0o600"}


@pytest.mark.parametrize("listen", ["0.0.0.0:7443", "192.0.2.1:7443", "[::]:7443"])
def test_a_server_without_tls_listens_to_this_machine_only(tmp_path: Path, listen: str) -> None:
    with pytest.raises(Invalid, match="loopback"):
        made(tmp_path, tls="off", listen=listen)

    assert made(tmp_path, tls="off", listen="[::1]:7443").fingerprint is None


@pytest.mark.parametrize("setting", ["nb", "sb", "southbound"])
def test_ovn_is_not_spoken_to_in_plain_text(tmp_path: Path, setting: str) -> None:
    with pytest.raises(Invalid, match="plain text"):
        made(tmp_path, **{setting: "tcp:192.0.2.1:6641"})


def test_who_lost_the_first_token_makes_another(tmp_path: Path) -> None:
    settings = made(tmp_path).settings

    token = another_admin_token(settings, now)

    store = Store.open(settings.database_url, now=now, new_id=lambda: pytest.fail("nothing new"))
    found = tokens.find(store, token, now())
    store.close()
    assert found is not None
    assert found.role is Role.ADMIN


def test_renewed_certificates_are_of_the_same_ca_and_end_later(tmp_path: Path) -> None:
    begun = made(tmp_path)
    files = TlsFiles(tmp_path / "etc" / "tls")
    before = files.certificate("server").read_text()

    renew(files, begun.settings.names, now() + timedelta(days=300))

    assert trust.valid_until(files.certificate("server").read_text()) > trust.valid_until(before)
    assert authority(files).fingerprint == begun.fingerprint


def test_the_server_serves_what_was_made(tmp_path: Path) -> None:
    """The process as systemd runs it; OVN is away, which keeps nobody from asking."""
    begun = made(tmp_path, listen="127.0.0.1:17444")
    url, place = begun.settings.public_url, tmp_path / "ca.pem"
    argv = [sys.executable, "-m", "weft.server", "--config", str(begun.config)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
        try:
            place.write_text(eventually(lambda: _pinned(url, str(begun.fingerprint)), within_s=30))
            with Client(url, token=begun.admin_token, ca=place) as client:
                names = [project["name"] for project in client.list("projects")]
        finally:
            server.terminate()
            output = server.communicate(timeout=20)[0].decode()

    assert names == ["default"]
    assert str(begun.admin_token) not in output


def _pinned(url: str, fingerprint: str) -> str:
    from weft.client import ServerUnreachable

    try:
        return pinned_ca(url, fingerprint)
    except ServerUnreachable:
        return ""


def test_a_server_without_certificates_says_how_to_make_them(tmp_path: Path) -> None:
    begun = made(tmp_path)
    (tmp_path / "etc" / "tls").rename(tmp_path / "etc" / "away")

    done = subprocess.run(
        [sys.executable, "-m", "weft.server", "--config", str(begun.config)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert "weft server init" in done.stderr


def test_a_unix_socket_is_its_owners_only_and_serves(tmp_path: Path) -> None:
    path = tmp_path / "weft.sock"
    begun = made(tmp_path, tls="off", listen=f"unix:{path}")
    argv = [sys.executable, "-m", "weft.server", "--config", str(begun.config)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
        try:
            eventually(path.exists, within_s=30)
            with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as client:
                answer = eventually(lambda: client.get("http://weft/healthz"))
            mode = oct(stat.S_IMODE(path.stat().st_mode))
        finally:
            server.terminate()
            server.communicate(timeout=20)

    assert (answer.status_code, mode) == (200, "0o600")
