"""The model, kept: one writer, one revision per change, the whole history in SQL."""

from weft.store.change import Change, ChangeAction, Declared, Kind
from weft.store.database import Store
from weft.store.limits import Limits
from weft.store.transaction import Transaction

__all__ = ["Change", "ChangeAction", "Declared", "Kind", "Limits", "Store", "Transaction"]
