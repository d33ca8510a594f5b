"""Drops as people read them: who, by which rule; what is missing is said."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.unit.cli.conftest import Weft
from tests.unit.cli.fake_api import FakeApi

from weft.cli.moment import ago, ahead
from weft.client.drops import follow_drops
from weft.client.transport import Transport
from weft.model.errors import Invalid

RULE: dict[str, Any] = {
    "policy_id": "p",
    "policy": "shut",
    "tier": "project",
    "rule_id": "r",
    "index": 2,
    "description": "no TLS",
    "together": [],
}
DROP: dict[str, Any] = {
    "number": 7,
    "verdict": "drop",
    "direction": "ingress",
    "host": "h1",
    "project_id": "x",
    "estimate": False,
    "by": "rule",
    "rule": RULE,
    "network_id": None,
    "network": None,
    "source": {"address": "192.0.2.7", "port_id": None, "port": None},
    "destination": {"address": "10.1.0.3", "port_id": "w", "port": "web"},
    "protocol": "tcp",
    "ip_protocol": None,
    "source_port": 40000,
    "destination_port": 443,
    "icmp_type": None,
    "icmp_code": None,
    "count": 1234,
    "at_least": False,
    "first_at": "2025-11-28T00:00:00Z",
    "last_at": "2025-11-28T00:00:09Z",
}
BY_NETWORK = {**DROP, "rule": None, "network": "net", "network_id": "n"}
BY_DEFAULT = {**BY_NETWORK, "by": "default", "protocol": "icmp", "at_least": True}
PING = {**BY_DEFAULT, "destination_port": None, "icmp_type": 8, "icmp_code": 0}


def test_a_forged_packet_has_a_sender_and_no_addresses(weft: Weft, api: FakeApi) -> None:
    sender = {"address": None, "port_id": "w", "port": "web"}
    nobody = {"address": None, "port_id": None, "port": None}
    forged = {**BY_NETWORK, "by": "anti-spoofing", "direction": "egress", "protocol": None}
    unknown = {"destination_port": None, "source": sender, "destination": nobody}
    api.answers["drops"].update(items=[{**forged, **unknown}], unwatched=["h2"])

    _, line, *caveats = weft("drops").stdout.splitlines()

    assert " ".join(line.split()[2:]) == "drop 1,234 web ? any anti-spoofing egress of network net"
    assert "Missing: what anti-spoofing dropped lately on h2." in caveats


def test_a_line_says_who_to_whom_and_by_which_rule(weft: Weft, api: FakeApi) -> None:
    together = {**DROP, "rule": {**RULE, "together": ["s"]}}
    gre = {**DROP, "protocol": None, "ip_protocol": 47, "destination_port": None}
    api.answers["drops"]["items"] = [DROP, PING, together, gre]

    _, one, ping, alike, other = weft("drops").stdout.splitlines()[:5]

    words = " ".join(one.split())
    assert words == (
        "2025-11-28 00:00:09 drop 1,234 192.0.2.7 web (10.1.0.3) tcp/443 "
        "rule 2 of shut (project, ingress): no TLS"
    )
    assert "at least 1,234" in ping
    assert "icmp/8/0 default ingress of network net" in " ".join(ping.split())
    assert "rule 2 or one like it of shut" in alike
    assert "IP protocol 47" in other


def test_what_is_missing_is_said(weft: Weft, api: FakeApi) -> None:
    api.answers["drops"].update(forgotten=3, unlogged=1500, gaps=["h1"], silent=["h2", "h3"], next_cursor="9")

    said = weft("drops").stdout

    assert "There are more" in said
    assert "3 older flows had to make room" in said
    assert "1,500 more packets, which OVN did not log" in said
    assert "a part of what h1 logged" in said
    assert "what h2, h3 logged lately" in said


def test_documents_are_what_the_api_says(weft: Weft, api: FakeApi) -> None:
    api.answers["drops"]["items"] = [DROP]

    assert json.loads(weft("drops", "-o", "json").stdout)["items"] == [DROP]
    assert "policy: shut" in weft("drops", "-o", "yaml").stdout


def test_a_time_that_is_none_is_refused_before_anything_is_asked(weft: Weft, api: FakeApi) -> None:
    refused = weft("drops", "--since", "yesterday")

    assert refused.exit_code == 2
    assert "2026-11-28T09:00:00Z" in refused.stderr
    assert api.requests == []


NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "span"), [("90s", 90), ("10m", 600), ("2h", 7200), ("3d", 3 * 86400), ("1w", 7 * 86400)]
)
def test_a_span_is_ahead_or_ago(text: str, span: int) -> None:
    assert ahead(text, NOW, field="expires") == NOW + timedelta(seconds=span)
    assert ago(text, NOW, field="since") == NOW - timedelta(seconds=span)


def test_a_time_is_itself_and_without_a_zone_it_is_utc() -> None:
    for text in ("2026-11-28T13:00:00+01:00", "2026-11-28T12:00:00Z", "2026-11-28T12:00"):
        assert ahead(text, datetime(2020, 1, 1, tzinfo=UTC), field="expires") == NOW


@pytest.mark.parametrize("text", ["", "h", "2 h", "-2h", "2y", "28.11.2026", "9999999h"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="is no time"):
        ahead(text, NOW, field="expires")


def test_a_feed_goes_on_where_a_lost_connection_ended() -> None:
    asked: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("after"))
        if len(asked) == 2:
            raise httpx.ConnectError("away")
        number = 7 if len(asked) == 1 else 9
        text = f': weft\n\nevent: missing\ndata: {{}}\n\nevent: drop\ndata: {{"number": {number}}}\n\n'
        lost = httpx.ByteStream(text.encode())
        return httpx.Response(200, stream=lost)

    transport = Transport(
        "http://weft", token="t", tls=None, timeout_s=1, transport=httpx.MockTransport(answer)
    )
    feed = follow_drops(transport, {})

    found = [next(feed) for _ in range(4)]

    assert found == [None, {"number": 7}, None, {"number": 9}]
    assert asked == [None, "7", "7"]
