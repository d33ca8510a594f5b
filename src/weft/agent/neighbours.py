"""The kernel's neighbour table: who is behind the addresses of the underlay."""

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

# linux/neighbour.h
_NTF_USE = 0x01
_NUD_NONE, _NUD_PROBE = 0x00, 0x10
_NUD_KNOWN = 0x02 | 0x04 | 0x08 | _NUD_PROBE  # reachable, stale, delay, probe


class NeighbourUnknown(Exception):
    """The kernel has no way to ask for an address; the message is a whole sentence."""


def confirm(address: str) -> None:
    """Have the kernel ask, now, who has `address`, or the gateway on the way to it; does not wait to hear.

    One that is known is asked directly, so that hosts do not broadcast at each other all the time; entries
    that an operator made permanent are left alone.
    """
    try:
        with IPRoute() as route:
            way = route.route("get", dst=address)[0]
            index, hop = way.get_attr("RTA_OIF"), way.get_attr("RTA_GATEWAY") or address
            entries = route.get_neighbours(dst=hop, ifindex=index)
            if any(entry["state"] & _NUD_KNOWN for entry in entries):
                route.neigh("change", dst=hop, ifindex=index, state=_NUD_PROBE)
            else:
                route.neigh("replace", dst=hop, ifindex=index, state=_NUD_NONE, flags=_NTF_USE)
    except NetlinkError as error:
        raise NeighbourUnknown(f"the kernel cannot look for {address} on the underlay: {error}") from error
