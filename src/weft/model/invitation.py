"""What a join token says, in one string to paste: where the server is, how to know it, and a secret."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Self

from weft.model.errors import Invalid

_VERSION = "weft1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A join token, taken apart. `fingerprint` is that of the server's CA, empty for a server without TLS."""

    url: str
    fingerprint: str
    secret: str = field(repr=False)

    def __str__(self) -> str:
        """As it is pasted; `parse` reads it."""
        inside = "|".join((self.url, self.fingerprint, self.secret)).encode()
        return f"{_VERSION}.{base64.urlsafe_b64encode(inside).decode().rstrip('=')}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The parts of what was pasted. Raises Invalid; its message does not repeat the secret."""
        version, _, inside = text.strip().partition(".")
        if version != _VERSION:
            raise Invalid(f"a join token begins with {_VERSION}. and this one does not", field="token")
        try:
            padded = inside + "=" * (-len(inside) % 4)
            decoded = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
            url, fingerprint, secret = decoded.split("|")
        except (binascii.Error, ValueError) as error:
            raise Invalid(
                "the join token is damaged; copy the whole of it, or ask for a new one", field="token"
            ) from error
        return cls(url=url, fingerprint=fingerprint, secret=secret)
