"""A host's certificate is renewed by its agent in time, and only for the host itself, while it is one."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.functional.tls.conftest import Installation

from weft import trust
from weft.agent.renewal import CHECK, Renewal
from weft.client import Client, Identity, ProblemError
from weft.client.join import join
from weft.model.ids import HostName


class Host:
    """A host that joined, whose certificate has been in use for `days`."""

    def __init__(self, installation: Installation, name: str, days: float) -> None:
        key = trust.new_key()
        csr = trust.request(key, name)
        joined = join(installation.invite(name), name, csr)
        self.now = datetime.now(UTC)
        old = installation.authority.host(HostName(name), csr, self.now - timedelta(days=days))
        self.name, self.installation = name, installation
        self.identity: Identity = installation.identity(name, old, key)
        self.agent: Client = installation.client(joined.token, self.identity)
        self.renewal = Renewal(name, self.identity, self.agent, now=lambda: self.now)

    def ends_in(self) -> timedelta:
        return trust.valid_until(self.identity.certificate.read_text()) - self.now

    def csr(self) -> str:
        return trust.request(self.identity.key.read_text(), self.name)


def test_a_certificate_whose_half_is_over_is_renewed_and_shown(installation: Installation) -> None:
    host = Host(installation, "h1", days=8)

    with host.agent:
        host.renewal.look()
        host.agent.heartbeat("h1", agent_version="1", datapath="system")

    assert host.ends_in() > trust.HOST_VALID - timedelta(minutes=5)


def test_a_certificate_in_its_first_half_is_left_alone(installation: Installation) -> None:
    host = Host(installation, "h1", days=6)
    before = host.identity.certificate.read_text()

    with host.agent:
        host.renewal.look()

    assert host.identity.certificate.read_text() == before


def test_a_host_that_is_retired_gets_no_new_one(installation: Installation) -> None:
    host = Host(installation, "h1", days=8)
    with installation.client(installation.admin_token) as admin:
        admin.retire_host("h1")
    before = host.identity.certificate.read_text()

    with host.agent:
        host.renewal.look()

    assert host.identity.certificate.read_text() == before
    assert host.ends_in() < timedelta(days=6, hours=1)


def test_what_failed_is_tried_again_later(installation: Installation) -> None:
    host = Host(installation, "h1", days=8)
    key = host.identity.key.read_text()
    host.identity.key.write_text("")
    with host.agent:
        host.renewal.look()
        assert host.ends_in() < trust.HOST_VALID / 2
        host.identity.key.write_text(key)

        host.now += CHECK
        host.renewal.look()

    assert host.ends_in() > trust.HOST_VALID - timedelta(hours=1)


def test_nobody_else_gets_the_certificate_of_a_host(installation: Installation) -> None:
    h1, h2 = Host(installation, "h1", days=1), Host(installation, "h2", days=1)

    with h1.agent, installation.client(installation.admin_token) as admin:
        for other in (h1.agent, admin):
            with pytest.raises(ProblemError) as refused:
                other.renew_certificate("h2", h2.csr())
            assert refused.value.status in (403, 404)


@pytest.mark.parametrize("csr", ["", "nonsense", trust.request(trust.new_key(), "h2")])
def test_a_bad_request_is_refused_by_its_field(installation: Installation, csr: str) -> None:
    host = Host(installation, "h1", days=1)

    with host.agent, pytest.raises(ProblemError) as refused:
        host.agent.renew_certificate("h1", csr)

    assert (refused.value.status // 100, refused.value.field) == (4, "csr")
