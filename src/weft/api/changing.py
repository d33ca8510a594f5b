"""What the body of a plan asks for, done in a transaction: planned and applied by the same words."""

from collections.abc import Iterator
from contextlib import contextmanager

from weft.api import references
from weft.api.auth import require_admin
from weft.api.context import Asking
from weft.api.described import Described, declare
from weft.api.reverting import restore
from weft.api.schemas.plan import PlanIn
from weft.model.errors import WeftError
from weft.model.ids import PolicyId, Revision
from weft.model.policy import Policy, Tier
from weft.store import Transaction, policies


def change(asking: Asking, tx: Transaction, body: PlanIn, described: Described) -> None:
    """Make the model what `body` says, whose text is `described`.

    Raises what any of its parts raises, with the field of that part.
    """
    if body.revert is not None:
        with _at("revert"):
            restore(asking, tx, Revision(body.revert))
    for reference, name in body.rename_policies.items():
        with _at("rename_policies"):
            policies.change_policy(tx, _changeable(asking, tx, reference, body.project), name=name)
    for reference, mode in body.policy_modes.items():
        with _at("policy_modes"):
            policies.change_policy(tx, _changeable(asking, tx, reference, body.project), mode=mode)
    for reference in body.remove_policies:
        with _at("remove_policies"):
            policies.remove_policy(tx, _changeable(asking, tx, reference, body.project))
    declare(tx, asking.caller, described, prune=body.prune)


def _changeable(asking: Asking, tx: Transaction, reference: str, within: str | None) -> PolicyId:
    found = references.visible(tx.snapshot, asking.caller, Policy, reference, within)
    if found.tier is Tier.ADMIN:
        require_admin(asking.caller)
    return found.id


@contextmanager
def _at(field: str) -> Iterator[None]:
    try:
        yield
    except WeftError as error:
        error.field = field
        raise
