"""Settings of the server and of the agent: a TOML file, and WEFT_* variables over it. Read once."""

import tomllib
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Literal, Self, TypeVar, cast
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from weft.model.errors import Invalid


class _FromFile(BaseSettings):
    """Environment first, then the file; a name that does not exist is an error."""

    model_config = SettingsConfigDict(
        env_prefix="WEFT_", extra="forbid", frozen=True, use_attribute_docstrings=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings
        file = TomlConfigSettingsSource(settings_cls, cls.model_config.get("toml_file"))
        return init_settings, env_settings, file


class ServerSettings(_FromFile):
    """What `weft server` needs to know."""

    database_url: str = "sqlite:////var/lib/weft/server.db"
    listen: str = "0.0.0.0:7443"
    """`ADDRESS:PORT`, or `unix:PATH`."""
    names: tuple[str, ...] = ()
    """DNS names and addresses by which this machine is reached; the first is the one that hosts are told."""
    tls: Literal["on", "off"] = "on"
    """`off` only where nobody else can listen: on a loopback address or a Unix socket."""
    tls_dir: Path = Path("/etc/weft/tls")
    nb: str = "unix:/run/ovn/ovnnb_db.sock"
    sb: str = "unix:/run/ovn/ovnsb_db.sock"
    southbound: str | None = None
    """The Southbound database as hosts reach it; by default port 6642 of the first address in `names`."""
    state_dir: Path = Path("/var/lib/weft")
    encapsulation: Literal["vxlan", "geneve"] = "vxlan"
    underlay_mtu: int = Field(default=1500, ge=1280, le=9216)
    resync_s: float = Field(default=60, gt=0)
    host_timeout_s: float = Field(default=30, gt=0)
    history_days: int = Field(default=90, ge=1, le=36500)
    """How long every version of every object can be read back."""
    log_drops: bool = True
    """Whether hosts tell of all that is dropped or rejected, and not only of what rules ask to log."""
    log_rate: int = Field(default=100, ge=1, le=100_000)
    """Packets a second that a host logs for a project: so many dropped, and so many that rules ask for."""
    policy_flows_per_host: int = Field(default=500_000, ge=1)
    """How many flows policies may cost one host, as predicted; what would cost more is refused."""
    traces_at_once: int = Field(default=2, ge=1, le=64)
    """Traces that run at the same time, one for each caller: each costs a copy of the Southbound database."""
    keystone_url: str | None = None
    """The Identity API of an OpenStack cloud (`https://…:5000/v3`) whose tokens are accepted like our own."""
    keystone_ca_file: Path | None = None
    """The CA (PEM) of that Keystone, instead of the system's."""
    keystone_roles: dict[str, Literal["admin", "member", "viewer"]] = {
        "admin": "member",
        "manager": "member",
        "member": "member",
        "reader": "viewer",
    }
    """What Keystone's roles are here, each in the project of its token; `admin` is an administrator of all of
    Weft, and no role is that by default."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.listen.startswith("unix:"):
            host, _, port = self.listen.rpartition(":")
            if not host or not port.isdigit():
                raise ValueError(f"listen: {self.listen!r} is neither ADDRESS:PORT nor unix:PATH")
            if self.tls == "off" and not _is_loopback(host.strip("[]")):
                raise ValueError(
                    f"tls: off is only for a loopback address or a Unix socket, and listen is {self.listen}"
                )
        if self.keystone_url is not None and not _is_private(self.keystone_url):
            raise ValueError(
                f"keystone_url: {self.keystone_url!r} would send tokens in plain text; use https://"
            )
        for name, remote in (("nb", self.nb), ("sb", self.sb), ("southbound", self.southbound or "ssl:")):
            if any(part.startswith(("tcp:", "ptcp:")) for part in remote.split(",")):
                raise ValueError(f"{name}: {remote!r} would be plain text; use ssl: or unix:")
        return self

    @property
    def public_url(self) -> str:
        """Where hosts and people reach the server."""
        if self.listen.startswith("unix:"):
            return self.listen
        scheme = "https" if self.tls == "on" else "http"
        host, _, port = self.listen.rpartition(":")
        name = self.names[0] if self.names else host.strip("[]")
        return f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}"

    @property
    def southbound_remote(self) -> str:
        """The Southbound database as hosts reach it. Raises Invalid if no address is known."""
        if self.southbound is not None:
            return self.southbound
        address = next((name for name in self.names if _is_address(name)), None)
        if address is None:
            raise Invalid(
                "hosts cannot be told where OVN's Southbound database is: names has no address, "
                'and southbound is not set, as in southbound = "ssl:192.0.2.10:6642"',
                field="southbound",
            )
        return f"ssl:{f'[{address}]' if ':' in address else address}:6642"


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _is_private(url: str) -> bool:
    """Whether nobody else can read what is sent to `url`."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(str(parts.hostname)))
    )


def _is_loopback(name: str) -> bool:
    return name == "localhost" or (_is_address(name) and ip_address(name).is_loopback)


class AgentSettings(_FromFile):
    """What `weft agent` needs to know."""

    server_url: str = "https://127.0.0.1:7443"
    ca_file: Path | None = None
    certificate_file: Path | None = None
    """The host's certificate (PEM), which the server wants to see beside the token; `key_file` is its key."""
    key_file: Path | None = None
    token: SecretStr | None = None
    token_file: Path = Path("/var/lib/weft/host-token")
    host: str | None = None
    ovsdb: str = "unix:/run/openvswitch/db.sock"
    ovn_run_dir: Path = Path("/run/ovn")
    ovs_run_dir: Path = Path("/run/openvswitch")
    controller_log: Path = Path("/var/log/ovn/ovn-controller.log")
    """Where ovn-controller logs the matches that it cannot parse, and what it dropped or was asked to log."""
    docker_socket: Path = Path("/run/docker.sock")
    docker_enabled: Literal["auto", "yes", "no"] = "auto"
    libvirt_uri: str | None = None
    resync_s: float = Field(default=60, gt=0)
    """Seconds between two complete comparisons with what the container engine lists."""
    grace_s: float = Field(default=60, ge=0)
    """Seconds that a workload may be missing from those listings before its port is freed; an interface that
    a person plugged, from the host."""
    name_servers: tuple[IPv4Address | IPv6Address, ...] = ()
    """Whom this host asks when workloads ask for names of the world; by default those that its own
    /etc/resolv.conf names."""
    state_dir: Path = Path("/var/lib/weft")
    run_dir: Path = Path("/run/weft")
    plugin_dir: Path = Path("/run/docker/plugins")
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class SupervisorSettings(BaseSettings):
    """What systemd tells a service that it starts (systemd.exec(5), "Environment Variables")."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    notify_socket: str | None = None
    listen_pid: int | None = None
    listen_fds: int = 0
    watchdog_usec: int | None = None
    watchdog_pid: int | None = None


class LabSettings(BaseSettings):
    """Which lab is meant, where several are up on one machine."""

    model_config = SettingsConfigDict(env_prefix="WEFT_LAB_", frozen=True, use_attribute_docstrings=True)

    name: str = Field(default="weft", pattern=r"^[a-z][a-z0-9]{1,7}$")
    """Begins the names of everything that the lab makes; several labs can be up under different names."""


_S = TypeVar("_S", ServerSettings, AgentSettings)


def load_server(path: Path | None) -> ServerSettings:
    """The server's settings from the file at `path` (if any) and the environment."""
    return _load(ServerSettings, path)


def load_agent(path: Path | None) -> AgentSettings:
    """The agent's settings from the file at `path` (if any) and the environment."""
    return _load(AgentSettings, path)


def _load(kept: type[_S], path: Path | None) -> _S:
    """`kept` with the file at `path`. Raises Invalid, naming every setting that is wrong."""
    if path is not None and not path.is_file():
        raise Invalid(f"there is no settings file {path}", field="config")

    class FromThisFile(kept):  # type: ignore[valid-type, misc]
        model_config = SettingsConfigDict(toml_file=path)

    try:
        read = FromThisFile()
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise Invalid(f"settings {path or 'in the environment'}: {wrong}", field="config") from error
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"settings file {path} is not TOML: {error}", field="config") from error
    return cast("_S", read)
