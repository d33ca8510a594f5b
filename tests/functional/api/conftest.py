"""The API over a real store on SQLite, asked in process."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from tests.functional.api.rest import Rest

from weft.api.app import create_app
from weft.model.ids import HostName, ProjectId
from weft.store import Store, Transaction, hosts, networks, tokens


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path}/weft.db", now=now, new_id=uuid4)
    yield opened
    opened.close()


@pytest.fixture
def rest(store: Store) -> Iterator[Rest]:
    """An administrator; there are the projects `default` and `other`, and a host in each."""
    with store.write("test") as tx:
        other = networks.add_project(tx, name="other").id
        default = next(p.id for p in tx.snapshot.projects.values() if p.name == "default")
        _host(tx, "h1", default)
        _host(tx, "h2", default)
        _host(tx, "foreign", other)
    app = create_app(store=store, caller_of=lambda token: tokens.find(store, token, now()))
    with asyncio.Runner() as runner:
        yield Rest(app, store, runner, tokens.first_admin_token(store))


def _host(tx: Transaction, name: str, project: ProjectId) -> None:
    hosts.add_host(tx, name=HostName(name), projects=frozenset({project}))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Rest]:
    """An administrator of another, empty estate."""
    other = Store.open(f"sqlite:///{tmp_path}/elsewhere.db", now=now, new_id=uuid4)
    app = create_app(store=other, caller_of=lambda token: tokens.find(other, token, now()))
    with asyncio.Runner() as runner:
        yield Rest(app, other, runner, tokens.first_admin_token(other))
    other.close()


@pytest.fixture
def opened() -> Callable[[str], AbstractContextManager[Store]]:
    """Opens a database as a server does that starts again."""

    @contextmanager
    def again(url: str) -> Iterator[Store]:
        with closing(Store.open(url, now=now, new_id=uuid4)) as found:
            yield found

    return again
