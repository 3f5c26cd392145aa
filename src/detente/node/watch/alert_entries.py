"""Entries that alerts leave in the record, and what they say. Pure.

They are to nobody, in `own/watch`: what the other side is told of is a message on the line. Figures
stand as JSON in a text, with a bound that is not known as null.
"""

from __future__ import annotations

from math import inf, isinf
from typing import Any, ClassVar, Final
from uuid import UUID

import msgspec

from detente.errors import DetenteError
from detente.record import Draft, JsonValue, Payload, Reference
from detente.watch import Alert

from .alert_tables import ALERT, ANNOUNCEMENT, SEEN

CHANNEL: Final = "own/watch"
NOTE_MAX: Final = 1000
_BOUNDS: Final = {"low": -inf, "high": inf}


class AlertUnreadable(DetenteError):
    """An entry of an alert is not what such entries are."""

    code: ClassVar[str] = "watch.entry"


def alert_draft(alert: Alert, *, identity: UUID) -> Draft:
    """`watch-alert`: an alert in a new stage, with the finding that led to it."""
    body: dict[str, JsonValue] = {
        "alert": alert.id,
        "about": str(alert.about),
        "stage": str(alert.stage),
        "closing": str(alert.closing),
        "grade": str(alert.event.grade),
        "aircraft": alert.event.aircraft,
        "boundary": alert.event.boundary,
        "finding": msgspec.json.encode(_bounded(msgspec.to_builtins(alert))).decode(),
    }
    return Draft(ALERT, CHANNEL, (), body, identity=identity)


def alert_told(payload: Payload) -> Alert:
    """What a `watch-alert` says.

    Raises:
        AlertUnreadable: it is not of that form.
    """
    text = payload.body.get("finding")
    if payload.kind != ALERT or not isinstance(text, str):
        raise AlertUnreadable("The entry is not of an alert.", where=str(payload.id))
    try:
        return msgspec.convert(_unbounded(msgspec.json.decode(text)), Alert)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise AlertUnreadable(
            f"What stands in the entry is no alert: {error}", where=str(payload.id)
        ) from error


def announcement_draft(
    alert: Alert, party: str, *, identity: UUID, message: Draft | None, why: str = ""
) -> Draft:
    """`watch-announcement`: another party is told of an alert, or is not, and why.

    Args:
        alert: as it stood.
        party: who is told.
        identity: of the entry.
        message: what is said on the line; None if nothing is.
        why: in that case.
    """
    told = "" if message is None else str(message.identity)
    body: dict[str, JsonValue] = {
        "alert": alert.id,
        "party": party,
        "stage": str(alert.stage),
        "message": told,
        "why": why,
    }
    return Draft(ANNOUNCEMENT, CHANNEL, (), body, identity=identity)


def seen_draft(alert: Payload, officer: str, note: str, *, identity: UUID) -> Draft:
    """`watch-alert-seen`: an officer has taken note of an alert.

    Args:
        alert: the entry of its newest stage.
        officer: who.
        note: what he or she wrote, at most `NOTE_MAX` characters.
        identity: of the entry.
    """
    about = Reference(alert.id, "about", alert.sha256)
    body: dict[str, JsonValue] = {
        "alert": alert.body["alert"],
        "officer": officer,
        "note": note[:NOTE_MAX],
    }
    return Draft(SEEN, CHANNEL, (), body, (about,), identity=identity)


def _bounded(value: Any) -> Any:
    """The same without infinities: only bounds of intervals are ever infinite."""
    if isinstance(value, dict):
        return {
            name: None if isinstance(each, float) and isinf(each) else _bounded(each)
            for name, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [_bounded(each) for each in value]
    return value


def _unbounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _BOUNDS[name] if each is None and name in _BOUNDS else _unbounded(each)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_unbounded(each) for each in value]
    return value
