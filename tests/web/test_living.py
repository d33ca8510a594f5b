"""Pages that stay open: servers that restart, people with different roles, many endpoints."""

from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from tests.web.conftest import Serving
from tests.web.site import Site

from weft.store import tokens
from weft.store.tokens import Role

FIRST_LOAD = 300_000
"""Bytes on the wire, compressed."""


def test_a_page_lives_through_a_restart_of_the_server(site: Site, serving: Serving, page: Page) -> None:
    network = site.network("DockerSN", "192.168.200.0/24")
    site.port(network, "before")
    site.log_in(page, "/endpoints")
    expect(page.get_by_role("link", name="before")).to_be_visible()
    page.evaluate("window.sameDocument = true")

    serving.stop()
    expect(page.get_by_text("connection lost")).to_be_visible()
    site.port(network, "meanwhile")
    serving.start()

    expect(page.get_by_text("live", exact=True)).to_be_visible(timeout=20_000)
    expect(page.get_by_role("link", name="meanwhile")).to_be_visible()
    site.port(network, "after")
    expect(page.get_by_role("link", name="after")).to_be_visible()
    assert page.evaluate("window.sameDocument") is True


def test_what_one_changes_another_sees_and_may_not_change(site: Site, browser: Browser) -> None:
    shop = site.shop()
    with site.store.write("admin") as tx:
        project = shop.network.project_id
        member = tokens.issue(tx, role=Role.MEMBER, name="mia", project_id=project)
        viewer = tokens.issue(tx, role=Role.VIEWER, name="vic", project_id=project)
    hers, his = browser.new_context().new_page(), browser.new_context().new_page()
    site.log_in(hers, f"/policies/{shop.policy.id}", token=member)
    site.log_in(his, f"/policies/{shop.policy.id}", token=viewer)
    rows = his.get_by_role("grid").get_by_role("row")
    expect(rows.first).to_contain_text("drop")
    expect(his.get_by_role("grid").get_by_role("button")).to_have_count(0)

    hers.get_by_role("button", name="Up: ingress allow tcp/22").click()
    hers.get_by_role("button", name="Apply").click()

    expect(rows.first).to_contain_text("allow")
    his.get_by_role("link", name="Changes").click()
    expect(his.get_by_role("row", name="mia").first).to_contain_text("changed policy closed")
    for page in (hers, his):
        page.context.close()


def test_beside_many_endpoints_a_table_finds_one(site: Site, page: Page) -> None:
    network = site.network("DockerSN", "10.20.0.0/16")
    site.ports(network, [f"web-{number}" for number in range(201)])
    site.log_in(page, "/map?q=web-20")

    expect(page.locator(".beside")).to_have_count(0)
    page.get_by_label("Filter endpoints").fill("")
    page.locator(".beside").get_by_role("button", name="web-100").click()

    expect(page.get_by_role("complementary", name="Endpoint web-100")).to_be_visible()
    assert "endpoint=" in page.url


def test_the_pages_come_compressed(site: Site, page: Page) -> None:
    sizes = {}
    page.on("response", lambda answer: sizes.update({answer.url: answer.headers.get("content-encoding")}))
    site.log_in(page)

    assets = {Path(url).name: coding for url, coding in sizes.items() if "/assets/" in url}
    assert assets
    assert set(assets.values()) == {"gzip"}


def test_the_first_load_is_small_and_nothing_comes_from_elsewhere(site: Site, page: Page) -> None:
    sizes: dict[str, int] = {}
    page.on(
        "response", lambda answer: sizes.update({answer.url: int(answer.headers.get("content-length", 0))})
    )
    complaints: list[str] = []
    page.on("console", lambda told: complaints.append(told.text) if "Content Security" in told.text else None)
    site.log_in(page)
    page.locator("main h1").first.wait_for(state="attached")

    assert all(url.startswith(site.url) for url in sizes)
    assert sum(size for url, size in sizes.items() if "/api/" not in url) <= FIRST_LOAD
    assert complaints == []


def test_news_of_one_port_among_many_reads_that_port_alone(site: Site, page: Page) -> None:
    network = site.network("DockerSN", "10.20.0.0/16")
    site.ports(network, [f"web-{number}" for number in range(1001)])
    site.log_in(page)
    count = page.locator(".tools [role=status]")
    expect(count).to_contain_text("1001 endpoints")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    site.port(network, "one-more")

    expect(count).to_contain_text("1002 endpoints")
    assert [url for url in asked if "/ports?" in url] == []


def test_two_that_are_selected_are_the_question(site: Site, page: Page) -> None:
    shop = site.shop()
    site.log_in(page)
    page.locator(".chip", has_text="web-1").click()
    page.locator(".chip", has_text="db-1").click(modifiers=["Shift"])

    panel = page.get_by_role("complementary", name="Endpoint web-1")
    expect(panel.get_by_label("The other endpoint, by name or address")).to_have_value("db-1")
    panel.get_by_role("button", name="Explain").click()
    expect(panel.locator(".verdict")).to_contain_text("web-1 does not reach db-1")
    assert f"with={shop.db.id}" in page.url
