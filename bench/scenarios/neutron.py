"""Ports made through Neutron with Weft's driver, beside Neutron's own driver for OVN; and by Weft's own API.

Both Neutrons run at once and take turns, each with databases and a northd of its own. With Weft's driver it
answers when a port is in the journal, and the worker tells Weft then; with OVN's it has written before. So
all is measured twice: until the last answer, and until the Northbound database has the ports. What compares
both sides now and then (the worker's sweep, OVN's maintenance worker) runs for neither.
"""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from time import perf_counter

from tests.openstack.cloud import install_driver

from bench import control
from bench.central import Central, central
from bench.figures import Figure, Round, compared, middle
from bench.neutron import MariaDB, mariadb, neutron, worker
from bench.rounds import interleaved
from bench.scenarios.makers import ByNeutron, ByWeft, Maker

_GOAL = 1.5
_CLIENTS, _WARM_UP = 8, 1
_NUMBERS = count()
"""Of turns: what is made in each has names of its own."""


def run(pairs: int) -> Iterator[Figure]:
    """Each way of making ports, in turn; each turn on a network of its own. Ports stay."""
    with _makers() as makers:
        for way in _WAYS:
            yield from _compared(way, makers, max(3, pairs // 4))


@dataclass(frozen=True, slots=True)
class _Way:
    """A way of making so many ports on a network."""

    name: str
    ports: int
    go: Callable[[Maker, str, Sequence[str]], None]


def _one_by_one(maker: Maker, network: str, names: Sequence[str]) -> None:
    for name in names:
        maker.one(network, name)


def _in_bulk(maker: Maker, network: str, names: Sequence[str]) -> None:
    maker.many(network, names)


def _at_once(maker: Maker, network: str, names: Sequence[str]) -> None:
    """Each client makes its share, one by one."""

    def client(number: int) -> None:
        for name in names[number::_CLIENTS]:
            maker.one(network, name, number)

    with ThreadPoolExecutor(_CLIENTS) as pool:
        for done in [pool.submit(client, number) for number in range(_CLIENTS)]:
            done.result()


_WAYS = (
    _Way(f"{_CLIENTS} clients", 3 * _CLIENTS, _at_once),
    _Way("one by one", 12, _one_by_one),
    _Way("30 in one request", 30, _in_bulk),
)


class _Contestant:
    """Makes ports in a way, and knows when the Northbound database has them."""

    def __init__(self, way: _Way, maker: Maker, over: Central) -> None:
        """`applied` are the seconds until the database had them, turn by turn."""
        self._way = way
        self._maker = maker
        self._central = over
        self.applied: list[float] = []

    def __call__(self) -> float:
        """The seconds until the last answer. Before and after everything is still."""
        number = next(_NUMBERS)
        network = self._maker.network(f"net-{number}", f"10.{number // 256}.{number % 256}.0/24")
        names = [f"port-{number}-{n}" for n in range(self._way.ports)]
        before = self._central.ports + 1
        self._maker.one(network, f"first-{number}")
        self._central.wait_for(before)
        self._central.settle()
        gc.collect()
        began = perf_counter()
        self._way.go(self._maker, network, names)
        answered = perf_counter() - began
        self._central.wait_for(before + len(names))
        self.applied.append(perf_counter() - began)
        self._central.settle()
        return answered


def _compared(way: _Way, makers: Mapping[str, tuple[Maker, Central]], times: int) -> Iterator[Figure]:
    contestants = {name: _Contestant(way, maker, over) for name, (maker, over) in makers.items()}
    answered = interleaved(times, contestants, warm_up=_WARM_UP, scale=1)
    applied = [
        {name: each.applied[number + _WARM_UP] for name, each in contestants.items()}
        for number in range(times)
    ]
    for who, ours, goal in (("Neutron", "weft", _GOAL), ("Weft's API", "native", None)):
        name = f"ports by {who}, {way.name}"
        yield _faster(f"{name}, answered", _rates(way, answered), ours, goal)
        yield _faster(f"{name}, in OVN", _rates(way, applied), ours)


def _rates(way: _Way, rounds: Sequence[Round]) -> list[Round]:
    """Ports per second, of seconds."""
    return [{name: way.ports / seconds for name, seconds in each.items()} for each in rounds]


def _faster(name: str, rounds: Sequence[Round], ours: str, goal: float | None = None) -> Figure:
    rival = ("Neutron with ML2/OVN", middle("ovn"))
    return compared(name, "ports/s", rounds, middle(ours), rival, goal=goal)


@contextmanager
def _makers() -> Iterator[Mapping[str, tuple[Maker, Central]]]:
    """All three, started one after the other."""
    with ExitStack() as stack:
        database = stack.enter_context(mariadb())
        install_driver(database.place)
        ours, theirs = stack.enter_context(central()), stack.enter_context(central())
        server = stack.enter_context(control.server(ours.databases))
        native = [stack.enter_context(server.api()) for _ in range(_CLIENTS)]
        yield {
            "weft": (stack.enter_context(_with_weft(database, server)), ours),
            "ovn": (stack.enter_context(_with_ovn(database, theirs)), theirs),
            "native": (ByWeft(native), ours),
        }


@contextmanager
def _with_weft(database: MariaDB, server: control.Server) -> Iterator[Maker]:
    """Neutron with Weft's driver, and the worker."""
    own = {
        "DEFAULT": {"service_plugins": "weft-router,qos"},
        "ml2": {"mechanism_drivers": "weft"},
        "weft": {
            "server": f"http://{server.address}",
            "token_file": f"{server.place}/admin-token",
            "sweep_s": "86400",
        },
    }
    with neutron(database, "weft", own) as made, worker(made), ExitStack() as sessions:
        yield ByNeutron([sessions.enter_context(made.session(number)) for number in range(_CLIENTS)])


@contextmanager
def _with_ovn(database: MariaDB, over: Central) -> Iterator[Maker]:
    """Neutron with its own driver for OVN."""
    own = {
        "DEFAULT": {"service_plugins": "ovn-router,qos"},
        "ml2": {"mechanism_drivers": "ovn"},
        "ovn": {
            "ovn_nb_connection": over.databases.remote("nb"),
            "ovn_sb_connection": over.databases.remote("sb"),
        },
    }
    with neutron(database, "ovn", own) as made, ExitStack() as sessions:
        yield ByNeutron([sessions.enter_context(made.session(number)) for number in range(_CLIENTS)])
