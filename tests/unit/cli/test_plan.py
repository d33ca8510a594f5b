"""weft plan, apply, revert, export and invariant, against answers of the API."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.conftest import Weft
from tests.unit.cli.fake_api import FakeApi


def a_plan(**more: object) -> dict[str, Any]:
    return {
        "base": 4,
        "revision": None,
        "applicable": True,
        "objects": [
            {
                "action": "change",
                "kind": "policies",
                "name": "db",
                "project": "default",
                "fields": [
                    {
                        "field": "order",
                        "before": None,
                        "after": 7,
                        "added": [],
                        "removed": [],
                        "moved": False,
                    },
                    {"field": "rules", "added": [{"action": "drop"}], "removed": [], "moved": False},
                ],
            }
        ],
        "rows": [{"table": "ACL", "inserted": 2, "updated": 0, "deleted": 1}],
        "flows": {"host": "h1", "before": 8, "after": 1204, "most": 500_000, "refused": None},
        "reachability": {"sentences": ["opens tcp/22 from a to b"], "left_out": 0, "shifts": []},
        "broken": [],
        "checks": [],
        **more,
    }


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "estate.yaml"
    path.write_text("projects: []")
    return str(path)


def test_a_plan_is_told_from_objects_to_rows(weft: Weft, api: FakeApi, file: str) -> None:
    api.answers["plan"] = a_plan()

    said = weft("plan", "-f", file)

    assert said.stdout.splitlines() == [
        "~ policies db of project default",
        "    order: default -> 7",
        "    rules: + {action: drop}",
        "opens tcp/22 from a to b",
        "rows of OVN: ACL +2/-1",
        "flows of policies on a host, at most: 8 -> 1,204 (h1), of 500,000",
    ]
    assert api.requests[-1][2] == {"text": "projects: []", "prune": False, "checks": []}


def test_a_plan_that_would_be_refused_says_why_and_fails(weft: Weft, api: FakeApi, file: str) -> None:
    api.answers["plan"] = a_plan(
        applicable=False, broken=[{"sentence": "invariant pci is broken: a reaches b"}]
    )

    said = weft("plan", "-f", file)

    assert "refused: invariant pci is broken: a reaches b" in said.stdout
    assert said.exit_code == 1


def test_a_check_is_written_as_a_sentence(weft: Weft, api: FakeApi, file: str) -> None:
    api.answers["plan"] = a_plan()

    weft("plan", "-f", file, "--check", "a reaches b tcp/443", "--check", "a does not reach 10.0.0.9 icmp")

    checks = api.requests[-1][2]["checks"]
    assert [check["reaches"] for check in checks] == [True, False]
    assert checks[0]["traffic"] == {"protocol": "tcp", "port": 443}
    assert checks[1]["destination"] == {"address": "10.0.0.9"}
    assert weft("plan", "-f", file, "--check", "a b").exit_code == 2


def test_apply_asks_for_just_the_revision_that_was_planned(weft: Weft, api: FakeApi, file: str) -> None:
    api.answers["plan"] = a_plan()
    api.answers["apply"] = a_plan(revision=5)

    said = weft("apply", "-f", file)

    assert said.stdout.splitlines()[-1] == "revision 5"
    assert api.requests[-1][2]["base"] == 4


def test_a_revision_that_hosts_do_not_enforce_in_time_is_taken_back(
    weft: Weft, api: FakeApi, file: str
) -> None:
    api.enforced, api.revision = False, 1
    api.answers["plan"] = a_plan()
    api.answers["apply"] = a_plan(revision=1)
    api.answers["revert"] = {"revision": 2, "reverted": 1, "objects": []}

    said = weft("apply", "-f", file, "--wait", "--timeout", "0.1")

    assert said.exit_code == 1
    assert "taken back: revision 2 restores what was before" in said.stderr
    assert [request[1] for request in api.requests][-1].endswith("revert")


def test_an_export_is_just_the_text(weft: Weft, api: FakeApi) -> None:
    api.answers["description"] = {"revision": 3, "text": "projects: []\n"}

    assert weft("export").stdout == "projects: []\n"


def test_a_file_that_is_not_there_is_said(weft: Weft) -> None:
    assert "no description can be read" in weft("plan", "-f", "/none/such").stderr
