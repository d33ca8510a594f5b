"""The drill-down names what was dropped lately, and the rule that did it."""

from datetime import UTC, datetime
from uuid import uuid4

from playwright.sync_api import Page, expect
from tests.web.site import Shop, Site, violations
from tests.web.test_listings import bearer

from weft.compiler import names
from weft.model.ids import HostName
from weft.store import tokens
from weft.store.tokens import Role


def tell(site: Site, page: Page, shop: Shop, *, port: int) -> None:
    """The agent of h1 tells that the shop's first rule dropped a packet from web-1 to db-1."""
    with site.store.write("admin") as tx:
        token = tokens.issue(tx, role=Role.HOST, name=f"agent {uuid4()}", host=HostName("h1"))
    at = datetime.now(UTC).isoformat()
    packet = {
        "name": names.rule_log_name(shop.policy.rules[0].id),
        "verdict": "drop",
        "direction": "ingress",
        "count": 1,
        "first_at": at,
        "last_at": at,
        "protocol": "tcp",
        "destination_port": port,
        "source_mac": shop.web[0].mac,
        "destination_mac": shop.db.mac,
        "source_port": 40_000,
        "source": str(shop.web[0].fixed_ips[0].address),
        "destination": str(shop.db.fixed_ips[0].address),
    }
    body = {"run": str(uuid4()), "number": 1, "packets": [packet]}
    answer = page.request.post(f"{site.url}/api/v1/hosts/h1/drops", data=body, headers=bearer(token))
    assert answer.ok, answer.text()


def test_a_drop_is_named_with_its_rule_when_it_happens(site: Site, page: Page) -> None:
    shop = site.shop()
    site.log_in(page, f"/endpoints/{shop.db.id}")
    drops = page.locator(".drops li")
    missing = "Missing: what h1 dropped, which have not told lately; what anti-spoofing dropped on h1."
    expect(page.get_by_text(missing)).to_be_visible()
    expect(drops).to_have_count(0)

    tell(site, page, shop, port=5432)

    expect(drops).to_contain_text(
        "dropped 1 packet of tcp/5432 from web-1 (192.168.200.2) to db-1 (192.168.200.4)", timeout=20_000
    )
    expect(drops).to_contain_text("by rule 1 of closed, tier project, on h1")
    assert violations(page) == []
    drops.get_by_role("link", name="closed").click()
    expect(page.locator(".rulelist .sought")).to_contain_text("drop any traffic")
