"""The command line: `weft NOUN VERB`."""

from weft.cli.app import main

__all__ = ["main"]
