"""The model, compiled to Northbound rows. Pure, and a function of the snapshot alone.

`compile_model` defines what is right. `Compilation` keeps the rows of a snapshot and goes on to those of the
next one at the cost of what differs; that both give the same rows is a law (`tests/property`).
"""

from weft.compiler.compilation import Compilation
from weft.compiler.settings import CompilerSettings
from weft.model.snapshot import Snapshot
from weft.ovn.rows import Rows

__all__ = ["Compilation", "CompilerSettings", "compile_model"]


def compile_model(snapshot: Snapshot, settings: CompilerSettings) -> Rows:
    """Every Northbound row that `snapshot` asks for."""
    return Compilation(snapshot, settings).rows
