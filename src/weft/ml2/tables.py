"""Weft's own tables in Neutron's database."""

import sqlalchemy as sa
from neutron_lib.db import model_base

_Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class JournalRow(model_base.BASEV2):
    """That an object may be different from what Weft holds: no more is said, because it is read anew."""

    __tablename__ = "weft_journal"

    seq = sa.Column(_Number, primary_key=True, autoincrement=True)
    kind = sa.Column(sa.String(32), nullable=False)
    object_id = sa.Column(sa.String(36), nullable=False)
    attempts = sa.Column(sa.Integer, nullable=False, default=0, server_default="0")
    why = sa.Column(sa.Text)


class HostRow(model_base.BASEV2):
    """A host that runs a Weft agent: ports can be bound there."""

    __tablename__ = "weft_hosts"

    name = sa.Column(sa.String(255), primary_key=True)


class LeadRow(model_base.BASEV2):
    """Which worker works. `beat` grows while it does."""

    __tablename__ = "weft_lead"

    id = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
    holder = sa.Column(sa.String(255), nullable=False)
    beat = sa.Column(_Number, nullable=False)
