"""The API over real TLS on a loopback socket, over a real store on SQLite."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from tests.support.eventually import eventually

from weft import trust
from weft.api import serving
from weft.api.app import create_app
from weft.api.context import Vouching
from weft.client import Client, Identity
from weft.client.join import Joined
from weft.model.host import Enrolment
from weft.model.ids import HostName
from weft.store import Store, tokens
from weft.store.tokens import Role


class Clock:
    """A clock that a test can move forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Installation:
    """A server that runs, its CA, and what an administrator has."""

    url: str
    authority: trust.Authority
    store: Store
    clock: Clock
    place: Path
    admin_token: str
    ca: Path

    def client(self, token: str | None, identity: Identity | None = None, ca: Path | None = None) -> Client:
        return Client(self.url, token=token, ca=ca or self.ca, identity=identity, timeout_s=5)

    def invite(self, host: str | None = None) -> str:
        """A join token's text, as an administrator gets it."""
        with self.client(self.admin_token) as admin:
            text = admin.create("join-tokens", {} if host is None else {"host": host}).body["token"]
        assert isinstance(text, str)
        return text

    def identity(self, name: str, certificate: str, key: str) -> Identity:
        files = Identity(self.place / f"{name}.pem", self.place / f"{name}.key")
        files.certificate.write_text(certificate)
        files.key.write_text(key)
        return files

    def agent(self, joined: Joined, key: str) -> Client:
        """A client as the agent of a host that joined has it."""
        return self.client(joined.token, self.identity(joined.host, joined.certificate, key))

    def member_token(self, project: str) -> str:
        found = self.store.snapshot().projects.values()
        owner = next(p.id for p in found if p.name == project)
        with self.store.write("test") as tx:
            return tokens.issue(tx, role=Role.MEMBER, name="m", project_id=owner)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    place, clock = tmp_path, Clock()
    authority = trust.Authority.new(clock())
    shown = authority.server("weft server", ["127.0.0.1"], clock())
    files = {
        "server.pem": shown.certificate,
        "server.key": shown.key,
        "ca.pem": authority.credential.certificate,
    }
    for name, text in files.items():
        (place / name).write_text(text)
    store = Store.open(f"sqlite:///{place}/weft.db", now=clock, new_id=uuid4)
    listening = serving.listening("127.0.0.1:0")
    url = f"https://127.0.0.1:{listening.getsockname()[1]}"

    def enrol(host: HostName, csr: str) -> Enrolment:
        return Enrolment(
            certificate=authority.host(host, csr, clock()),
            ca=authority.credential.certificate,
            southbound="ssl:192.0.2.1:6642",
            encapsulation="vxlan",
        )

    app = create_app(
        store=store,
        caller_of=lambda token: tokens.find(store, token, clock()),
        public_url=url,
        vouching=Vouching(
            ca=authority.credential.certificate, fingerprint=authority.fingerprint, enrol=enrol
        ),
    )
    tls = serving.tls_context(place / "server.pem", place / "server.key", place / "ca.pem")
    server = serving.server(app, tls)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    eventually(lambda: server.started)
    admin_token = tokens.first_admin_token(store)
    assert admin_token is not None
    yield Installation(url, authority, store, clock, place, admin_token, place / "ca.pem")
    server.should_exit = True
    thread.join(timeout=10)
    store.close()
