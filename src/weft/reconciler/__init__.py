"""Make what OVN holds equal to what was declared, and tell what OVN saw."""
