"""Keystone and Neutron on the lab's central host, from PyPI, over a MariaDB of their own.

Everything is in the lab's directory and namespaces, so it goes with the lab. Weft's driver is installed as an
operator does it: the wheel, beside Neutron, without what else Weft depends on.
"""

import json
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from weft.lab import life
from weft.lab.credentials import admin_token
from weft.lab.layout import Lab, LabHost
from weft.lab.life import CA
from weft.lab.processes import local, run_on, start_on, stop_on, try_on, until

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ENVIRONMENT = ROOT / ".openstack-venv"

_KEYSTONE, _NEUTRON = 5000, 9696
_PASSWORD = "of-the-lab"


@dataclass(frozen=True)
class Cloud:
    """A cloud of one project, `demo`; Neutron's server answers when it is up."""

    lab: Lab

    @property
    def host(self) -> LabHost:
        """Where it runs."""
        return self.lab.central

    @property
    def directory(self) -> Path:
        """Its files."""
        return self.lab.root / "openstack"

    @property
    def _configuration(self) -> tuple[str, ...]:
        files = ("neutron.conf", "ml2.conf")
        return tuple(word for name in files for word in ("--config-file", str(self.directory / name)))

    def up(self) -> None:
        """From nothing to an answering Neutron, with Weft's worker beside it."""
        install_driver(self.lab.root)
        self.directory.mkdir()
        self._write_configuration()
        state = ENVIRONMENT / f"state-{_fingerprint()}"
        if not state.exists():
            self._make_state(state)
        shutil.copytree(state, self.directory, dirs_exist_ok=True)
        self._start_database()
        self.start_keystone()
        self.start_neutron()
        self.start_worker()
        self._have_tokens_accepted()

    def _have_tokens_accepted(self) -> None:
        """As an operator has Weft's server accept Keystone's tokens."""
        with (self.host.directory / "etc-weft" / "server.toml").open("a") as settings:
            settings.write(f'keystone_url = "http://127.0.0.1:{_KEYSTONE}/v3"\n')
        life.stop_server(self.lab)
        life.run_server(self.lab)

    def _make_state(self, state: Path) -> None:
        """The databases of a new cloud and Keystone's keys, kept for the next time: they take a minute."""
        data = self.directory / "mariadb"
        run_on(
            self.host,
            *("mariadb-install-db", "--no-defaults", f"--datadir={data}", "--user=root"),
            *("--auth-root-authentication-method=normal", "--skip-test-db"),
        )
        self._start_database()
        for name in ("keystone", "neutron"):
            self.sql("mysql", f"CREATE DATABASE {name} CHARACTER SET utf8mb3")
        with ThreadPoolExecutor() as pool:
            for made in (pool.submit(self._make_keystone), pool.submit(self._make_neutron)):
                made.result()
        self.start_keystone()
        self._populate()
        for name in ("keystone", "mariadb"):
            stop_on(self.host, name)
        half_made = state.with_suffix(".new")
        shutil.rmtree(half_made, ignore_errors=True)
        for name in ("mariadb", "fernet"):
            shutil.move(self.directory / name, half_made / name)
        half_made.rename(state)

    def start_keystone(self) -> None:
        """Keystone's API."""
        self._serve("keystone", _KEYSTONE, OS_KEYSTONE_CONFIG_FILES=f"{self.directory}/keystone.conf")
        self._answers("keystone", _KEYSTONE, "300")

    def stop_keystone(self) -> None:
        """End Keystone's API."""
        stop_on(self.host, "keystone")

    def start_neutron(self) -> None:
        """Neutron's API."""
        files = ";".join(f"{self.directory}/{name}" for name in ("neutron.conf", "ml2.conf"))
        self._serve("neutron", _NEUTRON, OS_NEUTRON_CONFIG_FILES=files, PYTHONUNBUFFERED="1")
        self._answers("neutron", _NEUTRON, "200")

    def stop_neutron(self) -> None:
        """End Neutron's API."""
        stop_on(self.host, "neutron")

    def start_worker(self) -> None:
        """Weft's worker."""
        argv = [self._program("weft-neutron"), "run", *self._configuration]
        start_on(self.host, "weft-neutron", argv)

    def stop_worker(self, sig: int = signal.SIGTERM) -> None:
        """End Weft's worker."""
        stop_on(self.host, "weft-neutron", sig)

    def asked(self, *argv: str) -> tuple[int, str]:
        """What `weft-neutron ARGV` ends with and prints."""
        done = try_on(self.host, self._program("weft-neutron"), *argv, *self._configuration)
        return done.returncode, done.stdout

    def in_step(self) -> None:
        """Wait until Weft has been told everything that the journal knows of."""
        until(
            lambda: not self.sql("neutron", "SELECT 1 FROM weft_journal LIMIT 1").strip(),
            "the worker to tell Weft everything",
            timeout_s=60,
            log=self.host.logs / "weft-neutron.log",
        )

    def equal(self) -> None:
        """Wait until a comparison of both sides finds nothing."""
        until(
            lambda: self.asked("sweep", "--dry-run")[0] == 0,
            "both sides to be equal",
            timeout_s=60,
            log=self.host.logs / "weft-neutron.log",
        )

    def openstack(self, *argv: str) -> Any:  # noqa: ANN401 - JSON
        """The command line `openstack ARGV` of the project's administrator; its JSON. It is slow to start."""
        return json.loads(run_on(self.host, *self._as_administrator(), *argv, "-f", "json", timeout_s=90))

    def create(self, noun: str, **fields: object) -> Any:  # noqa: ANN401 - JSON
        """Make an object through Neutron's API, as the project's administrator."""
        return self._neutron("POST", _path(noun), {noun: fields})[noun]

    def create_many(self, noun: str, many: Sequence[Mapping[str, object]]) -> list[Any]:
        """Make objects of one kind in one request."""
        made: list[Any] = self._neutron("POST", _path(noun), {f"{noun}s": many})[f"{noun}s"]
        return made

    def show(self, noun: str, identity: str) -> Any:  # noqa: ANN401 - JSON
        """An object of Neutron's."""
        return self._neutron("GET", _path(noun, identity))[noun]

    def find(self, noun: str, name: str) -> Any:  # noqa: ANN401 - JSON
        """The object of that name in the project."""
        found = self._neutron("GET", f"{_path(noun)}?name={name}&project_id={self.project}")
        (one,) = found[f"{noun}s"]
        return one

    def change(self, noun: str, identity: str, **fields: object) -> None:
        """Change an object through Neutron's API."""
        self._neutron("PUT", _path(noun, identity), {noun: fields})

    def act(self, noun: str, identity: str, action: str, **fields: object) -> None:
        """What Neutron's API has a verb for."""
        self._neutron("PUT", _path(noun, identity, action), fields)

    def delete(self, noun: str, identity: str) -> None:
        """Remove an object through Neutron's API."""
        self._neutron("DELETE", _path(noun, identity))

    def _neutron(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        where = f"http://127.0.0.1:{_NEUTRON}/v2.0/{path}"
        words = ["curl", "-sS", "--fail-with-body", "-X", method, "-H", f"X-Auth-Token: {self.token}", where]
        if body is not None:
            words += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        said = run_on(self.host, *words)
        return json.loads(said) if said else None

    @property
    def token(self) -> str:
        """Of the project's administrator, from Keystone."""
        return str(self._login["id"])

    def new_token(self) -> str:
        """Another of the same."""
        return str(self.openstack("token", "issue")["id"])

    def revoke(self, token: str) -> None:
        """Have Keystone end a token, by itself."""
        named = (f"X-Auth-Token: {token}", f"X-Subject-Token: {token}")
        said = (word for header in named for word in ("-H", header))
        run_on(
            self.host, "curl", "-sSf", "-X", "DELETE", *said, f"http://127.0.0.1:{_KEYSTONE}/v3/auth/tokens"
        )

    @property
    def project(self) -> str:
        """Keystone's id of the project."""
        return str(self._login["project_id"])

    @cached_property
    def _login(self) -> dict[str, str]:
        found: dict[str, str] = self.openstack("token", "issue")
        return found

    def _as_administrator(self) -> list[str]:
        known = {
            "OS_AUTH_URL": f"http://127.0.0.1:{_KEYSTONE}/v3",
            "OS_USERNAME": "admin",
            "OS_PASSWORD": _PASSWORD,
            "OS_PROJECT_NAME": "demo",
            "OS_USER_DOMAIN_ID": "default",
            "OS_PROJECT_DOMAIN_ID": "default",
            "OS_IDENTITY_API_VERSION": "3",
        }
        return ["env", *(f"{key}={value}" for key, value in known.items()), self._program("openstack")]

    def _program(self, name: str) -> str:
        return str(ENVIRONMENT / "bin" / name)

    def _run(self, *argv: str) -> None:
        run_on(self.host, self._program(argv[0]), *argv[1:], timeout_s=120)

    def _start_database(self) -> None:
        data, socket = self.directory / "mariadb", self.directory / "mariadb.sock"
        start_on(
            self.host,
            "mariadb",
            [
                *("/usr/sbin/mariadbd", "--no-defaults", f"--datadir={data}", "--user=root"),
                *(f"--socket={socket}", "--skip-networking", "--skip-log-bin", "--max-connections=200"),
                *("--innodb-log-file-size=8M", "--innodb-flush-log-at-trx-commit=2"),
            ],
        )
        until(
            lambda: try_on(self.host, *self._sql("SELECT 1")).returncode == 0,
            "MariaDB to answer",
            timeout_s=30,
            log=self.host.logs / "mariadb.log",
        )

    def _sql(self, statement: str) -> list[str]:
        return [
            "mariadb",
            "--no-defaults",
            f"--socket={self.directory}/mariadb.sock",
            "-uroot",
            "-e",
            statement,
        ]

    def sql(self, database: str, statement: str) -> str:
        """Run a statement as nobody should but a test."""
        return run_on(self.host, *self._sql(f"USE {database}; {statement}"))

    def _make_keystone(self) -> None:
        conf = ("--config-file", str(self.directory / "keystone.conf"))
        self._run("keystone-manage", *conf, "db_sync")
        (self.directory / "fernet").mkdir(mode=0o700)
        owner = ("--keystone-user", "root", "--keystone-group", "root")
        self._run("keystone-manage", *conf, "fernet_setup", *owner)
        url = f"http://127.0.0.1:{_KEYSTONE}/v3"
        ways = ("admin", "internal", "public")
        self._run(
            *("keystone-manage", *conf, "bootstrap", "--bootstrap-password", _PASSWORD),
            *(word for way in ways for word in (f"--bootstrap-{way}-url", url)),
            *("--bootstrap-region-id", "lab"),
        )

    def _make_neutron(self) -> None:
        self._run("neutron-db-manage", *self._configuration, "upgrade", "head")

    def _serve(self, name: str, port: int, **environment: str) -> None:
        argv = [self._program("python"), str(HERE / "wsgi.py"), f"{name}.wsgi.api", str(port)]
        start_on(self.host, name, argv, environment)

    def _answers(self, name: str, port: int, status: str) -> None:
        ask = ("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://127.0.0.1:{port}/")
        until(
            lambda: try_on(self.host, *ask).stdout == status,
            f"{name} to answer",
            timeout_s=60,
            log=self.host.logs / f"{name}.log",
        )

    def _populate(self) -> None:
        """Neutron's own user, its place in the catalogue, and a project; in one process."""
        run_on(
            self.host,
            self._program("python"),
            str(HERE / "populate.py"),
            f"http://127.0.0.1:{_KEYSTONE}/v3",
            f"http://127.0.0.1:{_NEUTRON}",
            _PASSWORD,
        )

    def _write_configuration(self) -> None:
        token = self.directory / "weft-token"
        token.touch(mode=0o600)
        token.write_text(admin_token(self.lab))
        socket = f"localhost/%s?unix_socket={self.directory}/mariadb.sock"
        _write(
            self.directory / "keystone.conf",
            {
                "database": {"connection": f"mysql+pymysql://root@{socket % 'keystone'}"},
                "fernet_tokens": {"key_repository": f"{self.directory}/fernet"},
                "token": {"provider": "fernet"},
                "identity": {"password_hash_rounds": "4"},
            },
        )
        _write(
            self.directory / "neutron.conf",
            {
                "DEFAULT": {
                    "auth_strategy": "keystone",
                    "core_plugin": "ml2",
                    "service_plugins": "weft-router,qos",
                    "transport_url": "fake:/",
                    "api_paste_config": f"{ENVIRONMENT}/etc/neutron/api-paste.ini",
                    "state_path": str(self.directory),
                    "notify_nova_on_port_status_changes": "false",
                    "notify_nova_on_port_data_changes": "false",
                },
                "database": {"connection": f"mysql+pymysql://root@{socket % 'neutron'}"},
                "oslo_messaging_notifications": {"driver": "noop"},
                "oslo_concurrency": {"lock_path": f"{self.directory}/lock"},
                "keystone_authtoken": {
                    "www_authenticate_uri": f"http://127.0.0.1:{_KEYSTONE}/v3",
                    "auth_url": f"http://127.0.0.1:{_KEYSTONE}/v3",
                    "auth_type": "password",
                    "username": "neutron",
                    "password": _PASSWORD,
                    "project_name": "service",
                    "user_domain_id": "default",
                    "project_domain_id": "default",
                },
                "weft": {
                    "server": self.lab.server_url,
                    "ca_file": str(CA),
                    "token_file": str(token),
                    "status_s": "1",
                    "sweep_s": "5",
                },
            },
        )
        _write(
            self.directory / "ml2.conf",
            {
                "ml2": {
                    "type_drivers": "geneve,flat,vlan,local",
                    "project_network_types": "geneve",
                    "mechanism_drivers": "weft",
                    "extension_drivers": "port_security,qos",
                },
                "ml2_type_geneve": {"vni_ranges": "1:65536", "max_header_size": "38"},
                "ml2_type_flat": {"flat_networks": "physnet1"},
            },
        )


def _fingerprint() -> str:
    """Of all that says what the databases are."""
    said = [ROOT / "packaging/openstack/requirements.lock", HERE / "populate.py"]
    said += sorted((ROOT / "src/weft/ml2/migrations").rglob("*.py"))
    return sha256(b"".join(path.read_bytes() for path in said)).hexdigest()[:12]


def install_driver(work: Path) -> None:
    """Build Weft's wheel and put it beside Neutron."""
    if not (ENVIRONMENT / "bin" / "python").exists():
        raise RuntimeError("there is no .openstack-venv with Neutron in it; `make openstack` makes it")
    wheels = work / "wheel"
    local("sh", "-ec", f"cd {ROOT} && {sys.executable} -m hatchling build -t wheel -d {wheels}")
    wheel = next(wheels.glob("*.whl"))
    uv = str(Path(sys.executable).parent / "uv")
    python = str(ENVIRONMENT / "bin" / "python")
    local(
        uv, "pip", "install", "-q", "--no-deps", "--reinstall", "--no-index", "--python", python, str(wheel)
    )


def _path(noun: str, *rest: str) -> str:
    """Neutron writes `security_group` in bodies and `security-groups` in paths."""
    return "/".join((f"{noun.replace('_', '-')}s", *rest))


def _write(path: Path, sections: Mapping[str, Mapping[str, str]]) -> None:
    lines = (
        line
        for name, options in sections.items()
        for line in (f"[{name}]", *(f"{key} = {value}" for key, value in options.items()), "")
    )
    path.write_text("\n".join(lines))
