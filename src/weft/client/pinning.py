"""Get to know a server's CA by its fingerprint, before anything secret is said."""

import hashlib
import ssl

from weft.client.errors import ClientError, NotTheServer, UnexpectedAnswer
from weft.client.transport import Transport


def pinned_ca(url: str, fingerprint: str, *, timeout_s: float = 10.0) -> str:
    """The CA's certificate (PEM) of the server at `url`, if it has this fingerprint.

    The certificate is public and is asked for over a connection that nobody vouches for; its hash is what
    makes it true. Raises NotTheServer, ServerUnreachable, UnexpectedAnswer, ClientError.
    """
    if not url.startswith("https://"):
        raise ClientError(f"{url} is not an https address, so there is no certificate to check")
    unknown = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unknown.check_hostname = False
    unknown.verify_mode = ssl.CERT_NONE
    connection = Transport(url, token=None, tls=unknown, timeout_s=timeout_s, transport=None)
    try:
        body = connection.send("GET", "/ca").body
    finally:
        connection.close()
    try:
        der = ssl.PEM_cert_to_DER_cert(body["certificate"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnexpectedAnswer(url, "something else than a certificate") from error
    found = f"sha256:{hashlib.sha256(der).hexdigest()}"
    if found != fingerprint.strip().lower():
        raise NotTheServer(url, wanted=fingerprint, found=found)
    return ssl.DER_cert_to_PEM_cert(der)


def trusting_only(ca: str) -> ssl.SSLContext:
    """TLS that trusts this CA (PEM) and no other."""
    return ssl.create_default_context(cadata=ca)
