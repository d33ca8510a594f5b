"""What an endpoint sends and receives, on its page, beside the limit: what nobody told is unknown."""

import re

import httpx
from playwright.sync_api import Page, expect
from tests.web.site import Shop, Site, violations

from weft.model.ids import HostName
from weft.model.policy import Protocol, RateLimit
from weft.model.publication import Publication
from weft.store import hosts, networks, policies, publications
from weft.store.policies import NewQosPolicy


def tell(site: Site, shop: Shop, clock_s: float, sent: int) -> None:
    """Host h1 has read the counters of its switch."""
    count = {"bytes": sent, "packets": sent // 1000, "dropped": 0}
    body = {"clock_s": clock_s, "ports": [{"id": str(shop.db.id), "sent": count, "received": count}]}
    post(site, "/hosts/h1/counters", body)


def post(site: Site, path: str, body: object) -> None:
    headers = {"Authorization": f"Bearer {site.token}"}
    answer = httpx.post(f"{site.url}/api/v1{path}", json=body, headers=headers, timeout=60)
    assert answer.is_success, answer.text


def test_traffic_stands_beside_its_limit_and_goes_on_by_itself(site: Site, page: Page) -> None:
    shop = site.shop()
    with site.store.write("operator") as tx:
        new = NewQosPolicy(
            project_id=shop.network.project_id, name="slow", egress=RateLimit(rate_kbps=10_000)
        )
        slow = policies.add_qos_policy(tx, new)
        networks.change_network(tx, shop.network.id, qos_policy_id=slow.id)
    site.log_in(page, f"/endpoints/{shop.db.id}")
    expect(page.get_by_text("h1 has not told yet what it counts.")).to_be_visible()
    expect(page.locator(".chart").first).to_contain_text("no rate is known yet")

    tell(site, shop, 100, 1_000)
    tell(site, shop, 110, 6_251_000)

    sends, receives = page.locator(".chart").nth(0), page.locator(".chart").nth(1)
    expect(sends).to_contain_text("now 5 Mbit/s", timeout=30_000)
    expect(sends).to_contain_text("50 % of its limit of 10 Mbit/s")
    expect(sends.get_by_role("img", name="It sends: now 5 Mbit/s")).to_be_visible()
    expect(receives).to_contain_text("no limit")
    assert violations(page) == []


def test_what_is_published_stands_on_the_map_and_on_its_page(site: Site, page: Page) -> None:
    shop = site.shop()
    with site.store.write("agent of h1") as tx:
        hosts.change_host(tx, HostName("h1"), physical_networks=frozenset({"host"}))
    post(site, "/routers", {"name": "hub", "networks": ["DockerSN"], "gateway": {"network": "host"}})
    with site.store.write("agent of h1") as tx:
        publications.publish(
            tx, shop.web[0].id, [Publication(protocol=Protocol.TCP, host_port=8080, port=80)]
        )
    site.log_in(page, "/map")

    expect(page.locator(".chip", has_text="web-1")).to_contain_text("tcp/8080")
    outside = page.get_by_label("the outside: router hub goes out by host")
    expect(outside).to_have_accessible_name(re.compile("1 endpoint published on DockerSN"))
    assert violations(page) == []
    page.goto(f"{site.url}/endpoints/{shop.web[0].id}")
    expect(page.get_by_text("tcp/8080 of h1 leads to its port 80")).to_be_visible()


def test_subnets_come_and_go_while_their_network_stays(site: Site, page: Page) -> None:
    shop = site.shop()
    site.log_in(page, "/networks")
    page.get_by_role("button", name="Subnets of DockerSN").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Prefix").fill("192.168.201.0/24")
    dialog.get_by_role("button", name="Add").click()

    expect(dialog.get_by_text("gateway 192.168.201.1")).to_be_visible()
    dialog.get_by_role("button", name="Remove 192.168.200.0/24").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    assert violations(page) == []
    dialog.get_by_role("button", name="Remove 192.168.201.0/24").click()
    expect(dialog.get_by_text("gateway 192.168.201.1")).to_have_count(0)
    assert len(site.store.snapshot().subnets_of[shop.network.id]) == 1


def test_a_rule_is_given_its_end(site: Site, page: Page) -> None:
    shop = site.shop()
    site.log_in(page, f"/policies/{shop.policy.id}")
    page.get_by_role("button", name="Edit: ingress allow tcp/22").click()
    page.get_by_role("dialog").get_by_label("Ends").fill("2099-01-02T03:04")
    page.get_by_role("button", name="Keep in the draft").click()

    expect(page.get_by_role("row", name="ingress allow tcp/22")).to_contain_text("(until ")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("em.fresh")).to_have_count(0)
    ends = site.store.snapshot().policies[shop.policy.id].rules[1].expires
    assert ends is not None
    assert ends.year == 2099
