"""A lab to measure in, and a session with its server's API, from where that is reached."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
from pyroute2 import netns

from weft.lab import life
from weft.lab.credentials import admin_token
from weft.lab.layout import HostSpec, Lab


@contextmanager
def lab() -> Iterator[Lab]:
    """Two Docker hosts, the first with an engine as it comes; nothing stays."""
    made = replace(
        life.default_lab(), hosts=(HostSpec("h1", docker=True, stock=True), HostSpec("h2", docker=True))
    )
    try:
        life.up(made)
        yield made
    finally:
        life.down(made)


@contextmanager
def api(of: Lab) -> Iterator[httpx.Client]:
    """An administrator's session. This thread is on the central host meanwhile, as far as networks go."""
    central = of.central
    netns.pushns(central.namespace)
    try:
        trust = ssl.create_default_context(cafile=str(central.directory / "etc-weft" / "tls" / "ca.pem"))
        with httpx.Client(
            base_url=f"{of.server_url}/api/v1",
            headers={"Authorization": f"Bearer {admin_token(of)}"},
            timeout=120,
            verify=trust,
            trust_env=False,
        ) as session:
            yield session
    finally:
        netns.popns()
