"""The pages for everyone: by axe, in every theme, on a phone, in the colours that a system forces."""

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.web.site import Shop, Site, violations

PAGES = [
    "/map",
    "/endpoints",
    "/networks",
    "/routers",
    "/policies",
    "/invariants",
    "/lint",
    "/groups",
    "/address-groups",
    "/attach-rules",
    "/qos",
    "/hosts",
    "/projects",
    "/tokens",
    "/changes",
]
LIGHT = {"color_scheme": "light"}
TABLET = {"color_scheme": "light", "viewport": {"width": 820, "height": 1000}}
PHONE = {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}}
CONTRAST = {"color_scheme": "dark", "contrast": "more"}
FORCED = {"color_scheme": "dark", "forced_colors": "active"}


def paths(shop: Shop) -> list[str]:
    """The pages of one object each: all that pages are made of stands on them."""
    web = shop.web[0].id
    return [
        *(f"/map?endpoint={web}", f"/endpoints/{web}", f"/policies/{shop.policy.id}", "/hosts/h1"),
        *("/changes/4", "/changes/at/4"),
    ]


def shown(site: Site, page: Page, path: str) -> None:
    page.goto(site.url + path)
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    page.locator("main h1").first.wait_for(state="attached")


@pytest.mark.parametrize(
    ("how", "more"),
    [(LIGHT, PAGES), (TABLET, []), (PHONE, PAGES), (CONTRAST, []), (FORCED, [])],
    ids=["light", "light on a tablet", "dark on a phone", "high contrast", "forced colours"],
)
def test_every_page_can_be_used_by_everyone(
    site: Site, browser: Browser, how: dict[str, object], more: list[str]
) -> None:
    shop = site.shop()
    page = browser.new_page(**how)  # type: ignore[arg-type]  # they are its own names
    site.log_in(page)

    found, wide = {}, []
    for path in [*paths(shop), *more]:
        shown(site, page, path)
        found[path] = violations(page)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(path)
    page.close()

    assert {path: wrong for path, wrong in found.items() if wrong} == {}
    assert wide == [], "no page scrolls sideways"


def test_dialogs_and_plans_can_be_used_by_everyone(site: Site, page: Page) -> None:
    shop = site.shop()
    site.log_in(page, f"/policies/{shop.policy.id}")
    page.get_by_role("button", name="Up: ingress allow tcp/22").click()
    expect(page.get_by_label("The plan")).to_contain_text("opens")
    assert violations(page) == []

    page.get_by_role("button", name="Rule", exact=True).click()
    page.get_by_role("dialog").wait_for()
    assert violations(page) == []


def test_a_phone_shows_the_place_that_is_open(site: Site, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    site.log_in(page, "/changes")

    expect(page.get_by_role("link", name="Changes")).to_be_in_viewport()
    page.close()
