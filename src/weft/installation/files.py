"""The certificates of an installation as files: one directory, made as a whole; keys are for their owner."""

import os
import shutil
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from weft.model.errors import Invalid
from weft.trust import Authority, Credential

SERVER_NAME = "weft server"
DATABASES_NAME = "ovn databases"
"""Common names with a space: no host can be called so."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where the certificates (`.pem`) and keys (`.key`) of an installation are."""

    place: Path

    def certificate(self, name: str) -> Path:
        """The certificate of `ca`, of the `server`, or of OVN's databases (`ovn`)."""
        return self.place / f"{name}.pem"

    def key(self, name: str) -> Path:
        """Its private key."""
        return self.place / f"{name}.key"


def create(files: TlsFiles, names: Sequence[str], now: datetime) -> bool:
    """Make a CA and the server's certificates, for `names`; False if there are some already.

    All or nothing, and nothing is ever overwritten.
    """
    if files.place.exists():
        return False
    authority = Authority.new(now)
    draft = TlsFiles(files.place.with_name(f"{files.place.name}.new"))
    shutil.rmtree(draft.place, ignore_errors=True)
    draft.place.mkdir(parents=True, mode=0o755)
    _write(draft, "ca", authority.credential)
    _write_servers(draft, authority, names, now)
    draft.place.rename(files.place)
    return True


def renew(files: TlsFiles, names: Sequence[str], now: datetime) -> None:
    """New certificates and keys for the server and OVN's databases, from the same CA."""
    _write_servers(files, authority(files), names, now)


def authority(files: TlsFiles) -> Authority:
    """The CA. Raises Invalid if it cannot be read."""
    try:
        certificate, key = (path.read_text() for path in (files.certificate("ca"), files.key("ca")))
    except OSError as error:
        raise Invalid(
            f"the CA cannot be read from {error.filename} ({error.strerror}); "
            "make one with `weft server init`",
            field="tls_dir",
        ) from error
    return Authority(Credential(certificate=certificate, key=key))


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """TLS towards OVN's databases: shows the server's certificate, and trusts our CA only."""
    context = ssl.create_default_context(cafile=files.certificate("ca"))
    context.load_cert_chain(files.certificate("server"), files.key("server"))
    return context


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads: whole or not at all."""
    _replace(path, text, 0o600)


def _write_servers(files: TlsFiles, authority: Authority, names: Sequence[str], now: datetime) -> None:
    reached = [*names, *(name for name in ("localhost", "127.0.0.1", "::1") if name not in names)]
    for name, common_name in (("server", SERVER_NAME), ("ovn", DATABASES_NAME)):
        _write(files, name, authority.server(common_name, reached, now))


def _write(files: TlsFiles, name: str, credential: Credential) -> None:
    _replace(files.key(name), credential.key, 0o600)
    _replace(files.certificate(name), credential.certificate, 0o644)


def _replace(path: Path, text: str, mode: int) -> None:
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, mode)  # whatever the umask
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)
