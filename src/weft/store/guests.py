"""What virtual machines are told of themselves. User data is a secret: it is kept beside the model.

The model, its history and the change log hold the mark of user data alone. The data goes with its port, or
when there is other data; what is taken back afterwards has the mark, and nothing behind it.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from weft.model.guest import Guest, UserData, check_user_data
from weft.model.ids import PortId
from weft.model.port import Port
from weft.store import tables
from weft.store.database import Store
from weft.store.lookup import require
from weft.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What is to be told from now on. None leaves it as it is; no keys, and no bytes, are none."""

    ssh_keys: tuple[str, ...] | None = None
    user_data: bytes | None = None

    def __repr__(self) -> str:
        """Without the secret."""
        size = None if self.user_data is None else len(self.user_data)
        return f"Telling(ssh_keys={self.ssh_keys!r}, user_data=<{size} bytes>)"


SILENCE = Telling()


def tell(tx: Transaction, port_id: PortId, telling: Telling) -> Port:
    """Have the machine of a port told this when it boots. Idempotent. Raises NotFound, Invalid."""
    port = require(tx.snapshot.ports, port_id, "port")
    after = replace(port, guest=guest_of(tx, port_id, port.guest, telling))
    tx.put(after)
    return after


def guest_of(tx: Transaction, port_id: PortId, before: Guest | None, telling: Telling) -> Guest | None:
    """What the machine of a port is told after `telling`; its user data is kept. Raises Invalid."""
    known = before or Guest()
    keys = known.ssh_keys if telling.ssh_keys is None else telling.ssh_keys
    guest = Guest(ssh_keys=keys, user_data=_kept(tx, port_id, known.user_data, telling.user_data))
    return None if guest == Guest() else guest


def user_data_of(store: Store, ports: Sequence[Port]) -> dict[PortId, bytes]:
    """The user data of those of `ports` that have any."""
    marks = {str(p.guest.user_data.id): p.id for p in ports if p.guest is not None and p.guest.user_data}
    if not marks:
        return {}
    table = tables.user_data
    with store.engine.connect() as connection:
        rows = connection.execute(sa.select(table.c.id, table.c.content).where(table.c.id.in_(marks))).all()
    return {marks[row.id]: b64decode(row.content) for row in rows}


def _kept(
    tx: Transaction, port_id: PortId, before: UserData | None, content: bytes | None
) -> UserData | None:
    """The mark of `content`, which is kept; the one that is there where the data is the same."""
    if content is None:
        return before
    check_user_data(content)
    table = tables.user_data
    text = b64encode(content).decode()
    if before is not None:
        held = tx.connection.scalar(sa.select(table.c.content).where(table.c.id == str(before.id)))
        if held == text:
            return before
    tx.connection.execute(table.delete().where(table.c.port_id == str(port_id)))
    if not content:
        return None
    mark = UserData(id=tx.new_id(), size=len(content))
    tx.later.append(table.insert().values(id=str(mark.id), port_id=str(port_id), content=text))
    return mark
