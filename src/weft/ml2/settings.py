"""What an operator may set, in the section `[weft]` of Neutron's configuration."""

from dataclasses import dataclass
from pathlib import Path

from oslo_config import cfg

_OPTIONS = (
    cfg.StrOpt("server", help="The address of the Weft server, like https://weft.example:7443."),
    cfg.StrOpt(
        "token_file", help="A file that holds the token of a Weft administrator, for this cloud alone."
    ),
    cfg.StrOpt("ca_file", help="The CA (PEM) of the Weft server, instead of the system's."),
    cfg.StrOpt(
        "source",
        default="neutron",
        help="What marks this cloud's objects in Weft, and no other's. Never change it.",
    ),
    cfg.FloatOpt("journal_s", default=0.5, min=0.05, help="How often the worker looks into the journal."),
    cfg.FloatOpt(
        "status_s", default=2, min=0.1, help="How often the states of ports and the hosts are read."
    ),
    cfg.FloatOpt("sweep_s", default=300, min=1, help="How often both sides are compared."),
    cfg.FloatOpt("takeover_s", default=15, min=1, help="After this silence another worker takes over."),
)
_GROUP = "weft"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The section `[weft]`; times are in seconds."""

    server: str
    token_file: Path
    ca_file: Path | None
    source: str
    journal_s: float
    status_s: float
    sweep_s: float
    takeover_s: float


def register() -> None:
    """Make the options known to oslo.config. Idempotent."""
    cfg.CONF.register_opts(_OPTIONS, group=_GROUP)


def read() -> Settings:
    """The settings as they were read. Raises RuntimeError when one that is needed is missing."""
    register()
    section = cfg.CONF[_GROUP]
    missing = [name for name in ("server", "token_file") if not section[name]]
    if missing:
        raise RuntimeError(f"the section [weft] of Neutron's configuration lacks {', '.join(missing)}")
    return Settings(
        server=section.server,
        token_file=Path(section.token_file),
        ca_file=Path(section.ca_file) if section.ca_file else None,
        source=section.source,
        journal_s=section.journal_s,
        status_s=section.status_s,
        sweep_s=section.sweep_s,
        takeover_s=section.takeover_s,
    )
