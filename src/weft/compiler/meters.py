"""The meter that keeps logging from drowning ovn-controller (ovn-nb(5), Meter)."""

from collections.abc import Iterator

from weft.ovn.rows import Key, Meter, MeterBand

LOG_METER = "weft_acl_log"
METER_KEY = Key(f"meter:{LOG_METER}")
BAND_KEY = Key(f"band:{LOG_METER}")


def log_meter(rate: int) -> Iterator[Meter | MeterBand]:
    """Shared by all ACLs that log: each of them gets `rate` packets a second on each host."""
    band = MeterBand(key=BAND_KEY, action="drop", rate=rate)
    yield band
    yield Meter(key=METER_KEY, name=LOG_METER, unit="pktps", bands=frozenset({band.key}), fair=True)
