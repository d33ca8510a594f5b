"""The pages in Debian's Chromium, served by the real application over a real store."""

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright
from tests.web.site import Site

from weft.api.app import create_app
from weft.store import Store, tokens

CHROMIUM = "/usr/bin/chromium"
"""Debian's; its sandbox refuses to run as root, and the pages are our own."""


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    store = Store.open(f"sqlite:///{tmp_path}/weft.db", now=now, new_id=uuid4)
    app = create_app(store=store, caller_of=lambda token: tokens.find(store, token, now()))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield Site(f"http://127.0.0.1:{listening.getsockname()[1]}", store, str(tokens.first_admin_token(store)))
    server.should_exit = True
    store.close()
    thread.join(timeout=10)
    listening.close()


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
