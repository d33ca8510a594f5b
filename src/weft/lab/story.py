"""What people do in the lab: containers, guests, probes. Shared by the demo and the system tests."""

import json
from typing import Any
from uuid import uuid4

from weft.lab import guest, life
from weft.lab.asking import ask
from weft.lab.dockerd import IMAGE
from weft.lab.domain import Card, Domain
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import run_on, try_on, until


def weft(lab: Lab, *argv: str) -> Any:  # noqa: ANN401 - JSON
    """Run the command line as an administrator; its JSON."""
    said = life.weft_on_central(lab, *argv, "-o", "json")
    return json.loads(said) if said.strip() else None


def ports(lab: Lab) -> dict[str, dict[str, Any]]:
    """Every port by name."""
    return {port["name"]: port for port in ask(lab, lambda client: list(client.list("ports")))}


def failures(host: LabHost) -> dict[str, str]:
    """Why each workload of `host` that got no port got none, by the workload's name."""
    found = ask(host.lab, lambda client: client.request("GET", "hosts", host.name, "failures").body["items"])
    return {failure["workload"]["name"]: failure["reason"] for failure in found}


def port_of(lab: Lab, name: str) -> dict[str, Any]:
    """The port of this name, once it is known whose it is: Docker tells that after the start."""
    until(
        lambda: name in ports(lab), f"the port {name}", timeout_s=20, log=lab.central.logs / "weft-server.log"
    )
    return ports(lab)[name]


def address_of(lab: Lab, name: str) -> str:
    """The first address of a port."""
    return str(port_of(lab, name)["fixed_ips"][0]["address"])


def run_container(host: LabHost, name: str, network: str, *options: str) -> None:
    """The article's way: no network of Docker's, a label, and a web server inside."""
    _run(host, name, "--net=none", "--label", f"weft.network={network}", *options)


def run_on_docker_network(host: LabHost, name: str, network: str, *options: str) -> None:
    """Docker's own way: the network by its name, and a web server inside."""
    _run(host, name, "--net", network, *options)


def _run(host: LabHost, name: str, *options: str) -> None:
    server = ("/bin/httpd", "-f", "-p", "80", "-h", "/etc")
    run_on(host, "docker", "run", "-d", "--name", name, *options, IMAGE, *server)


def run_native(host: LabHost, name: str, network: str, *options: str) -> None:
    """Docker's own way: a network that Weft serves, and a web server inside."""
    web = ("/bin/httpd", "-f", "-p", "80", "-h", "/etc")
    run_on(host, "docker", "run", "-d", "--name", name, "--net", network, *options, IMAGE, *web)


def docker_networks(host: LabHost) -> set[str]:
    """What `docker network ls` shows."""
    return set(run_on(host, "docker", "network", "ls", "--format", "{{.Name}}").split())


def machine(host: LabHost, name: str, *cards: Card, metadata: str = "") -> Domain:
    """A domain that boots the lab's guest; nothing is defined yet."""
    boots = guest.prepare(host.lab.cache)
    return Domain(host=host, name=name, guest=boots, uuid=uuid4(), cards=cards, metadata=metadata)


def labelled(**labels: str) -> str:
    """The metadata of a domain that gives its ports labels."""
    said = "".join(f"<weft:label key='{key}' value='{value}'/>" for key, value in labels.items())
    return f"<weft:endpoint xmlns:weft='urn:weft:libvirt:1'>{said}</weft:endpoint>"


def run_guest(host: LabHost, name: str, network: str, **labels: str) -> tuple[Domain, str]:
    """Boot a machine on a libvirt network, as `virt-install --network network=NAME` does; its address."""
    domain = machine(host, name, Card(network=network), metadata=labelled(**labels))
    wait_for_libvirt_network(host, network)
    domain.define()
    domain.start()
    return domain, domain.address()


def wait_for_libvirt_network(host: LabHost, name: str) -> None:
    """Block until libvirt has a network of this name, which starts with the host."""
    until(
        lambda: name in libvirt_networks(host),
        f"the libvirt network {name}",
        timeout_s=15,
        log=host.logs / "weft-agent.log",
    )


def libvirt_networks(host: LabHost) -> set[str]:
    """The libvirt networks that run and that start with the host."""
    return set(run_on(host, "virsh", "-q", "net-list", "--autostart", "--name").split())


def wait_until_up(lab: Lab, *names: str, timeout_s: float = 20) -> None:
    """Block until the ports are up."""
    until(
        lambda: all((p := ports(lab).get(name)) and p["status"]["state"] == "up" for name in names),
        f"the ports {', '.join(names)} to be up",
        timeout_s=timeout_s,
        log=lab.central.logs / "weft-server.log",
    )


def pings(host: LabHost, container: str, address: str) -> bool:
    """Whether a container gets an answer to at least one of three echo requests."""
    ping = ("ping", "-A", "-c", "3", "-W", "1", address)
    return try_on(host, "docker", "exec", container, *ping).returncode == 0


def fetches(host: LabHost, container: str, address: str) -> bool:
    """Whether a container gets an HTTP answer, whatever it says, over TCP."""
    # Debian 12's static busybox crashes in wget, so HTTP is spoken by hand.
    get = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 {address} 80"
    return "HTTP/1." in try_on(host, "docker", "exec", container, "sh", "-c", get).stdout
