"""A host's certificate ends for OVN, too: who has a new one stays, and who has not is let in no more."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from tests.system.labs import lab_beside

from weft import trust
from weft.agent.renewal import replace as replace_certificate
from weft.client import Identity
from weft.installation.files import TlsFiles, authority
from weft.lab import life
from weft.lab.layout import HostSpec, Lab, LabHost
from weft.lab.processes import run_on, until
from weft.model.ids import HostName

LEFT = timedelta(seconds=30)


@pytest.fixture
def lab() -> Iterator[Lab]:
    lab = lab_beside("rn", HostSpec("h1"), HostSpec("h2"))
    life.up(lab)
    yield lab
    life.down(lab)


def identity(host: LabHost) -> Identity:
    place = host.directory / "etc-weft"
    return Identity(place / "host.pem", place / "host.key")


def age(host: LabHost, now: datetime) -> None:
    """Give `host` a certificate that ends soon."""
    files = identity(host)
    ours = authority(TlsFiles(host.lab.central.directory / "etc-weft" / "tls"))
    request = trust.request(files.key.read_text(), host.name)
    replace_certificate(files, ours.host(HostName(host.name), request, now - trust.HOST_VALID + LEFT))


def tell_by_table(host: LabHost) -> None:
    """Name the files in Open vSwitch's table SSL, as `weft host join` does."""
    run_on(host, "ovs-vsctl", "set-ssl", "/etc/weft/host.key", "/etc/weft/host.pem", "/etc/weft/ca.pem")


def connected(host: LabHost) -> bool:
    return run_on(host, "ovn-appctl", "-t", "ovn-controller", "connection-status").strip() == "connected"


def cut_connections(lab: Lab) -> None:
    pid = (lab.central.run / "ovn" / "ovsdb-sb.pid").read_text().strip()
    run_on(
        lab.central,
        *("ovs-appctl", "-t", f"/run/openvswitch/ovsdb-server.{pid}.ctl", "ovsdb-server/reconnect"),
    )


def test_a_certificate_that_is_not_renewed_opens_the_southbound_database_no_more(lab: Lab) -> None:
    h1, h2, now = lab.host("h1"), lab.host("h2"), datetime.now(UTC)
    for host in (h1, h2):
        life.stop_agent(host)
        tell_by_table(host)
        age(host, now)

    life.run_agent(h1)

    renewed = identity(h1).certificate
    until(
        lambda: trust.valid_until(renewed.read_text()) > now + timedelta(days=13),
        "h1's agent to have its certificate renewed",
        timeout_s=15,
        log=h1.logs / "weft-agent.log",
    )
    until(lambda: datetime.now(UTC) > now + LEFT, "the old certificates to end", timeout_s=40)
    cut_connections(lab)
    log = h2.logs / "ovn" / "ovn-controller.log"
    until(lambda: not connected(h2), "h2 to be cut off", timeout_s=20, log=log)
    until(lambda: connected(h1), "h1 to be connected again", timeout_s=20)
    until(lambda: "certificate expired" in log.read_text(), "h2 to be refused", timeout_s=40, log=log)
    assert not connected(h2)
