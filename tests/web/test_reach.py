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


def marks(page: Page) -> dict[str, str]:
    """What stands on the endpoints of the map, by their names."""
    chips = page.locator(".chip:not(.router)")
    expect(page.locator(".chip .partner").first).to_be_visible()
    return {
        chip.locator("strong").inner_text(): chip.locator(".partner").inner_text()
        for chip in chips.all()
        if chip.locator(".partner").count()
    }


def test_what_is_selected_is_seen_on_the_map_with_whom_it_reaches(site: Site, page: Page) -> None:
    shop = site.shop()
    site.log_in(page, f"/map?endpoint={shop.web[0].id}")

    assert marks(page) == {"web-2": "both ways", "db-1": "reaches it"}
    with site.store.write("alice") as tx:
        policies.remove_rule(tx, shop.policy.id, shop.policy.rules[0].id)
    expect(page.locator(".chip", has_text="db-1")).to_contain_text("both ways")
    described = page.get_by_role("group", name="vm db-1, 192.168.200.4, down, both ways")
    expect(described).to_be_visible()


def test_a_group_is_selected_and_all_of_its_endpoints_are_marked(site: Site, page: Page) -> None:
    shop = site.shop()
    site.log_in(page)
    page.get_by_label("Who reaches").select_option(label="group web")

    assert marks(page) == {"db-1": "reaches it"}
    expect(page.locator(".chip.selected")).to_have_count(2)
    panel = page.get_by_role("complementary", name="Group web")
    expect(panel).to_contain_text("2 endpoints")
    assert f"group={shop.web_group.id}" in page.url
    assert violations(page) == []


def test_boxes_that_are_folded_count_whom_they_hold(site: Site, page: Page) -> None:
    shop = site.shop()
    site.ports(shop.network, [f"more-{number}" for number in range(201)])
    site.log_in(page, f"/map?endpoint={shop.db.id}")

    expect(page.locator(".box.folded")).to_contain_text("none may reach it, it may reach 203")


def test_two_that_are_selected_are_explained_at_once_with_the_smallest_change_that_turns_it(
    site: Site, page: Page
) -> None:
    shop = site.shop()
    site.log_in(page, f"/map?endpoint={shop.web[0].id}&with={shop.db.id}&service=tcp/5432")

    panel = page.get_by_role("complementary", name="Endpoint web-1")
    expect(panel.locator(".verdict")).to_contain_text("web-1 does not reach db-1")
    remedy = panel.locator(".remedies li", has_text="from group web")
    remedy.get_by_role("button", name="See the plan").click()
    plan = page.get_by_label("The plan")
    expect(plan).to_contain_text("opens tcp/5432 from 2 ports of group web to 1 port of group db")
    plan.get_by_role("button", name="Apply").click()

    expect(panel.locator(".verdict")).to_contain_text("web-1 reaches db-1")
    expect(page.locator(".chip", has_text="web-2").locator(".partner")).to_have_text("both ways")
    assert violations(page) == []
