"""The change log on the pages: who changed what, what it opened, how it was before, and taking it back."""

import re

import pytest
from playwright.sync_api import Page, expect
from tests.web.site import Shop, Site

from weft.model.policy import Action
from weft.store import policies, tokens
from weft.store.tokens import Role

REMOVED = "\N{MINUS SIGN} ingress drop any traffic from anyone (counted)"


@pytest.fixture
def shop(site: Site) -> Shop:
    """Alice's shop, to whose database bob has let everybody in."""
    declared = site.shop()
    with site.store.write("bob") as tx:
        policies.remove_rule(tx, declared.policy.id, declared.policy.rules[0].id)
    return declared


def test_the_log_says_who_did_what_and_goes_on_by_itself(site: Site, page: Page, shop: Shop) -> None:
    site.log_in(page, "/changes")
    rows = page.get_by_role("row")
    expect(rows.nth(1)).to_contain_text("bob")
    expect(rows.nth(1)).to_contain_text("changed policy closed")

    with site.store.write("carol") as tx:
        policies.change_policy(tx, shop.policy.id, description="hers")

    expect(rows.nth(1)).to_contain_text("carol")


@pytest.mark.usefixtures("shop")
def test_what_is_looked_for_is_in_the_address(site: Site, page: Page) -> None:
    site.log_in(page, "/changes")
    page.get_by_label("What").select_option(label="policies")
    page.get_by_label("By").fill("bob")
    page.get_by_role("button", name="Look").click()
    expect(page.get_by_role("row")).to_have_count(2)

    assert "kind=policies" in page.url
    assert "author=bob" in page.url
    page.reload()
    expect(page.get_by_role("row")).to_have_count(2)


def test_older_revisions_are_a_page_further(site: Site, page: Page) -> None:
    network = site.network("DockerSN", "10.20.0.0/16")
    for number in range(60):
        site.port(network, f"web-{number}")
    site.log_in(page, "/changes")
    expect(page.get_by_role("row")).to_have_count(51)

    page.get_by_role("link", name="Older than revision").click()

    expect(page.get_by_text("The history begins with revision")).to_be_visible()
    page.get_by_role("link", name="The newest").click()
    expect(page.get_by_text("web-59", exact=False)).to_be_visible()


@pytest.mark.usefixtures("shop")
def test_a_revision_shows_what_it_changed_and_what_it_opened(site: Site, page: Page) -> None:
    site.log_in(page, "/changes")
    page.get_by_role("row", name="bob").get_by_role("link").first.click()

    expect(page.locator(".shifts")).to_contain_text("opens any from web-1, web-2 to 1 port of group db")
    objects = page.locator(".objects")
    expect(objects).to_contain_text("policy closed")
    expect(objects).to_contain_text(REMOVED)
    objects.get_by_role("link", name="all its changes of closed").click()
    expect(page.get_by_role("row")).to_have_count(3)


@pytest.mark.usefixtures("shop")
def test_the_model_as_it_was_says_who_reached_whom_then(site: Site, page: Page) -> None:
    before = site.store.revision - 1
    site.log_in(page, f"/changes/at/{before}?to=group:db")

    expect(page.get_by_text("Nobody.")).to_be_visible()
    expect(page.locator(".shifts")).to_contain_text("opens any from web-1, web-2 to 1 port of group db")
    expect(page.get_by_label("The model as a description")).to_contain_text("action: drop")
    page.get_by_label("At").fill("nonsense")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("alert").first).to_contain_text("is no revision and no time")


def test_a_revision_is_taken_back_just_as_the_plan_shows(site: Site, page: Page, shop: Shop) -> None:
    taken = site.store.revision
    site.log_in(page, f"/changes/{taken}")
    page.get_by_role("button", name="Take it back").click()
    plan = page.get_by_label("The plan")
    expect(plan).to_contain_text("closes any from web-1, web-2 to 1 port of group db")
    assert site.store.revision == taken

    plan.get_by_role("button", name="Apply").click()

    expect(page).to_have_url(re.compile(f"/changes/{taken + 1}$"))
    expect(page.locator(".shifts")).to_contain_text("closes any")
    assert site.store.snapshot().policies[shop.policy.id].rules[0].action is Action.DROP


def test_what_was_built_on_is_not_taken_back_and_the_page_says_why(
    site: Site, page: Page, shop: Shop
) -> None:
    built_on = site.store.revision
    with site.store.write("carol") as tx:
        policies.change_policy(tx, shop.policy.id, description="hers")
    site.log_in(page, f"/changes/{built_on}")

    page.get_by_role("button", name="Take it back").click()

    plan = page.get_by_label("The plan")
    expect(plan.get_by_role("alert")).to_contain_text("policy closed is not what revision")
    expect(plan.get_by_role("button", name="Apply")).to_be_disabled()


def test_a_viewer_sees_what_changed_and_takes_nothing_back(site: Site, page: Page, shop: Shop) -> None:
    revision = site.store.revision
    with site.store.write("admin") as tx:
        token = tokens.issue(tx, role=Role.VIEWER, name="eve", project_id=shop.network.project_id)
    site.log_in(page, f"/changes/{revision}", token=token)

    expect(page.locator(".objects")).to_contain_text("policy closed")
    expect(page.get_by_role("button", name="Take it back")).to_have_count(0)
