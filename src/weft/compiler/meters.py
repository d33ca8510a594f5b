"""The meters that keep logging from drowning ovn-controller (ovn-nb(5), Meter).

Each project has two on each host: what its rules ask to log, and what else it drops. So a flood in one
project hides nothing of another, and one of dropped packets nothing that was asked for. `fair` meters, one
for each ACL, would be as many rows and as many meters as there are rules.
"""

from collections.abc import Iterator

from weft.compiler import names
from weft.ovn.rows import Meter, MeterBand


def log_meter(name: str, rate: int) -> Iterator[Meter | MeterBand]:
    """Shared by all ACLs that name it: `rate` packets a second on each host."""
    band = MeterBand(key=names.band_key(name), action="drop", rate=rate)
    yield band
    yield Meter(key=names.meter_key(name), name=name, unit="pktps", bands=frozenset({band.key}))
