"""What one installation can hold: the numbers that the encapsulation sets (quotas)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The quotas of the encapsulation; None is no limit. `encapsulation` names the setting."""

    encapsulation: str = "vxlan"
    networks: int | None = 4095
    ports_per_network: int | None = 2047

    @classmethod
    def of(cls, encapsulation: str) -> "Limits":
        """The limits of `vxlan` (OVN's restricted mode) or of `geneve` (none that matters)."""
        if encapsulation == "vxlan":
            return cls()
        return cls(encapsulation=encapsulation, networks=None, ports_per_network=None)
