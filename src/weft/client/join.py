"""A host's side of joining: know the server by its fingerprint, then trade the secret for credentials."""

from dataclasses import dataclass, field

from weft.client.errors import ClientError, UnexpectedAnswer
from weft.client.pinning import pinned_ca, trusting_only
from weft.client.transport import Transport
from weft.model.invitation import Invitation


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """All that a host needs: for its agent, and for the engine (`southbound`, `encapsulation`).

    `ca` and `certificate` are PEM; the certificate belongs to the key that signed the request.
    `southbound` is the value of `ovn-remote`, like `ssl:192.0.2.10:6642`.
    """

    host: str
    url: str
    fingerprint: str
    token: str = field(repr=False)
    projects: tuple[str, ...]
    ca: str
    certificate: str
    southbound: str
    encapsulation: str


def join(token: str, host: str, csr: str, *, timeout_s: float = 30.0) -> Joined:
    """Use up the join token for `host`, whose certificate request (PEM) is `csr`.

    The request comes from `weft.trust.request`. Nothing is written anywhere. A token that the server accepted
    is used up even if its answer was lost: then a new one is needed. Raises Invalid (the token's text),
    NotTheServer (the secret has not been sent), ProblemError, ServerUnreachable, or another ClientError.
    """
    invitation = Invitation.parse(token)
    if not invitation.fingerprint:
        raise ClientError(f"the server at {invitation.url} runs without TLS; hosts join only over TLS")
    ca = pinned_ca(invitation.url, invitation.fingerprint, timeout_s=timeout_s)
    connection = Transport(
        invitation.url, token=None, tls=trusting_only(ca), timeout_s=timeout_s, transport=None
    )
    asked = {"token": invitation.secret, "host": host, "csr": csr}
    try:
        body = connection.send("POST", "/hosts/join", body=asked).body
    finally:
        connection.close()
    try:
        enrolment = body["enrolment"]
        return Joined(
            host=body["host"],
            url=invitation.url,
            fingerprint=invitation.fingerprint,
            token=body["host_token"],
            projects=tuple(body["projects"]),
            ca=ca,
            certificate=enrolment["certificate"],
            southbound=enrolment["southbound"],
            encapsulation=enrolment["encapsulation"],
        )
    except (KeyError, TypeError) as error:
        raise UnexpectedAnswer(invitation.url, "something else than credentials") from error
