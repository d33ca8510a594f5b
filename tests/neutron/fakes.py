"""Stand-ins of what the worker speaks to."""

from weft.client import ProblemError, ServerUnreachable
from weft.ml2.translate import Wanted
from weft.ml2.weft_side import Held


class FakeWeft:
    """Holds what it is told, unless it is away, or refuses a kind."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Wanted] = {}
        self.told: list[tuple[str, str, str]] = []
        self.away = False
        self.refuses: str | None = None

    def put(self, wanted: Wanted) -> None:
        self._hear("PUT", wanted.kind, wanted.id)
        self.objects[wanted.kind, wanted.id] = wanted

    def remove(self, kind: str, object_id: str) -> None:
        self._hear("DELETE", kind, object_id)
        self.objects.pop((kind, object_id), None)

    def held(self) -> list[Held]:
        return [
            Held(kind=one.kind, id=one.id, version=one.version, digest=one.digest, settled=True, state=None)
            for one in self.objects.values()
        ]

    def _hear(self, method: str, kind: str, object_id: str) -> None:
        if self.away:
            raise ServerUnreachable("https://weft", "it is away")
        if kind == self.refuses:
            raise ProblemError.from_body(409, {"code": "conflict", "detail": f"no {kind} today"})
        self.told.append((method, kind, object_id))


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time
