"""`docker run` on a Weft network, beside networks of Docker's own: what each costs more than having none."""

from collections.abc import Iterator
from itertools import count

from bench import labs
from bench.figures import Figure, compared, cost_over
from bench.rounds import Contestant, interleaved, timed
from bench.scenarios.api import sent
from weft.lab.dockerd import IMAGE
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import run_on, try_on, until

_NETWORK, _BRIDGE, _OVERLAY = "bench", "bench-bridge", "bench-overlay"
_GOALS = {_BRIDGE: 1.0, _OVERLAY: 0.2}
_NAMES = {_BRIDGE: "user-defined bridge", _OVERLAY: "swarm overlay"}


def run(pairs: int) -> Iterator[Figure]:
    """All on one host with one engine. Removing the container does not count."""
    with labs.lab() as lab:
        with labs.api(lab) as api:
            sent(api, "POST", "/networks", {"name": _NETWORK, "subnets": [{"cidr": "10.90.0.0/16"}]})
        host = lab.host("h1")
        until(lambda: _NETWORK in _networks(host), f"the network {_NETWORK} to be Docker's too", timeout_s=20)
        run_on(host, "docker", "network", "create", "--subnet", "10.91.0.0/16", _BRIDGE)
        rivals = [_BRIDGE, *_overlay(lab)]
        names = count()

        def on(network: str) -> Contestant:
            return lambda: _started(host, network, f"bench-{next(names)}")

        rounds = interleaved(
            pairs, {network: on(network) for network in ("none", _NETWORK, *rivals)}, warm_up=2
        )
        for rival in rivals:
            yield compared(
                "docker run -d, cost over --net none",
                "ms",
                rounds,
                cost_over(_NETWORK, "none"),
                (_NAMES[rival], cost_over(rival, "none")),
                goal=_GOALS[rival],
            )


def _networks(host: LabHost) -> list[str]:
    return run_on(host, "docker", "network", "ls", "--format", "{{.Name}}").split()


def _started(host: LabHost, network: str, name: str) -> float:
    with timed() as watch:
        run_on(host, "docker", "run", "-d", "--name", name, "--net", network, IMAGE, "/bin/sleep", "1000")
    run_on(host, "docker", "rm", "-f", name)
    return watch.seconds


def _overlay(lab: Lab) -> Iterator[str]:
    """Swarm's overlay, where this kernel has what it needs (VXLAN and IPVS)."""
    host = lab.host("h1")
    run_on(host, "docker", "swarm", "init", "--advertise-addr", str(host.address))
    run_on(
        host,
        "docker",
        "network",
        "create",
        "-d",
        "overlay",
        "--attachable",
        "--subnet",
        "10.92.0.0/16",
        _OVERLAY,
    )
    tried = try_on(host, "docker", "run", "--rm", "--net", _OVERLAY, IMAGE, "/bin/true")
    if tried.returncode == 0:
        yield _OVERLAY
