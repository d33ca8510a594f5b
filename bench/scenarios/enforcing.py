"""One change among 10,000 ports and 10,000 rules, compiled and applied, beside `ovn-nbctl` with its rows."""

import logging
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import partial
from itertools import count
from random import Random

import structlog

from bench import control
from bench.figures import Figure, compared, middle
from bench.rounds import interleaved, timed
from bench.scenarios.estate import Size, estate, one_port_moved, one_rule_more
from weft.api.planner import touched_between
from weft.compiler import Compilation, CompilerSettings
from weft.model.ids import Revision
from weft.model.snapshot import Snapshot
from weft.ovn.northbound import Northbound
from weft.ovn.plan import Plan, RowChange, diff
from weft.ovn.rows import Acl, Key, PortGroup, Row
from weft.reconciler.passes import Passes

_GOAL = 1.5
_SETTINGS = CompilerSettings()

Change = Callable[[Snapshot, Random], Snapshot]


def run(pairs: int) -> Iterator[Figure]:
    """A rule inserted, and a port that leaves one group and joins another."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    model = estate(Size())
    with control.databases() as databases:
        ours = _Ours(databases, model)
        raw = _Raw(databases, model)
        try:
            for name, change in (("one rule", one_rule_more), ("one port joins a group", one_port_moved)):
                yield from _compared(name, change, ours, raw, pairs)
        finally:
            raw.close()
            ours.close()


def _compared(name: str, change: Change, ours: "_Ours", raw: "_Raw", pairs: int) -> Iterator[Figure]:
    chance = Random(7)
    rounds = interleaved(
        pairs,
        {
            "weft": lambda: ours.apply(change(ours.model, chance)),
            "nbctl": lambda: ours.repaired(lambda: raw.apply(change(ours.model, chance))),
            "daemon": lambda: ours.repaired(lambda: raw.apply(change(ours.model, chance), daemon=True)),
        },
        warm_up=3,
    )
    title = f"{name} among 10,000 x 10,000, compiled and in NB"
    yield compared(title, "ms", rounds, middle("weft"), ("one ovn-nbctl", middle("nbctl")), goal=None)
    yield compared(title, "ms", rounds, middle("weft"), ("a running ovn-nbctl", middle("daemon")), goal=_GOAL)


class _Ours:
    """The server's own passes over a real database, which holds the model."""

    def __init__(self, databases: control.Databases, model: Snapshot) -> None:
        self.model = model
        self._revisions = count(1)
        self._northbound = Northbound(databases.remote("nb"))
        self._northbound.ready(60)
        self._northbound.wait_for_lock(60)
        self._passes = Passes(partial(Compilation, settings=_SETTINGS), self._northbound)
        self._known = model
        self._pass(model)

    def apply(self, new: Snapshot) -> float:
        """The time of `new`; the model is as before afterwards."""
        with timed() as watch:
            self._pass(new)
        self._pass(self.model)
        return watch.seconds

    def repaired(self, strangers: Callable[[], float]) -> float:
        """The time of what somebody else did; the rows are as before afterwards."""
        seen = self._northbound.changed
        taken = strangers()
        if not self._northbound.wait(seen, 60):
            raise RuntimeError("the database did not tell of what ovn-nbctl wrote")
        self._pass(self.model)
        return taken

    def _pass(self, snapshot: Snapshot) -> None:
        new = replace(snapshot, revision=Revision(next(self._revisions)))
        touched = touched_between(self._known, new)
        self._passes.run(new, lambda _: touched)
        self._known = new

    def close(self) -> None:
        """End the session."""
        self._northbound.close()


class _Raw:
    """The same rows by hand: from a process of its own, or by one that runs and knows the database."""

    def __init__(self, databases: control.Databases, model: Snapshot) -> None:
        self._remote = databases.remote("nb")
        self._compilation = Compilation(model, _SETTINGS)
        self._daemon = subprocess.run(
            [
                *("env", f"OVN_RUNDIR={databases.place}"),
                *("ovn-nbctl", f"--db={self._remote}", "--pidfile", "--detach"),
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def apply(self, new: Snapshot, *, daemon: bool = False) -> float:
        """The time of one transaction with the rows of `new`."""
        commands = [word for command in self._commands(self._plan(new)) for word in ("--", *command)][1:]
        with timed() as watch:
            self._nbctl(*commands, daemon=daemon)
        return watch.seconds

    def _plan(self, new: Snapshot) -> Plan:
        old, before = self._compilation.snapshot, dict(self._compilation.rows)
        touched = touched_between(old, new)
        keys = self._compilation.advance(new, touched)
        plan = diff(self._compilation.rows, before, keys)
        self._compilation.advance(old, touched)
        return plan

    def _commands(self, plan: Plan) -> Iterator[list[str]]:
        for number, row in enumerate(plan.insert):
            yield [f"--id=@r{number}", "create", row.table, *_columns(row)]
        made = {row.key: f"@r{number}" for number, row in enumerate(plan.insert)}
        for change in plan.update:
            yield from self._mutations(change, made)

    def _mutations(self, change: RowChange, made: dict[Key, str]) -> Iterator[list[str]]:
        if not isinstance(change.row, PortGroup) or change.columns:
            raise TypeError(f"not a change of who is in a port group: {change}")
        for column, delta in change.sets.items():
            for verb, items in (("remove", delta.remove), ("add", delta.add)):
                for key in items:
                    yield [verb, "Port_Group", change.row.name, column, made.get(Key(key)) or self._uuid(key)]

    def _uuid(self, key: str) -> str:
        """Of a port, which is named as in its key."""
        name = key.partition(":")[2]
        return self._nbctl("--bare", "--columns=_uuid", "find", "Logical_Switch_Port", f"name={name}").strip()

    def _nbctl(self, *argv: str, daemon: bool = True) -> str:
        where = f"--unixctl={self._daemon}" if daemon else f"--db={self._remote}"
        return subprocess.run(["ovn-nbctl", where, *argv], check=True, capture_output=True, text=True).stdout

    def close(self) -> None:
        """End the one that runs."""
        subprocess.run(["ovn-appctl", "-t", self._daemon, "exit"], check=True, capture_output=True)


def _columns(row: Row) -> Iterator[str]:
    if not isinstance(row, Acl):
        raise TypeError(f"not a rule: {row}")
    for column in fields(row):
        value = getattr(row, column.name)
        if column.name == "key":
            yield f'external_ids:"weft:raw"="{value}"'
        elif value not in (None, False):
            yield f"{column.name}={value}" if isinstance(value, int) else f'{column.name}="{value}"'
