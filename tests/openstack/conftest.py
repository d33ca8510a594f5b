"""One lab for all: a Docker host, a hypervisor, and on the central host a cloud with Weft's driver."""

from collections.abc import Iterator

import pytest
from tests.openstack.cloud import Cloud

from weft.lab import life
from weft.lab.layout import Lab, LabHost


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    lab = life.default_lab()
    life.up(lab)
    yield lab
    life.down(lab)


@pytest.fixture(scope="session")
def cloud(lab: Lab) -> Cloud:
    cloud = Cloud(lab)
    cloud.up()
    return cloud


@pytest.fixture
def h1(lab: Lab) -> LabHost:
    """The Docker host."""
    return lab.host("h1")


@pytest.fixture
def h2(lab: Lab) -> LabHost:
    """The hypervisor."""
    return lab.host("h2")
