"""A log that is read piece by piece, each of them once, whatever becomes of the log and of its reader.

The log itself is the buffer: how far it was read is kept in a file, together with the piece that is under
way, so that one that starts again hands out the same piece under the same number. A log is known by its
first line, in which there is a time; one that was moved away is read to its end, also when it is compressed.
"""

import gzip
import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, cast
from uuid import uuid4

MOST = 256 * 1024
"""Bytes in one piece."""

_LONGEST_LINE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far a log was read: the piece `number` of this `run` is from `start` to `end` of the log `log`.

    `log` None is whichever comes first. After a `gap` lines before the piece are lost. `notes` are the
    reader's own, as of the last piece that was taken.
    """

    run: str
    number: int = 1
    log: str | None = None
    start: int = 0
    end: int = 0
    gap: bool = False
    notes: Mapping[str, float] = field(default_factory=dict)


class KeptLog:
    """One log. For one thread at a time."""

    def __init__(self, path: Path, kept: Path) -> None:
        """`kept` says where to go on; without it everything that is in the log by now is old."""
        self._path, self._kept = path, kept
        self._file: BinaryIO | None = None
        self.more = False
        """Whether there is probably another piece already."""
        found = _read(kept)
        self._again = found is not None and found.start < found.end
        if found is None:
            self._place = Place(run=str(uuid4()))
            self._skip_all()
        else:
            # A piece without lines leaves no trace here: its number may have been used.
            self._place = found if self._again else replace(found, number=found.number + 1)

    @property
    def place(self) -> Place:
        """Of the last piece."""
        return self._place

    def next(self) -> str:
        """The whole lines of the next piece, maybe none; `place` is its place. After it comes `taken`."""
        if self._again:
            self._again, self.more = False, True
            return self._same()
        text, gap = self._fresh(), self._place.gap
        if not text and self._moved_on():
            # Nothing is left of the log that was read, or it is gone: its successor, from the beginning.
            gap |= self._place.log is not None and (self._file is None or self._cut_short(self._file))
            self.close()
            self._file = _opened(self._path)
            self._place = replace(self._place, log=_identity(self._file), start=0, end=0)
            text = self._fresh()
        if text or gap:
            self._place = replace(self._place, end=self._place.start + len(text), gap=gap)
            self._keep()
        self.more = len(text) > MOST // 2
        return text.decode(errors="replace")

    def taken(self, notes: Mapping[str, float]) -> None:
        """The last piece has arrived where it was to go."""
        done = self._place
        self._place = replace(done, number=done.number + 1, start=done.end, gap=False, notes=dict(notes))
        self._keep()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
        self._file = None

    def _skip_all(self) -> None:
        self._file = _opened(self._path)
        log = _identity(self._file)
        if self._file is not None and log is not None:
            end = self._file.seek(0, os.SEEK_END)
            self._place = replace(self._place, log=log, start=end, end=end)

    def _same(self) -> str:
        """The piece that was under way when its reader ended; none of it if the log is gone."""
        place = self._place
        self._file = self._found()
        if self._file is None:
            self._place = replace(place, log=None, start=0, end=0, gap=True)
            return ""
        self._file.seek(place.start)
        return self._file.read(place.end - place.start).decode(errors="replace")

    def _fresh(self) -> bytes:
        """What follows in the log that is being read."""
        if self._file is None:
            self._file = self._found()
        return b"" if self._file is None else _lines(self._file, self._place.start)

    def _moved_on(self) -> bool:
        """Whether there is another log by now, which begins with a whole line."""
        with suppress(OSError):
            if self._file is not None and os.path.samestat(os.fstat(self._file.fileno()), self._path.stat()):
                return self._cut_short(self._file)
            with self._path.open("rb") as other:
                return _identity(other) is not None
        return False

    def _cut_short(self, file: BinaryIO) -> bool:
        return os.fstat(file.fileno()).st_size < self._place.start and not isinstance(file, gzip.GzipFile)

    def _found(self) -> BinaryIO | None:
        """The log that was being read, wherever logrotate(8) has put it."""
        for name in (self._path, Path(f"{self._path}.1"), Path(f"{self._path}.1.gz")):
            file = _opened(name)
            if file is not None and self._place.log is not None and _identity(file) == self._place.log:
                return file
            if file is not None:
                file.close()
        return None

    def _keep(self) -> None:
        """Whole or not at all (rename(2))."""
        self._kept.parent.mkdir(parents=True, exist_ok=True)
        draft = self._kept.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self._place)))
        draft.replace(self._kept)


def _opened(path: Path) -> BinaryIO | None:
    try:
        return cast("BinaryIO", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")
    except OSError:
        return None


def _identity(file: BinaryIO | None) -> str | None:
    """By which a log is known; None while it has no whole line."""
    if file is None:
        return None
    file.seek(0)
    first = file.readline(_LONGEST_LINE)
    return hashlib.sha256(first).hexdigest()[:32] if first.endswith(b"\n") else None


def _lines(file: BinaryIO, start: int) -> bytes:
    """Whole lines from `start` on; a line that is longer than a piece counts as whole."""
    file.seek(start)
    text = file.read(MOST)
    whole = text.rfind(b"\n") + 1
    return text if not whole and len(text) == MOST else text[:whole]


def _read(kept: Path) -> Place | None:
    try:
        return Place(**json.loads(kept.read_text()))
    except (OSError, ValueError, TypeError):
        return None
