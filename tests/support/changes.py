"""What differs between two snapshots."""

from dataclasses import fields

from weft.model.snapshot import Snapshot, Touched


def touched_between(old: Snapshot, new: Snapshot) -> Touched:
    """What the change log would name."""
    found = {}
    for field in fields(Touched):
        before, after = getattr(old, field.name), getattr(new, field.name)
        found[field.name] = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    return Touched(**found)
