"""What every command shares: the server to ask, the options `-o`, `--project` and `--wait`, and printing."""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import typer
from rich.console import Console, RenderableType

from weft.cli import config, render
from weft.cli.machine import Machine, ThisMachine
from weft.cli.render import Format
from weft.client import Client, Receipt
from weft.client.transport import Answer
from weft.model.errors import WeftError

_LONGEST_POLL_S = 30.0


class CommandFailed(WeftError):
    """The command did not do what was asked, for a reason of its own."""

    code = "command_failed"


def connect() -> Client:
    """A client of the server that this user is logged in to. Raises CommandFailed, Invalid."""
    settings = config.load()
    if settings.server is None:
        raise CommandFailed(
            "no server is known; run `weft login https://SERVER:7443`, or set WEFT_SERVER and WEFT_TOKEN"
        )
    token = None if settings.token is None else settings.token.get_secret_value()
    return Client(settings.server, token=token, ca=settings.ca)


def login(server: str, token: str, ca: Path | None) -> Client:
    """A client of a server that the user is not logged in to yet."""
    return Client(server, token=token, ca=ca)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One command's view of the world. `connect` is called at most once per command."""

    connect: Callable[[], Client] = connect
    login: Callable[[str, str, Path | None], Client] = login
    machine: Machine = field(default_factory=ThisMachine)
    form: Format = Format.TABLE
    project: str | None = None
    wait: bool = False
    timeout_s: float = 60.0

    def asked(self, **options: Any) -> "Session":  # noqa: ANN401 - the fields above
        """This session with the options of one command."""
        return replace(self, **options)

    def chosen_project(self) -> str | None:
        """The project of `--project`, WEFT_PROJECT or the settings; None leaves it to the server."""
        return self.project or config.load().project

    def scoped(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a new object: what was given, and the project."""
        asked = {"project": self.chosen_project(), **body}
        return {name: value for name, value in asked.items() if value is not None}

    def scope(self, *, scoped: bool = True) -> dict[str, str | None]:
        """The query that names the project, for kinds that live in one."""
        return {"project": self.chosen_project()} if scoped else {}

    def say(self, text: str) -> None:
        """Print a line for people: beside the document if standard output carries one."""
        print(text, file=sys.stdout if self.form is Format.TABLE else sys.stderr)

    def draw(self, what: RenderableType) -> None:
        """Print a renderable; through a pipe nothing is cut or wrapped."""
        console = Console(file=sys.stdout, highlight=False)
        if not console.is_terminal:
            console.width = 4000
        console.print(what)

    def emit(self, data: object) -> None:
        """Print a document."""
        sys.stdout.write(render.document(data, self.form))

    def show_all(
        self, kind: str, items: Iterable[Mapping[str, Any]], names: Mapping[str, str] | None = None
    ) -> None:
        """Print a list."""
        if self.form is Format.TABLE:
            self.draw(render.table(kind, items, names))
        else:
            self.emit([dict(item) for item in items])

    def show(self, kind: str, item: Mapping[str, Any], names: Mapping[str, str] | None = None) -> None:
        """Print one object."""
        if self.form is Format.TABLE:
            self.draw(render.card(kind, item, names))
        else:
            self.emit(dict(item))

    def report(self, client: Client, kind: str, answer: Answer) -> None:
        """Print what a change made, its revision and, if asked, what became of it."""
        if isinstance(answer.body, dict):
            self.show(kind, answer.body)
        self.settle(client, answer.revision)

    def settle(self, client: Client, revision: int | None) -> None:
        """Print the revision; with `--wait` when every host enforces it, and how long that took."""
        if revision is None:
            return
        if self.wait:
            self.await_enforced(client, revision)
        else:
            self.say(f"revision {revision}")

    def await_enforced(self, client: Client, revision: int) -> Receipt:
        """Wait for the receipt of `revision`. Raises CommandFailed when it failed or the time is up."""
        deadline = time.monotonic() + self.timeout_s
        while True:
            left = max(deadline - time.monotonic(), 0.0)
            receipt = client.receipt(revision, wait_s=min(left, _LONGEST_POLL_S))
            if receipt.enforced:
                self.say(render.receipt_sentence(receipt))
                return receipt
            if receipt.state == "failed":
                raise CommandFailed(render.receipt_sentence(receipt))
            if time.monotonic() >= deadline:
                raise CommandFailed(
                    f"not enforced within {self.timeout_s:g} s: {render.receipt_sentence(receipt)}"
                )
            threading.Event().wait(0.1)  # a server that does not hold the answer is not hammered


def session_of(context: typer.Context) -> Session:
    """The session that `main`, or a test, put into the context."""
    found = context.find_object(Session)
    return Session() if found is None else found
