"""The folder is the marker: `pytest -m system` needs no decorators. And `--proof` asks much more."""

from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bench.report import RESULTS, machine_facts
from hypothesis import HealthCheck, settings

HERE = Path(__file__).parent

# A busy machine is slow, not wrong; speed has its place in bench/.
settings.register_profile("weft", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("weft")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--proof", action="store_true", help="compare the readings of policy on many more models"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(item.path.relative_to(HERE).parts[0])


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """What a proof found is kept, whatever it was, with the commit that it began on."""
    machine = machine_facts()
    done = yield
    if session.config.getoption("proof"):
        RESULTS.mkdir(exist_ok=True)
        with (RESULTS / "proof.txt").open("a") as kept:
            kept.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M} commit {machine['commit']}, {machine['cpu']}: ")
            kept.write(f"{session.testscollected} tests, {session.testsfailed} failed\n")
            for item in session.items:
                kept.writelines(f"  {name}: {value}\n" for name, value in item.user_properties)
    return done
