"""What an estate of 10,000 and of 100,000 ports costs: a pass that finds nothing, one change, and a start."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_network
from itertools import count
from pathlib import Path
from time import perf_counter
from uuid import uuid4

from bench import control
from bench.figures import Figure, alone
from bench.rounds import repeated, timed
from bench.scenarios.api import revision_of, sent
from weft.compiler import Compilation, CompilerSettings
from weft.model.ids import ProjectId
from weft.model.snapshot import Snapshot
from weft.ovn.northbound import Northbound
from weft.reconciler.passes import Passes
from weft.store import Limits, Store, Transaction, networks, ports
from weft.store.networks import NewNetwork, NewSubnet
from weft.store.ports import NewPort

_PER_NETWORK = 1_000
_START_S, _START_MB = 15.0, 1_024.0

_PASS_S = {10_000: 0.3, 100_000: 3.0}
"""Goals by the size of the estate."""


def run(pairs: int) -> Iterator[Figure]:
    """Both sizes, each in databases of its own."""
    for size in _PASS_S:
        with control.databases() as databases:
            _declare(f"sqlite:///{databases.place}/weft.db", size)
            yield from _starts(databases, size, max(3, pairs // 10))
            yield from _changes(databases, size, pairs)
            yield from _passes(databases, size, max(3, pairs // 4))


def _open(url: str) -> Store:
    return Store.open(url, now=partial(datetime.now, UTC), new_id=uuid4, limits=Limits.of("vxlan"))


def _declare(url: str, size: int) -> None:
    """Networks of 1,000 ports with labels, and one rule between their groups."""
    store = _open(url)
    project = next(iter(store.snapshot().projects))
    for number in range(size // _PER_NETWORK):
        with store.write("bench") as tx:
            _network(tx, project, number)
    store.close()


def _network(tx: Transaction, project: ProjectId, number: int) -> None:
    cidr = ip_network(f"10.{number // 4}.{number % 4 * 64}.0/18")
    network = networks.add_network(
        tx, NewNetwork(project_id=project, name=f"net{number}", subnets=(NewSubnet(cidr=cidr),))
    )
    ports.add_ports(
        tx,
        [
            NewPort(
                project_id=project,
                network_id=network.id,
                name=f"port-{number}-{n}",
                labels={"app": "web" if n % 2 else "db", "shard": str(n % 20)},
            )
            for n in range(_PER_NETWORK)
        ],
    )


def _starts(databases: control.Databases, size: int, times: int) -> Iterator[Figure]:
    """From the start of the process until a new port is in OVN: by then all was read and compared."""
    server, watch, names = control.Server(databases), control.Watch(databases), count()
    memory: list[float] = []

    def start() -> float:
        began = perf_counter()
        server.start()
        with server.api() as api:
            made = sent(api, "POST", "/ports", {"name": f"new-{next(names)}", "network": "net0"})
            watch.wait_for(revision_of(made))
            took = perf_counter() - began
        memory.append(peak_mb(server.pid))
        server.stop()
        return took

    taken = repeated(times, start, scale=1)
    watch.close()
    goals = (_START_S, _START_MB) if size == max(_PASS_S) else (None, None)
    yield alone(f"start with {size:,} ports, to the first change in OVN", "s", taken, goal=goals[0])
    yield alone(f"memory of the server with {size:,} ports, at most", "MB", memory[1:], goal=goals[1])


def _changes(databases: control.Databases, size: int, times: int) -> Iterator[Figure]:
    """One port at a time, through a running server."""
    watch, names = control.Watch(databases), count()
    with control.server(databases) as server, server.api() as api:

        def create() -> float:
            with timed() as stopwatch:
                made = sent(api, "POST", "/ports", {"name": f"one-{next(names)}", "network": "net1"})
                watch.wait_for(revision_of(made))
            return stopwatch.seconds

        yield alone(f"one port, API to NB, among {size:,}", "ms", repeated(times, create, warm_up=5))
    watch.close()


def peak_mb(pid: int) -> float:
    """The most memory that a process had (proc(5), VmHWM)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def _passes(databases: control.Databases, size: int, times: int) -> Iterator[Figure]:
    """The server's own code and database, in this process: with nothing known, and with nothing moved."""
    store = _open(f"sqlite:///{databases.place}/weft.db")
    northbound = Northbound(databases.remote("nb"))
    northbound.ready(60)
    northbound.wait_for_lock(60)
    snapshot, told = store.snapshot(), northbound.changed
    full = repeated(times, lambda: _full(snapshot, northbound), scale=1)
    if northbound.changed != told:
        raise RuntimeError("the database saw a write")
    yield alone(f"full pass, {size:,} ports unchanged, 0 writes", "s", full, goal=_PASS_S[size])
    northbound.close()
    store.close()


def _full(snapshot: Snapshot, northbound: Northbound) -> float:
    """A pass that knows nothing yet: everything is compiled and everything is compared."""
    passes = Passes(partial(Compilation, settings=CompilerSettings()), northbound)
    with timed() as watch:
        realised = passes.run(snapshot, lambda _: None)
    if realised.wrote:
        raise RuntimeError("a pass over an unchanged estate wrote something")
    return watch.seconds
