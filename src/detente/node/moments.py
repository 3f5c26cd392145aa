"""Times that a client names, in UTC. One that no calendar holds there is the client's mistake."""

from __future__ import annotations

from datetime import UTC, datetime

from detente.http import BadRequest


def in_utc(moment: datetime, where: str) -> datetime:
    """The same moment in UTC.

    Raises:
        BadRequest: it does not say its zone, or is in UTC before year 1 or after year 9999.
    """
    if moment.tzinfo is None:
        raise BadRequest("It does not say its zone: add Z for UTC.", where=where)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise BadRequest("It is before year 1 or after year 9999.", where=where) from None


def moment_of(text: str, where: str) -> datetime:
    """The moment that a text such as `2026-11-22T20:34:37Z` names, in UTC.

    Raises:
        BadRequest: it names none; or as `in_utc`.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest("It is a time such as 2026-11-22T20:34:37Z.", where=where) from None
    return in_utc(found, where)
