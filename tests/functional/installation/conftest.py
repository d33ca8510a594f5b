"""A second database, of the other kind: what is restored need not go where it came from."""

import pytest
from tests.functional.conftest import NewDatabase


@pytest.fixture
def other_url(url: str, new_database: NewDatabase) -> str:
    return new_database("postgresql" if url.startswith("sqlite") else "sqlite")


@pytest.fixture
def lite(new_database: NewDatabase) -> str:
    """For what has nothing to do with the kind of database."""
    return new_database("sqlite")


@pytest.fixture
def other_lite(new_database: NewDatabase) -> str:
    return new_database("sqlite")
