"""The parts that bodies are made of: closed models, and the shapes of text, labels and addresses."""

from base64 import b64decode
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from weft.model.guest import LARGEST_USER_DATA
from weft.model.network import Address, Prefix

T = TypeVar("T")

ABSENT: Any = Field(default=None)
"""The default of a field that a change may leave out, but not set to null."""

_LARGEST_ORDER = 2**31 - 1


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("text holds no NUL character")
    return text


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("a name is one line of printable characters")
    return text


def _address(value: object) -> Address:
    """From text only: a number would be taken for an address that nobody meant."""
    if isinstance(value, IPv4Address | IPv6Address):
        return value
    if not isinstance(value, str):
        raise ValueError("an IP address is text, like 192.0.2.1 or 2001:db8::1")  # noqa: TRY004
    found = ip_address(value)
    if found.version == 6 and found.scope_id is not None:
        raise ValueError("an address here has no zone (the part after %)")
    return found


def _prefix(value: object) -> Prefix:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    if not isinstance(value, str) or "/" not in value:
        raise ValueError("a prefix is text, like 192.0.2.0/24 or 2001:db8::/64")
    return ip_network(value)


def _moment(value: object) -> datetime:
    """From text only: a number would be taken for seconds since 1970."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if not isinstance(value, str):
        raise ValueError("a time is text, like 2026-11-28T09:00:00Z")  # noqa: TRY004 - pydantic's
    with suppress(ValueError, OverflowError):
        found = datetime.fromisoformat(value)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    raise ValueError("a time is written with its offset, like 2026-11-28T09:00:00Z (RFC 3339)")


def _base64(text: str) -> str:
    try:
        b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError("user data is sent in base64 (RFC 4648, section 4)") from error
    return text


def _moment_text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


Text = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_without_nul)]
LongText = Annotated[str, StringConstraints(max_length=16384), AfterValidator(_without_nul)]
Word = Annotated[str, StringConstraints(max_length=255), AfterValidator(_printable)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_printable)]
Reference = Annotated[
    str,
    StringConstraints(min_length=1, max_length=255),
    AfterValidator(_printable),
    Field(description="A UUID, or a name in the project."),
]
ZoneName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"),
    Field(description="Letters, digits, dashes and underscores; a zone is declared by being named."),
]
_LabelValue = Annotated[str, StringConstraints(max_length=16384), AfterValidator(_without_nul)]
Labels = Annotated[dict[Name, _LabelValue], Field(max_length=512)]
IpAddress = Annotated[
    Address,
    BeforeValidator(_address),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "description": "An IPv4 or IPv6 address."}),
]
IpPrefix = Annotated[
    Prefix,
    BeforeValidator(_prefix),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "description": "An IPv4 or IPv6 prefix, like 192.0.2.0/24."}),
]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    PlainSerializer(_moment_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "description": "A time (RFC 3339)."}),
]
UserData = Annotated[
    str,
    StringConstraints(max_length=(LARGEST_USER_DATA + 2) // 3 * 4),
    AfterValidator(_base64),
    Field(description=f"In base64; at most {LARGEST_USER_DATA} bytes."),
]
Order = Annotated[int, Field(strict=True, ge=-_LARGEST_ORDER, le=_LARGEST_ORDER)]
Count = Annotated[int, Field(strict=True, ge=0, le=2**53)]


class Body(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Patch(Body):
    """A change: only the fields that were sent."""

    def sent(self) -> dict[str, object]:
        """The fields that were sent, by name, in the model's types."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Shown(BaseModel):
    """What a client gets."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Owned(Shown):
    """What every object of a project is shown with."""

    id: UUID
    project_id: UUID
    project: str
    name: str
    revision: int


class Page(Shown, Generic[T]):
    """One page of a list; no `next_cursor` means that it is the last."""

    items: list[T]
    next_cursor: str | None = None


class Done(Shown):
    """Nothing more to say than that it is done."""

    ok: bool = True


def plain(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels as a body shows them."""
    return dict(labels)
