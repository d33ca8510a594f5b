"""Counters as people read them: a rate beside its limit, and unknown where nobody told."""

from typing import Any

from tests.unit.cli.conftest import Weft
from tests.unit.cli.fake_api import FakeApi


def count(size: int) -> dict[str, int]:
    return {"bytes": size, "packets": size // 1000, "dropped": 0}


def sample(second: int, sent: float, received: float) -> dict[str, Any]:
    at = f"2026-11-28T09:00:{second:02}+00:00"
    return {"at": at, "seconds": 5, "sent_kbps": sent, "received_kbps": received}


LIMIT = {"qos_policy": "slow", "of_network": True, "sent_kbps": 10_000, "received_kbps": None}
TOLD: dict[str, Any] = {
    "host": "h1",
    "silent": False,
    "sent": count(1_500_000),
    "received": count(2_000),
    "samples": [sample(10, 9_800, 3), sample(15, 1_230, 0)],
    "limit": LIMIT,
}
UNKNOWN: dict[str, Any] = {
    **TOLD,
    "silent": True,
    "sent": None,
    "received": None,
    "samples": [],
    "limit": None,
}


def test_a_rate_stands_beside_its_limit_and_the_most_there_was(weft: Weft, api: FakeApi) -> None:
    api.answers["ports/web/counters"] = TOLD

    head, sent, received, limit, most = weft("port", "counters", "web").stdout.splitlines()

    assert head.split() == ["NOW", "MOST", "LIMIT", "TOTAL", "LOST"]
    assert " ".join(sent.split()) == "sent 1.23 Mbit/s 9.8 Mbit/s 10mbit 1.5 MB in 1,500 packets 0"
    assert " ".join(received.split()) == "received 0 kbit/s 3 kbit/s none 2 kB in 2 packets 0"
    assert limit == "Limit: QoS policy slow, of its network. `sent` is counted before it."
    assert most == "MOST is of the last 10 s, over 5 s each."


def test_what_nobody_told_is_unknown(weft: Weft, api: FakeApi) -> None:
    api.answers["ports/web/counters"] = UNKNOWN

    said = weft("port", "counters", "web").stdout

    assert said.count("unknown") == 2 * 4 + 1
    assert "h1 has not told lately" in said


def test_a_port_on_no_host_says_that_nobody_counts(weft: Weft, api: FakeApi) -> None:
    api.answers["ports/web/counters"] = {**UNKNOWN, "host": None, "silent": False}

    assert "It is on no host: nobody counts." in weft("port", "counters", "web").stdout
