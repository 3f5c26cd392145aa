"""How peers stand, as the record and officers are told; what beats and their failures say."""

from __future__ import annotations

from typing import Final

from detente.errors import DetenteError
from detente.http import (
    AddressRefused,
    AnswerTimedOut,
    ConnectionBroken,
    ConnectionRefused,
    ConnectTimedOut,
    EgressError,
    NameNotResolved,
    NoRoute,
    TlsFailed,
    UrlRefused,
)
from detente.line.standing import PeerFields, Reason, Standing
from detente.line.wire import Beat
from detente.record import Draft, JsonValue
from detente.record.ijson import format_time, parse_time

from .context import WATCH_CHANNEL

_REASONS: Final[tuple[tuple[type[DetenteError], Reason], ...]] = (
    (NameNotResolved, Reason.NAME),
    (NoRoute, Reason.NO_ROUTE),
    (AddressRefused, Reason.NO_ROUTE),
    (UrlRefused, Reason.NO_ROUTE),
    (ConnectionRefused, Reason.REFUSED),
    (ConnectionBroken, Reason.REFUSED),
    (ConnectTimedOut, Reason.CONNECT_TIMEOUT),
    (TlsFailed, Reason.TLS),
    (AnswerTimedOut, Reason.ANSWER_TIMEOUT),
)


def reason_of(error: DetenteError) -> Reason:
    """What a failed beat tells of the line."""
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    if isinstance(error, EgressError) and error.side == "here":
        return Reason.LOCAL
    return Reason.BAD_ANSWER if isinstance(error, EgressError) else Reason.LOCAL


def standing_facts(standing: Standing) -> dict[str, JsonValue]:
    """How a peer stands, as officers and the record are told."""
    facts: dict[str, JsonValue] = {
        "peer": standing.peer,
        "state": standing.state.value,
        "since": format_time(standing.since),
        "answers_us": standing.answers_us,
        "calls_us": standing.calls_us,
    }
    if standing.last_heard is not None:
        facts["last_heard"] = format_time(standing.last_heard)
    if standing.rtt_s is not None:
        facts["rtt_ms"] = round(standing.rtt_s * 1000)
    if standing.reason is not None:
        facts["reason"] = standing.reason.value
    if standing.clock_ahead_s is not None:
        facts["clock_ahead_ms"] = round(standing.clock_ahead_s * 1000)
    return facts


def watch_draft(standing: Standing) -> Draft:
    """The entry that states how the line to a peer is: to nobody."""
    return Draft("watch", WATCH_CHANNEL, (), standing_facts(standing))


def fields_of(beat: Beat) -> PeerFields:
    """What a beat tells of the peer's node. ValueError if a time in it is none."""
    heard = None if beat.heard is None else parse_time(beat.heard)
    return PeerFields(beat.sequence, parse_time(beat.sent), beat.boot, beat.head, heard)
