"""Which addresses of a subnet are taken, and which one comes next, in constant time.

The order is that of `weft.model.ipam.usable`; the cursor only skips what is known to be taken.
"""

from weft.model.network import Address, Subnet


class Leases:
    """The taken addresses of one subnet, and the lowest place where a free one may be."""

    def __init__(self, subnet: Subnet, taken: set[int] | None = None) -> None:
        """Start from the addresses already `taken`, as numbers."""
        first = int(subnet.cidr.network_address) + 1
        last = int(subnet.cidr.broadcast_address) - (subnet.cidr.version == 4)
        asked = [(int(p.first), int(p.last)) for p in subnet.pools] or [(first, last)]
        self._ranges = [(max(low, first), min(high, last)) for low, high in asked]
        self._make = type(subnet.cidr.network_address)
        self._gateway = int(subnet.gateway)
        self.taken: set[int] = set() if taken is None else taken
        self._at = (0, self._ranges[0][0])

    def take(self, address: Address) -> None:
        """Mark `address` as held."""
        self.taken.add(int(address))

    def release(self, address: Address) -> None:
        """Mark `address` as free; the next search finds it if it is the lowest."""
        number = int(address)
        self.taken.discard(number)
        for index, (low, high) in enumerate(self._ranges):
            if low <= number <= high:
                self._at = min(self._at, (index, number))
                return

    def first_free(self) -> Address | None:
        """The lowest usable address that nobody holds, or None. Does not take it."""
        index, number = self._at
        while index < len(self._ranges):
            high = self._ranges[index][1]
            while number <= high:
                if number != self._gateway and number not in self.taken:
                    self._at = (index, number)
                    return self._make(number)
                number += 1
            index += 1
            number = self._ranges[index][0] if index < len(self._ranges) else 0
        self._at = (index, number)
        return None
