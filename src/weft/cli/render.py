"""Objects of the API as tables, cards, JSON or YAML: data in, renderable out."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import Any

import yaml
from rich.table import Table
from rich.text import Text

from weft.cli.place import place
from weft.cli.published import published
from weft.cli.quantity import rate_text
from weft.cli.rulewords import service_text
from weft.client import Change, Receipt

Item = Mapping[str, Any]
Names = Mapping[str, str]
Column = tuple[str, Callable[[Item, Names], str]]

_BAD = ("error", "warning")
_STATE_STYLES = {"up": "green", "pending": "yellow", "failed": "bold red", "down": "dim"}


class Format(StrEnum):
    """How answers are printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


def document(data: object, form: Format) -> str:
    """`data` as JSON or YAML text."""
    if form is Format.YAML:
        return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def table(kind: str, items: Iterable[Item], names: Names | None = None) -> Table:
    """A row per item, with the columns of `kind`."""
    columns = COLUMNS[kind]
    drawn = _grid([header for header, _ in columns])
    for item in items:
        drawn.add_row(*(_cell(header, cell(item, names or {})) for header, cell in columns))
    return drawn


def card(kind: str, item: Item, names: Names | None = None) -> Table:
    """One item, a line per field: the columns of its kind first, then the rest of what is known."""
    drawn = Table(box=None, show_header=False, pad_edge=False)
    drawn.add_column(style="bold", no_wrap=True)
    drawn.add_column(overflow="fold")
    for header, cell in (*COLUMNS[kind], *_MORE.get(kind, ()), *_ALWAYS):
        value = cell(item, names or {})
        if value:
            drawn.add_row(header.lower(), _cell(header, value))
    return drawn


def receipt_sentence(receipt: Receipt) -> str:
    """How far a revision got, in one line."""
    said = [f"revision {receipt.revision}:"]
    if not receipt.applied:
        said.append("not in OVN yet")
    else:
        said.append(f"in OVN after {_ms(receipt.applied_after_ms)}, {_enforced(receipt)}")
    return "; ".join([" ".join(said), *receipt.problems])


def _enforced(receipt: Receipt) -> str:
    hosts = f"{receipt.hosts_done} of {receipt.hosts_total} host{'' if receipt.hosts_total == 1 else 's'}"
    if receipt.enforced:
        return f"enforced on {hosts} after {_ms(receipt.enforced_after_ms)}"
    if receipt.state == "failed":
        return "failed"
    return f"enforced on {hosts}, waiting for {', '.join(receipt.waiting) or 'no host in particular'}"


def change_line(change: Change) -> str:
    """One line of the change log."""
    return (
        f"{change.revision:>6}  {change.at}  {change.action:<8} {change.kind} {change.id}  by {change.author}"
    )


def change_entry(change: Change, form: Format) -> str:
    """A change as it comes: a line, a JSON document on one line, or an item of a YAML list."""
    if form is Format.JSON:
        return json.dumps(asdict(change), ensure_ascii=False)
    if form is Format.YAML:
        return document([asdict(change)], form).rstrip("\n")
    return change_line(change)


def facts(found: Item) -> Table:
    """A line per fact."""
    drawn = Table(box=None, show_header=False, pad_edge=False)
    drawn.add_column(style="bold", no_wrap=True)
    drawn.add_column(overflow="fold")
    for name, value in found.items():
        drawn.add_row(name, Text(_text(value) or "none"))
    return drawn


def _ms(value: float | None) -> str:
    return "an unknown time" if value is None else f"{value:.0f} ms"


def _grid(headers: Sequence[str]) -> Table:
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        drawn.add_column(header, overflow="fold")
    return drawn


def _cell(header: str, value: str) -> Text:
    return Text(value, style=_STATE_STYLES.get(value, "") if header == "STATE" else "")


def _field(name: str) -> Callable[[Item, Names], str]:
    def read(item: Item, names: Names) -> str:
        del names
        return _text(item.get(name))

    return read


def _named(name: str) -> Callable[[Item, Names], str]:
    def read(item: Item, names: Names) -> str:
        value = item.get(name)
        return "" if value is None else names.get(value, str(value))

    return read


def _joined(item: Item, names: Names) -> str:
    del names
    return ", ".join(network["name"] for network in item.get("networks") or [])


def _routes(item: Item, names: Names) -> str:
    del names
    return ", ".join(f"{route['destination']} via {route['next_hop']}" for route in item.get("routes") or [])


def _status(name: str) -> Callable[[Item, Names], str]:
    def read(item: Item, names: Names) -> str:
        del names
        return _text((item.get("status") or {}).get(name))

    return read


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return " ".join(f"{key}={_text(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_text(inner) for inner in value)
    return str(value)


def _addresses(item: Item, names: Names) -> str:
    del names
    return ", ".join(fixed["address"] for fixed in item.get("fixed_ips") or [])


def _subnets(item: Item, names: Names) -> str:
    del names
    return ", ".join(subnet["cidr"] for subnet in item.get("subnets") or [])


def _pools(item: Item, names: Names) -> str:
    del names
    return ", ".join(f"{pool['first']}-{pool['last']}" for pool in item.get("pools") or [])


def _workload(item: Item, names: Names) -> str:
    del names
    workload = item.get("workload") or {}
    parts = [workload.get("runtime"), workload.get("name") or workload.get("id"), workload.get("image")]
    return " ".join(part for part in parts if part)


def _count(name: str) -> Callable[[Item, Names], str]:
    def read(item: Item, names: Names) -> str:
        del names
        return str(len(item.get(name) or []))

    return read


def _limit(name: str) -> Callable[[Item, Names], str]:
    def read(item: Item, names: Names) -> str:
        del names
        limit = item.get(name)
        if not limit:
            return ""
        burst = limit.get("burst_kb") or 0
        return rate_text(limit["rate_kbps"]) + (f" burst {rate_text(burst)}" if burst else "")

    return read


def _inner(name: str, field: str) -> Callable[[Item, Names], str]:
    return lambda item, _: str((item.get(name) or {}).get(field) or "")


def _target(item: Item, names: Names) -> str:
    group, network, zone = (item.get(name) for name in ("target", "target_network", "target_zone"))
    if group is not None:
        return names.get(group, str(group))
    if network is not None:
        return f"network {names.get(network, str(network))}"
    return "every endpoint" if zone is None else f"zone {zone}"


def _health(item: Item, names: Names) -> str:
    """The host's own last report, in three words; nothing when it has not made one."""
    del names
    counts = _report(item).get("counts")
    if counts is None:
        return ""
    bad = [f"{counts[word]} {word}{'' if counts[word] == 1 else 's'}" for word in _BAD if counts.get(word)]
    return ", ".join(bad) or "ok"


def _findings(item: Item, names: Names) -> str:
    del names
    found = _report(item).get("findings") or []
    return "\n".join(
        f"{one['severity']} {one['check']}: {one['says']}" + (f". Cure: {one['cure']}" if one["cure"] else "")
        for one in found
    )


def _report(item: Item) -> Item:
    details = (item.get("status") or {}).get("details") or {}
    return details.get("health") or {}


_NAME: Column = ("NAME", _field("name"))
_PROJECT: Column = ("PROJECT", _field("project"))
_DESCRIPTION: Column = ("DESCRIPTION", _field("description"))
_QOS: Column = ("QOS", _named("qos_policy_id"))
_ALWAYS: tuple[Column, ...] = (("ID", _field("id")), ("REVISION", _field("revision")))

COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "projects": (_NAME, _DESCRIPTION),
    "networks": (
        _NAME,
        _PROJECT,
        ("SUBNETS", _subnets),
        ("INGRESS", _field("default_ingress")),
        ("EGRESS", _field("default_egress")),
        ("MTU", _field("mtu")),
    ),
    "subnets": (
        _NAME,
        ("CIDR", _field("cidr")),
        ("GATEWAY", _field("gateway")),
        ("POOLS", _pools),
        ("DHCP", _field("dhcp")),
        ("NETWORK", _named("network_id")),
    ),
    "lab-hosts": (
        _NAME,
        ("ADDRESS", _field("address")),
        ("KINDS", _field("kinds")),
        ("RUNS", _field("daemons")),
    ),
    "routers": (_NAME, _PROJECT, ("NETWORKS", _joined), ("ROUTES", _routes)),
    "ports": (
        ("ENDPOINT (PORT)", _field("name")),
        ("KIND", _field("kind")),
        ("ADDRESS", _addresses),
        ("MAC", _field("mac")),
        ("NETWORK", _field("network")),
        ("HOST", place),
        ("STATE", _status("state")),
        ("PUBLISHED", published),
        ("GROUPS", _field("groups")),
        ("REASON", _status("reason")),
    ),
    "floating-ips": (
        _NAME,
        _PROJECT,
        ("ADDRESS", _field("address")),
        ("NETWORK", _field("network")),
        ("ENDPOINT (PORT)", _field("port")),
        ("LEADS TO", _field("port_address")),
    ),
    "groups": (_NAME, _PROJECT, ("SELECTOR", _field("selector")), ("ENDPOINTS", _count("members"))),
    "address-groups": (_NAME, _PROJECT, ("PREFIXES", _field("cidrs"))),
    "policies": (
        _NAME,
        _PROJECT,
        ("TIER", _field("tier")),
        ("ORDER", _field("order")),
        ("TARGET", _target),
        ("MODE", _field("mode")),
        ("RULES", _count("rules")),
    ),
    "qos-policies": (
        _NAME,
        _PROJECT,
        ("EGRESS", _limit("egress")),
        ("INGRESS", _limit("ingress")),
        ("DSCP", _field("dscp")),
    ),
    "attach-rules": (
        _NAME,
        _PROJECT,
        ("ORDER", _field("order")),
        ("SELECTOR", _field("selector")),
        ("NETWORK", _field("network")),
    ),
    "invariants": (
        _NAME,
        _PROJECT,
        ("FROM", _inner("source", "text")),
        ("PROMISE", _field("promise")),
        ("TO", _inner("destination", "text")),
        ("SERVICE", lambda item, _: service_text(item.get("service") or {})),
        ("HOLDS", _field("holds")),
    ),
    "hosts": (
        _NAME,
        ("ALIVE", _status("alive")),
        ("LAST SEEN", _status("last_seen")),
        ("AGENT", _status("agent_version")),
        ("DATAPATH", _status("datapath")),
        ("HEALTH", _health),
        ("PROJECTS", _field("projects")),
    ),
    "findings": (
        ("SEVERITY", _field("severity")),
        ("CHECK", _field("check")),
        ("WHAT", _field("says")),
        ("CURE", _field("cure")),
    ),
    "failures": (
        ("WORKLOAD", _workload),
        ("HOST", _field("host")),
        ("REASON", _field("reason")),
        ("AT", _field("at")),
    ),
    "tokens": (
        _NAME,
        ("ROLE", _field("role")),
        _PROJECT,
        ("CREATED", _field("created_at")),
        ("EXPIRES", _field("expires_at")),
    ),
    "join-tokens": (
        ("TOKEN", _field("token")),
        ("EXPIRES", _field("expires_at")),
        ("COMMAND", _field("command")),
    ),
}

_MORE: Mapping[str, tuple[Column, ...]] = {
    "networks": (
        _DESCRIPTION,
        ("ZONE", _field("zone")),
        ("LOG DROPS", _field("log_drops")),
        ("LABELS", _field("labels")),
        _QOS,
    ),
    "subnets": (_PROJECT, ("DNS", _field("dns_servers"))),
    "ports": (
        _PROJECT,
        ("SINCE", _status("since")),
        ("WORKLOAD", _workload),
        ("LABELS", _field("labels")),
        _QOS,
        ("ANTI-SPOOFING", _field("port_security")),
        ("QUARANTINED", _field("quarantined")),
    ),
    "groups": (_DESCRIPTION, ("LISTED", _field("listed"))),
    "address-groups": (_DESCRIPTION,),
    "policies": (_DESCRIPTION,),
    "qos-policies": (_DESCRIPTION,),
    "attach-rules": (_DESCRIPTION,),
    "floating-ips": (_DESCRIPTION,),
    "hosts": (_DESCRIPTION, ("POLICY FLOWS", _field("policy_flows")), ("FINDINGS", _findings)),
    "invariants": (("WHY NOT", _inner("breach", "sentence")), _DESCRIPTION),
    "tokens": (("TOKEN", _field("token")),),
}
