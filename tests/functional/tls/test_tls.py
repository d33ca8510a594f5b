"""What the server's socket accepts."""

import http.client
import ssl
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from tests.functional.tls.conftest import Installation

from weft import trust
from weft.client import ProblemError, ServerUntrusted
from weft.model.ids import HostName
from weft.store import hosts, tokens


@contextmanager
def https(installation: Installation, context: ssl.SSLContext) -> Iterator[http.client.HTTPSConnection]:
    where = urlsplit(installation.url)
    connection = http.client.HTTPSConnection(str(where.hostname), where.port, timeout=5, context=context)
    with closing(connection):
        yield connection


def test_a_client_that_trusts_the_ca_is_served(installation: Installation) -> None:
    with installation.client(installation.admin_token) as client:
        assert [p["name"] for p in client.list("projects")] == ["default"]


def test_a_client_that_trusts_another_ca_refuses_the_server(installation: Installation) -> None:
    other = installation.place / "other.pem"
    other.write_text(trust.Authority.new(datetime.now(UTC)).credential.certificate)

    with (
        installation.client(installation.admin_token, ca=other) as client,
        pytest.raises(ServerUntrusted),
    ):
        client.get("projects", "default")


def test_plain_text_gets_no_answer(installation: Installation) -> None:
    where = urlsplit(installation.url)
    plain = http.client.HTTPConnection(str(where.hostname), where.port, timeout=5)

    with closing(plain):
        plain.request("GET", "/healthz")
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            plain.getresponse()


def speaks(installation: Installation, version: ssl.TLSVersion) -> bool:
    """Whether the server completes a handshake in this version, which this end would take."""
    context = ssl.create_default_context(cafile=str(installation.ca))
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    try:
        with https(installation, context) as connection:
            connection.connect()
    except ssl.SSLError:
        return False
    return True


def test_old_versions_of_tls_are_refused(installation: Installation) -> None:
    assert speaks(installation, ssl.TLSVersion.TLSv1_2)
    assert not speaks(installation, ssl.TLSVersion.TLSv1_1)


def test_a_header_does_not_make_a_certificate(installation: Installation) -> None:
    """A proxy's headers are not believed: the peer is who is connected."""
    with installation.store.write("test") as tx:
        hosts.add_host(tx, name=HostName("h1"))
        token = tokens.issue(tx, role=tokens.Role.HOST, name="h1", host=HostName("h1"))
    headers = {
        "Authorization": f"Bearer {token}",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-For": "127.0.0.1",
        "X-SSL-Client-CN": "h1",
        "Peer": "h1",
    }

    with https(installation, ssl.create_default_context(cafile=str(installation.ca))) as connection:
        connection.request("GET", "/api/v1/hosts/h1/networks", headers=headers)
        status = connection.getresponse().status

    assert status == 403


def test_a_member_cannot_see_another_project(installation: Installation) -> None:
    with installation.client(installation.admin_token) as admin:
        admin.create("projects", {"name": "other"})
        network = admin.create("networks", {"name": "secret", "project": "other"}).body["id"]

    with installation.client(installation.member_token("default")) as member:
        listed = list(member.list("networks"))
        with pytest.raises(ProblemError) as caught:
            member.get("networks", network)

    assert (listed, caught.value.status) == ([], 404)
