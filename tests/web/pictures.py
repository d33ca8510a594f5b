"""Pictures of the pages: those of the documents, or of every page in every theme and width, to be looked at.

make pictures                                                docs/pictures
.venv/bin/python -m tests.web.pictures FOLDER [phone-dark]   every page, as each screen shows it
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, Page, sync_playwright
from tests.web.conftest import CHROMIUM, Serving
from tests.web.estate import Clock, Estate
from tests.web.site import Site

from weft.store import Store, tokens

DOCS = Path(__file__).parents[2] / "docs" / "pictures"

WIDTHS = {"phone": (390, 844), "laptop": (1280, 800), "wide": (1920, 1080)}
THEMES: Mapping[str, Mapping[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "contrast": {"color_scheme": "dark", "contrast": "more"},
}
PAGES = (
    *("map", "map?by=host", "endpoints", "networks", "routers", "policies", "invariants", "lint", "groups"),
    *("address-groups", "attach-rules", "qos", "hosts", "hosts/dock-2", "hosts/dock-3", "projects"),
    *("tokens", "changes"),
)
_WAITS = "() => !/One moment|Comparing|Looking at/.test(document.querySelector('main').innerText)"


@contextmanager
def estate() -> Iterator[tuple[Site, Estate]]:
    """The estate, served."""
    clock = Clock()
    with TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{folder}/weft.db", now=clock.now, new_id=uuid4)
        serving = Serving(store)
        serving.start()
        try:
            token = str(tokens.first_admin_token(store))
            made = Estate(serving.url, store, clock, token)
            made.build()
            yield Site(serving.url, store, token), made
        finally:
            serving.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


def opened(browser: Browser, site: Site, *, size: tuple[int, int], theme: str) -> Page:
    viewport = {"width": size[0], "height": size[1]}
    page = browser.new_context(viewport=viewport, **THEMES[theme]).new_page()  # type: ignore[arg-type]
    site.log_in(page, "/projects")
    return page


def shown(page: Page, url: str) -> None:
    """Until all has come and been drawn."""
    page.goto(url)
    page.get_by_text("live", exact=True).wait_for()
    page.wait_for_timeout(500)
    page.wait_for_function(_WAITS)
    page.wait_for_timeout(250)


def every(folder: Path, only: str) -> None:
    """Every page in every theme and width."""
    folder.mkdir(parents=True, exist_ok=True)
    with estate() as (site, made), chromium() as browser:
        web, db = made.id_of("web-1"), made.id_of("db-1")
        made.tell_traffic()
        paths = [
            *PAGES,
            f"map?endpoint={web}",
            f"map?endpoint={web}&with={db}&service=tcp/5432",
            *(f"endpoints/{db}", f"endpoints/{web}", f"endpoints/{made.id_of('api-canary')}"),
            *(f"policies/{made.policy(name).id}" for name in ("db-closed", "quiet-egress")),
            *("changes/32", "changes/at/4", "policies/new", "nowhere"),
        ]
        for width, size in WIDTHS.items():
            for theme in THEMES:
                if only and only not in f"{width}-{theme}":
                    continue
                page = opened(browser, site, size=size, theme=theme)
                for number, path in enumerate(paths):
                    made.heard()
                    shown(page, f"{site.url}/{path}")
                    name = path.split("?")[0].replace("/", "-")[:20]
                    page.screenshot(path=folder / f"{number:02}-{name}-{width}-{theme}.png")
                page.context.close()


def of_documents() -> None:
    """Those that stand in README and docs."""
    with estate() as (site, made), chromium() as browser:
        web, db = made.id_of("web-1"), made.id_of("db-1")
        dark = opened(browser, site, size=(1360, 820), theme="dark")
        made.tell_traffic()
        made.heard()
        shown(dark, f"{site.url}/endpoints/{web}")
        dark.screenshot(path=DOCS / "endpoint.png")
        light = opened(browser, site, size=(1360, 820), theme="light")
        shown(light, f"{site.url}/map?project=shop&endpoint={web}")
        light.screenshot(path=DOCS / "map.png")
        shown(light, f"{site.url}/map?project=shop&endpoint={web}&with={db}&service=tcp/5432")
        light.locator(".remedies").scroll_into_view_if_needed()
        light.screenshot(path=DOCS / "ask.png")
        shown(light, f"{site.url}/policies/{made.policy('db-closed').id}?project=shop")
        light.get_by_role("button", name="Remove: ingress reject").click()
        light.get_by_role("button", name="Up: ingress drop").click()
        light.get_by_label("The plan").get_by_role("button", name="Discard").scroll_into_view_if_needed()
        light.wait_for_timeout(1500)
        light.screenshot(path=DOCS / "plan.png")
        made.heard()
        shown(light, f"{site.url}/hosts/dock-2")
        light.screenshot(path=DOCS / "host.png")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        every(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
    else:
        of_documents()
