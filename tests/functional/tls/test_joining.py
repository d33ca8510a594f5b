"""How a host joins, over real TLS: whom it trusts with the secret, and what the token is good for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.functional.tls.conftest import Installation

from weft import trust
from weft.client import ClientError, ProblemError, ServerUnreachable, ServerUntrusted
from weft.client.errors import NotTheServer
from weft.client.join import Joined, join
from weft.model.errors import Invalid
from weft.model.ids import HostName
from weft.model.invitation import Invitation


def joining(installation: Installation, host: str, token: str | None = None) -> tuple[Joined, str]:
    key = trust.new_key()
    return join(token or installation.invite(host), host, trust.request(key, host)), key


def test_a_host_that_joined_acts_for_itself(installation: Installation) -> None:
    joined, key = joining(installation, "h1")

    with installation.agent(joined, key) as agent:
        agent.heartbeat("h1", agent_version="1", datapath="system")
        networks = agent.host_networks("h1")

    assert networks.items == ()
    assert joined.projects == ("default",)
    assert (joined.southbound, joined.encapsulation) == ("ssl:192.0.2.1:6642", "vxlan")
    assert trust.fingerprint(joined.ca) == joined.fingerprint == installation.authority.fingerprint


def test_the_secret_is_not_sent_to_a_server_with_another_ca(installation: Installation) -> None:
    real = Invitation.parse(installation.invite("h1"))
    stranger = trust.Authority.new(datetime.now(UTC)).fingerprint
    forged = str(replace(real, fingerprint=stranger))

    with pytest.raises(NotTheServer, match="another server"):
        joining(installation, "h1", forged)

    joined, _ = joining(installation, "h1", str(real))
    assert joined.host == "h1", "the secret was not used up"


def test_the_pinned_ca_must_also_vouch_for_the_address(installation: Installation) -> None:
    """The CA alone is public: whoever shows it must also hold a certificate of it for this address."""
    real = Invitation.parse(installation.invite("h1"))
    by_another_name = str(replace(real, url=real.url.replace("127.0.0.1", "localhost")))

    with pytest.raises(ServerUntrusted, match="Hostname mismatch"):
        joining(installation, "h1", by_another_name)


def test_a_join_token_is_good_once(installation: Installation) -> None:
    token = installation.invite("h1")
    joining(installation, "h1", token)

    with pytest.raises(ProblemError, match="used up") as caught:
        joining(installation, "h1", token)

    assert caught.value.status == 401


def test_an_expired_join_token_is_refused(installation: Installation) -> None:
    token = installation.invite("h1")
    installation.clock.ahead = timedelta(hours=2)

    with pytest.raises(ProblemError, match="expired"):
        joining(installation, "h1", token)


def test_a_join_token_of_one_host_does_not_join_another(installation: Installation) -> None:
    with pytest.raises(ProblemError, match="for another host"):
        joining(installation, "h2", installation.invite("h1"))


EMPTY = "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"


@pytest.mark.parametrize("csr", ["", "nonsense", EMPTY])
def test_a_bad_certificate_request_does_not_use_the_token_up(installation: Installation, csr: str) -> None:
    token = installation.invite("h1")

    with pytest.raises(ProblemError) as caught:
        join(token, "h1", csr)

    assert (caught.value.status, caught.value.field) == (422, "csr")
    assert joining(installation, "h1", token)[0].host == "h1"


def test_a_request_for_another_name_is_refused(installation: Installation) -> None:
    with pytest.raises(ProblemError, match="is for 'h2', not for h1"):
        join(installation.invite("h1"), "h1", trust.request(trust.new_key(), "h2"))


@pytest.mark.parametrize("text", ["", "weft1.", "weft1.!!", "weft1.QQ", "weft2.QQ", "weft1.\xe9"])
def test_what_is_no_join_token_is_told_without_asking_anybody(text: str) -> None:
    with pytest.raises(Invalid, match="join token"):
        join(text, "h1", "")


def test_hosts_do_not_join_a_server_without_tls() -> None:
    token = str(Invitation(url="http://127.0.0.1:1", fingerprint="", secret="s"))

    with pytest.raises(ClientError, match="only over TLS"):
        join(token, "h1", "")


def test_a_host_token_is_worth_nothing_without_its_certificate(installation: Installation) -> None:
    joined, _ = joining(installation, "h1")

    with (
        installation.client(joined.token) as thief,
        pytest.raises(ProblemError, match="without a certificate"),
    ):
        thief.host_networks("h1")


def test_a_host_token_is_worth_nothing_with_the_certificate_of_another(installation: Installation) -> None:
    first, _ = joining(installation, "h1")
    second, key = joining(installation, "h2")
    identity = installation.identity("h2", second.certificate, key)

    with installation.client(first.token, identity) as thief, pytest.raises(ProblemError) as caught:
        thief.host_networks("h1")

    assert caught.value.status == 403
    assert "with the certificate of 'h2'" in caught.value.detail


def test_a_certificate_without_a_token_opens_nothing(installation: Installation) -> None:
    joined, key = joining(installation, "h1")

    nobody = installation.client(None, installation.identity("h1", joined.certificate, key))
    with nobody, pytest.raises(ProblemError) as caught:
        nobody.host_networks("h1")

    assert caught.value.status == 401


def test_a_certificate_of_another_ca_is_not_let_in(installation: Installation) -> None:
    joined, _ = joining(installation, "h1")
    key = trust.new_key()
    stranger = trust.Authority.new(datetime.now(UTC))
    forged = stranger.host(HostName("h1"), trust.request(key, "h1"), datetime.now(UTC))

    impostor = installation.client(joined.token, installation.identity("forged", forged, key))
    with impostor, pytest.raises(ServerUnreachable):
        impostor.host_networks("h1")


def test_a_host_cannot_act_for_another(installation: Installation) -> None:
    joining(installation, "h2")
    joined, key = joining(installation, "h1")

    with installation.agent(joined, key) as agent, pytest.raises(ProblemError) as caught:
        agent.heartbeat("h2", agent_version="1", datapath="system")

    assert caught.value.status == 403


def test_a_host_that_joins_again_has_only_its_new_token(installation: Installation) -> None:
    old, old_key = joining(installation, "h1")
    new, new_key = joining(installation, "h1")

    with installation.agent(new, new_key) as agent:
        agent.host_networks("h1")
    with installation.agent(old, old_key) as gone, pytest.raises(ProblemError) as caught:
        gone.host_networks("h1")

    assert caught.value.status == 401
