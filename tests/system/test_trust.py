"""Who is believed in the lab: no plain text on TCP, and a host's certificate reaches its own rows only."""

import re
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from weft import trust
from weft.lab.layout import SERVER_PORT, SOUTHBOUND_PORT, Lab, LabHost
from weft.lab.processes import run_on, start_on, stop_on, try_on, until
from weft.model.ids import HostName

OURS = {"python", "python3", "weft", "ovsdb-server", "ovn-northd", "ovn-controller", "ovs-vswitchd"}

PLAIN = r"""
import socket, sys
address, port = sys.argv[1:]
for said in (b"GET /healthz HTTP/1.0\r\n\r\n", b'{"id":1,"method":"list_dbs","params":[]}', b"x" * 64):
    with socket.create_connection((address, int(port)), timeout=5) as connection:
        connection.sendall(said)
        heard = b""
        try:
            while chunk := connection.recv(4096):
                heard += chunk
        except (ConnectionResetError, TimeoutError):
            pass
    print(heard.hex() or "-")
"""
"""A TLS record that says "this is no TLS" (an alert, type 21) may come back, and nothing else."""


def listening(host: LabHost) -> set[tuple[str, str, int]]:
    """Program, address and port of every TCP socket that listens on `host` and is ours."""
    lines = run_on(host, "ss", "-Htlnp").splitlines()
    found = set()
    for line in lines:
        address, _, port = line.split()[3].rpartition(":")
        program = re.search(r'\(\("([^"]+)"', line)
        assert program is not None, line
        found.add((program[1], address.strip("[]"), int(port)))
    return {socket for socket in found if socket[0] in OURS}


def test_no_tcp_socket_of_ours_speaks_plain_text(lab: Lab) -> None:
    central, address = lab.central, str(lab.central.address)
    everywhere = {host.name: listening(host) for host in (central, *lab.workers)}

    assert {(port, at) for _, at, port in everywhere.pop("central")} == {
        (SERVER_PORT, address),
        (SOUTHBOUND_PORT, address),
    }
    assert not any(everywhere.values()), "hosts listen nowhere"
    for port in (SERVER_PORT, SOUTHBOUND_PORT):
        answers = run_on(central, "python3", "-c", PLAIN, address, str(port)).split()
        assert len(answers) == 3
        assert all(answer == "-" or answer.startswith("15") for answer in answers), answers


def test_the_probe_would_notice_plain_text(lab: Lab) -> None:
    """The negative control of the test above."""
    central = lab.central
    start_on(central, "plain", ["python3", "-m", "http.server", "8999", "--bind", "127.0.0.1"])
    until(lambda: ":8999 " in run_on(central, "ss", "-Htln"), "a plain web server", timeout_s=10)

    answers = run_on(central, "python3", "-c", PLAIN, "127.0.0.1", "8999").split()

    stop_on(central, "plain")
    assert answers[0].startswith(b"HTTP/1.".hex())


def test_unix_sockets_and_secrets_are_their_owners_only(lab: Lab) -> None:
    secrets = [
        lab.central.directory / "lib-weft" / "server.db",
        *(lab.central.directory / "etc-weft" / "tls").glob("*.key"),
        lab.central.directory / "etc-weft" / "server.toml",
    ]
    for host in lab.workers:
        place = host.directory
        secrets += [place / "etc-weft" / "host.key", place / "lib-weft" / "host-token"]
        secrets += [p for p in (host.run / "weft").glob("*") if p.is_socket()]
        if host.spec.docker:
            secrets.append(host.run / "docker" / "plugins" / "weft.sock")

    assert {str(path): oct(stat.S_IMODE(path.stat().st_mode)) for path in secrets} == {
        str(path): "0o600" for path in secrets
    }


def sbctl(host: LabHost, *argv: str, identity: str = "/etc/weft/host") -> str:
    """What OVN's Southbound database says to `ovn-sbctl` with a host's certificate; its errors, too."""
    done = try_on(
        host,
        "ovn-sbctl",
        "--timeout=5",
        f"--db=ssl:{host.lab.central.address}:{SOUTHBOUND_PORT}",
        f"--private-key={identity}.key",
        f"--certificate={identity}.pem",
        "--ca-cert=/etc/weft/ca.pem",
        *argv,
    )
    return done.stdout + done.stderr


def test_a_hosts_certificate_changes_its_own_chassis_and_no_other(lab: Lab) -> None:
    h1 = lab.host("h1")

    own = sbctl(h1, "set", "Chassis", "h1", "external_ids:weft-test=1")
    other = sbctl(h1, "set", "Chassis", "h2", "external_ids:weft-test=1")
    gone = sbctl(h1, "chassis-del", "h2")

    assert own == ""
    assert "permission error" in other
    assert "permission error" in gone
    sbctl(h1, "remove", "Chassis", "h1", "external_ids", "weft-test")


def test_a_host_writes_no_logical_flows(lab: Lab) -> None:
    said = sbctl(lab.host("h1"), "destroy", "SB_Global", ".")

    assert "permission error" in said


@pytest.fixture
def stranger(lab: Lab) -> str:
    """A certificate for h1 by a CA that is not ours, on h1."""
    h1, now = lab.host("h1"), datetime.now(UTC)
    key = trust.new_key()
    signed = trust.Authority.new(now).host(HostName("h1"), trust.request(key, "h1"), now)
    place = h1.directory / "etc-weft"
    (place / "stranger.key").write_text(key)
    (place / "stranger.pem").write_text(signed)
    return str(Path("/etc/weft/stranger"))


def test_a_certificate_of_another_ca_does_not_reach_ovn(lab: Lab, stranger: str) -> None:
    h1 = lab.host("h1")

    assert "h2" in sbctl(h1, "--bare", "--columns=name", "list", "Chassis")
    assert "h2" not in sbctl(h1, "--bare", "--columns=name", "list", "Chassis", identity=stranger)
