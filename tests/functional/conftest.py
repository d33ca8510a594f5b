"""Databases for the tests that want a real one: SQLite, and a PostgreSQL of the tests' own."""

import itertools
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

PROGRAMS = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The directory of the socket of a PostgreSQL server that listens nowhere else."""
    assert PROGRAMS.is_dir(), "PostgreSQL is not installed: ./dev does that"
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

NewDatabase = Callable[[str], str]


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> NewDatabase:
    """The URL of a new, empty database of a kind."""

    def new(kind: str) -> str:
        name = f"weft{next(_numbers)}"
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/{name}.db"
        place = request.getfixturevalue("postgresql")
        with psycopg.connect(f"host={place} user=postgres dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql://postgres@/{name}?host={place}"

    return new


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, new_database: NewDatabase) -> str:
    """An empty database; the test runs on each kind."""
    return new_database(request.param)
