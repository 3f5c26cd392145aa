"""A node's rooms: what its officers do in them, and what the node itself owes the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from detente.http import Caller
from detente.line import (
    NoSuchRoom,
    Room,
    RoomPlace,
    RoomRefused,
    RoomStatement,
    load_room,
    load_rooms,
    message_draft,
    message_fault,
    open_room,
    room_positions,
    room_statements,
)
from detente.line.forms import Status, Urgency
from detente.line.room_tables import RoomFault, room_faults, rooms_changed
from detente.record import (
    AppendUnknown,
    Clock,
    Entry,
    JsonValue,
    LogUnavailable,
    PartyRecord,
    Payload,
    Random,
    Signer,
)
from detente.words import Words

from .message_bodies import FileBody
from .message_desk import NoSuchMessage, kept_files

ALL_ROOMS: Final = frozenset({"room.all.read", "room.manage"})
"""Either lets an officer read rooms that he is not a member of."""

_AGAIN_S: Final = 1.0
_log = logging.getLogger("detente.node.rooms")


class RoomContext(Protocol):
    """The running node, as far as rooms and conferences need it: `NodeContext` has more."""

    @property
    def party(self) -> str:
        """Whose node it is."""
        ...

    @property
    def record(self) -> PartyRecord:
        """Its record, opened with the projections of rooms and conferences."""
        ...

    @property
    def clock(self) -> Clock:
        """The time, in UTC."""
        ...

    @property
    def random(self) -> Random:
        """Random bytes, fit for keys."""
        ...

    def officer_signer(self, holder: str) -> Signer:
        """An officer's private key; raises KeyFileUnusable."""
        ...


@dataclass(frozen=True, slots=True)
class Happened:
    """One entry about a room or in it.

    Attributes:
        entry: of the record.
        officer: whose key signed it; None if it was the key of a node.
        fault: what is wrong with it; None if nothing is.
    """

    entry: Entry
    officer: str | None
    fault: Words | None


class RoomDesk:
    """Rooms of one node. What it states is numbered, so one at a time states something."""

    def __init__(self, context: RoomContext) -> None:
        self.context = context
        # From looking at a room to recording what follows: no number may be given twice.
        self._stating = asyncio.Lock()
        self._looked_to = -1

    async def rooms(self, caller: Caller) -> list[Room]:
        """Every room that the caller may read, the newest first."""
        return [
            room for room in await load_rooms(self.context.record) if self._may_read(room, caller)
        ]

    async def room(self, identity: str, caller: Caller) -> Room:
        """One of them.

        Raises:
            NoSuchRoom: there is none, or it is not for the caller.
        """
        room = await load_room(self.context.record, identity)
        if not self._may_read(room, caller):
            raise NoSuchRoom("There is no such room.", where=identity[:100])
        return room

    async def may_hear(self, identity: str, holder: str, scopes: frozenset[str]) -> bool:
        """Whether an officer of ours may know what is said in a room.

        A room that we never were in hides nothing: naming one would keep an entry from the watch.
        """
        if not ALL_ROOMS.isdisjoint(scopes):
            return True
        try:
            room = await load_room(self.context.record, identity)
        except NoSuchRoom:
            return True
        return room.mine.statement is None or room.is_member(self.context.party, holder)

    async def faults(self) -> list[RoomFault]:
        """Entries of others that would be statements about rooms, but are of another form."""
        return await room_faults(self.context.record)

    async def timeline(
        self, identity: str, caller: Caller, *, after: int, limit: int
    ) -> tuple[list[Happened], int | None]:
        """What was stated about a room and said in it, and where to go on; in our record's order.

        Raises:
            NoSuchRoom: as `room`.
        """
        record = self.context.record
        room = await self.room(identity, caller)
        statements = await room_statements(record, identity)
        positions = await room_positions(record, identity, after=after, limit=limit)
        found = []
        for position in positions:
            entry = await record.entry(position)
            if entry.payload is None:
                continue
            said = entry.payload
            author = record.keyring.author(said.sender, said.author, position)
            officer = author.holder if author and author.purpose == "officer" else None
            fault = (
                message_fault(room, statements, said, officer) if said.kind == "message" else None
            )
            found.append(Happened(entry, officer, fault))
        return found, positions[-1] if len(positions) == limit else None

    # --- stating -----------------------------------------------------------------------------

    async def open(
        self,
        caller: Caller,
        *,
        parties: Sequence[str],
        officers: Sequence[str],
        title: Mapping[str, str],
        purpose: Mapping[str, str],
        status: str,
    ) -> Room:
        """Open a room.

        Raises:
            RoomRefused: a party or officer is not one of the agreement, or nobody is invited.
            KeyFileUnusable: the caller's key is not with the node.
        """
        self._check_parties(parties)
        self._check_officers(officers)
        statement = open_room(
            self.context.party,
            invite=parties,
            officers=officers,
            title=title,
            purpose=purpose,
            status=status,
            random=self.context.random(6),
        )
        await self._state(statement, caller.sub)
        return await load_room(self.context.record, statement.room)

    async def invite(self, identity: str, caller: Caller, parties: Sequence[str]) -> Room:
        """Invite more parties; only who opened the room can.

        Raises:
            RoomRefused, NoSuchRoom, KeyFileUnusable: as `open`.
        """
        self._check_parties(parties)
        return await self._change(identity, caller, lambda room: room.invite(parties))

    async def set_members(self, identity: str, caller: Caller, officers: Sequence[str]) -> Room:
        """Say who our members are; the first time, we join.

        Raises:
            RoomRefused, NoSuchRoom, KeyFileUnusable: as `open`.
        """
        self._check_officers(officers)
        return await self._change(identity, caller, lambda room: room.set_members(officers))

    async def leave(self, identity: str, caller: Caller) -> Room:
        """Leave a room, or decline to join.

        Raises:
            RoomRefused, NoSuchRoom, KeyFileUnusable: as `open`.
        """
        return await self._change(identity, caller, Room.leave)

    async def close(self, identity: str, caller: Caller) -> Room:
        """Close a room that we opened.

        Raises:
            RoomRefused, NoSuchRoom, KeyFileUnusable: as `open`.
        """
        return await self._change(identity, caller, Room.close)

    async def say(
        self,
        identity: str,
        caller: Caller,
        *,
        form: str,
        fields: Mapping[str, JsonValue],
        language: str,
        urgency: Urgency | None = None,
        answers: str | None = None,
        corrects: str | None = None,
        files: Sequence[FileBody] = (),
    ) -> Entry:
        """Say something to all who are in a room now.

        Args:
            answers, corrects: ids of other messages of this room.
            files: uploaded already.

        Raises:
            RoomRefused: the caller is not a member, or nobody would hear it.
            NoSuchRoom, KeyFileUnusable: as `open`.
            FieldsUnusable, StatusMixed, MessageRefused: see `message_draft`.
            NoSuchMessage: what it answers or corrects was not said in this room.
            FileUnusable: a file is not here.
        """
        async with self._stating:
            room = await self.room(identity, caller)
            room.check_speaking(caller.sub)
            answered = await self._said(room, answers)
            corrected = await self._said(room, corrects)
            blobs = await kept_files(self.context.record, files)
            draft = message_draft(
                form,
                fields,
                sender=self.context.party,
                to=room.others,
                language=language,
                urgency=urgency,
                status=status_of(room),
                room=RoomPlace(room.id, room.epoch),
                answers=answered,
                corrects=corrected,
                blobs=blobs,
            )
            (entry,) = await self.context.record.append(
                [(draft, self.context.officer_signer(caller.sub))]
            )
        return entry

    # --- the node's own duty -------------------------------------------------------------------

    async def do_duties(self) -> list[Entry]:
        """State our members again, in every room, to parties that were invited meanwhile."""
        done: list[Entry] = []
        record = self.context.record
        async with self._stating:
            newest, changed = await rooms_changed(record, self._looked_to)
            for identity in changed:
                try:
                    statement = (await load_room(record, identity)).duty()
                except NoSuchRoom:
                    continue
                if statement is not None:
                    done += await record.append([(statement.draft(), None)])
            self._looked_to = newest
        return done

    async def keep(self) -> None:
        """Do so whenever the record has grown, until cancelled."""
        record = self.context.record
        while True:
            size = record.head.size
            try:
                await self.do_duties()
            except (LogUnavailable, AppendUnknown) as error:
                _log.warning("rooms wait for the record: %s", error)
                await asyncio.sleep(_AGAIN_S)
                continue
            # Our own statements have made it grow, too; looking once more finds nothing to do.
            await record.wait_beyond(size)

    async def _said(self, room: Room, identity: str | None) -> Payload | None:
        """A message of a room by its id."""
        if identity is None:
            return None
        entry = await self.context.record.by_id(identity)
        said = None if entry is None else entry.payload
        if (
            said is None
            or said.kind != "message"
            or said.body.get("room") != room.id
            or not said.channel.startswith(f"room/{room.id}/")
        ):
            raise NoSuchMessage("There is no such message in this room.", where=identity)
        return said

    async def _change(
        self, identity: str, caller: Caller, make: Callable[[Room], RoomStatement]
    ) -> Room:
        async with self._stating:
            await self._append(make(await self.room(identity, caller)), caller.sub)
        return await load_room(self.context.record, identity)

    async def _state(self, statement: RoomStatement, holder: str) -> None:
        async with self._stating:
            await self._append(statement, holder)

    async def _append(self, statement: RoomStatement, holder: str) -> None:
        signer = self.context.officer_signer(holder)
        await self.context.record.append([(statement.draft(), signer)])

    def _may_read(self, room: Room, caller: Caller) -> bool:
        return not ALL_ROOMS.isdisjoint(caller.scopes) or room.is_member(
            self.context.party, caller.sub
        )

    def _check_parties(self, parties: Sequence[str]) -> None:
        known = {member.id for member in self.context.record.terms.members}
        for party in parties:
            if party not in known:
                raise RoomRefused("The agreement has no such party.", where=party[:40])

    def _check_officers(self, officers: Sequence[str]) -> None:
        record = self.context.record
        authors = record.keyring.authors(self.context.party, record.head.size)
        known = {author.holder for author in authors if author.purpose == "officer"}
        for officer in officers:
            if officer not in known:
                raise RoomRefused(
                    "No officer of ours with a key in force has this id.", where=officer[:80]
                )


def status_of(room: Room) -> Status:
    """The status of everything in a room."""
    status: Status
    for status in ("actual", "exercise", "test"):
        if status == room.status:
            return status
    raise ValueError(room.status)
