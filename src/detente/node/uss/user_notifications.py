"""What operators were told, for tests that ask whether and when they were (SCD0090, SCD0095, …)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, cast

from detente.f3548 import time_of
from detente.planning import NoticeBody, entries
from detente.record import PartyRecord, format_time, parse_time

from .flight_planning_types import Conflicts, UserNotification

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BEFORE_TOLD_US: Final = 3_600_000_000
"""How long before an operator is told of it something may have happened."""
_MOST: Final = 10_000
_TRIGGERED: Final = (
    "SELECT position FROM plans_told WHERE kind = ? AND at >= ? AND at <= ? "
    "ORDER BY position DESC LIMIT ?"
)


async def _nothing() -> None:
    return None


class UserNotifications:
    """Reads the `operator-notice` entries of the record.

    Args:
        record: the party's.
        flush: waits until what was told is in the record.
    """

    def __init__(
        self, record: PartyRecord, flush: Callable[[], Awaitable[None]] = _nothing
    ) -> None:
        self._record = record
        self._flush = flush

    async def between(self, after_us: int, before_us: int) -> list[UserNotification]:
        """What was told from one time to another, oldest first; at most the newest 10,000.

        Raises:
            LogUnavailable: the record cannot be read now.
        """
        await self._flush()
        values = (entries.NOTICE, _text(after_us - _BEFORE_TOLD_US), _text(before_us), _MOST)
        rows = await self._record.query(_TRIGGERED, values)
        told = []
        for position in sorted(cast(int, row[0]) for row in rows):
            payload = (await self._record.entry(position)).payload
            if payload is not None:
                told.append(entries.notice_told(payload))
        return [
            notification
            for notification in observed(told)
            if after_us <= (notification.observed_at.value - _EPOCH) // _US <= before_us
        ]


_US: Final = timedelta(microseconds=1)


def observed(told: Sequence[NoticeBody]) -> list[UserNotification]:
    """Notifications as a user sees them: what was told of one event for one flight is one."""
    together: dict[tuple[str, str, str], list[NoticeBody]] = {}
    for notice in told:
        key = notice.event, notice.intent, notice.triggered
        together.setdefault(key, []).append(notice)
    found = []
    for notices in together.values():
        last_us = max((parse_time(each.told) - _EPOCH) // _US for each in notices)
        message = " ".join(dict.fromkeys(each.text.en for each in notices))
        found.append(UserNotification(time_of(last_us), message, _conflicts(notices)))
    return sorted(found, key=lambda each: each.observed_at.value)


def _conflicts(notices: Sequence[NoticeBody]) -> Conflicts:
    if notices[0].event not in ("SCD0090", "SCD0095"):
        return "None"
    others = {each.with_id for each in notices}
    if "" in others:
        return "Unknown"
    return "Single" if len(others) == 1 else "Multiple"


def _text(instant_us: int) -> str:
    return format_time(_EPOCH + instant_us * _US)
