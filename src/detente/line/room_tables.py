"""The tables of rooms, and the questions that are asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Final, Protocol

from detente.record import (
    Entry,
    SqlRow,
    SqlValue,
    Statement,
    TableSet,
    canonical_json,
    format_time,
    parse_object,
    read_leaf,
)

from .room_folding import room_of
from .room_statements import ROOM_KINDS, RoomStatement, read_statement, statement_in
from .room_texts import StatementMalformed, place_id
from .rooms import Erased, NoSuchRoom, Room

TIMELINE_MAX: Final = 500


class Queried(Protocol):
    """Tables beside a record: `PartyRecord` has them."""

    @property
    def party(self) -> str:
        """Whose record it is."""
        ...

    async def query(self, sql: str, values: Sequence[SqlValue] = ()) -> list[SqlRow]:
        """Rows of an answer."""
        ...


class RoomProjection:
    """Statements about rooms and what was said in them, as rows."""

    tables: Final = TableSet.from_sql(
        "rooms", files("detente.line").joinpath("sql/rooms.sql").read_text("utf-8")
    )

    def apply(self, entry: Entry, party: str) -> Sequence[Statement]:
        """The row of an entry about a room; of others none."""
        said = entry.payload
        if said is None:
            return []
        if said.kind == "message" and "room" in said.body:
            try:
                room = place_id(said.body["room"], "room")
            except StatementMalformed as error:
                return [_fault(entry, error)]
            return [
                Statement(
                    "INSERT INTO rooms_messages (position, room, sender, author, created, status) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    [
                        (
                            entry.index,
                            room,
                            said.sender,
                            said.author,
                            format_time(said.created),
                            said.status,
                        )
                    ],
                )
            ]
        if said.kind not in ROOM_KINDS:
            return []
        try:
            found = statement_in(said)
        except StatementMalformed as error:
            return [_fault(entry, error)]
        return [
            Statement(
                "INSERT INTO rooms_statements (position, room, party, kind, number, sha256, "
                "author, created, status, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        entry.index,
                        found.room,
                        said.sender,
                        said.kind,
                        found.number,
                        said.sha256.hex(),
                        said.author,
                        format_time(said.created),
                        said.status,
                        canonical_json(said.body).decode(),
                    )
                ],
            )
        ]

    def forget(self, entry: Entry) -> Sequence[Statement]:
        """Nothing is left of it."""
        return [
            Statement(f"DELETE FROM {table} WHERE position = ?", [(entry.index,)])  # noqa: S608
            for table in ("rooms_statements", "rooms_messages", "rooms_faults")
        ]


ROOM_PROJECTION: Final = RoomProjection()
"""The one to open a record with."""


@dataclass(frozen=True, slots=True)
class RoomFault:
    """A statement about a room that is none.

    Attributes:
        position: of its entry.
        sender: whose it is.
        kind: of the entry.
        what: is wrong, in English.
    """

    position: int
    sender: str
    kind: str
    what: str


async def room_statements(record: Queried, room: str) -> list[RoomStatement]:
    """All statements about a room in a record, in the order in which they came."""
    rows = await record.query(
        f"SELECT {_COLUMNS} FROM rooms_statements WHERE room = ? ORDER BY position",  # noqa: S608
        (room,),
    )
    return [_statement(row) for row in rows]


async def load_room(record: Queried, room: str) -> Room:
    """A room as a party's record knows it.

    Raises:
        NoSuchRoom: the record knows none of that id that its party was invited to.
    """
    found = room_of(
        record.party, await room_statements(record, room), (await _erased(record, room))
    )
    if found is None:
        raise NoSuchRoom("There is no such room.", where=room[:100])
    return found


async def load_rooms(record: Queried) -> list[Room]:
    """Every room that a record knows, the newest first."""
    rows = await record.query(
        f"SELECT {_COLUMNS} FROM rooms_statements ORDER BY position"  # noqa: S608
    )
    by_room: dict[str, list[RoomStatement]] = {}
    for row in rows:
        each = _statement(row)
        by_room.setdefault(each.room, []).append(each)
    erased = await _erased_by_room(record)
    rooms = [
        room_of(record.party, said, erased.get(identity)) for identity, said in by_room.items()
    ]
    return sorted(
        (room for room in rooms if room is not None),
        key=lambda room: (room.opened, room.id),
        reverse=True,
    )


async def rooms_changed(record: Queried, after: int) -> tuple[int, list[str]]:
    """Rooms about which something was stated after a position, and the position of the newest."""
    rows = await record.query(
        "SELECT room, MAX(position) FROM rooms_statements WHERE position > ? "
        "GROUP BY room ORDER BY room",
        (after,),
    )
    newest = max((int(str(position)) for _, position in rows), default=after)
    return newest, [str(room) for room, _ in rows]


async def room_positions(
    record: Queried, room: str, *, after: int = -1, limit: int = 100
) -> list[int]:
    """Positions of all entries about a room and in it, after one of them, in order."""
    rows = await record.query(
        "SELECT position FROM rooms_statements WHERE room = ? AND position > ? "
        "UNION SELECT position FROM rooms_messages WHERE room = ? AND position > ? "
        "ORDER BY 1 LIMIT ?",
        (room, after, room, after, max(1, min(limit, TIMELINE_MAX))),
    )
    return [int(str(row[0])) for row in rows]


async def room_faults(record: Queried) -> list[RoomFault]:
    """Entries that would be statements about rooms, but are of another form."""
    rows = await record.query(
        "SELECT position, sender, kind, what FROM rooms_faults ORDER BY position"
    )
    return [
        RoomFault(int(str(p)), str(sender), str(kind), str(what)) for p, sender, kind, what in rows
    ]


_COLUMNS: Final = "party, kind, body, status, sha256, author, created, position"


def _statement(row: SqlRow) -> RoomStatement:
    party, kind, body, status, sha256, author, created, position = row
    said = read_statement(str(kind), str(party), parse_object(str(body).encode()), str(status))
    return replace(
        said,
        sha256=str(sha256),
        author=str(author),
        created=str(created),
        position=int(str(position)),
    )


async def _erased(record: Queried, room: str) -> dict[str, Erased]:
    return (await _erased_by_room(record)).get(room, {})


async def _erased_by_room(record: Queried) -> dict[str, dict[str, Erased]]:
    """Of each room and party, what was erased: the channel tells which room, the leaf the hash."""
    rows = await record.query(
        "SELECT p.channel, p.sender, p.position, e.body FROM party_entries AS p "
        "JOIN entries AS e ON e.position = p.position "
        "WHERE p.erased_by IS NOT NULL AND p.channel LIKE 'room/%/members/%' ORDER BY p.position"
    )
    found: dict[str, dict[str, Erased]] = {}
    for channel, sender, position, leaf in rows:
        of_room = found.setdefault(str(channel).split("/")[1], {})
        before = of_room.get(str(sender))
        if isinstance(leaf, bytes):
            of_room[str(sender)] = Erased(
                1 if before is None else before.count + 1,
                int(str(position)),
                read_leaf(leaf).payload_sha256.hex(),
            )
    return found


def _fault(entry: Entry, error: StatementMalformed) -> Statement:
    said = entry.payload
    return Statement(
        "INSERT INTO rooms_faults (position, sender, kind, what) VALUES (?, ?, ?, ?)",
        [(entry.index, said.sender if said else "", said.kind if said else "", str(error))],
    )
