"""The REST interface: it commits to the store and never talks to OVN."""
