"""A machine becomes one of Weft's hosts, is examined, and stops being one."""
