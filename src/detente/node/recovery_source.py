"""What a party gives to another one that has lost its record and restored a copy of it.

Nothing that the other one has not had before: its own leaves, its own envelopes, those that were
said to it, and their files.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, cast

from detente.record import BlobUnusable, PartyRecord, Witness

from .mirror import Mirror

LIMIT_MAX: Final = 500
"""Leaves or rows at a time."""
_OWN_AFFAIRS: Final = ("agreement", "anchor", "custody", "erasure", "gap", "withheld")


@dataclass(frozen=True, slots=True)
class Offered:
    """Envelopes that a party holds of another one, or has said to it.

    Attributes:
        envelopes: DSSE in JSON, in the order in which they stand in its record.
        erasures: its statements of what it has erased of its own, which explain gaps.
        next: give this as `after` for the next page; None if this is the last.
    """

    envelopes: tuple[bytes, ...]
    erasures: tuple[bytes, ...]
    next: int | None


class RecoveryPeer(Protocol):
    """Another party, or a neutral witness, that is asked what it holds of ours.

    Every method raises a DetenteError if it cannot be reached or does not answer as it should.
    Nothing that it gives is believed.
    """

    @property
    def name(self) -> str:
        """Id of the party, or the name of the neutral witness's key."""

    async def checkpoints(self) -> list[str]:
        """The newest checkpoint of our log that its witness has cosigned, and any that it has seen
        beyond that. Empty if there is none."""

    async def leaves(self, since: int, limit: int) -> list[bytes]:
        """Leaves of our log from position `since`, as far as its mirror has them."""

    async def envelopes(
        self, ends: Mapping[tuple[str, str], int], after: int, limit: int
    ) -> Offered:
        """Our envelopes that it holds, and its own for us, beyond the ends of channels.

        Args:
            ends: by sender and channel the number of the newest envelope that we have.
            after: where the page before ended; -1 for the first.
            limit: rows that are looked at.
        """

    async def blob(self, sha256: str) -> bytes | None:
        """A file that such an envelope names; None if it has it no more."""


class RecoverySource:
    """A `RecoveryPeer` made of what we hold ourselves, for one caller. To be served to it alone.

    Args:
        record: ours.
        mirror: ours.
        witness: ours.
        caller: id of the party that asks.
    """

    def __init__(self, record: PartyRecord, mirror: Mirror, witness: Witness, caller: str) -> None:
        self._record = record
        self._mirror = mirror
        self._witness = witness
        self._caller = caller

    @property
    def name(self) -> str:
        """See `RecoveryPeer`."""
        return self._record.party

    async def checkpoints(self) -> list[str]:
        """See `RecoveryPeer`."""
        origin = self._record.terms.member(self._caller).origin
        state = await asyncio.to_thread(self._witness.state, origin)
        notes = [*([state.note] if state.note else []), *await self._mirror.checkpoints(origin)]
        return list(dict.fromkeys(notes))

    async def leaves(self, since: int, limit: int) -> list[bytes]:
        """See `RecoveryPeer`."""
        origin = self._record.terms.member(self._caller).origin
        return await self._mirror.leaves(origin, since, min(limit, LIMIT_MAX))

    async def envelopes(
        self, ends: Mapping[tuple[str, str], int], after: int, limit: int
    ) -> Offered:
        """See `RecoveryPeer`."""
        limit = max(1, min(limit, LIMIT_MAX))
        rows = await self._record.query(
            "SELECT e.position, e.sender, e.channel, e.seq, e.erased_by "
            "FROM party_entries AS e WHERE e.position > ? AND (e.sender = ? OR (e.sender = ? "
            "AND e.kind NOT IN (?, ?, ?, ?, ?, ?) AND (e.erased_by IS NOT NULL OR EXISTS ("
            "SELECT 1 FROM party_recipients AS r WHERE r.position = e.position AND r.party = ?)))) "
            "ORDER BY e.position LIMIT ?",
            (after, self._caller, self._record.party, *_OWN_AFFAIRS, self._caller, limit),
        )
        found = cast(list[tuple[int, str, str, int, int | None]], rows)
        whole: list[int] = []
        erasures: list[int] = []
        for position, sender, channel, seq, erased_by in found:
            if seq <= ends.get((sender, channel), 0):
                continue
            if erased_by is None:
                whole.append(position)
            elif sender == self._record.party and await self._is_for_caller(channel):
                erasures.append(erased_by)
        return Offered(
            await self._sealed(whole),
            await self._sealed(erasures),
            found[-1][0] if len(found) == limit else None,
        )

    async def blob(self, sha256: str) -> bytes | None:
        """See `RecoveryPeer`."""
        try:
            wanted = bytes.fromhex(sha256)
        except ValueError:
            return None
        rows = await self._record.query(
            "SELECT 1 FROM party_blobs AS b JOIN party_entries AS e ON e.position = b.position "
            "WHERE b.sha256 = ? AND (e.sender = ? OR (e.sender = ? AND EXISTS (SELECT 1 "
            "FROM party_recipients AS r WHERE r.position = e.position AND r.party = ?))) LIMIT 1",
            (wanted, self._caller, self._record.party, self._caller),
        )
        if not rows:
            return None
        try:
            return await asyncio.to_thread(self._record.blobs.read, wanted.hex())
        except BlobUnusable:
            return None

    async def _is_for_caller(self, channel: str) -> bool:
        rows = await self._record.query(
            "SELECT 1 FROM party_entries AS e JOIN party_recipients AS r "
            "ON r.position = e.position WHERE e.sender = ? AND e.channel = ? AND r.party = ? "
            "LIMIT 1",
            (self._record.party, channel, self._caller),
        )
        return bool(rows)

    async def _sealed(self, positions: list[int]) -> tuple[bytes, ...]:
        sealed = []
        for position in positions:
            envelope = (await self._record.entry(position)).envelope
            if envelope is not None:
                sealed.append(envelope.to_json())
        return tuple(sealed)
