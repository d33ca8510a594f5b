"""The pages in Debian's Chromium, served by the real application over a real store."""

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.web.site import Site

from weft.api.app import create_app
from weft.store import Store, tokens

expect.set_options(timeout=20_000)
"""Milliseconds; a page that is right waits for none of them, and a loaded machine takes some."""

CHROMIUM = "/usr/bin/chromium"
"""Debian's; its sandbox refuses to run as root, and the pages are our own."""


def now() -> datetime:
    return datetime.now(UTC)


class Serving:
    """The application on one address, which may stop and start again over the same store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def start(self) -> None:
        store = self.store
        app = create_app(store=store, caller_of=lambda token: tokens.find(store, token, now()))
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listening.dup()]})
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)

    def close(self) -> None:
        self._server.should_exit = True
        self.store.close()
        self._thread.join(timeout=10)
        self._listening.close()


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    store = Store.open(f"sqlite:///{tmp_path}/weft.db", now=now, new_id=uuid4)
    begun = Serving(store)
    begun.start()
    yield begun
    begun.close()


@pytest.fixture
def site(serving: Serving) -> Site:
    return Site(serving.url, serving.store, str(tokens.first_admin_token(serving.store)))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"],
        )
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page; whatever it complains about fails the test."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    assert complaints == []
