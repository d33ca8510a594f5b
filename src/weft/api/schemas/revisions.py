"""Bodies of /revisions."""

from weft.api.schemas.base import Shown
from weft.api.schemas.history import ChangeShown
from weft.api.schemas.past import MomentShown
from weft.api.schemas.plan import ObjectShown, ReachabilityShown
from weft.store.revisions import Made


class RevisionListed(Shown):
    """A revision in the log, with the first of its changes, of `count`."""

    moment: MomentShown
    changes: list[ChangeShown]
    count: int

    @classmethod
    def from_model(cls, made: Made) -> "RevisionListed":
        """The revision as it is listed."""
        return cls(
            moment=MomentShown.from_model(made.moment),
            changes=[ChangeShown.from_model(change) for change in made.changes],
            count=made.count,
        )


class RevisionsShown(Shown):
    """Revisions, newest first. `next_before` asks for older ones; `kept_from` is where the history begins."""

    items: list[RevisionListed]
    next_before: int | None
    kept_from: MomentShown | None


class RevisionShown(Shown):
    """What one revision made different, of `newest`. Members see who reaches whom in their project.

    `changes` has what `objects` does not tell: hosts, and what descriptions have no words for.
    """

    moment: MomentShown
    newest: int
    changes: list[ChangeShown]
    objects: list[ObjectShown]
    reachability: ReachabilityShown
