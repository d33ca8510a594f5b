"""The tables. Columns for what must be unique or is referred to; the rest is a JSON body."""

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

head = sa.Table(
    "head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("kept_from", sa.BigInteger, nullable=False, server_default="0"),
)
"""One row: the newest revision, and the oldest one that can be read back (0: all of them can). Writers of
several servers queue on its lock.
"""

revisions = sa.Table(
    "revisions",
    metadata,
    sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
)

changes = sa.Table(
    "changes",
    metadata,
    sa.Column("revision", sa.BigInteger, sa.ForeignKey("revisions.revision"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("object_id", sa.Text, nullable=False),
    sa.Column("project_id", sa.Text),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("before", sa.JSON(none_as_null=True)),
    sa.Column("after", sa.JSON(none_as_null=True)),
    sa.Column("prior", sa.BigInteger),
    sa.Index("ix_changes_object_id", "object_id", "revision"),
    sa.Index("ix_changes_revision_prior", "revision", "prior"),
    sa.Index("ix_changes_kind_revision", "kind", "revision"),
)
"""A row ends one version of an object, which began at `prior`, and begins another."""


def _declared(name: str, *extra: sa.schema.SchemaItem) -> sa.Table:
    """A table of one kind of object that belongs to a project."""
    return sa.Table(
        name,
        metadata,
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        *extra,
        sa.UniqueConstraint("project_id", "name"),
    )


def _global(name: str) -> sa.Table:
    """A table of one kind of object that belongs to the installation."""
    return sa.Table(
        name,
        metadata,
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
    )


projects = _global("projects")
hosts = _global("hosts")
qos_policies = _declared("qos_policies")
networks = _declared("networks")
subnets = _declared(
    "subnets",
    sa.Column("network_id", sa.Text, sa.ForeignKey("networks.id"), nullable=False, index=True),
)
routers = _declared("routers")
ports = _declared(
    "ports",
    sa.Column("network_id", sa.Text, sa.ForeignKey("networks.id"), nullable=False),
    sa.Column("mac", sa.Text, nullable=False),
    sa.Column("workload", sa.Text),
    sa.UniqueConstraint("network_id", "mac"),
    sa.UniqueConstraint("network_id", "workload"),
)
floating_ips = _declared(
    "floating_ips",
    sa.Column("network_id", sa.Text, sa.ForeignKey("networks.id"), nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.UniqueConstraint("network_id", "address"),
)
groups = _declared("groups")
address_groups = _declared("address_groups")
policies = _declared("policies")
attach_rules = _declared("attach_rules")
invariants = _declared("invariants")

port_addresses = sa.Table(
    "port_addresses",
    metadata,
    sa.Column("network_id", sa.Text, sa.ForeignKey("networks.id"), primary_key=True),
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("subnet_id", sa.Text, sa.ForeignKey("subnets.id"), nullable=False, index=True),
    sa.Column(
        "port_id",
        sa.Text,
        sa.ForeignKey("ports.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
)

user_data = sa.Table(
    "user_data",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column(
        "port_id",
        sa.Text,
        sa.ForeignKey("ports.id", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
    sa.Column("content", sa.Text, nullable=False),
)
"""A secret, in base64: it is in no other table."""

port_status = sa.Table(
    "port_status",
    metadata,
    sa.Column("port_id", sa.Text, sa.ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("host", sa.Text),
    sa.Column("since", sa.Text, nullable=False),
    sa.Column("past", sa.JSON, nullable=False, server_default="[]"),
)
"""`past` are the states that it had before, the newest first."""

host_status = sa.Table(
    "host_status",
    metadata,
    sa.Column("host", sa.Text, sa.ForeignKey("hosts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("last_seen", sa.Text),
    sa.Column("agent_version", sa.Text, nullable=False),
    sa.Column("datapath", sa.Text, nullable=False),
    sa.Column("nb_cfg", sa.BigInteger, nullable=False),
    sa.Column("details", sa.JSON, nullable=False),
    sa.Column("acknowledged_at", sa.Text),
    sa.Column("acknowledgement_seen_at", sa.Text),
    sa.Column("checked", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("flushed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("flushed_at", sa.Text),
    sa.Column("unparsed", sa.JSON, nullable=False, server_default="[]"),
)

realised = sa.Table(
    "realised",
    metadata,
    sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("nb_cfg", sa.BigInteger, nullable=False),
    sa.Column("applied_at", sa.Text, nullable=False),
    sa.Column("enforced_at", sa.Text, index=True),
    sa.Column("hosts", sa.Integer),
)

cuts = sa.Table(
    "cuts",
    metadata,
    sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("hosts", sa.JSON, nullable=False),
)
"""Connections that a realised revision no longer allows, and the hosts that must end them."""

hits = sa.Table(
    "hits",
    metadata,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("packets", sa.BigInteger, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("last_at", sa.Text, nullable=False),
)
"""What was matched, summed over all hosts; the subject is a rule's id or `NETWORK/default-ingress-drop`."""

hit_reports = sa.Table(
    "hit_reports",
    metadata,
    sa.Column("host", sa.Text, sa.ForeignKey("hosts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("steady_since", sa.Text),
)
"""The newest report of hits that was taken from each host, and since when none is missing before it."""

failures = sa.Table(
    "failures",
    metadata,
    sa.Column("host", sa.Text, sa.ForeignKey("hosts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("workload", sa.Text, primary_key=True),
    sa.Column("network_id", sa.Text, primary_key=True),
    sa.Column("project_id", sa.Text),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)

tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("project_id", sa.Text, sa.ForeignKey("projects.id", ondelete="CASCADE")),
    sa.Column("host", sa.Text, sa.ForeignKey("hosts.id", ondelete="CASCADE")),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text),
    sa.Column("expires_at", sa.Text),
    sa.Column("session_of", sa.Text, sa.ForeignKey("tokens.hash", ondelete="CASCADE"), index=True),
)

join_tokens = sa.Table(
    "join_tokens",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("host", sa.Text),
    sa.Column("projects", sa.JSON, nullable=False),
    sa.Column("expires_at", sa.Text, nullable=False),
    sa.Column("used_at", sa.Text),
)

mirrored = sa.Table(
    "mirrored",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("object_id", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("gone_at", sa.Text),
)
"""Whose an object is that another system declares. `gone_at` keeps one that is gone from coming back."""
