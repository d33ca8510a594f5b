"""The door of this host: how workloads leave by its own address, and are reached by it."""
