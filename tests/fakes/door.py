"""The door of a host in memory: what is published is in place at once, unless it `fails`."""

from dataclasses import dataclass, field

from weft.agent.door.kernel import DoorFailed


@dataclass
class FakeDoor:
    """`settled` are the networks for which somebody waited."""

    fails: bool = False
    settled: list[str] = field(default_factory=list)

    def settle(self, network_id: str) -> None:
        if self.fails:
            raise DoorFailed("the network does not leave by this host")
        self.settled.append(network_id)
