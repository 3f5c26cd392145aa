"""A node's record, opened: for writing if that is possible, for reading if the disk forbids it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from detente.line import CONFERENCE_PROJECTION, ROOM_PROJECTION, MessageProjection
from detente.planning import PLAN_PROJECTION
from detente.record import (
    AppendUnknown,
    LogReadOnly,
    LogUnavailable,
    PartyRecord,
    Projection,
    RecordHeld,
    TableSet,
)

from .approval_tables import APPROVAL_PROJECTION
from .home import Home, now
from .officer_tables import OFFICER_TABLES
from .watch.alert_tables import ALERT_PROJECTION
from .watch.segment_tables import SEGMENT_PROJECTION

Mode = Literal["writing", "read-only", "held"]

MESSAGE_PROJECTION: Final = MessageProjection()


def node_projections() -> Sequence[Projection]:
    """The tables that follow from a node's record."""
    return (
        MESSAGE_PROJECTION,
        ROOM_PROJECTION,
        CONFERENCE_PROJECTION,
        APPROVAL_PROJECTION,
        PLAN_PROJECTION,
        ALERT_PROJECTION,
        SEGMENT_PROJECTION,
    )


def node_tables() -> Sequence[TableSet]:
    """The tables that a node keeps beside its record."""
    return (OFFICER_TABLES,)


@dataclass(frozen=True, slots=True)
class Opened:
    """A record and how it was opened.

    Attributes:
        record: open; to be closed by whoever asked.
        mode: what can be done with it.
        why: why it cannot be written.
    """

    record: PartyRecord
    mode: Mode
    why: str | None = None


async def open_node_record(home: Home, *, write: bool = True) -> Opened:
    """The record of a node with its tables.

    Raises:
        LogInUse: another process writes it.
        DetenteError: it cannot be opened at all; see `PartyRecord.open`.
    """
    if write:
        try:
            return Opened(await _open(home, write=True), "writing")
        except RecordHeld as error:
            return Opened(await _open(home, write=False), "held", str(error))
        except (LogUnavailable, LogReadOnly, AppendUnknown) as error:
            return Opened(await _open(home, write=False), "read-only", str(error))
    return Opened(await _open(home, write=False), "read-only", "It was opened for reading.")


async def _open(home: Home, *, write: bool) -> PartyRecord:
    return await PartyRecord.open(
        home.place,
        home.terms(),
        home.party,
        signers=home.signers() if write else (),
        clock=now,
        random=secrets.token_bytes,
        read_only=not write,
        projections=node_projections(),
        tables=node_tables(),
    )
