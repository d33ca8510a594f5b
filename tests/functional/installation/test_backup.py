"""An installation comes back from one file as it was, also into another kind of database."""

import io
import json
import os
import stat
import subprocess
import sys
import tarfile
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from tests.functional.conftest import NewDatabase
from tests.support.eventually import eventually

from weft import trust
from weft.installation.backup import backup, restore
from weft.installation.begin import Begun, begin
from weft.installation.files import TlsFiles, authority
from weft.installation.running import running, stopped
from weft.model.errors import Conflict, Invalid, WeftError
from weft.model.ids import HostName, Revision
from weft.model.snapshot import Snapshot
from weft.store import Store, hosts, join_tokens, networks, ports, status, tables, tokens
from weft.store.dump import GAP
from weft.store.engine import newest_version
from weft.store.networks import NewNetwork, NewSubnet
from weft.store.ports import NewPort
from weft.store.status import PortState
from weft.store.tokens import Role

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def now() -> datetime:
    return NOW


def installation(place: Path, url: str) -> Begun:
    wanted = {
        "listen": "127.0.0.1:17443",
        "names": ["127.0.0.1"],
        "database_url": url,
        "state_dir": place / "state",
        "resync_s": 17.5,
    }
    return begin(place / "etc" / "server.toml", wanted, now)


def lived_in(url: str) -> Snapshot:
    """A network with a subnet and a port, a host with a token, and something that was only observed."""
    store = Store.open(url, now=now, new_id=uuid4)
    with store.write("ann") as tx:
        project = next(iter(tx.snapshot.projects))
        net = networks.add_network(tx, NewNetwork(project_id=project, name="nét"))
        networks.add_subnet(tx, net.id, NewSubnet(cidr=ip_network("10.1.0.0/24")))
        hosts.add_host(tx, name=HostName("h1"), projects=frozenset({project}))
    with store.write("ann") as tx:
        port = ports.add_port(tx, NewPort(project_id=project, network_id=net.id, name="p", labels={"a": "ü"}))
    with store.write("ann") as tx:
        ports.remove_port(tx, port.id)
        kept = ports.add_port(tx, NewPort(project_id=project, network_id=net.id, name="q"))
    status.set_port_status(store, kept.id, state=PortState.UP)
    snapshot = store.snapshot()
    store.close()
    return snapshot


def reopened(url: str) -> Store:
    return Store.open(url, now=now, new_id=uuid4)


def contents(place: Path) -> dict[str, bytes]:
    return {str(p.relative_to(place)): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_was_declared_comes_back_as_it_was(
    tmp_path: Path, url: str, kind: str, new_database: NewDatabase
) -> None:
    other_url = new_database(kind)
    begun = installation(tmp_path / "old", url)
    before = lived_in(url)
    backup(begun.config, tmp_path / "saved", NOW)

    done = restore(tmp_path / "saved", tmp_path / "new" / "server.toml", NOW, database_url=other_url)

    store = reopened(other_url)
    after = store.snapshot()
    for name in ("projects", "networks", "subnets", "ports", "hosts", "groups"):
        assert getattr(after, name) == getattr(before, name), name
    changes = store.changes(Revision(0))
    store.close()
    old = reopened(url)
    assert changes == old.changes(Revision(0)), "and so does its history"
    old.close()
    assert done.settings.resync_s == 17.5


def test_everybody_is_known_as_before(tmp_path: Path, url: str, other_url: str) -> None:
    begun = installation(tmp_path / "old", url)
    lived_in(url)
    store = reopened(url)
    with store.write("ann") as tx:
        host_token = tokens.issue(tx, role=Role.HOST, name="host h1", host=HostName("h1"))
        invitation = join_tokens.issue_join_token(tx, host=HostName("h1")).token
    store.close()
    backup(begun.config, tmp_path / "saved", NOW)

    restored = restore(tmp_path / "saved", tmp_path / "new" / "server.toml", NOW, database_url=other_url)

    store = reopened(other_url)
    admin = tokens.find(store, str(begun.admin_token), NOW)
    host = tokens.find(store, host_token, NOW)
    with store.write("test") as tx:
        again = join_tokens.redeem_join_token(tx, invitation, HostName("h1"))
    store.close()
    assert (admin is not None, host is not None, bool(again)) == (True, True, True)
    assert authority(TlsFiles(restored.settings.tls_dir)).fingerprint == begun.fingerprint
    key = trust.new_key()
    assert authority(TlsFiles(restored.settings.tls_dir)).host(HostName("h2"), trust.request(key, "h2"), NOW)


def test_revisions_do_not_come_again_after_a_restore(tmp_path: Path, url: str, other_url: str) -> None:
    """Followers have seen numbers that were made after the backup."""
    begun = installation(tmp_path / "old", url)
    before = lived_in(url)
    backup(begun.config, tmp_path / "saved", NOW)

    done = restore(tmp_path / "saved", tmp_path / "new" / "server.toml", NOW, database_url=other_url)

    store = reopened(other_url)
    with store.write("ann") as tx:
        networks.add_project(tx, name="next")
    assert done.revision == before.revision + GAP
    assert store.revision == done.revision + 1
    assert [c.revision for c in store.changes(done.revision)] == [store.revision]
    assert store.committed_at(done.revision) == NOW
    store.close()


def test_what_was_only_observed_is_observed_anew(tmp_path: Path, url: str, other_url: str) -> None:
    begun = installation(tmp_path / "old", url)
    before = lived_in(url)
    backup(begun.config, tmp_path / "saved", NOW)
    restore(tmp_path / "saved", tmp_path / "new" / "server.toml", NOW, database_url=other_url)

    store = reopened(other_url)
    states = status.port_statuses(store)
    store.close()

    assert before.ports
    assert states == {}


def test_the_backup_is_roots_only_and_files_come_back_with_their_modes(tmp_path: Path, lite: str) -> None:
    begun = installation(tmp_path / "old", lite)
    backup(begun.config, tmp_path / "saved", NOW)
    other = f"sqlite:///{tmp_path}/restored.db"

    done = restore(tmp_path / "saved", tmp_path / "new" / "server.toml", NOW, database_url=other)

    private = [tmp_path / "saved", tmp_path / "new" / "server.toml", tmp_path / "restored.db"]
    private += list(done.settings.tls_dir.glob("*.key"))
    assert len(private) == 6
    assert {oct(stat.S_IMODE(p.stat().st_mode)) for p in private} == {"0o600"}
    assert not list(tmp_path.glob(".weft-backup-*"))


def test_a_backup_is_not_written_over_another(tmp_path: Path, lite: str) -> None:
    begun = installation(tmp_path / "old", lite)
    (tmp_path / "saved").write_text("last week's")

    with pytest.raises(Conflict, match="exists"):
        backup(begun.config, tmp_path / "saved", NOW)

    assert (tmp_path / "saved").read_text() == "last week's"


def test_an_installation_is_not_overwritten(tmp_path: Path, lite: str, other_lite: str) -> None:
    begun = installation(tmp_path / "old", lite)
    backup(begun.config, tmp_path / "saved", NOW)
    before = contents(tmp_path / "old" / "etc")

    with pytest.raises(Conflict, match="installation here already"):
        restore(tmp_path / "saved", begun.config, NOW, database_url=other_lite)

    assert contents(tmp_path / "old" / "etc") == before


def test_a_database_in_use_is_not_overwritten(tmp_path: Path, url: str) -> None:
    begun = installation(tmp_path / "old", url)
    before = lived_in(url)
    backup(begun.config, tmp_path / "saved", NOW)

    with pytest.raises(Conflict, match="not empty"):
        restore(tmp_path / "saved", tmp_path / "new" / "server.toml", NOW)

    store = reopened(url)
    assert store.snapshot().ports == before.ports
    assert store.revision == before.revision
    store.close()
    assert not (tmp_path / "new" / "server.toml").exists()
    assert not (tmp_path / "new" / "tls").exists()


def test_certificates_are_not_overwritten(tmp_path: Path, lite: str, other_lite: str) -> None:
    begun = installation(tmp_path / "old", lite)
    backup(begun.config, tmp_path / "saved", NOW)
    (tmp_path / "new" / "tls").mkdir(parents=True)

    with pytest.raises(Conflict, match="certificates here already"):
        restore(tmp_path / "saved", tmp_path / "new" / "server.toml", NOW, database_url=other_lite)


def test_nothing_is_restored_under_a_running_server(tmp_path: Path, lite: str, other_lite: str) -> None:
    begun = installation(tmp_path / "old", lite)
    backup(begun.config, tmp_path / "saved", NOW)

    with running(begun.settings.state_dir), pytest.raises(Conflict, match="server is running"):
        restore(tmp_path / "saved", tmp_path / "new" / "server.toml", NOW, database_url=other_lite)

    restore(tmp_path / "saved", tmp_path / "new" / "server.toml", NOW, database_url=other_lite)


def test_two_servers_may_run_and_none_starts_during_a_restore(tmp_path: Path) -> None:
    with running(tmp_path), running(tmp_path):
        pass
    with stopped(tmp_path), pytest.raises(Conflict, match="being restored"), running(tmp_path):
        pass


def tampered(saved: Path, target: Path, **members: bytes | None) -> Path:
    """The backup with members replaced, or left out."""
    with tarfile.open(saved) as old, tarfile.open(target, "w:gz") as new:
        for member in old.getmembers():
            name = member.name.replace(".", "_").replace("/", "_")
            content = members.get(name, old.extractfile(member).read())  # type: ignore[union-attr]
            if content is None:
                continue
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    return target


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"manifest_json": None}, "no manifest.json"),
        ({"manifest_json": b"{}"}, "not a backup"),
        ({"manifest_json": b'{"format":9,"weft":"9","schema":"x","revision":1,"made_at":""}'}, "format 9"),
        (
            {"manifest_json": b'{"format":1,"weft":"9","schema":"9999","revision":1,"made_at":""}'},
            "newer Weft",
        ),
        ({"rows_jsonl": None}, "no rows.jsonl"),
        ({"rows_jsonl": b"not json\n"}, "damaged"),
        ({"rows_jsonl": b'{"table":"none","row":{}}\n'}, "damaged"),
        ({"rows_jsonl": b'{"table":"head","row":{"id":1,"revision":1,"new":1}}\n'}, "damaged"),
        ({"rows_jsonl": b""}, "damaged"),
    ],
)
def test_a_damaged_backup_leaves_nothing(
    tmp_path: Path, lite: str, other_lite: str, members: dict[str, bytes | None], said: str
) -> None:
    begun = installation(tmp_path / "old", lite)
    backup(begun.config, tmp_path / "saved", NOW)
    bad = tampered(tmp_path / "saved", tmp_path / "bad", **members)

    with pytest.raises(Invalid, match=said):
        restore(bad, tmp_path / "new" / "server.toml", NOW, database_url=other_lite)

    assert not (tmp_path / "new" / "server.toml").exists()
    whole = restore(tmp_path / "saved", tmp_path / "new" / "server.toml", NOW, database_url=other_lite)
    assert whole.revision > GAP


@pytest.mark.parametrize("content", [b"", b"plain text", os.urandom(2000)])
def test_what_is_no_backup_is_said_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)

    with pytest.raises(Invalid, match="cannot be read as a backup"):
        restore(tmp_path / "file", tmp_path / "new" / "server.toml", NOW)


def test_a_cut_off_file_leaves_nothing(tmp_path: Path, url: str, other_url: str) -> None:
    begun = installation(tmp_path / "old", url)
    lived_in(url)
    backup(begun.config, tmp_path / "saved", NOW)
    whole = (tmp_path / "saved").read_bytes()
    (tmp_path / "half").write_bytes(whole[: len(whole) - 200])

    with pytest.raises(WeftError):
        restore(tmp_path / "half", tmp_path / "new" / "server.toml", NOW, database_url=other_url)

    done = restore(tmp_path / "saved", tmp_path / "new" / "server.toml", NOW, database_url=other_url)
    assert done.manifest.revision > 1


def test_a_backup_of_an_older_schema_is_brought_up_to_date(tmp_path: Path, url: str, other_url: str) -> None:
    """Rows as the first version had them, in a backup that says so."""
    begun = installation(tmp_path / "old", url)
    backup(begun.config, tmp_path / "saved", NOW)
    first = b"".join(
        json.dumps({"table": table, "row": row}).encode() + b"\n"
        for table, row in (
            ("head", {"id": 1, "revision": 1}),
            ("revisions", {"revision": 1, "at": NOW.isoformat(), "author": "weft"}),
            ("tokens", {"hash": tokens.hashed("old"), "role": "admin", "name": "admin", "host": None,
                        "project_id": None, "expires_at": None}),
        )
    )  # fmt: skip
    manifest = {"format": 1, "weft": "0", "schema": "0001", "revision": 1, "made_at": NOW.isoformat()}
    old = tampered(
        tmp_path / "saved", tmp_path / "older", rows_jsonl=first, manifest_json=json.dumps(manifest).encode()
    )

    restore(old, tmp_path / "new" / "server.toml", NOW, database_url=other_url)

    store = reopened(other_url)
    found = tokens.find(store, "old", NOW)
    store.close()
    assert found is not None


def test_a_database_of_an_older_schema_is_not_saved_by_halves(tmp_path: Path, lite: str) -> None:
    begun = installation(tmp_path / "old", lite)
    store = reopened(lite)
    with store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    store.close()

    with pytest.raises(Invalid, match=f"0001, and this Weft has {newest_version()}"):
        backup(begun.config, tmp_path / "saved", NOW)

    assert [p.name for p in tmp_path.iterdir() if "saved" in p.name or "backup" in p.name] == []


def test_there_is_nothing_to_save_where_nothing_was_made(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/none.db"
    begun = installation(tmp_path / "old", url)
    (tmp_path / "none.db").unlink()

    with pytest.raises(Invalid, match="no database"):
        backup(begun.config, tmp_path / "saved", NOW)

    assert not (tmp_path / "none.db").exists()


def test_every_column_is_of_a_type_that_json_carries() -> None:
    carried = (sa.Text, sa.Integer, sa.BigInteger, sa.JSON)

    others = [
        f"{table.name}.{column.name}"
        for table in tables.metadata.sorted_tables
        for column in table.columns
        if not isinstance(column.type, carried)
    ]

    assert others == []


def test_a_running_server_is_saved_and_another_goes_on_from_there(tmp_path: Path) -> None:
    """The commands as root types them."""
    config, saved = tmp_path / "etc" / "server.toml", tmp_path / "saved"
    wanted = {
        "listen": f"unix:{tmp_path}/weft.sock",
        "tls": "off",
        "database_url": f"sqlite:///{tmp_path}/state/server.db",
        "state_dir": tmp_path / "state",
    }
    begin(config, wanted, lambda: datetime.now(UTC))
    server = [sys.executable, "-m", "weft.server", "--config", str(config)]
    weft = [sys.executable, "-m", "weft.cli"]
    with subprocess.Popen(server, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            eventually((tmp_path / "weft.sock").exists, within_s=30)
            subprocess.run([*weft, "backup", str(saved), "--config", str(config)], check=True)
            (tmp_path / "etc").rename(tmp_path / "gone")
            refused = subprocess.run(
                [*weft, "restore", str(saved), "--config", str(config)],
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            process.terminate()
            process.wait(timeout=20)
    for file in (tmp_path / "state").glob("server.db*"):
        file.unlink()

    done = subprocess.run(
        [*weft, "restore", str(saved), "--config", str(config)], capture_output=True, text=True, check=False
    )

    assert (refused.returncode, "server is running" in refused.stderr) == (1, True)
    assert done.returncode == 0, done.stderr
    assert reopened(str(wanted["database_url"])).revision == 1 + GAP
