"""DELs that came while no agent took them, as the shim has laid them down."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Deferred:
    """A folder with a file for each attachment, which goes with the boot like the attachments themselves."""

    folder: Path

    def calls(self) -> Iterator[tuple[Path, bytes]]:
        """What is laid down; a file whose name begins with a dot is not whole yet."""
        if self.folder.is_dir():
            for file in sorted(self.folder.iterdir()):
                if not file.name.startswith("."):
                    yield file, file.read_bytes()

    def forget(self, container: str, interface: str) -> None:
        """The attachment begins anew, or was ended otherwise. Idempotent."""
        (self.folder / f"{container}:{interface}").unlink(missing_ok=True)
