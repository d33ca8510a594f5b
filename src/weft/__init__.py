"""Weft: containers, virtual machines and bare metal on one overlay network under one policy."""
