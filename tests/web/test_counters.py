"""What an endpoint sends and receives, on its page, beside the limit: what nobody told is unknown."""

import time
from typing import Any

import httpx
from playwright.sync_api import Page, expect
from tests.web.site import Site, violations

from weft.model.policy import QosPolicy, RateLimit
from weft.store import ports, qos


def tell(site: Site, port: object, clock_s: float, sent: int) -> Any:  # noqa: ANN401 - JSON
    """Host h1 has read its switch's counters."""
    count = {"bytes": sent, "packets": sent // 1000, "dropped": 0}
    body = {"clock_s": clock_s, "ports": [{"id": str(port), "sent": count, "received": count}]}
    answer = httpx.post(
        f"{site.url}/api/v1/hosts/h1/counters", json=body, headers={"Authorization": f"Bearer {site.token}"}
    )
    return answer.raise_for_status().json()
