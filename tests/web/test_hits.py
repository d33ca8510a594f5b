"""What rules have matched, on the pages of endpoints and policies: what nobody told is unknown, not none."""

from datetime import UTC, datetime
from uuid import uuid4

from playwright.sync_api import Page, expect
from tests.web.site import Shop, Site, violations

from weft.model.ids import HostName
from weft.model.policy import Action, Direction, PortRange, Protocol, Service
from weft.store import hits, policies
from weft.store.hits import Report, Subject
from weft.store.policies import NewRule

HTTP = Service(protocol=Protocol.TCP, ports=(PortRange(80, 80),))
REJECT_HTTP = NewRule(direction=Direction.INGRESS, action=Action.REJECT, service=HTTP)


def tell(site: Site, shop: Shop, packets: int) -> None:
    """Host h1 has looked, and saw packets that the first rule of the shop's policy dropped."""
    seen = {Subject(shop.policy.rules[0].id): (packets, 60 * packets)} if packets else {}
    hits.record(site.store, Report(HostName("h1"), str(uuid4()), 1), seen, datetime.now(UTC))


def test_the_drill_down_says_whose_each_rule_is_and_what_it_matched(site: Site, page: Page) -> None:
    shop = site.shop()
    tell(site, shop, 5)
    site.log_in(page, f"/endpoints/{shop.db.id}")

    drop, ssh, default = (page.locator("ol.rules").first.locator("li").nth(number) for number in range(3))
    expect(drop).to_contain_text("drop any traffic from anyone")
    expect(drop).to_contain_text("rule 1 of closed, tier project, by alice in revision")
    expect(drop).to_contain_text("5 packets, 300 B, last ")
    expect(ssh).to_contain_text("no hit yet")
    expect(default).to_contain_text("same-network the default of network DockerSN, by operator in revision")
    expect(default).to_contain_text("dropped on the network: no hit yet")
    assert violations(page) == []


def test_hits_that_no_host_has_told_are_unknown(site: Site, page: Page) -> None:
    shop = site.shop()
    site.log_in(page, f"/endpoints/{shop.db.id}")

    rules = page.locator("ol.rules").first
    expect(rules.locator("li").first).to_contain_text("hits unknown")
    expect(rules).not_to_contain_text("no hit")
    expect(page.get_by_text("Missing is what h1 matched")).to_be_visible()


def test_the_policy_page_says_it_beside_each_rule(site: Site, page: Page) -> None:
    shop = site.shop()
    tell(site, shop, 1)
    with site.store.write("bob") as tx:
        policies.insert_rule(tx, shop.policy.id, REJECT_HTTP, 0)
    site.log_in(page, f"/policies/{shop.policy.id}")

    rows = page.get_by_role("grid").get_by_role("row")
    expect(rows.nth(0)).to_contain_text("no hit yet, by bob in revision")
    expect(rows.nth(1)).to_contain_text("1 packet, 60 B, last ")
    expect(rows.nth(1)).to_contain_text("by alice in revision")
    assert violations(page) == []


def test_hits_that_come_are_seen_without_a_reload(site: Site, page: Page) -> None:
    shop = site.shop()
    tell(site, shop, 0)
    site.log_in(page, f"/endpoints/{shop.db.id}")
    first = page.locator("ol.rules").first.locator("li").first
    expect(first).to_contain_text("no hit yet")

    tell(site, shop, 7)

    expect(first).to_contain_text("7 packets", timeout=30_000)
