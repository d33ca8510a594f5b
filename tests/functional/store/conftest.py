"""Every test here runs on SQLite and on a PostgreSQL of its own."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from weft.model.ids import ProjectId
from weft.store import Limits, Store


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


Reopen = Callable[..., Store]


@pytest.fixture
def reopen(url: str, clock: Clock) -> Iterator[Reopen]:
    """Open a store on the same database; each is closed after the test."""
    opened: list[Store] = []

    def another(limits: Limits | None = None) -> Store:
        opened.append(Store.open(url, now=clock, new_id=uuid4, limits=limits))
        return opened[-1]

    yield another
    for store in opened:
        store.close()


@pytest.fixture
def store(reopen: Reopen) -> Store:
    return reopen()


@pytest.fixture
def project(store: Store) -> ProjectId:
    return next(iter(store.snapshot().projects))
