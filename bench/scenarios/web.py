"""The pages over 10,000 ports, in Debian's Chromium: the map, the page of a port, until a change is seen."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from time import perf_counter

import httpx
from playwright.sync_api import CDPSession, Page, sync_playwright

from bench import control
from bench.figures import Figure, alone
from bench.rounds import repeated
from bench.scenarios.api import sent

PORTS, NETWORKS, _BULK = 10_000, 5, 1_000
_CHROMIUM = "/usr/bin/chromium"
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_MAP_S, _DRILL_MS, _SEEN_MS, _HEAP_MB, _LOAD_KB = 2.0, 200, 500, 250, 300


def run(pairs: int) -> Iterator[Figure]:
    """A person opens the map, looks at a port, and watches what others change."""
    with control.databases() as databases, control.server(databases) as server, server.api() as api:
        _declare(api)
        base = f"http://{server.address}"
        with _browser() as page:
            _log_in(page, base, api.headers["Authorization"].removeprefix("Bearer "))
            yield alone("first load, compressed", "KB", [_first_load(page, base)], goal=_LOAD_KB)
            rounds = max(3, pairs // 8)
            yield alone(
                f"map of {PORTS:,} ports, until it can be used",
                "s",
                repeated(rounds, lambda: _map(page, base), scale=1),
                goal=_MAP_S,
            )
            yield alone("heap of the map's page", "MB", [_heap(page)], goal=_HEAP_MB)
            numbers = count()
            yield alone(
                "a change, from its answer until it is seen on the map",
                "ms",
                repeated(rounds, lambda: _seen(page, api, f"seen-{next(numbers)}")),
                goal=_SEEN_MS,
            )
            page.goto(f"{base}/endpoints?q=p-4-19")
            yield alone(
                "drill-down into one port", "ms", repeated(rounds, lambda: _drill(page)), goal=_DRILL_MS
            )


def _declare(api: httpx.Client) -> None:
    for network in range(NETWORKS):
        name, cidr = f"net-{network}", f"10.{network}.0.0/16"
        sent(api, "POST", "/networks", {"name": name, "subnets": [{"cidr": cidr}]})
        each = PORTS // NETWORKS
        for start in range(0, each, _BULK):
            items = [
                {"name": f"p-{network}-{number}", "network": name, "labels": {"app": f"app-{number % 20}"}}
                for number in range(start, start + _BULK)
            ]
            sent(api, "POST", "/ports/bulk", {"items": items})
    for number in range(20):
        sent(api, "POST", "/groups", {"name": f"app-{number}", "selector": f"app=app-{number}"})


@contextmanager
def _browser() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_QUIET))
        yield browser.new_page(viewport={"width": 1440, "height": 900})
        browser.close()


def _log_in(page: Page, base: str, token: str) -> None:
    page.goto(f"{base}/projects")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Log out").wait_for()


def _first_load(page: Page, base: str) -> float:
    """What comes over the wire before the map stands, the API's answers not counted, in KB."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")
    of_pages: set[str] = set()
    sizes: list[float] = []

    def asked(event: dict[str, dict[str, str]]) -> None:
        if "/api/" not in event["request"]["url"]:
            of_pages.add(str(event["requestId"]))

    def came(event: dict[str, float]) -> None:
        if str(event["requestId"]) in of_pages:
            sizes.append(event["encodedDataLength"])

    session.on("Network.requestWillBeSent", asked)
    session.on("Network.loadingFinished", came)
    _map(page, base)
    session.detach()
    return sum(sizes) / 1000


def _map(page: Page, base: str) -> float:
    started = perf_counter()
    page.goto(f"{base}/map", wait_until="commit")
    page.locator(".box.folded").nth(NETWORKS - 1).wait_for()
    page.get_by_text("live", exact=True).wait_for()
    return perf_counter() - started


def _heap(page: Page) -> float:
    session: CDPSession = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return float(metrics["JSHeapUsedSize"]) / 1e6


def _seen(page: Page, api: httpx.Client, name: str) -> float:
    before = page.locator(".tools [role=status]").inner_text()
    sent(api, "POST", "/ports", {"name": name, "network": "net-0"})
    started = perf_counter()
    page.wait_for_function(
        "before => document.querySelector('.tools [role=status]').innerText !== before", arg=before
    )
    return perf_counter() - started


def _drill(page: Page) -> float:
    """From the click to everything that is known of the port: its rules end with the default."""
    link = page.get_by_role("link", name="p-4-19").first
    link.wait_for()
    started = perf_counter()
    link.click()
    page.locator(".rules .default b").first.wait_for()
    took = perf_counter() - started
    page.go_back()
    return took
