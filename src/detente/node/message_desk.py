"""What officers do with messages, as entries of the record."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Final, Protocol
from uuid import UUID

from detente import line
from detente.agreement import Agreement
from detente.errors import DetenteError
from detente.http import Overloaded
from detente.line import CallFact, LineRules, MessageView, RecipientView
from detente.record import Blob, Clock, Draft, PartyRecord, Payload, Random, Signer

from .message_bodies import FileBody, SendBody

CALLS_SINCE: Final = timedelta(days=7)
GEOJSON: Final = "application/geo+json"
_GEOJSON_TYPES: Final = frozenset(
    {
        "Feature",
        "FeatureCollection",
        "GeometryCollection",
        "LineString",
        "MultiLineString",
        "MultiPoint",
        "MultiPolygon",
        "Point",
        "Polygon",
    }
)


class NoSuchMessage(DetenteError):
    """There is no such message in the record, or not for this officer."""

    code: ClassVar[str] = "line.unknown"


class FileUnusable(DetenteError):
    """A file that is to go with a message is not there, or is not what it is said to be."""

    code: ClassVar[str] = "line.file"


class DeskContext(Protocol):
    """What the desk needs of a node."""

    @property
    def party(self) -> str:
        """Whose node it is."""

    @property
    def record(self) -> PartyRecord:
        """Its record, open with `MessageProjection` and `ROOM_PROJECTION`."""

    @property
    def agreement(self) -> Callable[[], Agreement]:
        """Gives the version in force."""

    @property
    def clock(self) -> Clock:
        """Gives the time."""

    @property
    def random(self) -> Random:
        """Gives random bytes."""

    def officer_signer(self, holder: str) -> Signer:
        """The key of an officer."""


class MessageDesk:
    """Sends, shows, acknowledges; every officer signs with his own key.

    Args:
        context: of the node.
        has_room: whether the disk has room for a file of so many bytes.
    """

    def __init__(
        self, context: DeskContext, has_room: Callable[[int], bool] = lambda size: True
    ) -> None:
        self.context = context
        self._has_room = has_room
        # What is asked for several times at once is stated once.
        self._stating = asyncio.Lock()

    @property
    def rules(self) -> LineRules:
        """How exactly one reads back, by the agreement in force."""
        return line.line_rules(self.context.agreement())

    def holders(self) -> dict[tuple[str, str], str]:
        """Party and name of each officer's key there ever was, to whose it is."""
        keyring = self.context.record.keyring
        return {
            (member.id, author.key.name): author.holder
            for member in keyring.terms.members
            for author in keyring.ever(member.id)
            if author.holder
        }

    async def view(self, identity: str, officer: str) -> MessageView:
        """A message and what became of it.

        Raises:
            NoSuchMessage: there is none, or the officer is not in its room.
        """
        context = self.context
        found = await line.message(context.record.query, identity, context.party, self.rules)
        if found is None or not await self.readable([found], officer):
            raise NoSuchMessage("There is no such message.", where=identity)
        return found

    async def readable(self, views: Sequence[MessageView], officer: str) -> list[MessageView]:
        """Those of some messages that an officer may read.

        What is said in a room is for its members. A message that only says that it is from a room
        (there is none, we never were in it, or it came by another channel) is for everybody on
        watch: naming a room must hide nothing.
        """
        allowed: dict[str, bool] = {}
        found = []
        for view in views:
            room = view.room
            if room is None or not view.channel.startswith(f"room/{room}/"):
                found.append(view)
                continue
            if room not in allowed:
                allowed[room] = await self._admits(room, officer)
            if allowed[room]:
                found.append(view)
        return found

    async def _admits(self, room: str, officer: str) -> bool:
        try:
            known = await line.load_room(self.context.record, room)
        except line.NoSuchRoom:
            return True
        return known.mine.statement is None or known.is_member(self.context.party, officer)

    async def thread(self, identity: str, officer: str) -> list[MessageView]:
        """A message with all that belongs to it.

        Raises:
            NoSuchMessage: as `view`.
        """
        await self.view(identity, officer)
        context = self.context
        found = await line.thread(context.record.query, identity, context.party, self.rules)
        return await self.readable(found, officer)

    async def send(self, body: SendBody, officer: str) -> MessageView:
        """Send a message to another party.

        Raises:
            FieldsUnusable, StatusMixed, MessageRefused: see `message_draft`.
            NoSuchMessage: what it corrects or answers is not there.
            FileUnusable: a file is not.
            KeyFileUnusable: the officer's key is not at hand.
        """
        if body.form in ("test-call", "test-answer"):
            raise line.MessageRefused(
                "Test calls are made and answered by themselves.", where="form"
            )
        corrects = await self._payload(body.corrects, officer)
        answers = await self._payload(body.answers, officer)
        if corrects is not None and corrects.body.get("room") is not None:
            raise line.MessageRefused(
                "That was said in a room.", where="corrects", advice="Correct it in the room."
            )
        draft = line.message_draft(
            body.form,
            body.fields,
            sender=self.context.party,
            to=(body.to,),
            language=body.language,
            urgency=body.urgency,
            status=body.status,
            corrects=corrects,
            answers=answers,
            blobs=await kept_files(self.context.record, body.files),
        )
        (identity,) = await self._state([draft], officer)
        return await self.view(identity, officer)

    async def show(self, identity: str, officer: str) -> MessageView:
        """State that an officer has a message on screen; once for each officer.

        Raises:
            NoSuchMessage: there is none.
            MessageRefused: it is not for us.
        """
        async with self._stating:
            view = await self.view(identity, officer)
            ours = self._ours(view)
            if all(each.officer != officer for each in ours.shown):
                message = await self._message(identity)
                draft = line.shown_draft(message, officer, self.context.clock())
                await self.context.record.append([(draft, None)])
        return await self.view(identity, officer)

    async def acknowledge(
        self, identity: str, officer: str, read_back: dict[str, object], text: str | None
    ) -> MessageView:
        """Sign that a message was understood, after comparing what was read back.

        What the officer has acknowledged already stays as it is.

        Raises:
            NoSuchMessage: there is none.
            MessageRefused: it is not for us.
            FieldsUnusable: what was read back has not the right form.
            ReadBackWrong: it is not what the message says; nothing was signed.
            KeyFileUnusable: the officer's key is not at hand.
        """
        async with self._stating:
            view = await self.view(identity, officer)
            ours = self._ours(view)
            message = await self._message(identity)
            if view.form in ("test-call", "test-answer"):
                raise line.MessageRefused("A test call is answered with its words.", where="id")
            holders = self.holders()
            done = [
                each
                for each in ours.acknowledgements
                if each.counts and holders.get((ours.party, each.fact.author)) == officer
            ]
            if done:
                return view
            read = line.read_read_back(read_back)  # type: ignore[arg-type]  # JSON, checked there
            repeated = await asyncio.to_thread(line.read_back_draft, message, read, self.rules)
            drafts = [] if repeated is None else [repeated]
            await self._state([*drafts, line.acknowledgement_draft(message, text)], officer)
            return await self.view(identity, officer)

    async def keep_file(self, data: bytes, media_type: str) -> Blob:
        """Keep a file that is to go with a message.

        Raises:
            FileUnusable: it is empty, or no GeoJSON though it should be.
            Overloaded: what room there is on the disk is for messages.
        """
        if not data:
            raise FileUnusable("The file is empty.", where="body")
        if media_type == GEOJSON:
            check_geojson(data)
        if not await asyncio.to_thread(self._has_room, len(data)):
            raise Overloaded(
                "There is little room on the disk; no files are taken.", retry_after_s=30
            )
        sha256 = await asyncio.to_thread(self.context.record.blobs.put, data)
        return Blob(bytes.fromhex(sha256), len(data), media_type)

    async def file(self, identity: str, sha256: str, officer: str) -> bytes:
        """A file that came with a message.

        Raises:
            NoSuchMessage: the message is not there, or has no such file.
            BlobUnusable: its bytes are not here.
        """
        view = await self.view(identity, officer)
        if all(each.sha256.hex() != sha256 for each in view.blobs):
            raise NoSuchMessage("The message has no such file.", where=sha256)
        return await asyncio.to_thread(self.context.record.blobs.read, sha256)

    async def calls(self, since: datetime | None = None) -> list[CallFact]:
        """Test calls since a moment; since a week ago, if none is given."""
        context = self.context
        begin = context.clock() - CALLS_SINCE if since is None else since
        return await line.call_facts(context.record.query, context.party, begin)

    async def call(self, peer: str, officer: str) -> CallFact:
        """Try the line now; an officer's own test call, beside those of the agreement.

        Raises:
            RecordRefused: there is no such party.
        """
        phrase = line.random_phrase(self.context.random)
        draft = line.call_draft(self.context.party, peer, phrase)
        (identity,) = await self._state([draft], officer)
        return await self._call_fact(identity)

    async def answer_call(self, identity: str, officer: str, phrase: Sequence[str]) -> CallFact:
        """Answer a test call, ours or theirs.

        Raises:
            NoSuchMessage: there is no such test call.
            MessageRefused: these are not its words.
        """
        view = await self.view(identity, officer)
        if view.form != "test-call":
            raise NoSuchMessage("That is no test call.", where=identity)
        call = await self._message(identity)
        draft = line.call_answer_draft(self.context.party, call, phrase)
        await self._state([draft], officer)
        return await self._call_fact(identity)

    async def _call_fact(self, identity: str) -> CallFact:
        message = await self._message(identity)
        for fact in await self.calls(message.created):
            if fact.id == identity:
                return fact
        raise NoSuchMessage("There is no such test call.", where=identity)

    async def _state(self, drafts: Sequence[Draft], officer: str) -> list[str]:
        """Record what an officer states, signed by the officer; ids of the entries."""
        signer = self.context.officer_signer(officer)
        entries = await self.context.record.append([(draft, signer) for draft in drafts])
        return [str(entry.payload.id) for entry in entries if entry.payload is not None]

    async def _message(self, identity: str) -> Payload:
        entry = await self.context.record.by_id(identity)
        if entry is None or entry.payload is None or entry.payload.kind != "message":
            raise NoSuchMessage("There is no such message.", where=identity)
        return entry.payload

    async def _payload(self, identity: str | None, officer: str) -> Payload | None:
        if identity is None:
            return None
        await self.view(identity, officer)
        return await self._message(identity)

    def _ours(self, view: MessageView) -> RecipientView:
        ours = view.recipient(self.context.party)
        if ours is None or view.sender == self.context.party:
            raise line.MessageRefused("That message is not for us.", where="id")
        return ours


async def kept_files(record: PartyRecord, files: Sequence[FileBody]) -> list[Blob]:
    """Files that were uploaded and are to go with a message.

    Raises:
        FileUnusable: one is not here, or no GeoJSON though it is said to be.
    """
    blobs = []
    for each in files:
        size = await asyncio.to_thread(record.blobs.touch, each.sha256)
        if size is None:
            raise FileUnusable("The file is not here.", where=each.sha256, advice="Upload it.")
        if each.media_type == GEOJSON:
            check_geojson(await asyncio.to_thread(record.blobs.read, each.sha256))
        blobs.append(Blob(bytes.fromhex(each.sha256), size, each.media_type))
    return blobs


def check_geojson(data: bytes) -> None:
    """Refuse a sketch that is no GeoJSON (RFC 7946), as far as its outermost object tells.

    Raises:
        FileUnusable: it is none.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("type") not in _GEOJSON_TYPES:
        raise FileUnusable("The sketch is no GeoJSON (RFC 7946).", where="body")


def identity_of(text: str) -> str:
    """An id as the record spells it.

    Raises:
        NoSuchMessage: it is none.
    """
    try:
        return str(UUID(text))
    except ValueError:
        raise NoSuchMessage("There is no such message.", where=text[:100]) from None
