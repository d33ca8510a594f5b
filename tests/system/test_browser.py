"""The article's story in a browser: what runs in the lab appears by itself, and what is clicked holds."""

import re
from collections.abc import Iterator
from functools import partial

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from pyroute2 import netns
from tests.web.conftest import CHROMIUM

from weft.api.ui import BUILT
from weft.lab import life, story
from weft.lab.credentials import admin_token
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import try_on, until

NETWORK, CONTAINER, MACHINE = "browsed", "gloomy_jang", "vm-seen"
SOON = 30_000
"""Milliseconds."""


@pytest.fixture
def page(lab: Lab) -> Iterator[Page]:
    """A browser on the central host, logged in as the administrator; it is told to take the lab's own CA."""
    assert (BUILT / "index.html").is_file(), "the pages are not built: make web"
    netns.pushns(lab.central.namespace)
    try:
        playwright = sync_playwright().start()
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
    finally:
        netns.popns()
    page = browser.new_context(ignore_https_errors=True, viewport={"width": 1400, "height": 900}).new_page()
    page.set_default_timeout(SOON)
    page.goto(lab.server_url + "/networks")
    page.get_by_label("Token").fill(admin_token(lab))
    page.get_by_role("button", name="Log in").click()
    yield page
    browser.close()
    playwright.stop()


@pytest.fixture
def undone(lab: Lab) -> Iterator[None]:
    """What was declared by clicks goes when its ports have gone."""
    yield
    for kind, name in (("policy", "browsed-shut"), ("network", NETWORK)):
        until(partial(_goes, lab, kind, name), f"{kind} {name} to go", timeout_s=60)


def _goes(lab: Lab, kind: str, name: str) -> bool:
    done = try_on(lab.central, *life.administering(lab, kind, "delete", name))
    return done.returncode == 0 or "that you may see" in done.stderr


@pytest.mark.usefixtures("undone")
def test_the_story_is_seen_and_told_by_clicks(h1: LabHost, h2: LabHost, page: Page) -> None:
    _make_network(page)
    page.get_by_role("link", name="Map", exact=True).click()

    story.wait_for_libvirt_network(h2, NETWORK)
    story.run_container(h1, CONTAINER, NETWORK, "--label", "app=seen")
    _, address = story.run_guest(h2, MACHINE, NETWORK, app="seen")

    for kind, name in (("container", CONTAINER), ("vm", MACHINE)):
        up = re.compile(f"^{kind} {name}, .*, up")
        expect(page.get_by_role("group", name=up)).to_be_visible(timeout=SOON)
    assert story.pings(h1, CONTAINER, address)

    _forbid_ping(page)
    until(lambda: not story.pings(h1, CONTAINER, address), "the rule to bite", timeout_s=30)

    page.get_by_role("link", name="Endpoints (ports)", exact=True).click()
    page.get_by_role("link", name=MACHINE).click()
    dropped = page.locator(".drops li").filter(has_text=f"icmp/8 from {CONTAINER}")
    expect(dropped.first).to_contain_text("by rule 1 of browsed-shut", timeout=SOON)

    _take_back(page)
    until(lambda: story.pings(h1, CONTAINER, address), "what was taken back to be open", timeout_s=30)


def _make_network(page: Page) -> None:
    page.get_by_role("button", name="New network").click()
    page.get_by_label("Name").fill(NETWORK)
    page.get_by_label("Subnet").fill("10.47.0.0/24")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name=NETWORK).wait_for()


def _forbid_ping(page: Page) -> None:
    """A policy with one rule, by its plan; then its receipt."""
    page.get_by_role("link", name="Policies", exact=True).click()
    page.get_by_role("link", name="New policy").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("browsed-shut")
    dialog.get_by_role("button", name="Keep in the draft").click()
    page.get_by_role("button", name="Rule", exact=True).click()
    dialog.get_by_label("Action").select_option(label="drop")
    dialog.get_by_label("Service").select_option(label="icmp")
    dialog.get_by_role("button", name="Add to the draft").click()
    plan = page.get_by_label("The plan")
    expect(plan).to_contain_text("closes icmp")
    plan.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("link", name="browsed-shut")).to_be_visible()


def _take_back(page: Page) -> None:
    page.get_by_role("link", name="Changes", exact=True).click()
    page.get_by_role("row", name="browsed-shut").first.get_by_role("link").first.click()
    page.get_by_role("button", name="Take it back").click()
    plan = page.get_by_label("The plan")
    expect(plan).to_contain_text("opens icmp")
    plan.get_by_role("button", name="Apply").click()
    expect(page.locator(".shifts").first).to_contain_text("opens icmp", timeout=SOON)
