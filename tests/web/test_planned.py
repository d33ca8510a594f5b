"""Whatever changes who reaches whom is seen before it is made: groups, networks, routers, and what goes."""

from playwright.sync_api import Page, expect
from tests.web.site import Site, violations

from weft.model.network import Default
from weft.store import policies
from weft.store.policies import change_group


def test_a_groups_selector_is_changed_by_its_plan(site: Site, page: Page) -> None:
    shop = site.shop()
    site.log_in(page, "/groups")
    page.get_by_role("button", name="Change db").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name")).to_be_focused()
    dialog.get_by_label("Selector").fill("app=web")
    dialog.get_by_role("button", name="Save").click()

    plan = dialog.get_by_label("The plan")
    expect(plan).to_contain_text("opens any from 2 ports of group db to db-1")
    assert violations(page) == []
    assert site.store.snapshot().groups[shop.policy.target].selector.text == "app=db"  # type: ignore[index,union-attr]
    dialog.get_by_role("button", name="Apply").click()

    expect(dialog).to_have_count(0)
    expect(page.get_by_role("row", name="app=web")).to_have_count(2)


def test_a_plan_that_the_model_has_left_behind_is_shown_anew(site: Site, page: Page) -> None:
    shop = site.shop()
    site.log_in(page, "/groups")
    page.get_by_role("button", name="Change db").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Selector").fill("app=web")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_label("The plan")).to_contain_text("opens any from 2 ports of group db to db-1")

    with site.store.write("bob") as tx:
        change_group(tx, shop.web_group.id, description="mine")
    dialog.get_by_role("button", name="Apply").click()

    expect(dialog.get_by_role("alert")).to_contain_text("change of group web by bob")
    dialog.get_by_role("button", name="Apply").click()
    expect(dialog).to_have_count(0)


def test_what_moves_nobody_is_made_at_once(site: Site, page: Page) -> None:
    shop = site.shop()
    site.log_in(page, "/networks")
    page.get_by_role("button", name="Change DockerSN").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Description").fill("the article's")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row", name="DockerSN")).to_contain_text("the article's")

    page.get_by_role("button", name="Change DockerSN").click()
    dialog.get_by_label("what may reach its endpoints").select_option(label="drop")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_label("The plan")).to_contain_text("closes any from")
    dialog.get_by_role("button", name="Apply").click()

    expect(dialog).to_have_count(0)
    assert site.store.snapshot().networks[shop.network.id].default_ingress is Default.DROP


def test_what_goes_says_first_what_goes_with_it(site: Site, page: Page) -> None:
    shop = site.shop()
    with site.store.write("alice") as tx:
        policies.remove_policy(tx, shop.policy.id)
    site.log_in(page, "/groups")
    page.get_by_role("button", name="Delete db").click()

    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("The plan")).to_contain_text(
        "Everybody reaches just whom they reached before."
    )
    dialog.get_by_role("button", name="Delete", exact=True).click()

    expect(page.get_by_role("row", name="app=db")).to_have_count(0)
