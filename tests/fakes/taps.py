"""A host's interfaces in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from weft.agent.links import LinkFailed
from weft.agent.manual.taps import Interface


@dataclass
class FakeTaps:
    """`there` are the interfaces; a kernel that is `broken` makes none."""

    there: dict[str, Interface] = field(default_factory=dict)
    broken: bool = False

    def put(self, name: str, mtu: int = 1500, **more: object) -> None:
        self.there[name] = replace(Interface(name=name, mtu=mtu, up=False), **more)  # type: ignore[arg-type]

    def present(self) -> Mapping[str, Interface]:
        return dict(self.there)

    def make(self, name: str, mtu: int) -> None:
        if self.broken:
            raise LinkFailed(f"the tap {name} could not be made: test")
        self.there[name] = Interface(name=name, mtu=mtu)

    def raise_up(self, name: str) -> None:
        if name not in self.there:
            raise LinkFailed(f"interface {name} could not be set up: test")
        self.there[name] = replace(self.there[name], up=True)

    def delete(self, name: str) -> None:
        self.there.pop(name, None)
