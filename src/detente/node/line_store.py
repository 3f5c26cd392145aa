"""The record as the line needs it: what goes to one peer, and what came from it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

from detente.errors import DetenteError
from detente.line import not_urgent
from detente.line.lanes import EMERGENCY_SUFFIX, Lane
from detente.line.outcomes import (
    BlobsMissing,
    EnvelopeRefused,
    Item,
    OutboxPage,
    OutOfOrder,
    RunPage,
    Stored,
    StoreFailed,
    StoreOutcome,
)
from detente.record import (
    AppendUnknown,
    BlobMissing,
    ChainBroken,
    Envelope,
    LogDamaged,
    LogReadOnly,
    LogUnavailable,
    PartyRecord,
    Payload,
    RecordRefused,
    payload_type_of,
    read_payload,
)

from .sealed_items import item_of, items_at

_NUMBERED: Final = re.compile(r"envelope (\d+)")
_MESSAGE: Final = payload_type_of("message")
_HASHES_AT_ONCE: Final = 500
_UNAVAILABLE: Final = (LogUnavailable, LogReadOnly, AppendUnknown, OSError)


@dataclass(frozen=True, slots=True)
class LineStore:
    """What a record has for one peer, and how it takes what the peer sends.

    Attributes:
        record: of our party.
        peer: id of the other party.
    """

    record: PartyRecord
    peer: str

    async def outbox(
        self,
        lane: Lane,
        after: int,
        limit: int,
        bytes_max: int,
        skip: Collection[str] = (),
        *,
        always_held: bool = True,
    ) -> OutboxPage | StoreFailed:
        """See `LoadOutbox`. What is addressed to nobody by name goes to nobody.

        Args:
            always_held: look up `receipts_held` for an empty page, too; else it is 0 there.
        """
        ours, skipped = self.record.party, list(skip)
        like = "LIKE" if lane is Lane.EMERGENCY else "NOT LIKE"
        marks = ", ".join("?" * len(skipped))
        without = f"AND e.channel NOT IN ({marks}) " if skipped else ""
        try:
            through = self.record.head.size - 1
            rows = await self.record.query(
                "SELECT e.position FROM party_entries AS e WHERE e.sender = ? "  # noqa: S608
                "AND e.position > ? AND e.kind <> 'receipt' AND e.payload IS NOT NULL "
                f"AND e.channel {like} ? {without}"
                "AND EXISTS (SELECT 1 FROM party_recipients AS r "
                "WHERE r.position = e.position AND r.party = ?) "
                "AND NOT EXISTS (SELECT 1 FROM party_answers AS a WHERE a.subject = e.position "
                "AND a.party = ? AND a.kind = 'receipt') ORDER BY e.position LIMIT ?",
                (ours, after, f"%{EMERGENCY_SUFFIX}", *skipped, self.peer, self.peer, limit),
            )
            held = await self.receipts_held() if rows or always_held else 0
            items = await items_at(self.record, [cast(int, row[0]) for row in rows])
        except _UNAVAILABLE as error:
            return StoreFailed(str(error))
        return OutboxPage(_within(items, bytes_max), through, held)

    async def run(
        self, channel: str, first: int, limit: int, bytes_max: int
    ) -> RunPage | StoreFailed:
        """See `LoadRun`. The peer names the channel: only what names the peer is in the run."""
        ours = self.record.party
        try:
            held = await self.receipts_held()
            if not await self.is_for_peer(channel):
                return RunPage((), (), None, 0, 0, held)
            rows = await self.record.query(
                "SELECT e.position, e.seq, e.erased_by FROM party_entries AS e "
                "WHERE e.sender = ? AND e.channel = ? AND e.seq >= ? AND (e.erased_by IS NOT NULL "
                "OR EXISTS (SELECT 1 FROM party_recipients AS r WHERE r.position = e.position "
                "AND r.party = ?)) ORDER BY e.seq LIMIT ?",
                (ours, channel, first, self.peer, limit),
            )
            found = cast(list[tuple[int, int, int | None]], rows)
            there = [position for position, _, gone in found if gone is None]
            whole = await items_at(self.record, there)
            items = _within(whole, bytes_max)
            last = items[-1].seq if items else 0
            cut = len(items) < len(whole)
            erasures = await items_at(
                self.record,
                [gone for _, seq, gone in found if gone is not None and (not cut or seq < last)],
            )
            previous = await self.record.query(
                "SELECT chain FROM party_entries WHERE sender = ? AND channel = ? AND seq = ?",
                (ours, channel, first - 1),
            )
            newest, _ = await self._end(ours, channel)
            answered = await self.record.query(
                "SELECT MAX(e.seq) FROM party_entries AS e JOIN party_answers AS a "
                "ON a.subject = e.position WHERE e.sender = ? AND e.channel = ? "
                "AND a.party = ? AND a.kind = 'receipt'",
                (ours, channel, self.peer),
            )
        except _UNAVAILABLE as error:
            return StoreFailed(str(error))
        return RunPage(
            items=items,
            erasures=tuple(item.envelope for item in erasures),
            previous=cast(bytes, previous[0][0]).hex() if previous else None,
            newest=newest,
            answered=cast(int | None, answered[0][0]) or 0,
            receipts_held=held,
        )

    async def receipts(self, after: int, limit: int) -> OutboxPage | StoreFailed:
        """See `LoadReceipts`: our receipts for the peer above number `after`.

        They are numbered across the channels that follow one another when we are restored.
        """
        try:
            held = await self.receipts_held()
            numbered = await self.record.receipts_for(self.peer, after, limit)
        except _UNAVAILABLE as error:
            return StoreFailed(str(error))
        items = (
            replace(item, seq=number) for number, entry in numbered if (item := item_of(entry))
        )
        return OutboxPage(tuple(items), self.record.head.size - 1, held)

    async def sealed_receipts(self, after: int, limit: int) -> list[bytes] | StoreFailed:
        """The same receipts, as they are sent."""
        try:
            numbered = await self.record.receipts_for(self.peer, after, limit)
        except _UNAVAILABLE as error:
            return StoreFailed(str(error))
        return [item.envelope for _, entry in numbered if (item := item_of(entry))]

    async def waiting(self) -> int:
        """How many entries for the peer have no receipt of it."""
        rows = await self.record.query(
            "SELECT COUNT(*) FROM party_recipients AS r "
            "JOIN party_entries AS e ON e.position = r.position "
            "WHERE r.party = ? AND e.sender = ? AND e.kind <> 'receipt' "
            "AND e.payload IS NOT NULL AND NOT EXISTS (SELECT 1 FROM party_answers AS a "
            "WHERE a.subject = e.position AND a.party = ? AND a.kind = 'receipt')",
            (self.peer, self.record.party, self.peer),
        )
        return cast(int, rows[0][0])

    async def receipts_held(self) -> int:
        """Number of the newest receipt of the peer for us that our record holds."""
        return await self.record.receipts_held(self.peer)

    async def receipts_made(self) -> int:
        """Number of the newest receipt that we have made for the peer."""
        return await self.record.receipts_made(self.peer)

    async def take(
        self,
        envelopes: Sequence[bytes],
        erasures: Sequence[bytes] = (),
        withheld: Collection[str] = (),
        *,
        said: Sequence[Payload | None] | None = None,
    ) -> StoreOutcome:
        """See `Store`: give envelopes of the peer to our record, all or nothing.

        Args:
            said: what they say, of those that can be read, if that is known already.
        """
        if said is None:
            said = await asyncio.to_thread(lambda: [*map(_message, envelopes)])
        for number, payload in enumerate(said):
            wrong = None if payload is None else not_urgent(payload)
            if wrong is not None:
                return EnvelopeRefused(number, "line.not_urgent", wrong)
        try:
            await self.record.receive(envelopes, erasures=erasures, withheld=frozenset(withheld))
            return Stored(await self.receipts_made())
        except ChainBroken as error:
            number = _number(error)
            payload = await asyncio.to_thread(_payload, envelopes[number])
            channel = "" if payload is None else payload.channel
            return OutOfOrder(channel, error.expected, error.previous)
        except BlobMissing as error:
            missing = await asyncio.to_thread(self._missing, envelopes, frozenset(withheld))
            if missing:
                return BlobsMissing(missing)
            # It is here, with another size than the payload says: nothing that is sent mends that.
            return EnvelopeRefused(_number(error), error.code, str(error))
        except RecordRefused as error:
            return EnvelopeRefused(_number(error), error.code, str(error))
        except (LogDamaged, *_UNAVAILABLE) as error:
            return StoreFailed(str(error))

    def absent(self, envelopes: Sequence[bytes]) -> tuple[str, ...]:
        """Blobs that these envelopes name and we do not have."""
        return self._missing(envelopes, frozenset())

    async def unshown(
        self,
        payloads: Iterable[Payload],
        withheld: Collection[str],
        brought: Callable[[str], bool],
    ) -> tuple[str, ...]:
        """Blobs of new entries of the peer that it has not shown to have, here or not.

        No entry that it has stated or was sent names them, and it has not brought their bytes.
        """
        named: dict[str, None] = {}
        ends: dict[str, int] = {}
        for payload in payloads:
            if not payload.blobs:
                continue
            channel = payload.channel
            if channel not in ends:
                ends[channel], _ = await self._end(self.peer, channel)
            if payload.seq > ends[channel]:  # of what is known the content may be erased
                named.update(dict.fromkeys(blob.sha256.hex() for blob in payload.blobs))
        asked = [each for each in named if each not in withheld and not brought(each)]
        shown: set[str] = set()
        for begin in range(0, len(asked), _HASHES_AT_ONCE):
            some = asked[begin : begin + _HASHES_AT_ONCE]
            rows = await self.record.query(
                "SELECT b.sha256 FROM party_blobs AS b "  # noqa: S608
                "JOIN party_entries AS e ON e.position = b.position "
                f"WHERE b.sha256 IN ({', '.join('?' * len(some))}) AND (e.sender = ? OR EXISTS "
                "(SELECT 1 FROM party_recipients AS r WHERE r.position = e.position "
                "AND r.party = ?))",
                (*map(bytes.fromhex, some), self.peer, self.peer),
            )
            shown.update(cast(bytes, row[0]).hex() for row in rows)
        return tuple(each for each in asked if each not in shown)

    async def may_have(self, sha256: str) -> bool:
        """Whether the peer may be given a blob: an entry that is addressed to it names it."""
        try:
            wanted = bytes.fromhex(sha256)
        except ValueError:
            return False
        rows = await self.record.query(
            "SELECT 1 FROM party_blobs AS b JOIN party_entries AS e ON e.position = b.position "
            "WHERE b.sha256 = ? AND e.sender = ? AND EXISTS (SELECT 1 FROM party_recipients AS r "
            "WHERE r.position = e.position AND r.party = ?) LIMIT 1",
            (wanted, self.record.party, self.peer),
        )
        return bool(rows)

    async def is_for_peer(self, channel: str) -> bool:
        """Whether a channel of ours has, or had, anything for the peer.

        Of what was erased nobody knows any more whom it named; the peer's receipts for it stay.
        """
        rows = await self.record.query(
            "SELECT 1 FROM party_entries AS e WHERE e.sender = ? AND e.channel = ? AND (EXISTS ("
            "SELECT 1 FROM party_recipients AS r WHERE r.position = e.position AND r.party = ?) "
            "OR EXISTS (SELECT 1 FROM party_answers AS a WHERE a.subject = e.position "
            "AND a.party = ?)) LIMIT 1",
            (self.record.party, channel, self.peer, self.peer),
        )
        return bool(rows)

    async def ends_of_peer(self) -> dict[str, int]:
        """Number of the peer's newest envelope that we hold, in each of its channels."""
        rows = await self.record.query(
            "SELECT channel, MAX(seq) FROM party_entries WHERE sender = ? GROUP BY channel",
            (self.peer,),
        )
        return dict(cast(list[tuple[str, int]], rows))

    async def of_peer(self, channel: str, first: int, limit: int, bytes_max: int) -> list[bytes]:
        """The peer's own envelopes in one of its channels, from number `first` on."""
        rows = await self.record.query(
            "SELECT position FROM party_entries WHERE sender = ? AND channel = ? AND seq >= ? "
            "AND payload IS NOT NULL ORDER BY seq LIMIT ?",
            (self.peer, channel, first, limit),
        )
        items = await items_at(self.record, [cast(int, row[0]) for row in rows])
        return [item.envelope for item in _within(items, bytes_max)]

    async def _end(self, sender: str, channel: str) -> tuple[int, bytes | None]:
        rows = await self.record.query(
            "SELECT seq, chain FROM party_entries WHERE sender = ? AND channel = ? "
            "ORDER BY seq DESC LIMIT 1",
            (sender, channel),
        )
        return cast(tuple[int, bytes], rows[0]) if rows else (0, None)

    def _missing(self, envelopes: Sequence[bytes], withheld: frozenset[str]) -> tuple[str, ...]:
        wanted: dict[str, None] = {}
        for data in envelopes:
            payload = _payload(data)
            for blob in () if payload is None else payload.blobs:
                sha256 = blob.sha256.hex()
                if sha256 not in withheld and self.record.blobs.size(sha256) is None:
                    wanted[sha256] = None
        return tuple(wanted)


def read_item(data: bytes, index: int = -1) -> Item | None:
    """An envelope as an item of the line; None if it is none."""
    payload = _payload(data)
    if payload is None:
        return None
    return Item(index, payload.channel, payload.seq, data, _blobs(payload))


def _payload(data: bytes) -> Payload | None:
    try:
        return read_payload(Envelope.from_json(data))
    except DetenteError:
        return None


def _message(data: bytes) -> Payload | None:
    """What an envelope says if it is a message; others are not read."""
    try:
        envelope = Envelope.from_json(data)
        return read_payload(envelope) if envelope.payload_type == _MESSAGE else None
    except DetenteError:
        return None


def _number(error: RecordRefused) -> int:
    found = _NUMBERED.search(error.where or "")
    return int(found[1]) - 1 if found else 0


def _blobs(payload: Payload) -> tuple[str, ...]:
    return tuple(blob.sha256.hex() for blob in payload.blobs)


def _within(items: Sequence[Item], bytes_max: int) -> tuple[Item, ...]:
    total = 0
    for count, item in enumerate(items):
        total += len(item.envelope)
        if count and total > bytes_max:
            return tuple(items[:count])
    return tuple(items)
