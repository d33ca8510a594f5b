"""`python -m weft.cli`."""

from weft.cli.app import main

main()
