"""Which server to talk to and as whom: `~/.config/weft/config.toml`, and WEFT_* variables over it."""

import hashlib
import json
import os
import tomllib
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from weft.model.errors import Invalid


class _Places(BaseSettings):
    """Where users keep their settings (XDG Base Directory Specification)."""

    xdg_config_home: Path | None = Field(default=None, validation_alias="XDG_CONFIG_HOME")


class CliSettings(BaseSettings):
    """What a command needs to know."""

    model_config = SettingsConfigDict(env_prefix="WEFT_", extra="ignore", frozen=True)

    server: str | None = None
    token: SecretStr | None = None
    ca: Path | None = None
    project: str | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment first, then the file."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_file())


def config_file() -> Path:
    """The file that `weft login` writes."""
    home = _Places().xdg_config_home or Path.home() / ".config"
    return home / "weft" / "config.toml"


def load() -> CliSettings:
    """The settings of this user. Raises Invalid, naming what is wrong."""
    try:
        return CliSettings()
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise Invalid(f"the settings in {config_file()} or in WEFT_*: {wrong}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{config_file()} is not TOML ({error}); repair it, or run weft login again") from error
    except OSError as error:
        raise Invalid(f"{config_file()} cannot be read: {error.strerror}") from error


def save_ca(ca: str) -> Path:
    """Keep a CA's certificate (PEM) beside the settings; its name is its hash, so two never meet."""
    digest = hashlib.sha256(ca.encode()).hexdigest()[:16]
    return _write(config_file().with_name(f"ca-{digest}.pem"), ca)


def forget() -> bool:
    """Remove what `save` and `save_ca` wrote; whether there was anything. Idempotent."""
    home = config_file().parent
    ours = [path for path in (config_file(), *home.glob("ca-*.pem")) if path.exists()]
    for path in ours:
        path.unlink()
    return bool(ours)


def save(*, server: str, token: str, ca: Path | None, project: str | None) -> Path:
    """Write the file, readable by its owner only: whole or not at all."""
    values = {"server": server, "token": token, "ca": ca, "project": project}
    # A JSON string without characters above ASCII is a TOML basic string, too.
    lines = [f"{name} = {json.dumps(str(value))}\n" for name, value in values.items() if value is not None]
    return _write(config_file(), "".join(lines))


def _write(target: Path, text: str) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(target)
    return target
