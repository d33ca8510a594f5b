"""Write the reference from the code: API, command line, settings, errors. `make docs` runs it.

A page that is written by hand ages; these are compared with the code by tests/house.
"""

import inspect
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import typer
from pydantic_settings import BaseSettings

from weft.api.app import create_app
from weft.api.problems import status_of
from weft.cli import app as command_line
from weft.model import errors
from weft.settings import AgentSettings, LabSettings, ServerSettings
from weft.store import Store

HERE = Path(__file__).parent
MADE = "<!-- Made by `make docs`; change the code, not this page. -->"


def pages() -> dict[str, str]:
    """Every page of the reference by file name."""
    return {"api.md": _api(), "cli.md": _cli(), "settings.md": _settings(), "errors.md": _errors()}


def _api() -> str:
    document = _openapi()
    lines = ["# The REST API", "", MADE, ""]
    lines += [
        "Under `/api/v1`; the OpenAPI document is at `/openapi.json`. Lists come in pages (`limit` and",
        "`cursor`). An answer carries its `ETag`, which `If-Match` takes, and a change its `Weft-Revision`.",
        "Errors are problem documents with the [codes](errors.md).",
        "",
        "| request | what it does |",
        "|---|---|",
    ]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            said = " ".join((operation.get("description") or operation.get("summary") or "").split())
            lines.append(f"| `{method.upper()} {path}` | {_cell(said)} |")
    return "\n".join(lines) + "\n"


def _openapi() -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'weft.db'}"
        store = Store.open(url, now=lambda: datetime.now(UTC), new_id=uuid4)
        document: dict[str, Any] = create_app(store=store, caller_of=lambda _: None).openapi()
        store.close()
    return document


def _cli() -> str:
    lines = ["# The command line", "", MADE, ""]
    lines.append("Every command takes `-o table|json|yaml`, and `--help` shows its examples.")
    for name, command in _commands("weft", typer.main.get_command(command_line)):
        lines += ["", f"## `{name}`", "", *_described(command)]
    return "\n".join(lines) + "\n"


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - Typer's are private
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for key in sorted(inner):
        if not inner[key].hidden and (name, key) != ("weft", "endpoint"):
            yield from _commands(f"{name} {key}", inner[key])


def _described(command: Any) -> Iterator[str]:  # noqa: ANN401 - Typer's are private
    yield inspect.cleandoc(command.help or "").split("\n\f")[0]
    yield ""
    for parameter in command.params:
        names = ", ".join([*parameter.opts, *parameter.secondary_opts])
        label = parameter.name.upper() if parameter.param_type_name == "argument" else names
        yield f"- `{label}` {' '.join((getattr(parameter, 'help', '') or '').split())}".rstrip()


def _settings() -> str:
    lines = ["# Settings", "", MADE, ""]
    lines += ["A TOML file, and environment variables over it.", ""]
    for title, kept in (
        ("The server: `/etc/weft/server.toml`", ServerSettings),
        ("The agent: `/etc/weft/agent.toml`", AgentSettings),
        ("The lab", LabSettings),
    ):
        lines += [
            f"## {title}",
            "",
            "| setting | variable | default | |",
            "|---|---|---|---|",
            *_rows(kept),
            "",
        ]
    return "\n".join(lines)


def _rows(kept: type[BaseSettings]) -> Iterator[str]:
    prefix = kept.model_config.get("env_prefix", "")
    for name, field in kept.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        yield f"| `{name}` | `{prefix}{name.upper()}` | {_cell(default)} | {_cell(field.description or '')} |"


def _errors() -> str:
    lines = ["# Errors", "", MADE, ""]
    lines += [
        "The `code` of a problem document (RFC 9457) is stable; `detail` is for people and may change;",
        "`field` names what is wrong in the request.",
        "",
        "| code | status | when |",
        "|---|---|---|",
    ]
    for kind in _kinds(errors.WeftError):
        status = status_of(kind.__new__(kind))
        lines.append(f"| `{kind.code}` | {status} | {_cell(inspect.cleandoc(kind.__doc__ or ''))} |")
    return "\n".join(lines) + "\n"


def _kinds(kind: type[errors.WeftError]) -> Iterator[type[errors.WeftError]]:
    for inner in sorted(kind.__subclasses__(), key=lambda one: one.code):
        if inner.__module__ == errors.__name__:
            yield inner
            yield from _kinds(inner)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


def main() -> None:
    """Write the pages that differ."""
    for name, text in pages().items():
        place = HERE / name
        if not place.exists() or place.read_text() != text:
            place.write_text(text)
            sys.stdout.write(f"written: docs/reference/{name}\n")


if __name__ == "__main__":
    main()
