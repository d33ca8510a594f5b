"""Neutron's API on loopback, as often as asked for, each with a mechanism driver of its own.

They are set up alike: a database each in one MariaDB as it comes, two processes of four threads, no Keystone
(`auth_strategy = noauth`), no message bus. `make bench SCENARIO=neutron` makes the environment they need.
"""

import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx
from tests.openstack.cloud import ENVIRONMENT, HERE

from bench.processes import free_port, running
from weft.lab.processes import local, until

Options = Mapping[str, Mapping[str, str]]
"""Sections of Neutron's configuration."""

PROCESSES = 2
"""Of each API, as many as a machine with two processors has use for."""


class MariaDB:
    """A server on a socket in `place`."""

    def __init__(self, place: Path) -> None:
        """It is started by `mariadb`."""
        self.place = place
        self.socket = place / "mariadb.sock"

    def url(self, database: str) -> str:
        """Where Neutron finds a database."""
        return f"mysql+pymysql://root@localhost/{database}?unix_socket={self.socket}"

    def create(self, database: str) -> None:
        """Make a database."""
        local(*self._client, "-e", f"CREATE DATABASE {database} CHARACTER SET utf8mb3")

    def answers(self) -> bool:
        """Whether it does."""
        return (
            subprocess.run([*self._client, "-e", "SELECT 1"], capture_output=True, check=False).returncode
            == 0
        )

    @property
    def _client(self) -> tuple[str, ...]:
        return "mariadb", "--no-defaults", f"--socket={self.socket}", "-uroot"


@contextmanager
def mariadb() -> Iterator[MariaDB]:
    """An empty server that answers, in a directory that goes with it."""
    with tempfile.TemporaryDirectory(prefix="weft-bench-") as directory:
        made = MariaDB(Path(directory))
        data, log = made.place / "data", made.place / "mariadb.log"
        where = ("--no-defaults", f"--datadir={data}", "--user=root")
        local("mariadb-install-db", *where, "--auth-root-authentication-method=normal", "--skip-test-db")
        server = ("/usr/sbin/mariadbd", *where, f"--socket={made.socket}", "--skip-networking")
        with running(log, *server, "--skip-log-bin"):
            until(made.answers, "MariaDB to answer", timeout_s=30, log=log)
            yield made


class Neutron:
    """An API that answers; `configuration` is the file that it was started with."""

    def __init__(self, configuration: Path, ports: tuple[int, ...]) -> None:
        """Each process listens on a port of its own."""
        self.configuration = configuration
        self._ports = ports

    def session(self, number: int) -> httpx.Client:
        """An administrator's session; neighbouring numbers speak to different processes."""
        port = self._ports[number % len(self._ports)]
        return httpx.Client(base_url=f"http://127.0.0.1:{port}/v2.0", timeout=300, trust_env=False)


@contextmanager
def neutron(database: MariaDB, name: str, own: Options) -> Iterator[Neutron]:
    """A Neutron with the settings that are its `own`, from an empty database."""
    place = database.place / name
    place.mkdir()
    configuration = place / "neutron.conf"
    _write(configuration, _options(database.url(name), place), own)
    database.create(name)
    migrate = (program("neutron-db-manage"), "--config-file", str(configuration), "upgrade", "head")
    local(*migrate, timeout_s=300)
    ports = tuple(free_port() for _ in range(PROCESSES))
    with ExitStack() as processes:
        for port in ports:  # one after the other: the first leaves a note for the others
            log = place / f"api-{port}.log"
            processes.enter_context(_serving(configuration, port, log))
            until(partial(_answers, port), f"Neutron ({name}) to answer", timeout_s=120, log=log)
        yield Neutron(configuration, ports)


@contextmanager
def worker(beside: Neutron) -> Iterator[None]:
    """Weft's worker."""
    log = beside.configuration.with_name("worker.log")
    with running(log, program("weft-neutron"), "run", "--config-file", str(beside.configuration)):
        yield


def program(name: str) -> str:
    """A program of OpenStack's environment."""
    return str(ENVIRONMENT / "bin" / name)


@contextmanager
def _serving(configuration: Path, port: int, log: Path) -> Iterator[None]:
    """One process. The driver for OVN wants to know how many there are, and meets the others in TMPDIR."""
    with running(
        log,
        *(program("python"), str(HERE / "wsgi.py"), "neutron.wsgi.api", str(port)),
        OS_NEUTRON_CONFIG_FILES=str(configuration),
        ASGI_WORKERS=str(PROCESSES),
        TMPDIR=str(configuration.parent),
    ):
        yield


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False


def _write(path: Path, *options: Options) -> None:
    """What comes later is added, or replaces what is there."""
    configuration = ConfigParser(interpolation=None)
    for each in options:
        configuration.read_dict(each)
    with path.open("w") as file:
        configuration.write(file)


def _options(connection: str, place: Path) -> Options:
    """What all have in common."""
    return {
        "DEFAULT": {
            "auth_strategy": "noauth",
            "core_plugin": "ml2",
            "transport_url": "fake:/",
            "api_paste_config": f"{ENVIRONMENT}/etc/neutron/api-paste.ini",
            "state_path": str(place),
            "notify_nova_on_port_status_changes": "false",
            "notify_nova_on_port_data_changes": "false",
        },
        "database": {"connection": connection},
        "oslo_messaging_notifications": {"driver": "noop"},
        "oslo_concurrency": {"lock_path": f"{place}/lock"},
        "quotas": {"quota_port": "-1", "quota_network": "-1", "quota_subnet": "-1"},
        "ml2": {
            "type_drivers": "geneve,flat,vlan,local",
            "project_network_types": "geneve",
            "extension_drivers": "port_security,qos",
        },
        "ml2_type_geneve": {"vni_ranges": "1:65536", "max_header_size": "38"},
    }
