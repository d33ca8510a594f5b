"""How the lab's machines come to trust each other: as real ones do, by `weft server init` and join tokens.

A bare lab has no server to join; there the CA's own key signs.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from weft import trust
from weft.client.join import join
from weft.installation.files import TlsFiles, authority
from weft.lab.layout import SERVER_PORT, SOUTHBOUND_PORT, UNDERLAY_MTU, Lab, LabHost
from weft.lab.processes import run_on
from weft.model.ids import HostName

HOST_TOKEN = Path("/var/lib/weft/host-token")


def init_server(lab: Lab, *, encapsulation: str) -> None:
    """Settings, CA, certificates and database on the central host; Southbound opened to hosts over TLS."""
    central = lab.central
    said = run_on(
        central,
        *(sys.executable, "-m", "weft.cli", "server", "init", "-o", "json"),
        *("--name", str(central.address), "--listen", f"{central.address}:{SERVER_PORT}"),
        *("--encapsulation", encapsulation, "--underlay-mtu", str(UNDERLAY_MTU)),
    )
    kept = lab.root / "admin-token"
    kept.touch(mode=0o600)
    kept.write_text(json.loads(said)["admin_token"])
    tls = TlsFiles(Path("/etc/weft/tls"))
    run_on(
        central,
        *("ovn-sbctl", "--timeout=10", "set-ssl"),
        *(str(tls.key("ovn")), str(tls.certificate("ovn")), str(tls.certificate("ca"))),
    )
    target = f"pssl:{SOUTHBOUND_PORT}:{central.address}"
    run_on(central, "ovn-sbctl", "--timeout=10", "set-connection", "role=ovn-controller", target)


def admin_token(lab: Lab) -> str:
    """The token that `weft server init` showed."""
    return (lab.root / "admin-token").read_text().strip()


def join_host(host: LabHost, token: str | None) -> None:
    """The host's key, certificate, CA and token, by a join token; None: signed by the CA's own key."""
    if token is None:
        key = trust.new_key()
        ours = authority(TlsFiles(host.lab.central.directory / "etc-weft" / "tls"))
        csr = trust.request(key, host.name)
        signed = ours.host(HostName(host.name), csr, datetime.now(UTC))
        _write(host.directory / "etc-weft", key, signed, ours.credential.certificate)
        return
    run_on(host, sys.executable, "-m", "weft.lab.credentials", token, host.name)


def _write(place: Path, key: str, certificate: str, ca: str) -> None:
    for name, text in (("host.key", key), ("host.pem", certificate), ("ca.pem", ca)):
        (place / name).touch(mode=0o600)
        (place / name).write_text(text)


def _join_here(token: str, name: str) -> None:
    """On the host itself: only from there the server is reached."""
    key = trust.new_key()
    joined = join(token, name, trust.request(key, name))
    _write(Path("/etc/weft"), key, joined.certificate, joined.ca)
    HOST_TOKEN.touch(mode=0o600)
    HOST_TOKEN.write_text(joined.token)


if __name__ == "__main__":
    _join_here(*sys.argv[1:])
