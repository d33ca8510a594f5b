"""The two ways in which a database does not do what it was asked: it cannot be asked, or it refuses."""

from collections.abc import Mapping, Sequence
from typing import Any


class OvsdbUnavailable(Exception):
    """The database cannot be reached, or has not been read completely yet."""


class OvsdbError(Exception):
    """The database refused a request; the message is its own.

    `error` is its short name as in RFC 7047, `operation` the one that failed, None when the commit did.
    """

    def __init__(self, error: str, details: str = "", operation: Mapping[str, object] | None = None) -> None:
        """`error` and `details` as the server gave them."""
        self.error, self.details, self.operation = error, details, operation
        where = "" if operation is None else f" (in {str(operation)[:500]})"
        super().__init__(f"{error}: {details}{where}" if details else f"{error}{where}")


def checked(
    operations: Sequence[Mapping[str, object]], results: Sequence[dict[str, Any] | None]
) -> list[dict[str, Any]]:
    """The results of a transaction that was committed; OvsdbError when it was not.

    A commit that fails after every operation went well is told by one more result than operations
    (RFC 7047, section 4.1.3).
    """
    for number, result in enumerate(results):
        if result is not None and "error" in result:
            failed = operations[number] if number < len(operations) else None
            raise OvsdbError(str(result["error"]), str(result.get("details", "")), failed)
    return [result or {} for result in results]
