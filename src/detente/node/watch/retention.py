"""How long raw tracks are kept: so many days, or until a hold of two officers is released."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from detente.errors import DetenteError
from detente.record import (
    BlobStore,
    Clock,
    Entry,
    PartyRecord,
    Payload,
    SqlValue,
    format_time,
    parse_time,
)

from .pieces import names_in
from .segment_entries import deleted_draft, hold_draft, release_draft

LOOK_EVERY_S: Final = 60.0
_AT_ONCE: Final = 20
"""Segments that one look deletes at most."""

_HOLDS_SQL: Final = (
    "SELECT id, since, until, aircraft, ground, officer FROM tracks_holds h "
    "WHERE NOT EXISTS (SELECT 1 FROM tracks_releases r WHERE r.hold = h.id) ORDER BY position"
)
_OLD_SQL: Final = (
    "SELECT id, sha256, first, last, position FROM tracks_segments "
    "WHERE last < ? AND position > ? ORDER BY position LIMIT ?"
)
_log = logging.getLogger("detente.node.watch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What is kept beyond its time.

    Attributes:
        id: of the entry.
        since, until: when reports were received.
        aircraft: only segments in which it is; "" for all.
        ground: why.
        officer: who asked for it.
    """

    id: str
    since: datetime
    until: datetime
    aircraft: str
    ground: str
    officer: str

    def meets(self, first: datetime, last: datetime) -> bool:
        """Whether reports that were received from first to last may be held."""
        return self.since <= last and first <= self.until


class Retention:
    """Deletes what is old enough and not held.

    What is deleted is erased from the record as any entry is, so that copies and proofs stay
    consistent; before, an entry says what it was.

    Args:
        record: where segments are recorded.
        keep_days: so long.
        clock: the wall clock.
    """

    def __init__(self, record: PartyRecord, keep_days: float, clock: Clock) -> None:
        self._record = record
        self._keep = timedelta(days=keep_days)
        self._clock = clock
        # Nothing is deleted while somebody says that it is held.
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Look now and each minute, until cancelled."""
        while True:
            try:
                await self.look()
            except (DetenteError, OSError) as error:
                _log.warning("raw tracks stay for now: %s", error)
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> int:
        """Delete what is due; how many segments.

        Raises:
            DetenteError: the record refuses.
        """
        async with self._turn:
            holds = await self.holds()
            before = format_time(self._clock() - self._keep)
            deleted, after = 0, -1
            while deleted < _AT_ONCE:
                rows = await self._record.query(_OLD_SQL, [before, after, _AT_ONCE])
                for identity, sha256, first, last, position in rows:
                    after = int(str(position))
                    entry = await self._record.by_id(str(identity))
                    if entry is None or entry.payload is None:
                        continue
                    window = parse_time(str(first)), parse_time(str(last))
                    if not await self._held(holds, str(sha256), window):
                        await self._delete(entry.index, entry.payload)
                        deleted += 1
                if len(rows) < _AT_ONCE:
                    break
            return deleted

    async def holds(self) -> Sequence[Hold]:
        """Those in force.

        Raises:
            LogUnavailable: the record could not be asked.
        """
        return [_hold(row) for row in await self._record.query(_HOLDS_SQL)]

    async def hold(
        self, since: datetime, until: datetime, aircraft: str, ground: str, by: tuple[str, str]
    ) -> Entry:
        """Keep what was received in that time; the entry that says so.

        Args:
            since, until: when reports were received.
            aircraft: only segments in which it is; "" for all.
            ground: why.
            by: the officer, and the second person.

        Raises:
            DetenteError: the record refuses.
        """
        officer, second = by
        draft = hold_draft(since, until, aircraft, ground, officer=officer, second=second)
        async with self._turn:
            (entry,) = await self._record.append([(draft, None)])
        return entry

    async def release(self, hold: str, ground: str, by: tuple[str, str]) -> Entry:
        """Let go what a hold in force keeps. Arguments and errors as `hold`."""
        officer, second = by
        draft = release_draft(hold, ground, officer=officer, second=second)
        async with self._turn:
            (entry,) = await self._record.append([(draft, None)])
        return entry

    async def _held(
        self, holds: Sequence[Hold], sha256: str, window: tuple[datetime, datetime]
    ) -> bool:
        meeting = [each for each in holds if each.meets(*window)]
        if not meeting or any(not each.aircraft for each in meeting):
            return bool(meeting)
        names = await asyncio.to_thread(_names, self._record.blobs, sha256)
        # What cannot be read is not known not to be held.
        return names is None or any(each.aircraft in names for each in meeting)

    async def _delete(self, index: int, payload: Payload) -> None:
        ground = f"raw tracks are kept for {self._keep / timedelta(days=1):g} days"
        told = "SELECT 1 FROM tracks_deletions WHERE segment = ?"
        if not await self._record.query(told, [str(payload.id)]):
            await self._record.append([(deleted_draft(payload, ground), None)])
        await self._record.erase(index, ground)


def _names(blobs: BlobStore, sha256: str) -> frozenset[str] | None:
    try:
        return names_in(blobs, sha256)
    except DetenteError:
        return None


def _hold(row: Sequence[SqlValue]) -> Hold:
    identity, since, until, aircraft, ground, officer = map(str, row)
    return Hold(
        id=identity,
        since=parse_time(since),
        until=parse_time(until),
        aircraft=aircraft,
        ground=ground,
        officer=officer,
    )
