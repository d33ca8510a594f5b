"""An installation in one file: database, settings, CA and certificates; and back, also into another database.

The file is a compressed tar archive. Whoever reads it can sign certificates of the CA: it is for root only.
"""

import gzip
import io
import json
import shutil
import tarfile
import tempfile
import tomllib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO

from weft.installation.begin import database_file, drafted, make_places
from weft.installation.files import write_private
from weft.installation.running import stopped
from weft.model.errors import Conflict, Invalid
from weft.model.ids import Revision
from weft.settings import ServerSettings, load_server
from weft.store.dump import dump, load
from weft.store.engine import connect, newest_version

FORMAT = 1

_MANIFEST, _ROWS, _SETTINGS, _TLS = "manifest.json", "rows.jsonl", "server.toml", "tls/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup is of."""

    format: int
    weft: str
    schema: str
    revision: int
    made_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restored installation starts with. `revision` is beyond all that were ever made before."""

    manifest: Manifest
    settings: ServerSettings
    revision: Revision


def backup(config: Path, target: Path, now: datetime) -> Manifest:
    """Write `target`, as of one moment; the server may be running. Raises Invalid, Conflict.

    Whole or not at all; an existing file is not overwritten.
    """
    settings = load_server(config)
    if target.exists():
        raise Conflict(f"{target} exists; a backup is not written over another")
    draft = target.with_name(f"{target.name}.new")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".weft-backup-") as place:
            rows = Path(place) / _ROWS
            revision = _dump(settings, rows)
            made = Manifest(
                format=FORMAT,
                weft=version("weft"),
                schema=newest_version() or "",
                revision=revision,
                made_at=now.isoformat(),
            )
            draft.unlink(missing_ok=True)
            draft.touch(mode=0o600)
            with draft.open("wb") as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
                _pack(archive, made, rows, config, settings)
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    return made


def _dump(settings: ServerSettings, rows: Path) -> Revision:
    file = database_file(settings.database_url)
    if file is not None and not file.exists():
        raise Invalid(f"there is no database {file}, so there is nothing to save", field="database_url")
    engine = connect(settings.database_url)
    try:
        with rows.open("w", encoding="utf-8") as out:
            return dump(engine, out)
    finally:
        engine.dispose()


def _pack(
    archive: tarfile.TarFile, manifest: Manifest, rows: Path, config: Path, settings: ServerSettings
) -> None:
    said = json.dumps({name: getattr(manifest, name) for name in Manifest.__slots__}).encode()
    header = tarfile.TarInfo(_MANIFEST)
    header.size = len(said)
    archive.addfile(header, io.BytesIO(said))
    archive.add(config, _SETTINGS)
    if settings.tls == "on":
        for path in sorted([*settings.tls_dir.glob("*.pem"), *settings.tls_dir.glob("*.key")]):
            archive.add(path, f"{_TLS}{path.name}")
    archive.add(rows, _ROWS)


def restore(source: Path, config: Path, now: datetime, *, database_url: str | None = None) -> Restored:
    """Make the installation that `source` is of, where there is none. Raises Conflict, Invalid.

    The database is filled in one transaction, and the settings get their name last: without them no server
    starts. `database_url` replaces the one in the backup. Certificates go beside the settings.
    """
    if config.exists():
        raise Conflict(f"{config} exists: there is an installation here already, and it is not overwritten")
    with _opened(source) as archive:
        manifest = _manifest(archive)
        values: dict[str, object] = tomllib.loads(_text(archive, _SETTINGS))
        if database_url is not None:
            values["database_url"] = database_url
        if "tls_dir" in values:
            values["tls_dir"] = config.parent / "tls"
        draft, settings = drafted(config, values)
        try:
            with stopped(settings.state_dir):
                revision = _fill(archive, manifest, settings, now)
                draft.rename(config)
        finally:
            draft.unlink(missing_ok=True)
    return Restored(manifest=manifest, settings=settings, revision=revision)


def _fill(archive: tarfile.TarFile, manifest: Manifest, settings: ServerSettings, now: datetime) -> Revision:
    """Certificates and database."""
    tls = settings.tls_dir
    if settings.tls == "on" and tls.exists():
        raise Conflict(f"{tls} exists: there are certificates here already, and they are not overwritten")
    make_places(settings)
    certificates = tls.with_name(f"{tls.name}.new")
    if settings.tls == "on":
        _unpack(archive, certificates)
    engine = connect(settings.database_url)
    try:
        lines = io.TextIOWrapper(_member(archive, _ROWS), encoding="utf-8")
        revision = load(engine, lines, version=manifest.schema, at=now)
    finally:
        engine.dispose()
    if settings.tls == "on":
        certificates.rename(tls)
    return revision


def _unpack(archive: tarfile.TarFile, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True, mode=0o755)
    names = [name for name in archive.getnames() if name.startswith(_TLS)]
    for name in names:
        path = place / Path(name).name
        write_private(path, _text(archive, name))
        if path.suffix == ".pem":
            path.chmod(0o644)


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    if not source.is_file():
        raise Invalid(f"there is no backup {source}", field="file")
    try:
        with tarfile.open(source, "r:gz") as archive:
            yield archive
    except (EOFError, tarfile.TarError, zlib.error, gzip.BadGzipFile) as error:
        raise Invalid(f"{source} cannot be read as a backup ({error})", field="file") from error


def _manifest(archive: tarfile.TarFile) -> Manifest:
    try:
        found = Manifest(**json.loads(_text(archive, _MANIFEST)))
    except (TypeError, ValueError) as error:
        raise Invalid("this is not a backup that this Weft can read", field="file") from error
    if found.format != FORMAT:
        raise Invalid(f"the backup has format {found.format}, and this Weft reads {FORMAT}", field="file")
    return found


def _text(archive: tarfile.TarFile, name: str) -> str:
    return _member(archive, name).read().decode()


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        found = archive.extractfile(name)
    except KeyError:
        found = None
    if found is None:
        raise Invalid(f"the backup has no {name}; is it one of Weft's?", field="file")
    return found
