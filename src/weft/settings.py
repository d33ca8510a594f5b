"""Settings of the server and of the agent: a TOML file, and WEFT_* variables over it. Read once."""

import tomllib
from pathlib import Path
from typing import Literal, TypeVar, cast

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from weft.model.errors import Invalid


class _FromFile(BaseSettings):
    """Environment first, then the file; a name that does not exist is an error."""

    model_config = SettingsConfigDict(env_prefix="WEFT_", extra="forbid", frozen=True)

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
    nb: str = "unix:/run/ovn/ovnnb_db.sock"
    sb: str = "unix:/run/ovn/ovnsb_db.sock"
    state_dir: Path = Path("/var/lib/weft")
    admin_token_file: Path = Path("/var/lib/weft/admin-token")
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    encapsulation: Literal["vxlan", "geneve"] = "vxlan"
    underlay_mtu: int = Field(default=1500, ge=1280, le=9216)
    resync_s: float = Field(default=60, gt=0)
    host_timeout_s: float = Field(default=30, gt=0)
    log_level: Literal["debug", "info", "warning", "error"] = "info"


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
    controller_log: Path = Path("/var/log/ovn/ovn-controller.log")
    """Where ovn-controller logs the matches that it cannot parse."""
    docker_socket: Path = Path("/run/docker.sock")
    docker_enabled: Literal["auto", "yes", "no"] = "auto"
    libvirt_uri: str | None = None
    resync_s: float = Field(default=60, gt=0)
    """Seconds between two complete comparisons with what the container engine lists."""
    grace_s: float = Field(default=60, ge=0)
    """Seconds that a container may be missing from those listings before its port is freed."""
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

    model_config = SettingsConfigDict(env_prefix="WEFT_LAB_", frozen=True)

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
