"""A node's conferences: what its officers state in them, signed by their own keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from detente.http import Caller
from detente.line import (
    AgendaItem,
    ChannelEnd,
    Conference,
    ConferenceRefused,
    FoundProposal,
    channel_ends,
    convene,
    find_proposals,
    load_conference,
    load_conferences,
    officer_by,
)
from detente.line.conference_contents import Content, MinutesSignature, Text, Title
from detente.line.convening import first_draft
from detente.line.minutes import HolderOf, MinutesText
from detente.record import Draft, Entry, JsonValue

from .room_desk import RoomContext, RoomDesk

MINUTES_ACTION = "minutes"
"""Kind of action under which a second person approves a signature under minutes."""


class Approvals(Protocol):
    """Four eyes, as `node.approvals` has them."""

    async def consume(
        self, caller: Caller, identity: str | None, kind: str, action: Mapping[str, JsonValue]
    ) -> object:
        """Use an approval up for exactly this action; raises if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Receipt:
    """What proves that a party had an entry.

    Attributes:
        party: whose receipt.
        index: where the entry stands in that party's log.
        received: when, by its clock (RFC 3339).
        position: of the receipt in our record.
    """

    party: str
    index: int
    received: str
    position: int


class ConferenceDesk:
    """Conferences of one node.

    Args:
        context: the node.
        rooms: its rooms: a conference is held in one.
        approvals: asked before minutes are signed.
    """

    def __init__(self, context: RoomContext, rooms: RoomDesk, approvals: Approvals) -> None:
        self.context = context
        self._rooms = rooms
        self._approvals = approvals
        # From looking at a conference to recording what follows: no number may be given twice.
        self._stating = asyncio.Lock()

    @property
    def holder_of(self) -> HolderOf:
        """Who signed a statement, by the keys of the agreement."""
        return officer_by(self.context.record.keyring)

    async def conferences(self) -> list[Conference]:
        """Every conference, the one that begins last first."""
        return await load_conferences(self.context.record, self.holder_of)

    async def conference(self, identity: str) -> Conference:
        """One of them.

        Raises:
            NoSuchConference: there is none of that id.
        """
        return await load_conference(self.context.record, identity, self.holder_of)

    async def proposals(
        self,
        *,
        text: str = "",
        party: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> tuple[list[FoundProposal], list[ChannelEnd]]:
        """Proposals of all conferences, and how much of what each party stated is here."""
        record = self.context.record
        found = await find_proposals(
            record, self.holder_of, text=text, party=party, since=since, until=until
        )
        return found, await channel_ends(record)

    async def receipts(self, position: int) -> list[Receipt]:
        """Receipts for one of our own entries."""
        found = []
        for each in await self.context.record.answers(position):
            said = each.payload
            if said is None or said.kind != "receipt":
                continue
            index = said.body["index"]
            if isinstance(index, int):
                received = str(said.body["received"])
                found.append(Receipt(said.sender, index, received, each.index))
        return found

    # --- stating -----------------------------------------------------------------------------

    async def convene(
        self,
        caller: Caller,
        *,
        title: Title,
        begins: str,
        ends: str | None,
        purpose: Text | None,
        dial_in: str | None,
        agenda: Sequence[AgendaItem],
        parties: Sequence[str],
        officers: Sequence[str],
        room: str | None,
        status: str,
    ) -> Conference:
        """Convene a conference, in a room of ours or one that is opened for it.

        Args:
            caller: signs it, with the key of an officer.
            title: language tag to title.
            begins: RFC 3339.
            ends: likewise.
            purpose: language tag to a text.
            dial_in: a number to call.
            agenda: the items.
            parties: to invite, if a room is opened for it.
            officers: our members in that room.
            room: held there instead; all who are in it or invited to it are invited.
            status: if a room is opened for it.

        Raises:
            ConferenceRefused: it is given neither or both a room and parties.
            RoomRefused, NoSuchRoom, KeyFileUnusable: as `RoomDesk.open`.
        """
        if (room is None) != bool(parties):
            raise ConferenceRefused("Name a room that there is, or parties to invite.")
        if room is None:
            opened = await self._rooms.open(
                caller,
                parties=parties,
                officers=officers or [caller.sub],
                title=title,
                purpose={},
                status=status,
            )
            room = opened.id
        else:
            opened = await self._rooms.room(room, caller)
            if not opened.is_open or not opened.is_in:
                raise ConferenceRefused("We are not in that room, or it is closed.", where=room)
        convocation = convene(
            self.context.party,
            room=opened.id,
            parties=opened.audience,
            title=title,
            begins=begins,
            ends=ends,
            purpose=purpose,
            dial_in=dial_in,
            agenda=agenda,
            random=self.context.random(6),
        )
        draft = first_draft(self.context.party, convocation, opened.status)
        await self.context.record.append([(draft, self.context.officer_signer(caller.sub))])
        return await self.conference(convocation.conference)

    async def state(
        self, identity: str, caller: Caller, make: Callable[[Conference], Content]
    ) -> Entry:
        """State something, signed by the caller's key.

        Args:
            identity: of the conference.
            caller: an officer.
            make: gives the statement, from the conference as it is.

        Raises:
            NoSuchConference, ConferenceRefused: as `make`.
            StatementMalformed: it is not what such an entry may say.
            KeyFileUnusable: the caller's key is not with the node.
        """
        async with self._stating:
            conference = await self.conference(identity)
            return await self._append(conference.draft(make(conference)), caller)

    async def sign_minutes(
        self, identity: str, caller: Caller, sha256: str, approval: str | None
    ) -> MinutesText:
        """Sign minutes for our party: by an officer's key, after a second person has approved.

        Args:
            identity: of the conference.
            caller: whose key signs.
            sha256: of the document, all 64 digits.
            approval: id of the request that a second person has approved.

        Raises:
            NoSuchConference, ConferenceRefused, KeyFileUnusable: as `state`.
            ApprovalMissing and others of four eyes.
        """
        async with self._stating:
            conference = await self.conference(identity)
            content, reference = conference.sign(sha256)
            # A key that is not there must not use the approval up.
            self.context.officer_signer(caller.sub)
            await self._approvals.consume(caller, approval, MINUTES_ACTION, minutes_action(content))
            await self._append(conference.draft(content, reference), caller)
        return (await self.conference(identity)).minutes_of(content.document)

    async def _append(self, draft: Draft, caller: Caller) -> Entry:
        signer = self.context.officer_signer(caller.sub)
        (entry,) = await self.context.record.append([(draft, signer)])
        return entry


def minutes_action(content: MinutesSignature) -> dict[str, JsonValue]:
    """What a second person approves: this signature under this very document."""
    return {"do": "sign", "conference": content.conference, "document": content.document}
