"""A machine, what somebody wants of it, and what it was: values for the tests of joining and leaving."""

from weft.client.join import Joined
from weft.host.facts import Bridge, Interface, Machine, SslFiles, Switch
from weft.host.preflight import Wish
from weft.host.record import Before, Phase, Record

SSL = SslFiles("/etc/weft/tls/host.key", "/etc/weft/tls/host.pem", "/etc/weft/tls/ca.pem")
WISH = Wish(host="h1", server="https://weft:7443", address="10.0.0.1", ssl=SSL)
UPLINK = Bridge(name="br-phys", datapath_type="netdev", interfaces=(Interface(name="br-phys"),))
SWITCH = Switch(bridges=(UPLINK,))
MACHINE = Machine(
    is_root=True,
    switch=SWITCH,
    kernel_datapath=False,
    controller="/usr/bin/ovn-controller",
    addresses={"10.0.0.1": "br-phys", "192.0.2.1": "eth1"},
)
BEFORE = Before(
    external_ids={},
    other_config={},
    ssl=None,
    integration_bridge=None,
    files={},
    controller_ran=True,
    controller_enabled=True,
)
JOINED = Joined(
    host="h1",
    url="https://weft:7443",
    fingerprint="sha256:0",
    token="secret token",
    projects=("default",),
    ca="the CA",
    certificate="the certificate",
    southbound="ssl:weft:6642",
    encapsulation="vxlan",
)
RECORD = Record(phase=Phase.JOINED, host="h1", before=BEFORE, token="0", key="secret key", joined=JOINED)
