"""`python -m weft.lab` is `weft lab`."""

from weft.cli.lab import app

if __name__ == "__main__":
    app(prog_name="weft lab")
