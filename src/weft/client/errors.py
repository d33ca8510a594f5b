"""What can go wrong between a client and the server.

ClientError
├── ProblemError        the server answered, and refused
├── ServerUnreachable   the server did not answer
│   └── ServerUntrusted whoever answered is not vouched for by a CA that we trust
├── UnexpectedAnswer    something answered that does not speak Weft's API
└── NotTheServer        something answered that is not the server that was meant
"""

from collections.abc import Mapping


class ClientError(Exception):
    """A request that did not succeed; the message is a whole sentence."""


class ProblemError(ClientError):
    """The server refused, and said why (RFC 9457). `code` is stable, `detail` is for people."""

    def __init__(self, *, code: str, title: str, detail: str, field: str | None, status: int) -> None:
        """`field` is the path of the input that was refused, if the problem is about one."""
        self.code, self.title, self.detail = code, title, detail
        self.field, self.status = field, status
        super().__init__(detail or title)

    @classmethod
    def from_body(cls, status: int, body: Mapping[str, object]) -> "ProblemError":
        """The problem that a problem document describes."""
        field = body.get("field")
        return cls(
            code=str(body.get("code") or "error"),
            title=str(body.get("title") or f"status {status}"),
            detail=str(body.get("detail") or ""),
            field=None if field is None else str(field),
            status=status,
        )


class ServerUnreachable(ClientError):
    """Nothing answered in time. Whether a change was made is not known: ask again."""

    def __init__(self, url: str, reason: str) -> None:
        """`reason` is what the connection said."""
        self.url, self.reason = url, reason
        super().__init__(
            f"the Weft server at {url} does not answer ({reason}); "
            "check that it runs, that the address is right, and that a firewall lets you reach it"
        )


class ServerUntrusted(ServerUnreachable):
    """The certificate at the address is not of a CA that we trust, or not for it. Nothing was sent."""

    def __init__(self, url: str, reason: str) -> None:
        """`reason` is what the TLS library said."""
        self.url, self.reason = url, reason
        Exception.__init__(
            self,
            f"the server at {url} cannot be trusted ({reason}); log in with the fingerprint of its CA, as "
            "`weft server init` showed it: weft login ADDRESS --ca-fingerprint sha256:...",
        )


class UnexpectedAnswer(ClientError):
    """An answer that is not Weft's: a proxy, another service, or a newer API."""

    def __init__(self, url: str, what: str) -> None:
        """`what` describes the answer."""
        self.url = url
        super().__init__(
            f"{url} answered with {what}, which is not what a Weft server says; check the address"
        )


class NotTheServer(ClientError):
    """The CA at the address is not the one whose fingerprint we were given. Nothing secret was sent."""

    def __init__(self, url: str, *, wanted: str, found: str) -> None:
        """Fingerprints as `sha256:...`."""
        self.url, self.wanted, self.found = url, wanted, found
        super().__init__(
            f"the CA at {url} has the fingerprint {found}, and {wanted} was expected: "
            "this is another server, or somebody in between; ask an administrator for both anew"
        )
