"""Every test here runs on SQLite and on a PostgreSQL of its own."""

import itertools
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from weft.model.ids import ProjectId
from weft.store import Limits, Store

PROGRAMS = Path("/usr/lib/postgresql/15/bin")


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The directory of the socket of a PostgreSQL server that listens nowhere else."""
    if not PROGRAMS.is_dir():
        pytest.skip("PostgreSQL is not installed")
    place = Path(tempfile.mkdtemp(prefix="weft-pg-"))
    shutil.chown(place, "postgres")
    as_postgres = ["runuser", "-u", "postgres", "--"]
    data = str(place / "data")
    subprocess.run(
        [*as_postgres, PROGRAMS / "initdb", "-D", data, "-A", "trust", "-N"],
        check=True,
        capture_output=True,
        cwd=place,
    )
    options = f"-c listen_addresses= -c unix_socket_directories={place} -c fsync=off"
    control = [*as_postgres, str(PROGRAMS / "pg_ctl"), "-D", data, "-w"]
    subprocess.run(
        [*control, "-o", options, "-l", str(place / "log"), "start"],
        check=True,
        cwd=place,
        stdout=subprocess.DEVNULL,
    )
    yield str(place)
    subprocess.run([*control, "-m", "immediate", "stop"], check=True, cwd=place, stdout=subprocess.DEVNULL)
    shutil.rmtree(place)


_numbers = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/server.db"
    place = request.getfixturevalue("postgresql")
    name = f"weft{next(_numbers)}"
    with psycopg.connect(f"host={place} user=postgres dbname=postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"postgresql://postgres@/{name}?host={place}"


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
