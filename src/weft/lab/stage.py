"""How the demo speaks: in colour on a terminal, plain through a pipe. A claim is checked as it is made."""

import time
from collections.abc import Callable, Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from weft.lab.layout import LabError
from weft.lab.processes import until

_INDENT = 4


class Stage:
    """Prints steps, the commands that people would type, what they see, and what was held to be true."""

    def __init__(self, console: Console | None = None) -> None:
        """On standard output, unless told otherwise; a pipe gets whole lines."""
        self._console = console or Console(highlight=False)
        if not self._console.is_terminal:
            self._console.width = 160
        self._started = time.monotonic()
        self._steps = 0

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._started

    def title(self, text: str) -> None:
        """What is played."""
        self._console.print(Text(f"\n{text}", style="bold"))

    def step(self, text: str) -> None:
        """A new step, with the seconds that the ones before took."""
        self._steps += 1
        line = Text.assemble((f"\n{self._steps:>2}  ", "bold cyan"), (text, "bold"))
        line.append(f"   {self.seconds:.0f} s", style="dim")
        self._console.print(line)

    def typed(self, *commands: str) -> None:
        """Commands as a person types them."""
        for command in commands:
            self._show(Text.assemble(("$ ", "dim"), (command, "cyan")))

    def said(self, text: str) -> None:
        """What a command printed."""
        self._show(Text(text.rstrip("\n"), style="dim"))

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Facts in columns."""
        drawn = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for header in headers:
            drawn.add_column(header, overflow="fold")
        for row in rows:
            drawn.add_row(*(Text(cell, style="green" if cell == "up" else "") for cell in row))
        self._show(drawn)

    def holds(self, claim: str, true: object) -> None:
        """A claim that is true; LabError names the one that is not."""
        if not true:
            self._show(Text.assemble(("not so  ", "bold red"), claim))
            raise LabError(f"this did not hold: {claim}")
        self._show(Text.assemble(("ok  ", "green"), claim))

    def comes_true(self, claim: str, holds: Callable[[], object], timeout_s: float = 15) -> None:
        """A claim that becomes true by itself."""
        try:
            until(holds, claim, timeout_s=timeout_s)
        except LabError:
            self.holds(claim, true=False)
        self.holds(claim, true=True)

    def end(self, *lines: str) -> None:
        """The last words."""
        for line in lines:
            self._console.print(Text(line))

    def _show(self, what: Text | Table) -> None:
        self._console.print(Padding(what, (0, 0, 0, _INDENT), expand=False))
