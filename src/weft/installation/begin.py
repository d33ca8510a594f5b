"""Make an installation on this machine: settings, CA and certificates, database, the administrator's token.

Every step leaves alone what is there, so it can be run again after it was cut off.
"""

import json
import socket
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from weft.installation.files import TlsFiles, authority, create, write_private
from weft.model.errors import Invalid
from weft.settings import ServerSettings, load_server
from weft.store import Limits, Store, tokens
from weft.store.tokens import Role

Clock = Callable[[], datetime]

_SOMEWHERE = ("192.0.2.1", 9)
"""A documentation address (RFC 5737): asking the kernel for the way there sends nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An installation. `admin_token` is shown this once, None if there was an administrator already."""

    config: Path
    settings: ServerSettings
    fingerprint: str | None
    admin_token: str | None = field(repr=False)

    @property
    def login(self) -> str:
        """What an administrator types next, on whichever machine."""
        pin = "" if self.fingerprint is None else f" --ca-fingerprint {self.fingerprint}"
        return f"weft login {self.settings.public_url}{pin}"


def begin(config: Path, wanted: Mapping[str, object], now: Clock) -> Begun:
    """Make what is missing. Idempotent; nothing is overwritten.

    `wanted` are settings by name; they must agree with a file that exists. Raises Invalid.
    """
    if config.exists():
        settings = load_server(config)
        _check_agrees(config, settings, wanted)
    else:
        settings = _write_settings(config, wanted)
    make_places(settings)
    fingerprint = None
    if settings.tls == "on":
        files = TlsFiles(settings.tls_dir)
        create(files, settings.names, now())
        fingerprint = authority(files).fingerprint
    with closing(_opened(settings, now)) as store:
        token = tokens.first_admin_token(store)
    return Begun(config=config, settings=settings, fingerprint=fingerprint, admin_token=token)


def another_admin_token(settings: ServerSettings, now: Clock) -> str:
    """A new administrator's token, for whoever is root here and lost the first. The server may be running."""
    with closing(_opened(settings, now)) as store, store.write("weft") as tx:
        return tokens.issue_for_person(tx, role=Role.ADMIN)[0]


def _write_settings(config: Path, wanted: Mapping[str, object]) -> ServerSettings:
    """A file that is read back before it gets its name, so that a wrong one never has it."""
    values = dict(wanted)
    if values.get("tls") != "off":
        values["names"] = values.get("names") or _own_names()
        values.setdefault("tls_dir", config.parent / "tls")
    draft, settings = drafted(config, values)
    draft.rename(config)
    return settings


def drafted(config: Path, values: Mapping[str, object]) -> tuple[Path, ServerSettings]:
    """Settings in a file beside `config`, and as read from there. Raises Invalid, and leaves no file."""
    config.parent.mkdir(parents=True, exist_ok=True)
    draft = config.with_name(f"{config.name}.new")
    # A JSON string without characters above ASCII is a TOML basic string, too.
    lines = (f"{name} = {json.dumps(_plain(value))}\n" for name, value in values.items())
    write_private(draft, "".join(lines))
    try:
        return draft, load_server(draft)
    except Invalid:
        draft.unlink()
        raise


def _check_agrees(config: Path, settings: ServerSettings, wanted: Mapping[str, object]) -> None:
    for name, value in wanted.items():
        kept = _plain(getattr(settings, name))
        if kept != _plain(value):
            raise Invalid(
                f"{config} exists and says {name} = {kept!r}, not {_plain(value)!r}; "
                "edit the file, or leave the option out",
                field=name,
            )


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return [str(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def make_places(settings: ServerSettings) -> None:
    """The directories of the server's state and of a database that is a file. Idempotent."""
    settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = database_file(settings.database_url)
    if database is not None:
        database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)


def database_file(url: str) -> Path | None:
    """The file that a database is in, if it is SQLite's."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def _opened(settings: ServerSettings, now: Clock) -> Store:
    limits = Limits.of(settings.encapsulation)
    return Store.open(settings.database_url, now=now, new_id=uuid4, limits=limits)


def _own_names() -> list[str]:
    """How this machine is reached: its address towards the default route, and its name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(_SOMEWHERE)
        except OSError as error:
            raise Invalid(
                "this machine has no default route, so its address cannot be guessed; "
                "name it with --name ADDRESS",
                field="names",
            ) from error
        address = asking.getsockname()[0]
    return [address, socket.gethostname()]
