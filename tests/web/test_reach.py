"""Who may reach it, and whom it may reach: beside the map, and true at once when policy changes."""

from playwright.sync_api import Page, expect
from tests.web.site import Site, violations

from weft.store import policies


def test_the_map_says_whom_a_port_reaches_and_who_reaches_it(site: Site, page: Page) -> None:
    shop = site.shop()
    site.log_in(page, f"/map?endpoint={shop.db.id}")
    reach = page.locator(".reach")
    expect(reach).to_contain_text("By nobody.")
    expect(reach).to_contain_text("any from 1 port of group db to web-1, web-2")

    with site.store.write("alice") as tx:
        policies.remove_rule(tx, shop.policy.id, shop.policy.rules[0].id)

    expect(reach).not_to_contain_text("By nobody.")
    assert violations(page) == []


def test_a_group_that_the_search_names_is_asked_about_as_one(site: Site, page: Page) -> None:
    site.shop()
    site.log_in(page, "/map?q=group:db")

    panel = page.get_by_role("complementary", name="Group db")
    expect(panel).to_contain_text("1 endpoint")
    expect(panel).to_contain_text("By nobody.")
