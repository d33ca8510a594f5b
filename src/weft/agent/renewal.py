"""The host's certificate lives for days, and the agent has it renewed: who is retired gets no new one.

Nothing revokes a certificate at OVN's databases, which read no revocation lists; that it ends does.
"""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from weft import trust
from weft.client import ClientError, Identity
from weft.model.errors import Invalid

log = structlog.get_logger()

CHECK = timedelta(minutes=10)


class Server(Protocol):
    """What is asked of the server; Client and its fake."""

    def renew_certificate(self, host: str, csr: str) -> str: ...  # noqa: D102
    def show_anew(self, identity: Identity) -> None: ...  # noqa: D102


class Renewal:
    """Looks at the certificate now and then."""

    def __init__(self, host: str, identity: Identity, server: Server, *, now: Callable[[], datetime]) -> None:
        """`identity` are the files that this host's engine and agent read."""
        self._host, self._identity, self._server, self._now = host, identity, server, now
        self._due: datetime | None = None

    def look(self) -> None:
        """Have it renewed when half of its time is over. What fails is tried again at the next look."""
        now = self._now()
        if self._due is not None and now < self._due:
            return
        self._due = now + CHECK
        try:
            begin, end = trust.validity(self._identity.certificate.read_text())
            if now - begin < (end - begin) / 2:
                return
            csr = trust.request(self._identity.key.read_text(), self._host)
            replace(self._identity, self._server.renew_certificate(self._host, csr))
            self._server.show_anew(self._identity)
        except (OSError, ValueError, Invalid, ClientError) as error:
            log.warning("certificate not renewed", why=str(error))
        else:
            log.info("certificate renewed", host=self._host)


def replace(identity: Identity, certificate: str) -> None:
    """Put a new certificate for the same key in its place: whole or not at all (rename(2)).

    Then the key is touched: ovn-controller looks at both files while it runs, and reads them anew when both
    have changed (seen with Open vSwitch 3.1, where a new certificate alone was not noticed).
    """
    draft = identity.certificate.with_name(f".{identity.certificate.name}.new")
    with draft.open("w") as file:
        file.write(certificate)
        file.flush()
        os.fsync(file.fileno())
        os.fchmod(file.fileno(), 0o644)
    draft.replace(identity.certificate)
    os.utime(identity.key)
