"""What a test declares in Weft, undone when it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from weft.lab import life, story
from weft.lab.layout import Lab, LabError, LabHost
from weft.lab.processes import run_on, until


@dataclass
class Estate:
    """Makes things through the command line and remembers them."""

    lab: Lab
    _made: list[tuple[str, ...]] = field(default_factory=list)

    def create(self, kind: str, name: str, *options: str) -> None:
        """`weft KIND create NAME …`; goes at the end of the test."""
        life.weft_on_central(self.lab, kind, "create", name, *options)
        scope = options[options.index("--project") :][:2] if "--project" in options else ()
        self._made.append((kind, "delete", name, *scope))

    def network(self, name: str, cidr: str, *hosts: LabHost, project: str = "default") -> None:
        """A network; returns when `docker network ls` shows it on `hosts`."""
        self.create("network", name, "--subnet", cidr, "--project", project)
        made = story.weft(self.lab, "network", "show", name, "--project", project)
        for host in hosts:
            await_docker_network(host, name, f"{project}.{name}", weft_id=made["id"])

    def undo(self) -> None:
        """Containers first: they hold ports, and ports hold networks."""
        for host in self.lab.workers:
            if host.spec.docker and (left := run_on(host, "docker", "ps", "-aq").split()):
                run_on(host, "docker", "rm", "-f", "-v", *left)
        for argv in reversed(self._made):
            until(lambda argv=argv: self._goes(argv), f"weft {' '.join(argv)}", timeout_s=30)  # type: ignore[misc]

    def _goes(self, argv: tuple[str, ...]) -> bool:
        try:
            life.weft_on_central(self.lab, *argv)
        except LabError as error:
            return "that you may see" in str(error)
        return True


@contextmanager
def estate_of(lab: Lab) -> Iterator[Estate]:
    """Undone even when the test fails."""
    estate = Estate(lab)
    try:
        yield estate
    finally:
        estate.undo()


def await_docker_network(host: LabHost, *names: str, weft_id: str = "") -> None:
    """Until `docker network ls` shows one of `names`, and for the Weft network `weft_id` if it is given."""
    only = ("--filter", f"label=weft.network={weft_id}") if weft_id else ()
    list_them = ("docker", "network", "ls", "--format", "{{.Name}}", *only)
    until(
        lambda: set(run_on(host, *list_them).split()) & set(names),
        f"docker network {' or '.join(names)} on {host.name}",
        timeout_s=20,
        log=host.logs / "weft-agent.log",
    )
