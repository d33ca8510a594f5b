"""Domains that boot the lab's guest: their XML as people write it, and their life."""

from dataclasses import dataclass, replace
from uuid import UUID

from weft.lab.console import Console
from weft.lab.guest import Guest
from weft.lab.processes import run_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A network card: on a libvirt network, or on `br-int` with the id of a port."""

    network: str = ""
    port_id: UUID | str = ""
    mac: str = ""
    """libvirt chooses one if this is empty."""
    own_checksums: bool = True
    """A userspace switch reads the tap without the header that says which checksums are still to be made."""

    def xml(self) -> str:
        """The interface of the domain."""
        source = f"network='{self.network}'" if self.network else "bridge='br-int'"
        parameters = f"<parameters interfaceid='{self.port_id}'/>" if self.port_id else ""
        port = f"<virtualport type='openvswitch'>{parameters}</virtualport>"
        return (
            f"<interface type='{'network' if self.network else 'bridge'}'><source {source}/>"
            + (f"<mac address='{self.mac}'/>" if self.mac else "")
            + (port if self.port_id or not self.network else "")
            + "<model type='virtio'/>"
            + ("<driver name='qemu'><host csum='off'/></driver>" if self.own_checksums else "")
            + "</interface>"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain(Console):
    """A domain of `host`; `metadata` is XML."""

    guest: Guest
    uuid: UUID
    cards: tuple[Card, ...]
    metadata: str = ""

    def xml(self) -> str:
        """As `virsh define` and `virsh create` take it."""
        return f"""
<domain type='qemu'>
  <name>{self.name}</name><uuid>{self.uuid}</uuid><metadata>{self.metadata}</metadata>
  <memory unit='MiB'>128</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><kernel>{self.guest.kernel}</kernel>
    <initrd>{self.guest.initrd}</initrd>
    <cmdline>console=ttyS0 quiet panic=-1 tsc=unstable hostname={self.name}</cmdline></os>
  <features><acpi/></features>
  <cpu mode='maximum'/>
  <on_reboot>destroy</on_reboot><on_crash>destroy</on_crash>
  <devices>
    {"".join(card.xml() for card in self.cards)}
    <serial type='unix'><source mode='bind' path='/run/{self.name}.console'/>
      <log file='/var/log/{self.name}.console' append='off'/><target port='0'/></serial>
  </devices>
</domain>"""

    def define(self) -> None:
        """Make it known; it stays until it is undefined."""
        self.virsh("define", self._document(self.xml()))

    def start(self) -> None:
        """Boot a domain that is defined."""
        self.console.unlink(missing_ok=True)
        self.virsh("start", self.name)

    def create(self) -> None:
        """Boot a transient domain, which is forgotten when it ends."""
        self.console.unlink(missing_ok=True)
        self.virsh("create", self._document(self.xml()))

    def destroy(self) -> None:
        """Pull the plug; libvirt takes its taps off the switch."""
        self.virsh("destroy", self.name)

    def undefine(self) -> None:
        """Forget the definition; a running domain goes on until it ends."""
        self.virsh("undefine", self.name)

    def plug(self, card: Card, *options: str) -> None:
        """Add a card while it runs."""
        self.virsh("attach-device", self.name, self._document(card.xml()), *options)

    def unplug(self, card: Card, *options: str) -> None:
        """Take a card out while it runs; the guest has to agree."""
        self.virsh("detach-device", self.name, self._document(card.xml()), *options)

    def describe(self, endpoint: str) -> None:
        """Set Weft's metadata of the running domain, as an administrator would."""
        where = ("--uri", "urn:weft:libvirt:1", "--key", "weft")
        self.virsh("metadata", self.name, *where, "--live", "--set", endpoint)

    def live_xml(self) -> str:
        """What libvirt made of it."""
        return self.virsh("dumpxml", self.name)

    def configured_xml(self) -> str:
        """What libvirt will start the next time."""
        return self.virsh("dumpxml", "--inactive", self.name)

    def tap(self) -> str:
        """The host's end of its first card."""
        return self.virsh("domiflist", self.name).split()[0]

    def virsh(self, *argv: str) -> str:
        """Run virsh on the host."""
        return run_on(self.host, "virsh", "-q", *argv)

    def but(self, *cards: Card, metadata: str = "") -> "Domain":
        """The same domain with other cards."""
        return replace(self, cards=cards, metadata=metadata)

    def _document(self, xml: str) -> str:
        """A file of the host that holds `xml`."""
        place = self.host.run / f"{self.name}.xml"
        place.write_text(xml)
        return f"/run/{place.name}"
