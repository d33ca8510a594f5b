"""What a host was before it joined is not lost."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.hosts import BEFORE, JOINED, RECORD

from weft.host.facts import SslFiles
from weft.host.record import put, read, write
from weft.model.errors import Invalid


@pytest.mark.parametrize("ssl", [None, SslFiles("key", "certificate", "ca")])
def test_what_is_written_is_read(tmp_path: Path, ssl: SslFiles | None) -> None:
    before = replace(
        BEFORE, ssl=ssl, integration_bridge={"fail_mode": "secure"}, folders=("/etc/cni", "/opt/cni")
    )
    record = replace(RECORD, before=before)

    write(tmp_path / "lib/host.json", record)

    assert read(tmp_path / "lib/host.json") == record


def test_a_record_of_a_weft_that_knew_of_no_folders_is_read(tmp_path: Path) -> None:
    write(tmp_path / "host.json", RECORD)
    body = json.loads((tmp_path / "host.json").read_text())
    del body["before"]["folders"]
    (tmp_path / "host.json").write_text(json.dumps(body))

    assert read(tmp_path / "host.json") == RECORD


def test_a_machine_without_a_record_is_no_host(tmp_path: Path) -> None:
    assert read(tmp_path / "host.json") is None


def test_the_record_is_for_root_alone(tmp_path: Path) -> None:
    write(tmp_path / "host.json", RECORD)

    assert (tmp_path / "host.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 9}', "not json"])
def test_what_is_no_record_is_said_and_not_taken_for_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "host.json").write_text(text)

    with pytest.raises(Invalid, match=r"host\.json"):
        read(tmp_path / "host.json")


def test_a_file_that_is_written_again_keeps_no_draft(tmp_path: Path) -> None:
    put(tmp_path / "a", "one", mode=0o600)
    put(tmp_path / "a", "two", mode=0o600)

    assert (tmp_path / "a").read_text() == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_secrets_do_not_show_when_a_record_is_printed() -> None:
    assert JOINED.token not in repr(RECORD)
    assert RECORD.key not in repr(RECORD)
