"""Where a host keeps what is Weft's."""

from dataclasses import dataclass
from pathlib import Path

from weft.host.facts import SslFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Directories and files, all below `root`."""

    root: Path = Path("/")

    @property
    def settings(self) -> Path:
        """What the agent reads."""
        return self.root / "etc/weft/agent.toml"

    @property
    def key(self) -> Path:
        """The host's private key."""
        return self.root / "etc/weft/tls/host.key"

    @property
    def certificate(self) -> Path:
        """The host's certificate."""
        return self.root / "etc/weft/tls/host.pem"

    @property
    def ca(self) -> Path:
        """The certificate of the installation's CA."""
        return self.root / "etc/weft/tls/ca.pem"

    @property
    def chassis(self) -> Path:
        """From where Open vSwitch takes its system-id at each start (ovs-ctl(8), `--system-id=random`)."""
        return self.root / "etc/openvswitch/system-id.conf"

    @property
    def record(self) -> Path:
        """What this host was, and is."""
        return self.root / "var/lib/weft/host.json"

    @property
    def token(self) -> Path:
        """The host's token for the API."""
        return self.root / "var/lib/weft/host-token"

    @property
    def state(self) -> Path:
        """What the agent keeps for its next life."""
        return self.root / "var/lib/weft/agent"

    @property
    def run(self) -> Path:
        """What the agent keeps while the machine runs."""
        return self.root / "run/weft"

    @property
    def plugin(self) -> Path:
        """The socket of Docker's plugin."""
        return self.root / "run/docker/plugins/weft.sock"

    @property
    def cni_plugin(self) -> Path:
        """The program that container runtimes run (CNI)."""
        return self.root / "opt/cni/bin/weft-cni"

    @property
    def cni_network(self) -> Path:
        """The network that they use it for."""
        return self.root / "etc/cni/net.d/10-weft.conflist"

    @property
    def cni_folders(self) -> tuple[Path, ...]:
        """What they are in, which container runtimes may have made before us; what is within comes first."""
        files = (self.cni_plugin, self.cni_network)
        return tuple(folder for file in files for folder in (file.parent, file.parent.parent))

    @property
    def ssl(self) -> SslFiles:
        """What Open vSwitch is told."""
        return SslFiles(str(self.key), str(self.certificate), str(self.ca))
