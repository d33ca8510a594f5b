"""What a change would do: rows of OVN, who reaches whom, and which invariants break. Nothing is written."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

from weft.compiler import Compilation, CompilerSettings
from weft.compiler.domains import Domains
from weft.compiler.flows import Forecast, forecast
from weft.model.ids import InvariantId, ProjectId
from weft.model.invariant import Invariant, Promise
from weft.model.snapshot import Snapshot, Touched
from weft.ovn.plan import diff
from weft.verifier.difference import difference
from weft.verifier.expiring import at_worst
from weft.verifier.invariants import Breach, breaches
from weft.verifier.lint import Finding, lint
from weft.verifier.reach import End, Partners, partners, reach
from weft.verifier.remedy import Editable, Remedy, remedies
from weft.verifier.shift import Difference
from weft.verifier.verdict import Verdict
from weft.verifier.world import World

_FORGOTTEN = 2_000
"""A world's roster keeps everybody who was ever named; with so many more than ports it is begun anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRows:
    """How many rows of one table of OVN come, change and go."""

    table: str
    inserted: int
    updated: int
    deleted: int


class Planner:
    """The verifier's world and the compiled rows of the last model that was asked about.

    Both advance from question to question, so that a question costs what differs. Any thread may ask.
    """

    def __init__(self, settings: CompilerSettings) -> None:
        """Nothing is read or compiled before the first question."""
        self._settings = settings
        self._turn = threading.Lock()
        self._world: World | None = None
        self._compilation: Compilation | None = None
        self._domains: Domains | None = None
        self._forecast: tuple[Snapshot, Forecast] | None = None
        self._linting = threading.Lock()
        self._linted: tuple[Snapshot, Sequence[Finding]] | None = None
        self._broken: tuple[Snapshot, Mapping[InvariantId, Breach]] | None = None

    def difference(self, old: Snapshot, new: Snapshot) -> Difference:
        """What `new` opens and closes."""
        with self._turn:
            before = self._at(old)
            return difference(before, before.advanced(new))

    def reach(self, snapshot: Snapshot, source: End, destination: End) -> Difference:
        """What `source` may send to `destination`; of an old model, beside the one that is known."""
        with self._turn:
            return reach(self._beside(snapshot), source, destination)

    def partners(self, snapshot: Snapshot, source: End, destination: End) -> Partners:
        """The ports between which there is any reach, as `reach` tells it in words."""
        with self._turn:
            return partners(self._beside(snapshot), source, destination)

    def past_difference(self, old: Snapshot, new: Snapshot, among: ProjectId | None = None) -> Difference:
        """As `difference`, of old models, beside the one that is known; `among` the ports of one project."""
        with self._turn:
            before = self._beside(old)
            return difference(before, before.advanced(new), among)

    def lint(self, snapshot: Snapshot) -> Sequence[Finding]:
        """What does nothing in `snapshot`, or more than is needed; the last answer is kept.

        Takes seconds where there are many rules, in a world of its own, so that nobody else waits.
        """
        with self._linting:
            if self._linted is None or self._linted[0] is not snapshot:
                self._linted = snapshot, lint(World.of(snapshot))
            return self._linted[1]

    def breaks(self, old: Snapshot, new: Snapshot) -> list[Breach]:
        """The invariants of `new` that do not hold there, and held in `old` or are none of its own.

        What is broken already does not stand in the way of other changes. Those that hold only until rules
        expire, whatever the order in which these do, are told as `later`.
        """
        if not new.invariants:
            return []
        with self._turn:
            before = self._at(old)
            known = self._broken_in(before)
            found = breaches(before.advanced(new), new.invariants.values())
            now = [breach for breach in found if not _was_broken(breach.invariant, known)]
            return now or self._breaks_later(before, new)

    def _breaks_later(self, before: World, new: Snapshot) -> list[Breach]:
        found: list[Breach] = []
        for promise in Promise:
            promised = [one for one in new.invariants.values() if one.promise is promise]
            worst = at_worst(new, promise)
            if promised and worst is not new:
                kept = before.snapshot.invariants
                was = breaches(
                    before.advanced(at_worst(before.snapshot, promise)),
                    [one for one in promised if one.id in kept],
                )
                known = {breach.invariant.id: breach for breach in was}
                found += [
                    replace(breach, later=True)
                    for breach in breaches(before.advanced(worst), promised)
                    if not _was_broken(breach.invariant, known)
                ]
        return found

    def broken(self, snapshot: Snapshot) -> Mapping[InvariantId, Breach]:
        """The invariants that do not hold."""
        with self._turn:
            return self._broken_in(self._at(snapshot))

    def remedies(
        self, snapshot: Snapshot, verdicts: Sequence[Verdict], editable: Editable
    ) -> tuple[Remedy, ...]:
        """What would turn the first of the verdicts on `snapshot` that anything can turn."""
        with self._turn:
            world = self._at(snapshot)
            return next(filter(None, (remedies(world, verdict, editable) for verdict in verdicts)), ())

    def rows(self, old: Snapshot, new: Snapshot) -> Sequence[TableRows]:
        """What becomes of OVN's rows, by table. As the model says that they are, whatever OVN holds."""
        with self._turn:
            compilation, self._compilation = self._compiled(old), None
            before, touched = dict(compilation.rows), touched_between(old, new)
            differing = compilation.advance(new, touched)
            plan = diff(compilation.rows, before, differing)
            compilation.advance(old, touched)
            self._compilation = compilation
        counts = [
            Counter(row.table for row in plan.insert),
            Counter(change.row.table for change in plan.update),
            Counter(row.table for row in plan.delete),
        ]
        return [
            TableRows(
                table=table, inserted=counts[0][table], updated=counts[1][table], deleted=counts[2][table]
            )
            for table in sorted(set().union(*counts))
        ]

    def forecast(self, snapshot: Snapshot) -> Forecast:
        """The flows that policies cost on each host; the last answer is kept."""
        if not snapshot.policies or not snapshot.plugged_hosts:
            return {}
        with self._turn:
            if self._forecast is None or self._forecast[0] is not snapshot:
                known = self._domains
                if known is None:
                    self._domains = Domains.of(snapshot, self._settings)
                else:
                    touched = touched_between(known.snapshot, snapshot)
                    self._domains = known.advanced(snapshot, touched)
                self._forecast = snapshot, forecast(self._domains)
            return self._forecast[1]

    def _at(self, snapshot: Snapshot) -> World:
        world = self._world
        if world is None or len(world.roster.whos) > _FORGOTTEN + 2 * len(snapshot.ports):
            world = World.of(snapshot)
        elif world.snapshot is not snapshot:
            world = world.advanced(snapshot)
        self._world = world
        return world

    def _beside(self, snapshot: Snapshot) -> World:
        """The world of `snapshot`, which does not become the one that later questions begin with."""
        known = self._world
        world = self._at(snapshot if known is None else known.snapshot)
        return world if world.snapshot is snapshot else world.advanced(snapshot)

    def _broken_in(self, world: World) -> Mapping[InvariantId, Breach]:
        if self._broken is None or self._broken[0] is not world.snapshot:
            found = breaches(world, world.snapshot.invariants.values())
            self._broken = world.snapshot, {breach.invariant.id: breach for breach in found}
        return self._broken[1]

    def _compiled(self, snapshot: Snapshot) -> Compilation:
        if self._compilation is None:
            return Compilation(snapshot, self._settings)
        touched = touched_between(self._compilation.snapshot, snapshot)
        self._compilation.advance(snapshot, touched)
        return self._compilation


def touched_between(old: Snapshot, new: Snapshot) -> Touched:
    """What differs between two snapshots of one store: what does not is the same object in both."""
    found = {}
    for kind in fields(Touched):
        before, after = getattr(old, kind.name), getattr(new, kind.name)
        if before is after:
            continue
        keys = before.keys() | after.keys()
        found[kind.name] = frozenset(key for key in keys if before.get(key) is not after.get(key))
    return Touched(**found)


def _was_broken(invariant: Invariant, known: Mapping[InvariantId, Breach]) -> bool:
    """Whether the very same promise was broken before."""
    before = known.get(invariant.id)
    return before is not None and before.invariant == invariant
