"""What Neutron must not offer beside Weft's driver, because Weft keeps nothing of it.

Neutron asks trunks' drivers itself. Of other service plug-ins it loads what the operator names, and objects
would be made that nothing comes of.
"""

from collections.abc import Collection

from neutron_lib.plugins import constants, directory

_NOT_KEPT = {
    constants.PORTFORWARDING: "port_forwarding",
    constants.NDPPROXY: "ndp_proxy",
    constants.CONNTRACKHELPER: "conntrack_helper",
    constants.LOCAL_IP: "local_ip",
    constants.LOG_API: "log",
    constants.METERING: "metering",
    constants.PVLAN: "pvlan",
}
"""The kinds of service plug-ins, and what they are called in `service_plugins`."""


def refuse_unkept(_resource: str, _event: str, _trigger: object, payload: object = None) -> None:
    """Keep Neutron's API from starting with them; all plug-ins are loaded then. Raises RuntimeError."""
    del payload
    unkept(directory.get_plugins())


def unkept(loaded: Collection[str]) -> None:
    """Raise RuntimeError if one of the kinds of plug-ins is one that Weft keeps nothing of."""
    names = sorted(name for kind, name in _NOT_KEPT.items() if kind in loaded)
    if names:
        raise RuntimeError(
            f"Weft keeps nothing of {', '.join(names)}, and people would make objects that nothing comes of: "
            "take that out of service_plugins, or weft out of mechanism_drivers"
        )
