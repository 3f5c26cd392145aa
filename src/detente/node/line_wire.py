"""Where things are on the line between nodes; the bodies are those of `detente.line.wire`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from detente.line.lanes import Lane

SCOPE: Final = "line"
"""What a peer's node may do; no officer's session has it."""

INBOX: Final = "/line/v1/inbox"
EMERGENCY: Final = "/line/v1/emergency"
FROM: Final = "/line/v1/from"
RUN: Final = "/line/v1/run"
BLOBS: Final = "/line/v1/blobs"
BEAT: Final = "/line/v1/beat"
MINE: Final = "/line/v1/mine"
RESUME: Final = "/line/v1/resume"
RECOVERY: Final = "/line/v1/recovery"
ERRANDS: Final = "/line/v1/errands"
WITNESS: Final = "/witness"
LOG: Final = "/log"

INBOX_OF: Final = {Lane.ORDINARY: INBOX, Lane.EMERGENCY: EMERGENCY}
ENVELOPES_MAX: Final = 200
RECEIPTS_MAX: Final = 500


class Mine(msgspec.Struct, frozen=True):
    """Envelopes of the caller that we hold, for a side that was restored from an old copy.

    Attributes:
        envelopes: DSSE envelopes of one channel, in order.
        ends: without a channel: number of the newest envelope in each of the caller's channels.
    """

    envelopes: list[msgspec.Raw] = []
    ends: dict[str, int] = {}


def plain(envelopes: Iterable[msgspec.Raw]) -> tuple[bytes, ...]:
    """Envelopes out of a message, byte for byte."""
    return tuple(bytes(data) for data in envelopes)
