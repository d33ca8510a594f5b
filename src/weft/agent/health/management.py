"""The server, asked as the agent asks it: what time it is there, and the networks of this host."""

import ssl
import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from weft.agent.health.facts import Server
from weft.client import Client, ClientError

_ANSWER_S = 3.0


def ask(client: Client, host: str, ca: Path | None) -> Server:
    """What the server says; never raises, since a server that is away is a finding."""
    try:
        networks = client.host_networks(host).items
    except ClientError as error:
        return Server(trouble=str(error))
    sizes = [network.mtu for network in networks if network.mtu is not None]
    return Server(ahead_s=_ahead(client.url, ca), largest_mtu=max(sizes, default=None))


def _ahead(url: str, ca: Path | None) -> float | None:
    """How far its clock is ahead, by the Date of an answer (RFC 9110, 6.6.1), which drops fractions."""
    try:
        verify = True if ca is None else ssl.create_default_context(cafile=ca)
        began = time.time()
        answer = httpx.get(f"{url}/healthz", verify=verify, timeout=_ANSWER_S)
        middle = (began + time.time()) / 2
        return parsedate_to_datetime(answer.headers["Date"]).timestamp() + 0.5 - middle
    except (httpx.HTTPError, OSError, LookupError, ValueError, TypeError):
        return None
