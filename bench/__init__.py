"""Measurements: Weft beside what exists, in the same run on the same machine."""
