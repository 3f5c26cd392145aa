"""What passes between nodes on line/1, as JSON. Envelopes stand in it as they were signed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from detente.line.lanes import Lane

INBOX: Final = "/line/v1/inbox"
EMERGENCY: Final = "/line/v1/emergency"
FROM: Final = "/line/v1/from"
RUN: Final = "/line/v1/run"
BLOBS: Final = "/line/v1/blobs"
BEAT: Final = "/line/v1/beat"
MINE: Final = "/line/v1/mine"
RESUME: Final = "/line/v1/resume"
WITNESS: Final = "/witness"
LOG: Final = "/log"

INBOX_OF: Final = {Lane.ORDINARY: INBOX, Lane.EMERGENCY: EMERGENCY}
ENVELOPES_MAX: Final = 200
RECEIPTS_MAX: Final = 500
ERASURES_MAX: Final = 500


class Delivery(msgspec.Struct, frozen=True):
    """Body of `POST /line/v1/inbox` and `/line/v1/emergency`.

    Attributes:
        envelopes: DSSE envelopes, in the order of their channels.
        erasures: envelopes by which the sender says what of its own it has erased.
        withheld: blobs that it keeps back.
        receipts_after: number of the newest receipt of the receiver that the sender holds.
    """

    envelopes: list[msgspec.Raw]
    erasures: list[msgspec.Raw] = []
    withheld: list[str] = []
    receipts_after: int = 0


class Taken(msgspec.Struct, frozen=True):
    """200: everything is on the receiver's disk.

    Attributes:
        receipts: DSSE envelopes, consecutive from `receipts_after` + 1.
        newest: number of the newest receipt there is.
    """

    receipts: list[msgspec.Raw]
    newest: int


class Expected(msgspec.Struct, frozen=True):
    """409: another number is next in a channel."""

    code: str
    channel: str
    expected: int
    previous: str | None = None


class Wanted(msgspec.Struct, frozen=True):
    """424: these blobs (SHA-256, hexadecimal) are wanted first."""

    code: str
    missing: list[str]


class Refusal(msgspec.Struct, frozen=True):
    """422: the envelope of that number, from 0, cannot be taken as it is."""

    code: str
    number: int
    message: str


class Waiting(msgspec.Struct, frozen=True):
    """What the caller has not given a receipt for, or a run of one channel.

    Attributes:
        envelopes: DSSE envelopes.
        indices: their positions in the sender's log.
        erasures: envelopes of the erasures of those left out of a run.
        withheld: blobs that the sender does not have, or keeps back.
        next: `from` of the next page; none if this was the last.
        receipts_held: number of the newest receipt of the caller that the sender holds.
    """

    envelopes: list[msgspec.Raw]
    indices: list[int]
    erasures: list[msgspec.Raw] = []
    withheld: list[str] = []
    next: int | None = None
    receipts_held: int = 0


class Beat(msgspec.Struct, frozen=True):
    """Body and answer of `POST /line/v1/beat`.

    Attributes:
        sequence: number of the beat since the sender's start.
        sent: when, by its clock.
        boot: random id of this start of its node.
        head: size of its log.
        heard: when it last heard the other side, by its clock; None if not since its start.
    """

    sequence: int
    sent: datetime
    boot: str
    head: int
    heard: datetime | None = None


class Mine(msgspec.Struct, frozen=True):
    """Envelopes of the caller that we hold, for a side that was restored from an old copy.

    Attributes:
        envelopes: DSSE envelopes of one channel, in order.
        ends: without a channel: number of the newest envelope in each of the caller's channels.
    """

    envelopes: list[msgspec.Raw] = []
    ends: dict[str, int] = {}


class Resume(msgspec.Struct, frozen=True):
    """How far a side that was restored holds the receiver's channels: number of the newest."""

    ends: dict[str, int]


def raws(envelopes: Iterable[bytes]) -> list[msgspec.Raw]:
    """Envelopes as they stand in a message."""
    return [msgspec.Raw(data) for data in envelopes]


def plain(envelopes: Iterable[msgspec.Raw]) -> tuple[bytes, ...]:
    """Envelopes out of a message, byte for byte."""
    return tuple(bytes(data) for data in envelopes)
