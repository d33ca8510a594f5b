"""Golden scenarios: `model.yaml` in, `northbound.txt` out. Run this file to write the outputs anew."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml
from tests.support.builders import (
    Anything,
    a_floating_ip,
    a_group,
    a_network,
    a_peer,
    a_policy,
    a_port,
    a_project,
    a_qos_policy,
    a_router,
    a_rule,
    a_snapshot,
    a_subnet,
    an_address_group,
)

from weft.compiler import CompilerSettings, compile_model
from weft.model.host import Host
from weft.model.network import Default
from weft.model.policy import Action, Direction, Policy, Tier
from weft.model.port import PortKind
from weft.model.snapshot import Snapshot
from weft.ovn.rows import Row, Rows

HERE = Path(__file__).parent
SCENARIOS = sorted(path.parent for path in HERE.glob("*/model.yaml"))

_TYPED = {
    "ingress": Default,
    "egress": Default,
    "kind": PortKind,
    "tier": Tier,
    "direction": Direction,
    "action": Action,
}


def load(scenario: Path) -> Snapshot:
    """The model in the folder `scenario`, as `tests/support/builders.py` reads it."""
    told = yaml.safe_load((scenario / "model.yaml").read_text())
    objects: list[Anything] = [a_project()]
    objects += [a_network(**_typed(each)) for each in told.get("networks", ())]
    objects += [a_subnet(**each) for each in told.get("subnets", ())]
    objects += [a_router(**each) for each in told.get("routers", ())]
    objects += [a_port(**_typed(each)) for each in told.get("ports", ())]
    objects += [a_floating_ip(**each) for each in told.get("floating_ips", ())]
    objects += [a_group(**each) for each in told.get("groups", ())]
    objects += [an_address_group(**each) for each in told.get("address_groups", ())]
    objects += [_policy(_typed(each)) for each in told.get("policies", ())]
    objects += [a_qos_policy(**each) for each in told.get("qos_policies", ())]
    objects += [
        Host(name=each["name"], physical_networks=frozenset(each["physical_networks"]))
        for each in told.get("hosts", ())
    ]
    return a_snapshot(*objects)


def _policy(told: dict[str, Any]) -> Policy:
    rules = [a_rule(**{**_typed(rule), "peer": a_peer(**rule.get("peer", {}))}) for rule in told.pop("rules")]
    return a_policy(told.pop("name"), *rules, **told)


def _typed(told: dict[str, Any]) -> dict[str, Any]:
    return {name: _TYPED[name](value) if name in _TYPED else value for name, value in told.items()}


def rendered(rows: Rows) -> str:
    """`rows` as text: by table and key, only columns that are set."""
    ordered = sorted(rows.values(), key=lambda row: (row.table, row.key))
    return "\n".join(_row(row) for row in ordered)


def _row(row: Row) -> str:
    lines = [f"{row.table} {row.key}"]
    for column in fields(row):
        value = getattr(row, column.name)
        if column.name == "key" or value in (None, "", False, {}, frozenset()):
            continue
        lines.append(f"    {column.name}: {_value(value)}".replace(": \n", ":\n"))
    return "\n".join([*lines, ""])


def _value(value: object) -> str:
    if isinstance(value, frozenset):
        return "".join(f"\n        {each}" for each in sorted(value))
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={value[name]}" for name in sorted(value))
    return str(value)


if __name__ == "__main__":
    for folder in SCENARIOS:
        (folder / "northbound.txt").write_text(rendered(compile_model(load(folder), CompilerSettings())))
