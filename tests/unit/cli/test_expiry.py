"""A rule that ends by itself, as people say and see it."""

from datetime import UTC, datetime, timedelta

from tests.unit.cli.conftest import Weft
from tests.unit.cli.fake_api import FakeApi

ADD = ("policy", "rule", "add", "p", "--direction", "ingress", "--action", "allow")


def test_a_span_becomes_the_time_that_is_sent(weft: Weft, api: FakeApi) -> None:
    api.add("policies", name="p")
    before = datetime.now(UTC)

    assert weft(*ADD, "--expires", "2h").exit_code == 0

    (body,) = (body for method, path, body in api.requests if (method, path) == ("POST", "policies/p/rules"))
    said = datetime.fromisoformat(body["rule"]["expires"])
    assert timedelta(0) <= said - timedelta(hours=2) - before < timedelta(minutes=1)


def test_what_is_no_time_is_refused_before_anything_is_asked(weft: Weft, api: FakeApi) -> None:
    refused = weft(*ADD, "--expires", "soon")

    assert refused.exit_code == 2
    assert "2026-11-28T09:00:00Z" in refused.stderr
    assert api.requests == []


def test_a_policy_is_shown_with_the_times_at_which_its_rules_end(weft: Weft, api: FakeApi) -> None:
    rule = {"id": "1", "direction": "ingress", "action": "allow", "log": True}
    api.add("policies", name="p", rules=[{**rule, "expires": "2026-11-28T18:00:00Z"}])

    assert "log until 2026-11-28T18:00Z" in weft("policy", "show", "p").stdout
