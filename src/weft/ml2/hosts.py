"""The hosts that run a Weft agent, as Neutron's database knows them: who binds a port asks nobody else."""

from collections.abc import Collection
from typing import Any

from neutron_lib.db import api as db_api

from weft.ml2.tables import HostRow


def known(context: Any) -> frozenset[str]:  # noqa: ANN401 - Neutron's
    """Their names."""
    with db_api.CONTEXT_READER.using(context):
        return frozenset(name for (name,) in context.session.query(HostRow.name))


def is_known(context: Any, name: str) -> bool:  # noqa: ANN401 - Neutron's
    """Whether a host runs a Weft agent."""
    with db_api.CONTEXT_READER.using(context):
        return context.session.get(HostRow, name) is not None


def keep(context: Any, names: Collection[str]) -> None:  # noqa: ANN401 - Neutron's
    """Make them these. Idempotent."""
    before = known(context)
    gone, new = before - set(names), set(names) - before
    if gone or new:
        with db_api.CONTEXT_WRITER.using(context):
            context.session.add_all([HostRow(name=name) for name in new])
            context.session.query(HostRow).filter(HostRow.name.in_(gone)).delete(synchronize_session=False)
