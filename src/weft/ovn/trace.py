"""What OVN's own trace does with a packet: ovn-trace(8) run, and its walk read.

It works on what northd has made of the Northbound database, so it says what hosts will do, not what they did.
"""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from weft.ovn.northbound import MARK
from weft.ovn.rows import Key

LONGEST_S = 20.0
"""A trace that takes longer is given up, and its programs are ended."""
_LOOKUP_S = 10
_TRACKED = ("--ct=new",) * 4
"""The first packet of a conversation, wherever connection tracking is asked."""

_PIPELINE = re.compile(r'(ingress|egress)\(dp="([^"]+)", inport="([^"]*)"(?:, outport="([^"]*)")?\)')
_STEP = re.compile(r"\s*\d+\. (\w+)(?: \([^)]*\))?: (.*), priority (\d+), uuid ([0-9a-f]{8})")
_OUTPUT = re.compile(r'/\* output to "([^"]+)"')
_ANSWERS = ("tcp_reset", "icmp4 {", "icmp6 {", "icmp4_error", "icmp6_error", "sctp_abort", "reject {")


class TraceFailed(Exception):
    """The trace could not be made; the message is what OVN's program said."""


@dataclass(frozen=True, slots=True)
class Step:
    """A logical flow that the packet met: `acl` is the key of ours that it was made of, if of one.

    `datapath` is the key of the logical switch or router, if it is one of ours, else its id.
    """

    datapath: str
    pipeline: str
    stage: str
    match: str
    flow: str
    acl: Key | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """The steps of a packet, in their order, and the logical ports where it came out."""

    steps: tuple[Step, ...]
    outputs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Identity:
    """The files with which we show ourselves to databases that are reached by TLS."""

    key: Path
    certificate: Path
    ca: Path

    def options(self) -> Sequence[str]:
        """As OVN's programs take them."""
        return ("-p", str(self.key), "-c", str(self.certificate), "-C", str(self.ca))


class Tracer:
    """Traces on one pair of databases. Any thread may trace; each costs a copy of the Southbound database."""

    def __init__(
        self,
        northbound: str,
        southbound: str,
        identity: Identity | None = None,
        *,
        longest_s: float = LONGEST_S,
    ) -> None:
        """The remotes of the databases, as in `unix:/run/ovn/ovnsb_db.sock`."""
        self._longest_s = longest_s
        self._northbound, self._southbound = northbound, southbound
        self._identity = () if identity is None else identity.options()

    def __call__(self, switch: str, packet: str) -> Walk:
        """What becomes of `packet`, an expression of ovn-trace(8), on `switch`.

        Raises TraceFailed, at the latest when the longest time is over.
        """
        ends = time.monotonic() + self._longest_s
        options = (f"--db={self._southbound}", *self._identity, "--no-friendly-names", *_TRACKED)
        walk = read(_run("ovn-trace", *options, switch, packet, ends=ends))
        made_of = self._acls({step.flow for step in walk.steps if "_acl" in step.stage}, ends)
        known = self._datapaths({step.datapath for step in walk.steps}, ends)
        steps = (
            replace(step, datapath=known.get(step.datapath, step.datapath), acl=made_of.get(step.flow))
            for step in walk.steps
        )
        return Walk(tuple(steps), walk.outputs)

    def _acls(self, flows: set[str], ends: float) -> Mapping[str, Key]:
        """By flow the ACL that it was made of: northd names it by the first digits of its id."""
        hints = {
            flow: ids["stage-hint"]
            for flow, ids in self._ids("ovn-sbctl", self._southbound, "Logical_Flow", flows, ends).items()
            if "stage-hint" in ids
        }
        acls = self._ids("ovn-nbctl", self._northbound, "ACL", set(hints.values()), ends)
        return {flow: Key(acls[hint][MARK]) for flow, hint in hints.items() if MARK in acls.get(hint, {})}

    def _datapaths(self, identities: set[str], ends: float) -> Mapping[str, str]:
        """The keys of switches and routers, by the ids that they have in the Northbound database."""
        tables = ("Logical_Switch", "Logical_Router")
        found = [self._ids("ovn-nbctl", self._northbound, table, identities, ends) for table in tables]
        marks = {short: ids[MARK] for table in found for short, ids in table.items() if MARK in ids}
        return {identity: marks[identity[:8]] for identity in identities if identity[:8] in marks}

    def _ids(
        self, program: str, remote: str, table: str, records: set[str], ends: float
    ) -> Mapping[str, Mapping[str, str]]:
        """The `external_ids` of rows by the first eight digits of their ids; not of rows that are gone."""
        if not records:
            return {}
        said = _run(
            program,
            f"--db={remote}",
            *self._identity,
            f"--timeout={_LOOKUP_S}",
            "--format=json",
            "--",
            "--if-exists",
            "--columns=_uuid,external_ids",
            "list",
            table,
            *sorted(records),
            ends=ends,
        )
        return {row[0][1][:8]: dict(row[1][1]) for row in json.loads(said)["data"]}


Trace = Callable[[str, str], Walk]


def read(text: str) -> Walk:
    """The walk that ovn-trace printed. An answer of OVN's own, as a reset, is another packet's walk."""
    steps: list[Step] = []
    outputs: set[str] = set()
    here = ("", "")
    for line in _of_the_packet(text.splitlines()):
        if pipeline := _PIPELINE.match(line):
            here = pipeline[2], pipeline[1]
        elif step := _STEP.match(line):
            steps.append(Step(here[0], here[1], step[1], step[2], step[4]))
        elif output := _OUTPUT.search(line):
            outputs.add(output[1])
    return Walk(tuple(steps), frozenset(outputs))


def _of_the_packet(lines: Sequence[str]) -> Iterator[str]:
    """Up to where OVN answers instead."""
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if following.startswith("---") and line.startswith(tuple(word.split(" ")[0] for word in _ANSWERS)):
            return
        yield line


def _run(*argv: str, ends: float) -> str:
    left = max(ends - time.monotonic(), 0)
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=left, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TraceFailed(f"{argv[0]} could not be run to its end: {error}") from error
    if done.returncode != 0:
        raise TraceFailed(f"{argv[0]}: {done.stderr.strip()[-300:]}")
    return done.stdout
