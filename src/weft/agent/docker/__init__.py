"""Docker containers: those that ask by label, and those on Docker networks that Weft drives."""
