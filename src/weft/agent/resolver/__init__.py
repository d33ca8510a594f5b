"""The resolver of this host: it answers workloads what OVN does not know, and asks the world for them."""
