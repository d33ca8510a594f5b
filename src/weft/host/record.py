"""What this host was before it joined, and what it was given: kept on disk from the first step to the last.

The record is written before anything is changed, and at once with the credentials, so that a join that was
killed can be repeated, and a host that leaves gets back exactly what it had. It holds secrets: root alone
reads it.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from weft.client.join import Joined
from weft.host.facts import SslFiles
from weft.model.errors import Invalid

_FORMAT = 1


class Phase(StrEnum):
    """How far a host is."""

    JOINING = "joining"
    JOINED = "joined"
    LEAVING = "leaving"


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """Whatever join replaces, as it was. What is absent here was not there."""

    external_ids: Mapping[str, str]
    other_config: Mapping[str, str]
    ssl: SslFiles | None
    integration_bridge: Mapping[str, str] | None
    """The columns of br-int, which was empty; ovn-controller makes one as soon as it is installed."""
    files: Mapping[str, str]
    folders: tuple[str, ...] = ()
    """Those that join makes if need be and that were there, perhaps empty."""
    controller_ran: bool
    controller_enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The life of this machine as a host."""

    phase: Phase
    host: str
    before: Before
    token: str
    """The hash of the join token that was used last: with the same one, joining goes on where it stopped."""
    key: str = field(repr=False)
    """The private key (PEM), which never leaves this host."""
    joined: Joined

    def now(self, phase: Phase) -> "Record":
        """The same, further."""
        return replace(self, phase=phase)


def read(path: Path) -> Record | None:
    """The record of this host; None if it is none. Raises Invalid when the file is not a record."""
    try:
        body = json.loads(path.read_text())
        return _record(body)
    except FileNotFoundError:
        return None
    except (ValueError, LookupError, TypeError) as error:
        raise Invalid(
            f"{path} is not the record of a host ({error}); restore it from a backup: without it nobody "
            "knows what this host was before it joined"
        ) from error


def write(path: Path, record: Record) -> None:
    """Keep the record: whole and on disk when the call returns, or the old one (rename(2))."""
    put(path, json.dumps({"format": _FORMAT, **asdict(record)}, indent=1) + "\n", mode=0o600)


def put(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Write a file: whole or not at all, never readable by more than `mode` says. Idempotent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _record(body: dict[str, Any]) -> Record:
    if body["format"] != _FORMAT:
        raise ValueError(f"its format is {body['format']}, and this Weft knows {_FORMAT}")
    before, joined = body["before"], body["joined"]
    ssl, folders = before.pop("ssl"), tuple(before.pop("folders", ()))
    joined["projects"] = tuple(joined["projects"])
    return Record(
        phase=Phase(body["phase"]),
        host=body["host"],
        token=body["token"],
        key=body["key"],
        joined=Joined(**joined),
        before=Before(**before, ssl=None if ssl is None else SslFiles(**ssl), folders=folders),
    )
