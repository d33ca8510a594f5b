"""Machines without libvirt: QEMU as a person starts it, with a tap that is there."""

from dataclasses import dataclass

from weft.lab.console import Console
from weft.lab.guest import Guest
from weft.lab.processes import start_on, stop_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulated(Console):
    """A machine that boots the lab's guest."""

    guest: Guest

    def start(self, *card: str) -> None:
        """Boot it; `card` are the options for its network card, as `weft port plug` prints them."""
        self.console.unlink(missing_ok=True)
        socket = f"socket,id=c0,path=/run/{self.name}.console,server=on,wait=off"
        argv = (
            *("qemu-system-x86_64", "-machine", "pc", "-accel", "tcg", "-cpu", "max", "-m", "128"),
            *("-nodefaults", "-display", "none", "-no-reboot"),
            *("-kernel", str(self.guest.kernel), "-initrd", str(self.guest.initrd)),
            *("-append", f"console=ttyS0 quiet panic=-1 tsc=unstable hostname={self.name}"),
            *("-chardev", f"{socket},logfile=/var/log/{self.name}.console", "-serial", "chardev:c0"),
        )
        start_on(self.host, self._process, [*argv, *card])

    def stop(self) -> None:
        """Pull the plug; the tap stays."""
        stop_on(self.host, self._process)

    @property
    def _process(self) -> str:
        return f"qemu-{self.name}"
