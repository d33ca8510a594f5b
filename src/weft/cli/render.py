"""Data in, text out: tables for people, JSON and YAML for programs."""

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

Json = dict[str, Any]


class Output(StrEnum):
    """How results are shown."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


COLUMNS: dict[str, tuple[str, ...]] = {
    "projects": ("name", "description", "id"),
    "networks": ("name", "project", "subnets", "default_ingress", "default_egress", "id"),
    "ports": ("name", "kind", "addresses", "mac", "network", "host", "state", "groups"),
    "groups": ("name", "selector", "members", "id"),
    "policies": ("name", "tier", "order", "rules", "id"),
    "qos-policies": ("name", "egress", "ingress", "dscp", "id"),
    "hosts": ("name", "projects", "status"),
    "failures": ("host", "workload", "reason", "at"),
}


def show(kind: str, items: Sequence[Json], output: Output, *, single: bool = False) -> None:
    """Print objects of a kind; `single` prints one as itself and not as a list of one."""
    if output is Output.TABLE:
        # A pipe has no width: programs that cut columns must not meet folded cells.
        Console(width=None if sys.stdout.isatty() else 1000).print(table(kind, items))
        return
    data: Any = items[0] if single else list(items)
    print(
        json.dumps(data, indent=2)
        if output is Output.JSON
        else yaml.safe_dump(data, sort_keys=False).rstrip()
    )


def table(kind: str, items: Sequence[Json]) -> Table:
    """A table of the columns that people ask for first."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    columns = COLUMNS[kind]
    for column in columns:
        drawn.add_column(column.replace("_", " ").upper(), overflow="fold")
    for item in items:
        drawn.add_row(*(_cell(kind, item, column) for column in columns))
    return drawn


def _cell(kind: str, item: Json, column: str) -> str:
    match kind, column:
        case "ports", "addresses":
            return ", ".join(ip["address"] for ip in item["fixed_ips"])
        case "ports", "state":
            status = item["status"]
            return f"{status['state']}: {status['reason']}" if status["reason"] else str(status["state"])
        case "networks", "subnets":
            return ", ".join(subnet["cidr"] for subnet in item["subnets"])
        case _, ("rules" | "members"):
            return str(len(item[column]))
        case _:
            return _text(item.get(column))


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{key}={inner}" for key, inner in value.items() if inner)
    return str(value)
