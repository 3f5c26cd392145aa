"""Feeds: what receivers, radars and other systems send, decoded into position reports.

Decoders take bytes and give columns; they know no sockets, disk or clock.
"""

from __future__ import annotations

from .decoding import Counts, Decoder
from .reports import (
    COLUMNS,
    NEVER,
    Basis,
    Bytes,
    Codes,
    Floats,
    Ints,
    Reports,
    Source,
    empty,
    joined,
    of_columns,
)

__all__ = [
    "COLUMNS",
    "NEVER",
    "Basis",
    "Bytes",
    "Codes",
    "Counts",
    "Decoder",
    "Floats",
    "Ints",
    "Reports",
    "Source",
    "empty",
    "joined",
    "of_columns",
]
