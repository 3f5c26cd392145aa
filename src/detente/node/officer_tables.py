"""Tables of accounts and sessions. They are the node's own: not derived from the record."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from detente.record import TableSet

OFFICER_TABLES: Final = TableSet.from_sql(
    "officers", files("detente.node").joinpath("sql/officers.sql").read_text(encoding="utf-8")
)
"""For `PartyRecord.open(tables=…)`."""
