"""What OVN's Southbound database says of this host, asked with the host's own certificate."""

import ssl
import threading
import time

from weft.client.join import Joined
from weft.host.facts import SslFiles
from weft.model.errors import WeftError
from weft.ovsdb import Connection, OvsdbUnavailable

ANSWER_S = 5.0


class SouthboundUnreachable(WeftError):
    """OVN's Southbound database does not answer this host."""

    code = "southbound_unreachable"


def chassis(remote: str, files: SslFiles) -> frozenset[str]:
    """The names of all hosts that OVN knows. Raises SouthboundUnreachable."""
    try:
        context = ssl.create_default_context(cafile=files.ca_cert)
        context.load_cert_chain(files.certificate, files.private_key)
        with Connection(remote, "OVN_Southbound", {"Chassis": ["name"]}, ssl_context=context) as connection:
            connection.ready(ANSWER_S)
            with connection.reading() as replica:
                return frozenset(str(row["name"]) for row in replica.tables["Chassis"].values())
    except (OvsdbUnavailable, OSError) as error:  # ssl.SSLError is an OSError
        raise SouthboundUnreachable(f"OVN's database at {remote} does not answer: {error}") from error


def await_registration(joined: Joined, files: SslFiles, patience_s: float) -> str:
    """Block until OVN lists this host; what is wrong instead, if that does not happen in time."""
    deadline, pause = time.monotonic() + patience_s, threading.Event()
    while True:
        try:
            if joined.host in chassis(joined.southbound, files):
                return ""
            trouble = f"OVN does not list {joined.host}; see /var/log/ovn/ovn-controller.log"
        except SouthboundUnreachable as error:
            trouble = error.message
        if time.monotonic() > deadline:
            return trouble
        pause.wait(0.3)
