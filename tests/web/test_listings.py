"""What is listed, made and removed on pages of its own; hosts and how they are."""

from playwright.sync_api import Page, expect
from tests.web.site import Site, violations

from weft.model.ids import HostName
from weft.store import policies, status

TUNNEL = {"peer": "h2", "address": "10.0.0.2", "encapsulation": "vxlan", "error": "", "carries": False}
HEALTH = {
    "versions": {"kernel": "6.1.0", "ovn": "23.03.1"},
    "tunnels": [TUNNEL],
    "tunnels_in_all": 1,
    "at": "2026-11-27T10:00:00+00:00",
    "counts": {"error": 1, "warning": 0, "note": 1},
    "findings": [
        {"severity": "note", "check": "datapath", "says": "userspace", "cure": ""},
        {"severity": "error", "check": "mtu", "says": "eth0 carries 1400", "cure": "raise it to 1600"},
    ],
}


def test_an_address_group_is_made_corrected_and_removed(site: Site, page: Page) -> None:
    site.log_in(page, "/address-groups")
    page.get_by_role("button", name="New address group").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("offices")
    dialog.get_by_label("Prefixes").fill("192.0.2.0/24 nonsense")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_label("Prefixes")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Prefixes").fill("192.0.2.0/24")
    dialog.get_by_role("button", name="Create").click()

    row = page.get_by_role("row", name="offices")
    expect(row).to_contain_text("192.0.2.0/24")
    row.get_by_role("button", name="Change").click()
    dialog.get_by_label("Prefixes").fill("192.0.2.0/24, 2001:db8::/32")
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("2001:db8::/32")

    row.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    assert site.store.snapshot().address_groups == {}


def test_an_invariant_says_whether_it_holds_and_which_packet_breaks_it(site: Site, page: Page) -> None:
    shop = site.shop()
    site.log_in(page, "/invariants")
    page.get_by_role("button", name="New invariant").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("db-apart")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("alert")).to_contain_text("invariant db-apart is broken: ")
    dialog.get_by_label("From").select_option(label="group web")
    dialog.get_by_label("To").select_option(label="group db")
    dialog.get_by_role("button", name="Create").click()

    row = page.get_by_role("row", name="db-apart")
    expect(row).to_contain_text("group:web never reaches group:db on any traffic")
    expect(row.locator(".state")).to_have_text("holds")
    with site.store.write("who may") as tx:
        policies.remove_policy(tx, shop.policy.id)
    expect(row.locator(".state")).to_have_text("broken")
    expect(row).to_contain_text("web-1 (192.168.200.2) reaches db-1")


def test_an_attach_rule_is_made_for_a_selector(site: Site, page: Page) -> None:
    site.network("DockerSN", "192.168.200.0/24")
    site.log_in(page, "/attach-rules")
    page.get_by_role("button", name="New attach rule").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("web")
    dialog.get_by_label("Selector").fill("app=web")
    dialog.get_by_role("button", name="Create").click()

    expect(page.get_by_role("row", name="app=web")).to_contain_text("DockerSN")
    (made,) = site.store.snapshot().attach_rules.values()
    assert made.selector.text == "app=web"


def test_a_token_is_shown_once_works_and_is_revoked(site: Site, page: Page) -> None:
    site.log_in(page, "/tokens")
    page.get_by_role("button", name="New token").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("eve")
    dialog.get_by_role("button", name="Create").click()
    secret = dialog.locator("pre").inner_text()
    dialog.get_by_role("button", name="Close").click()
    row = page.get_by_role("row", name="eve")
    expect(row).to_contain_text("viewer")
    assert page.request.get(f"{site.url}/api/v1/ports", headers=bearer(secret)).ok

    row.get_by_role("button", name="Revoke").click()
    dialog.get_by_role("button", name="Revoke").click()

    expect(row).to_have_count(0)
    assert page.request.get(f"{site.url}/api/v1/ports", headers=bearer(secret)).status == 401


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Cookie": ""}


def test_a_host_says_what_is_wrong_with_it_and_what_to_do(site: Site, page: Page) -> None:
    network = site.network("DockerSN", "192.168.200.0/24")
    site.port(network, "web-1")
    status.set_host_seen(
        site.store, HostName("h1"), agent_version="0.1", datapath="netdev", details={"health": HEALTH}
    )
    site.log_in(page, "/hosts")
    row = page.get_by_role("row", name="h1")
    expect(row).to_contain_text("1 error")

    row.get_by_role("link", name="h1").click()

    findings = page.locator(".findings li")
    expect(findings.first).to_contain_text("mtu: eth0 carries 1400")
    expect(findings.first).to_contain_text("raise it to 1600")
    expect(findings.nth(1)).to_contain_text("note")
    expect(page.get_by_role("row", name="h2")).to_contain_text("too narrow for full packets")
    expect(page.get_by_text("23.03.1")).to_be_visible()
    expect(page.get_by_role("link", name="web-1")).to_be_visible()
    assert violations(page) == []


def test_a_host_is_changed_let_join_again_and_retired(site: Site, page: Page) -> None:
    network = site.network("DockerSN", "192.168.200.0/24")
    site.port(network, "web-1")
    site.log_in(page, "/hosts/h1")
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="Command to join").click()
    dialog.get_by_role("button", name="Make a token").click()
    expect(dialog.locator("pre")).to_contain_text("weft host join ")
    dialog.get_by_role("button", name="Close").click()

    page.get_by_role("button", name="Change").click()
    dialog.get_by_label("Description").fill("rack 7")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("rack 7")).to_be_visible()

    page.get_by_role("button", name="Retire").click()
    expect(dialog).to_contain_text("1 endpoint of its workloads")
    dialog.get_by_role("button", name="Retire").click()
    expect(page).to_have_url(f"{site.url}/hosts")
    assert site.store.snapshot().hosts == {}
