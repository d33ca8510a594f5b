"""However a stream is cut into chunks, the same messages come out of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.ovsdb.framing import Splitter

nasty = st.text(alphabet='{}[]"\\ax\n\u00e9', max_size=20)
values = st.recursive(
    nasty | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(nasty, inner, max_size=3),
    max_leaves=10,
)
messages = st.lists(st.dictionaries(nasty, values, max_size=4), max_size=6)


@given(messages, st.lists(st.integers(1, 9), min_size=1, max_size=50), st.booleans())
def test_messages_survive_any_chunking(sent: list[object], sizes: list[int], ascii_only: object) -> None:
    stream = b"".join(json.dumps(m, ensure_ascii=bool(ascii_only)).encode() for m in sent)
    splitter, received, at, turn = Splitter(), [], 0, 0

    while at < len(stream):
        size = sizes[turn % len(sizes)]
        received += splitter.feed(stream[at : at + size])
        at, turn = at + size, turn + 1

    assert [json.loads(text) for text in received] == sent


def test_a_stream_that_closes_what_it_did_not_open_is_refused() -> None:
    with pytest.raises(ValueError, match="did not open"):
        Splitter().feed(b"}")
