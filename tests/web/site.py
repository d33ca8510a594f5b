"""A running Weft as a test of the pages sees it: its address, its store, and a way to log in."""

from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from weft.model.ids import HostName
from weft.model.network import Network
from weft.model.policy import Action, Direction, Group, Policy, PortRange, Protocol, Service
from weft.model.port import Port, PortKind
from weft.model.selector import Selector
from weft.store import Store, hosts, networks, policies, ports
from weft.store.networks import NewNetwork, NewSubnet
from weft.store.policies import NewPolicy, NewRule
from weft.store.ports import NewPort

_AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What `Site.shop` declared; `policy` drops all that group db receives, then allows ssh in vain."""

    network: Network
    web: list[Port]
    db: Port
    web_group: Group
    policy: Policy


@dataclass(frozen=True, slots=True)
class Site:
    """`url` without a slash at its end; `token` is an administrator's."""

    url: str
    store: Store
    token: str

    def log_in(self, page: Page, path: str = "/map", *, token: str | None = None) -> None:
        """Log in by the form, and go to `path`."""
        page.goto(self.url + path)
        page.get_by_label("Token").fill(token or self.token)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("button", name="Log out").wait_for()

    def network(self, name: str, cidr: str) -> Network:
        """Declare a network, as an operator on the command line does."""
        with self.store.write("operator") as tx:
            project = next(iter(tx.snapshot.projects))
            subnet = NewSubnet(cidr=ip_network(cidr))
            return networks.add_network(tx, NewNetwork(project_id=project, name=name, subnets=(subnet,)))

    def shop(self) -> "Shop":
        """Two web servers and a database on one network; nobody may reach the database."""
        network = self.network("DockerSN", "192.168.200.0/24")
        web = self.ports(network, ["web-1", "web-2"], app="web")
        db = self.port(network, "db-1", kind=PortKind.VM, app="db")
        with self.store.write("alice") as tx:
            groups = [
                policies.add_group(
                    tx, project_id=network.project_id, name=name, selector=Selector(f"app={name}")
                )
                for name in ("web", "db")
            ]
            ssh = Service(protocol=Protocol.TCP, ports=(PortRange(22, 22),))
            rules = (
                NewRule(direction=Direction.INGRESS, action=Action.DROP, count=True),
                NewRule(direction=Direction.INGRESS, action=Action.ALLOW, service=ssh),
            )
            closed = NewPolicy(project_id=network.project_id, name="closed", target=groups[1].id, rules=rules)
            policy = policies.add_policy(tx, closed)
        return Shop(network=network, web=web, db=db, web_group=groups[0], policy=policy)

    def port(
        self, network: Network, name: str, *, kind: PortKind = PortKind.CONTAINER, **labels: str
    ) -> Port:
        """A workload comes up on the network."""
        return self.ports(network, [name], kind=kind, **labels)[0]

    def ports(
        self, network: Network, names: list[str], *, kind: PortKind = PortKind.CONTAINER, **labels: str
    ) -> list[Port]:
        """Several come up at once."""
        with self.store.write("agent of h1") as tx:
            if HostName("h1") not in tx.snapshot.hosts:
                hosts.add_host(tx, name=HostName("h1"), projects=frozenset({network.project_id}))
            return ports.add_ports(
                tx,
                [
                    NewPort(
                        project_id=network.project_id,
                        network_id=network.id,
                        name=name,
                        kind=kind,
                        labels=labels,
                        host=HostName("h1"),
                    )
                    for name in names
                ],
            )


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page, by the rules of WCAG 2.2, levels A and AA."""
    page.evaluate(_AXE.read_text())
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found: dict[str, Any] = page.evaluate("tags => axe.run({ runOnly: { type: 'tag', values: tags } })", tags)
    return [
        f"{wrong['id']}: {node['html'][:200]}" for wrong in found["violations"] for node in wrong["nodes"]
    ]
