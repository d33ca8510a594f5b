"""A difference in reach, and packets that break invariants, as they are shown and as they are said."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from weft.api.schemas.plan import (
    BlockShown,
    BreachShown,
    NamedPort,
    ReachabilityShown,
    ShiftShown,
    ThoseShown,
)
from weft.model.invariant import Promise
from weft.model.policy import Protocol
from weft.model.snapshot import Snapshot
from weft.verifier.invariants import Breach
from weft.verifier.lines import Everyone
from weft.verifier.packet import ICMP, LARGEST, WITH_PORTS
from weft.verifier.sentences import name_of, traffic_text, who_text
from weft.verifier.shift import Block, Difference, Part, Shift, Those
from weft.verifier.sweep import ANY_VALUE

_NAMED = 3
_WIDTH = 8


def shown(old: Snapshot, new: Snapshot, found: Difference) -> ReachabilityShown:
    """The difference as it is shown."""
    return ReachabilityShown(
        opened={str(version): pairs for version, pairs in sorted(found.opened.items())},
        closed={str(version): pairs for version, pairs in sorted(found.closed.items())},
        shifts=[_shift(old, new, shift) for shift in found.shifts],
        left_out=found.left_out,
        sentences=list(_sentences(old, new, found.shifts)),
    )


def reach_shown(snapshot: Snapshot, found: Difference) -> ReachabilityShown:
    """Who reaches whom, a difference from nothing, as it is shown."""
    told = shown(snapshot, snapshot, found)
    return told.model_copy(update={"sentences": list(_sentences(snapshot, snapshot, found.shifts, "reach"))})


def breach_shown(old: Snapshot, new: Snapshot, breach: Breach) -> BreachShown:
    """The breach as it is shown; an invariant that is not kept yet has no id."""
    invariant, header = breach.invariant, breach.header
    return BreachShown(
        id=str(invariant.id) if invariant.id in old.invariants else None,
        invariant=invariant.name,
        project=new.projects[invariant.project_id].name,
        source=name_of(breach.source),
        source_address=None if header is None else str(breach.source.address),
        destination=name_of(breach.destination),
        destination_address=None if header is None else str(breach.destination.address),
        traffic=None if header is None else traffic_text(header),
        sentence=breach_sentence(breach),
    )


def breach_sentence(breach: Breach) -> str:
    """As in: invariant pci is broken: dev-1 (10.0.0.4) would reach pci-1 (10.0.0.9) on tcp/443."""
    one, other, header = breach.source, breach.destination, breach.header
    when = "will be broken when a rule expires" if breach.later else "is broken"
    start = f"invariant {breach.invariant.name} {when}: "
    if header is None:
        return (
            f"{start}{name_of(one)} has no way to {name_of(other)}: "
            "no router, or no IP version in common, joins them"
        )
    never = breach.invariant.promise is Promise.NEVER
    ports = f" from port {header.source_port}" if header.protocol in WITH_PORTS else ""
    return (
        f"{start}{name_of(one)} ({one.address}) {'reaches' if never else 'does not reach'} "
        f"{name_of(other)} ({other.address}) on {traffic_text(header)}{ports}"
    )


def _shift(old: Snapshot, new: Snapshot, shift: Shift) -> ShiftShown:
    return ShiftShown(
        opens=shift.opens,
        version=shift.version,
        traffic=traffic_words(shift.traffic, shift.version),
        pairs=shift.pairs,
        blocks=[_block(old, new, block) for block in shift.blocks],
        more_blocks=shift.more_blocks,
    )


def _block(old: Snapshot, new: Snapshot, block: Block) -> BlockShown:
    return BlockShown(
        sources=_those(old, new, block.sources),
        destinations=_those(old, new, block.destinations),
        pairs=block.pairs,
    )


def _those(old: Snapshot, new: Snapshot, those: Those) -> ThoseShown:
    named = [
        NamedPort(id=str(port), name=(new.ports.get(port) or old.ports[port]).name) for port in those.some
    ]
    return ThoseShown(
        count=those.count, who=None if those.who is None else who_text(new, those.who), some=named
    )


def _sentences(old: Snapshot, new: Snapshot, shifts: Iterable[Shift], opens: str = "opens") -> Iterator[str]:
    """A line for every block; what is the same in both IP versions is said once."""
    versions: defaultdict[str, list[int]] = defaultdict(list)
    for shift in shifts:
        words = traffic_words(shift.traffic, shift.version)
        verb, traffic = (opens if shift.opens else "closes"), _few(words)
        for block in shift.blocks:
            ends = f"from {_told(old, new, block.sources)} to {_told(old, new, block.destinations)}"
            versions[f"{verb} {traffic} {ends}"].append(shift.version)
        if shift.more_blocks:
            versions[f"{verb} {traffic} between {shift.more_blocks} more sets of ports"].append(shift.version)
    both = {version for found in versions.values() for version in found} == {4, 6}
    for sentence, found in versions.items():
        yield sentence if not both or len(set(found)) == 2 else f"{sentence} (IPv{found[0]})"


def _told(old: Snapshot, new: Snapshot, those: Those) -> str:
    count = f"{those.count} port{'' if those.count == 1 else 's'}"
    if those.who is not None and not isinstance(those.who, Everyone):
        return f"{count} of {who_text(new, those.who)}"
    if those.count > _NAMED:
        return count
    return ", ".join((new.ports.get(port) or old.ports[port]).name for port in those.some)


def _few(words: Sequence[str]) -> str:
    """The words, or the first of them."""
    if len(words) <= _WIDTH:
        return " ".join(words)
    return f"{' '.join(words[:_WIDTH])} and {len(words) - _WIDTH} more ranges"


def traffic_words(parts: Sequence[Part], version: int) -> list[str]:
    """The traffic as services are written: tcp/22,80-90, icmp, other; all of it is any."""
    spans: defaultdict[tuple[Protocol | None, tuple[int, int]], list[tuple[int, int]]] = defaultdict(list)
    for part in parts:
        spans[part.protocol, part.source_ports].append(part.values)
    merged = {key: _merged(found) for key, found in spans.items()}
    if _is_any(merged, version):
        return ["any"]
    return [_word(*key, found) for key, found in merged.items()]


def _is_any(
    merged: Mapping[tuple[Protocol | None, tuple[int, int]], list[tuple[int, int]]], version: int
) -> bool:
    strange = Protocol.ICMPV6 if version == 4 else Protocol.ICMP
    every = {None, *Protocol} - {strange}
    return {
        p for (p, sources), found in merged.items() if sources == ANY_VALUE and found == [ANY_VALUE]
    } == every


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if found and found[-1][1] + 1 >= first:
            found[-1] = found[-1][0], max(last, found[-1][1])
        else:
            found.append((first, last))
    return found


def _word(protocol: Protocol | None, sources: tuple[int, int], spans: list[tuple[int, int]]) -> str:
    if protocol is None:
        return "other"
    values = "" if spans == [ANY_VALUE] else "/" + ",".join(_value(protocol, *span) for span in spans)
    came = "" if sources == ANY_VALUE else f" from port {_range(*sources)}"
    return f"{protocol}{values}{came}"


def _value(protocol: Protocol, first: int, last: int) -> str:
    if protocol not in ICMP:
        return _range(first, last)
    (low, code), (high, most) = divmod(first, 256), divmod(last, 256)
    if code == 0 and most == 255:
        return _range(low, high)
    return f"{low}.{code}" if first == last else f"{low}.{code}-{high}.{most}"


def _range(first: int, last: int) -> str:
    if (first, last) == (0, LARGEST):
        return "any"
    return str(first) if first == last else f"{first}-{last}"
