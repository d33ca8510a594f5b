"""Bare-metal machines behind the VLANs of this host's physical networks."""
