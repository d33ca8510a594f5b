"""When every host is asked to acknowledge what was applied: at once, or, where hosts are many, once a second.

A bump of `nb_cfg` wakes ovn-controller on each of them, so its cost grows with the estate and not with the
change. What waits for the next bump is in the Northbound database already, and is acknowledged with it.
"""

MANY_HOSTS = 200
INTERVAL_S = 1.0


def bump_is_due(hosts: int, since_last_s: float) -> bool:
    """Whether `hosts` may be asked now, when they were last asked `since_last_s` ago."""
    return hosts <= MANY_HOSTS or since_last_s >= INTERVAL_S
