"""Messages of DNS (RFC 1035, section 4), as far as one who passes them on has to read them. Pure.

Of a query that is the header and its one question; what stands behind it is passed on unread.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

HEADER = struct.Struct("!6H")
"""Identity, flags, and how many questions, answers, authorities and additional records follow."""
LARGEST = 65_535
"""What the length before a message of TCP can say (section 4.2.2)."""
LARGEST_QUERY = 4_096
"""A question with its options needs less; nobody may make a host keep more."""

_RESPONSE, _RECURSION_DESIRED, _RECURSION_AVAILABLE = 0x8000, 0x0100, 0x0080
_OPCODE = 0x7800
_CODE = 0x000F
_LONGEST_NAME, _LONGEST_LABEL = 255, 63


class Kind(IntEnum):
    """What is asked about a name (section 3.2.2; RFC 3596; RFC 1995)."""

    A = 1
    PTR = 12
    AAAA = 28
    IXFR = 251
    AXFR = 252
    ANY = 255


class Code(IntEnum):
    """What an answer says of itself (section 4.1.1)."""

    FINE = 0
    MALFORMED = 1
    FAILED = 2
    NO_SUCH_NAME = 3
    NOT_IMPLEMENTED = 4
    REFUSED = 5


class Malformed(ValueError):
    """No query that anybody could answer; `code` is what to say, `None` to say nothing."""

    def __init__(self, why: str, code: Code | None = None) -> None:
        """`why` is for the log."""
        super().__init__(why)
        self.code = code


@dataclass(frozen=True, slots=True)
class Query:
    """A query as it came. `name` is in lower case, without a dot at its end; the root is empty."""

    message: bytes
    name: str
    kind: int
    end: int
    """Where in the message its question ends."""

    @property
    def identity(self) -> bytes:
        """The two bytes by which whoever asked knows the answer."""
        return self.message[:2]

    @property
    def question(self) -> bytes:
        """The question as it stands in the message."""
        return self.message[HEADER.size : self.end]


def read(message: bytes) -> Query:
    """The query that `message` is. Raises Malformed."""
    if len(message) < HEADER.size:
        raise Malformed("shorter than a header")
    _, flags, questions, answers, authorities, _ = HEADER.unpack_from(message)
    if flags & _RESPONSE:
        raise Malformed("no query but an answer")  # to answer it could go on for ever
    if flags & _OPCODE:
        raise Malformed("not a standard query", Code.NOT_IMPLEMENTED)
    if questions != 1 or answers or authorities:
        raise Malformed("not just one question", Code.MALFORMED)
    name, at = _name(message, HEADER.size)
    if at + 4 > len(message):
        raise Malformed("ends within its question", Code.MALFORMED)
    kind = int.from_bytes(message[at : at + 2])
    if kind in (Kind.AXFR, Kind.IXFR):
        raise Malformed("a whole zone is asked for", Code.REFUSED)
    return Query(message, name, kind, at + 4)


def asking(name: str, kind: Kind, identity: bytes) -> bytes:
    """A plain query for `name`, of which every label fits (`read` has seen to that)."""
    labels = b"".join(bytes([len(label)]) + label.encode("latin-1") for label in name.split(".") if label)
    number = int.from_bytes(identity)
    return HEADER.pack(number, _RECURSION_DESIRED, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, 1)


def refusal(message: bytes, code: Code) -> bytes:
    """An answer to a query that cannot be read: its header, and nothing else."""
    number, flags, *_ = HEADER.unpack_from(message)
    kept = flags & (_OPCODE | _RECURSION_DESIRED)
    return HEADER.pack(number, _RESPONSE | kept | code, 0, 0, 0, 0)


def empty(query: Query, code: Code) -> bytes:
    """An answer to `query` that has no records."""
    number, flags, *_ = HEADER.unpack_from(query.message)
    said = _RESPONSE | _RECURSION_AVAILABLE | flags & _RECURSION_DESIRED | code
    return HEADER.pack(number, said, 1, 0, 0, 0) + query.question


def as_answer_to(query: Query, answer: bytes) -> bytes:
    """`answer` under the identity that who asked gave to the query."""
    return query.identity + answer[2:]


def answers(query: Query, message: bytes) -> bool:
    """Whether `message` is an answer to just this question and identity (RFC 5452, section 9.1).

    A server that could not read the question need not repeat it.
    """
    if len(message) < HEADER.size or message[:2] != query.identity:
        return False
    _, flags, questions, *_ = HEADER.unpack_from(message)
    if not flags & _RESPONSE:
        return False
    if questions == 0:
        return code_of(message) not in (Code.FINE, Code.NO_SUCH_NAME)
    repeated = message[HEADER.size : query.end]
    return questions == 1 and repeated.lower() == query.question.lower()


def code_of(message: bytes) -> int:
    """What an answer says of itself."""
    return int(message[3] & _CODE)


def _name(message: bytes, at: int) -> tuple[str, int]:
    """The name that begins at `at`, and where it ends; a question has no pointers."""
    labels, start = [], at
    while True:
        if at >= len(message):
            raise Malformed("ends within a name", Code.MALFORMED)
        length = message[at]
        at += 1
        if length == 0:
            break
        if length > _LONGEST_LABEL or at + length > len(message) or at + length - start > _LONGEST_NAME:
            raise Malformed("a name that cannot be", Code.MALFORMED)
        label = message[at : at + length]
        labels.append(label.decode("latin-1").lower())
        at += length
    return ".".join(labels), at
