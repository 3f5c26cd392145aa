"""The rows that stand beside a party's log: how they are written, and how entries are read back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, cast
from uuid import UUID

from detente.errors import DetenteError

from .backend import schema
from .channels import channel_in_use, plain_channel
from .dsse import Envelope, Signature
from .entries import Entry
from .envelope import read_payload
from .ijson import format_time
from .leaf import read_leaf
from .log import LogDamaged, SqlLog
from .payload import Payload, payload_type_of
from .recent import RecentEntries
from .statements import SqlRow, SqlValue, Statement, TableSet

PARTY_TABLES: Final = TableSet.from_sql(
    "party",
    schema("party_tables.sql"),
    schema("party_projections.sql"),
    schema("party_channels.sql"),
)

ERASABLE: Final = ("party_entries", "party_recipients", "party_blobs")
LOST: Final = "lost"
"""Stands for the kind of an entry of which nobody has more than the leaf."""
_ROWS_AT_ONCE: Final = 500

_ENTRY: Final = (
    "SELECT e.position, e.body, p.kind, p.author, p.payload, p.erased_by "
    "FROM entries AS e JOIN party_entries AS p ON p.position = e.position "
)


@dataclass(frozen=True, slots=True)
class Planned:
    """An entry that is about to be written.

    Attributes:
        entry: as it will be read.
        chain: `chain_hash` of its envelope.
        subject: index of the entry that it answers, for receipts and acknowledgements.
    """

    entry: Entry
    chain: bytes
    subject: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of an entry without reading it whole.

    Attributes:
        index: its position.
        sender: id of the party that states it.
        chain: `chain_hash` of its envelope.
        leaf: its leaf.
        kind: of its body.
    """

    index: int
    sender: str
    chain: bytes
    leaf: bytes
    kind: str


def rows_of(planned: Sequence[Planned]) -> list[Statement]:
    """What is written with the entries, in the same transaction."""
    entries: list[SqlRow] = []
    recipients: list[SqlRow] = []
    blobs: list[SqlRow] = []
    answers: list[SqlRow] = []
    channels: list[SqlRow] = []
    for each in planned:
        entry = each.entry
        payload, envelope = entry.payload, entry.envelope
        if payload is None or envelope is None:
            raise ValueError("a new entry has its envelope")
        entries.append(
            (
                entry.index,
                payload.id.bytes,
                payload.kind,
                payload.sender,
                payload.channel,
                payload.seq,
                each.chain,
                payload.author,
                format_time(payload.created),
                payload.status,
                envelope.payload,
            )
        )
        if payload.seq == 1:
            channels.append((payload.sender, payload.channel, entry.index))
        recipients += [(party, entry.index) for party in payload.to]
        blobs += [(sha256, entry.index) for sha256 in {blob.sha256 for blob in payload.blobs}]
        if each.subject is not None:
            answers.append((entry.index, each.subject, payload.sender, payload.kind))
    statements = (
        Statement(
            "INSERT INTO party_entries (position, id, kind, sender, channel, seq, chain, author, "
            "created, status, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            entries,
        ),
        Statement("INSERT INTO party_recipients (party, position) VALUES (?, ?)", recipients),
        Statement("INSERT INTO party_blobs (sha256, position) VALUES (?, ?)", blobs),
        Statement(
            "INSERT INTO party_answers (position, subject, party, kind) VALUES (?, ?, ?, ?)",
            answers,
        ),
        Statement(
            "INSERT INTO party_channels (sender, channel, position) VALUES (?, ?, ?)", channels
        ),
    )
    return [statement for statement in statements if statement.rows]


def lost_rows(positions: Sequence[int], before: int) -> list[Statement]:
    """What stands beside leaves that nobody has the envelopes of.

    Args:
        positions: of the leaves.
        before: how many such rows there are already: they are numbered like a channel.
    """
    rows = [
        (
            position,
            hashlib.sha256(f"{LOST} {position}".encode()).digest()[:16],
            LOST,
            number,
            bytes(32),
        )
        for number, position in enumerate(positions, start=before + 1)
    ]
    if not rows:
        return []
    return [
        Statement(
            "INSERT INTO party_entries (position, id, kind, sender, channel, seq, chain) "
            "VALUES (?, ?, ?, '', '', ?, ?)",
            rows,
        )
    ]


def erase_rows(index: int, erased_by: int, doomed: Iterable[bytes]) -> list[Statement]:
    """What makes an entry an erased one; `doomed` are hashes of blobs that nothing else needs."""
    return [
        Statement(
            "UPDATE party_entries SET author = NULL, created = NULL, status = NULL, "
            "payload = NULL, erased_by = ? WHERE position = ?",
            [(erased_by, index)],
        ),
        Statement("DELETE FROM party_recipients WHERE position = ?", [(index,)]),
        Statement("DELETE FROM party_blobs WHERE position = ?", [(index,)]),
        Statement(
            "INSERT INTO party_doomed (sha256) VALUES (?) ON CONFLICT (sha256) DO NOTHING",
            [("",), *((sha256.hex(),) for sha256 in doomed)],
        ),
    ]


class PartyRows:
    """Questions to the rows beside a party's log."""

    def __init__(self, log: SqlLog) -> None:
        self._log = log
        self.suffix = ""
        """See `channels`."""
        self.recent = RecentEntries()

    def own_channel(self, name: str) -> str:
        """The channel of the party itself that stands for a name."""
        return channel_in_use(name, self.suffix)

    async def entries(self, since: int, limit: int) -> list[Entry]:
        """Entries from position `since`."""
        rows = await self._log.query(
            _ENTRY + "WHERE e.position >= ? AND e.position < ? ORDER BY e.position",
            (since, since + limit),
        )
        return [entry_of(row) for row in rows]

    async def at(self, positions: Sequence[int]) -> dict[int, Entry]:
        """The entries at these positions, as far as they exist."""
        found: dict[int, Entry] = {}
        for some in _pages(positions):
            rows = await self._log.query(
                f"{_ENTRY} WHERE e.position IN ({_marks(some)})", tuple(some)
            )
            found.update((entry.index, entry) for entry in map(entry_of, rows))
        return found

    async def _recent_at(self, positions: Sequence[int]) -> dict[int, Entry]:
        """As `at`; from memory, if all of them were written just now."""
        found = {position: self.recent.get(position) for position in positions}
        here = {position: entry for position, entry in found.items() if entry is not None}
        return here if len(here) == len(found) else await self.at(positions)

    async def places(self, identities: Iterable[UUID]) -> dict[UUID, Place]:
        """Where the entries of these ids are."""
        found: dict[UUID, Place] = {}
        for some in _pages([identity.bytes for identity in identities]):
            rows = await self._log.query(
                "SELECT p.id, p.position, p.sender, p.chain, e.body, p.kind "  # noqa: S608
                "FROM party_entries AS p JOIN entries AS e ON e.position = p.position "
                f"WHERE p.id IN ({_marks(some)})",
                tuple(some),
            )
            for row in cast(list[tuple[bytes, int, str, bytes, bytes, str]], rows):
                found[UUID(bytes=row[0])] = Place(row[1], row[2], row[3], row[4], row[5])
        return found

    async def chain_end(self, sender: str, channel: str) -> tuple[int, bytes | None]:
        """Number and chain hash of the newest envelope of a sender in a channel; (0, None) if
        there is none."""
        rows = await self._log.query(
            "SELECT seq, chain FROM party_entries WHERE sender = ? AND channel = ? "
            "ORDER BY seq DESC LIMIT 1",
            (sender, channel),
        )
        return cast(tuple[int, bytes], rows[0]) if rows else (0, None)

    async def receipts_end(self, sender: str, to: str) -> int:
        """How many receipts a party has made for another one; see `receipts_of`."""
        return sum([number for _, number in await self._receipt_channels(sender, to)])

    async def receipts_of(
        self, sender: str, to: str, after: int, limit: int
    ) -> list[tuple[int, Entry]]:
        """Receipts of a party for another one above number `after`, each with its number.

        They are numbered across the channels that follow one another when the sender's record is
        restored from a copy. Erased ones count, and are left out.
        """
        found: list[tuple[int, Entry]] = []
        before = 0
        for channel, count in await self._receipt_channels(sender, to):
            if after < before + count and len(found) < limit:
                rows = await self._log.query(
                    "SELECT position, seq FROM party_entries "
                    "WHERE sender = ? AND channel = ? AND seq > ? ORDER BY seq LIMIT ?",
                    (sender, channel, max(0, after - before), limit - len(found)),
                )
                places = cast(list[tuple[int, int]], rows)
                entries = await self._recent_at([position for position, _ in places])
                found += [
                    (before + seq, entries[position])
                    for position, seq in places
                    if entries[position].payload is not None
                ]
            before += count
        return found

    async def _receipt_channels(self, sender: str, to: str) -> list[tuple[str, int]]:
        """The channels with receipts of a party for another one, in order, and their ends."""
        first = receipt_channel(to)
        rows = await self._log.query(
            "SELECT c.channel, (SELECT MAX(e.seq) FROM party_entries AS e "
            "WHERE e.sender = c.sender AND e.channel = c.channel) FROM party_channels AS c "
            "WHERE c.sender = ? AND (c.channel = ? OR c.channel LIKE ?) ORDER BY c.position",
            (sender, first, f"{first}/%"),
        )
        ends = cast(list[tuple[str, int | None]], rows)
        return [(name, end or 0) for name, end in ends if plain_channel(name) == first]

    async def of_kinds(self, kinds: Sequence[str]) -> list[int]:
        """Positions of the entries of these kinds, in order."""
        rows = await self._log.query(
            "SELECT position FROM party_entries "  # noqa: S608
            f"WHERE kind IN ({_marks(kinds)}) ORDER BY position",
            tuple(kinds),
        )
        return [cast(int, row[0]) for row in rows]

    async def answers(self, subject: int) -> list[int]:
        """Positions of the receipts and acknowledgements of an entry, in order."""
        rows = await self._log.query(
            "SELECT position FROM party_answers WHERE subject = ? ORDER BY position", (subject,)
        )
        return [cast(int, row[0]) for row in rows]

    async def receipts_by(self, party: str, subjects: Sequence[int]) -> dict[int, int]:
        """Position of the first receipt of a party for each of these entries."""
        found: dict[int, int] = {}
        for some in _pages(subjects):
            rows = await self._log.query(
                "SELECT subject, position FROM party_answers "  # noqa: S608
                "WHERE kind = 'receipt' AND party = ? "
                f"AND subject IN ({_marks(some)}) ORDER BY position DESC",
                (party, *some),
            )
            found.update(cast(list[tuple[int, int]], rows))
        return found

    async def unanswered(
        self, sender: str, party: str, after: int, limit: int, *, named_only: bool = False
    ) -> list[int]:
        """Positions of what a sender has said to a party, or to all, without a receipt of it."""
        to_all = (
            ""
            if named_only
            else "OR NOT EXISTS (SELECT 1 FROM party_recipients AS n WHERE n.position = e.position)"
        )
        rows = await self._log.query(
            "SELECT e.position FROM party_entries AS e WHERE e.sender = ? AND e.position > ? "  # noqa: S608
            "AND e.kind <> 'receipt' AND e.payload IS NOT NULL "
            "AND (EXISTS (SELECT 1 FROM party_recipients AS r "
            f"WHERE r.position = e.position AND r.party = ?) {to_all}) "
            "AND NOT EXISTS (SELECT 1 FROM party_answers AS a WHERE a.subject = e.position "
            "AND a.party = ? AND a.kind = 'receipt') ORDER BY e.position LIMIT ?",
            (sender, after, party, party, limit),
        )
        return [cast(int, row[0]) for row in rows]

    async def blobs_needed_only_by(self, index: int) -> list[bytes]:
        """Hashes of the blobs that an entry names and no other one does."""
        rows = await self._log.query(
            "SELECT b.sha256 FROM party_blobs AS b WHERE b.position = ? AND NOT EXISTS ("
            "SELECT 1 FROM party_blobs AS o "
            "WHERE o.sha256 = b.sha256 AND o.position <> b.position)",
            (index,),
        )
        return [cast(bytes, row[0]) for row in rows]

    async def doomed(self) -> list[str]:
        """What is left to be deleted outside; an empty text stands for the old pages."""
        rows = await self._log.query("SELECT d.sha256 FROM party_doomed AS d ORDER BY d.sha256")
        return [cast(str, row[0]) for row in rows]

    async def needed(self, sha256: str) -> bool:
        """Whether any entry names a blob."""
        rows = await self._log.query(
            "SELECT 1 FROM party_blobs WHERE sha256 = ? LIMIT 1", (bytes.fromhex(sha256),)
        )
        return bool(rows)

    async def about(self) -> dict[str, str]:
        """Whose record it is."""
        rows = await self._log.query("SELECT name, value FROM party_about")
        return dict(cast(list[tuple[str, str]], rows))


def receipt_channel(sender: str) -> str:
    """The channel of our receipts for what a party sends."""
    return f"receipts/{sender}"[:100]


def entry_of(row: SqlRow) -> Entry:
    """An entry from its row of the log and its row beside it.

    Raises:
        LogDamaged: the row does not go with the leaf, or cannot be read.
    """
    index, body, kind, author, payload, erased_by = cast(
        tuple[int, bytes, str, str | None, bytes | None, int | None], row
    )
    if payload is None or author is None:
        return Entry(index, body, None, None, erased_by)
    try:
        leaf = read_leaf(body)
        envelope = Envelope(payload, payload_type_of(kind), (Signature(author, leaf.signature),))
        said: Payload = read_payload(envelope)
    except (ValueError, DetenteError) as error:
        raise LogDamaged(f"It cannot be read: {error}", where=f"entry {index}") from error
    if said.sha256 != leaf.payload_sha256:
        raise LogDamaged(
            "Its payload is not the one that its leaf has the hash of.",
            where=f"entry {index}",
            advice="Ask the other party for its copy, or restore a back-up.",
        )
    return Entry(index, body, envelope, said, erased_by)


def _marks(values: Sequence[SqlValue]) -> str:
    return ", ".join("?" * len(values))


def _pages(values: Sequence[SqlValue]) -> Iterable[list[SqlValue]]:
    return (list(values[at : at + _ROWS_AT_ONCE]) for at in range(0, len(values), _ROWS_AT_ONCE))
