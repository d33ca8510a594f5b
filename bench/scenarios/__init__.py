"""The scenarios, and the parts that each consists of."""

from collections.abc import Callable, Iterable, Mapping

from bench.figures import Figure
from bench.scenarios import api, attach, bulk, changes, datapath, enforcing, neutron, policy, scale, web

Part = Callable[[int], Iterable[Figure]]
"""Given the number of rounds, the figures, each as soon as it is known."""

SCENARIOS: Mapping[str, Mapping[str, Part]] = {
    "apply": {"api": api.run, "bulk": bulk.run, "scale": scale.run},
    "attach": {"run": attach.run, "reply": changes.replies, "rule": changes.rules},
    "datapath": {"switched": datapath.switched, "routed": datapath.routed},
    "policy": {
        "proofs": policy.proofs,
        "promises": policy.promises,
        "nb": enforcing.run,
        "lint": policy.lints,
    },
    "neutron": {"ports": neutron.run},
    "web": {"pages": web.run},
}
