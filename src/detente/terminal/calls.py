"""What a terminal asks of a node, typed; and the proof of identity when a fresh one is wanted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar
from urllib.parse import quote

import msgspec

from detente.record import JsonValue

from .answers import (
    Alarms,
    File,
    Links,
    Message,
    Messages,
    Outages,
    Refusal,
    Rooms,
    RoomSaid,
    RoomTitle,
    Session,
    TestCall,
    TestCalls,
    WaitingList,
    Ways,
)
from .files import checked
from .node_api import Answer, NodeApi, NodeAway, NodeRefused
from .typesetting import told

T = TypeVar("T")

LINE: Final = "/api/v1/line"
ROOMS: Final = "/api/v1/rooms"
EVENTS: Final = "/api/v1/events"


@dataclass(frozen=True, slots=True)
class Identity:
    """One factor that proves who somebody is: a password, or the code of a device."""

    password: str = ""
    code: str = ""


def identity_of(said: str) -> Identity:
    """What an officer wrote to prove who they are: six digits are a code, the rest a password."""
    if len(said) == 6 and said.isascii() and said.isdigit():
        return Identity(code=said)
    return Identity(password=said)


class AskIdentity(Protocol):
    """Asks the officer to prove who they are; None if they would rather not."""

    async def __call__(self, session: Session, again: bool, /) -> Identity | None:
        """Ask; `again`: the last answer was wrong."""


class ProofRefused(NodeRefused):
    """The officer did not prove who they are; nothing was done."""

    def __init__(self, where: str) -> None:
        words = told(
            "Nothing was done: this needs a fresh proof of who you are.",
            "Rien n’a été fait : il faut d’abord prouver à nouveau qui vous êtes.",
        )
        super().__init__(403, Refusal(message=words.en), where)
        self.words = words


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be sent.

    Attributes:
        form: id of its form.
        fields: as the form asks.
        to: the party; in a room, those that hear it, as its author was told.
        language: that its author works in.
        urgency: the form's, if None.
        status: `actual`, `exercise` or `test`.
        corrects, answers: ids of other messages.
        files: uploaded already: hash and media type.
        room: where it is said; its messages go to whoever is in it, and have its status.
    """

    form: str
    fields: Mapping[str, JsonValue]
    to: str
    language: str = "en"
    urgency: str | None = None
    status: str = "actual"
    corrects: str | None = None
    answers: str | None = None
    files: Sequence[tuple[str, str]] = ()
    room: str | None = None

    def json(self) -> bytes:
        """As it is posted."""
        body: dict[str, JsonValue] = {
            "form": self.form,
            "fields": dict(self.fields),
            "language": self.language,
        }
        if self.room is None:
            body |= {"to": self.to, "status": self.status}
        for name in ("urgency", "corrects", "answers"):
            value: str | None = getattr(self, name)
            if value is not None:
                body[name] = value
        if self.files:
            body["files"] = [{"sha256": h, "media_type": kind} for h, kind in self.files]
        return msgspec.json.encode(body)


class LineCalls:
    """The line's part of a node's interface.

    Every call raises `NodeAway` if the node does not answer, and `NodeRefused` if it answers that
    it will not; those that change something ask for a proof of identity when the node wants one.
    """

    def __init__(self, api: NodeApi, ask: AskIdentity | None = None) -> None:
        """Args:
        api: the node.
        ask: asks for a proof of identity; without it, such calls are refused.
        """
        self.api = api
        self.ask = ask

    async def ways(self) -> Ways:
        """Whose node it is."""
        return _read(await self.api.call("GET", "/api/v1/login"), Ways)

    async def session(self) -> Session:
        """Who is logged in."""
        return _read(await self.api.call("GET", "/api/v1/session"), Session)

    async def active(self) -> None:
        """Somebody uses this screen."""
        await self.api.call("POST", "/api/v1/session/active")

    async def links(self) -> Links:
        """The line to each peer."""
        return _read(await self.api.call("GET", "/api/v1/links"), Links)

    async def outages(self, days: int = 30, peer: str | None = None) -> Outages:
        """When the lines were down, by the statements of both sides."""
        query = {"days": str(days)} | ({} if peer is None else {"peer": peer})
        return _read(await self.api.call("GET", "/api/v1/outages", query=query), Outages)

    async def rooms(self) -> list[RoomTitle]:
        """Rooms that the officer may read, the newest first."""
        return _read(await self.api.call("GET", ROOMS), Rooms).rooms

    async def file(self, identity: str, file: File) -> bytes:
        """A file of a message, whole and with the hash that the message names.

        Raises:
            FileDiffers: what the node gave is another file.
        """
        answer = await self.api.call("GET", f"{LINE}/messages/{identity}/files/{file.sha256}")
        return checked(file, answer.body)

    async def messages(
        self,
        box: str,
        *,
        status: str = "actual",
        peer: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> Messages:
        """Messages to us (box `in`) or by us (`out`), the newest first."""
        query = {"box": box, "status": status, "limit": str(limit)}
        if peer is not None:
            query["peer"] = peer
        if before is not None:
            query["before"] = str(before)
        return _read(await self.api.call("GET", f"{LINE}/messages", query=query), Messages)

    async def message(self, identity: str) -> Message:
        """One message."""
        return _read(await self.api.call("GET", f"{LINE}/messages/{identity}"), Message)

    async def thread(self, identity: str) -> list[Message]:
        """It, and all that belongs to it, in the order of the record."""
        answer = await self.api.call("GET", f"{LINE}/messages/{identity}/thread")
        return _read(answer, Messages).messages

    async def waiting(self) -> WaitingList:
        """All that waits for an officer, of every status."""
        return _read(await self.api.call("GET", f"{LINE}/waiting"), WaitingList)

    async def alarms(self, status: str = "actual") -> Alarms:
        """Alarms of the node, the newest first."""
        return _read(await self.api.call("GET", f"{LINE}/alarms", query={"status": status}), Alarms)

    async def test_calls(self, days: int = 7) -> TestCalls:
        """Test calls of so many days, how they went, the next ones."""
        answer = await self.api.call("GET", f"{LINE}/test-calls", query={"days": str(days)})
        return _read(answer, TestCalls)

    async def send(self, message: Outgoing) -> Message:
        """Send a message; it is recorded and on its way when this returns."""
        if message.room is not None:
            path = f"{ROOMS}/{quote(message.room, safe='')}/messages"
            return await self.message(
                _read(await self._do("POST", path, message.json()), RoomSaid).id
            )
        return _read(await self._do("POST", f"{LINE}/messages", message.json()), Message)

    async def shown(self, identity: str) -> Message:
        """State that the officer has had the message's text on screen."""
        answer = await self.api.call("POST", f"{LINE}/messages/{identity}/shown")
        return _read(answer, Message)

    async def acknowledge(
        self, identity: str, read_back: Mapping[str, JsonValue], text: str | None = None
    ) -> Message:
        """Acknowledge a message, with what was read back of it."""
        body: dict[str, JsonValue] = {"read_back": dict(read_back)}
        if text:
            body["text"] = text
        path = f"{LINE}/messages/{identity}/acknowledgement"
        return _read(await self._do("POST", path, msgspec.json.encode(body)), Message)

    async def upload(self, content: bytes, media_type: str) -> File:
        """Give the node a file that is to go with a message."""
        answer = await self._do("POST", f"{LINE}/files", content, {"type": media_type})
        return _read(answer, File)

    async def start_test_call(self, to: str) -> TestCall:
        """Try the line to a party."""
        body = msgspec.json.encode({"to": to})
        return _read(await self._do("POST", f"{LINE}/test-calls", body), TestCall)

    async def answer_test_call(self, identity: str, phrase: Sequence[str]) -> TestCall:
        """Answer a test call with its words."""
        body = msgspec.json.encode({"phrase": list(phrase)})
        return _read(await self._do("POST", f"{LINE}/test-calls/{identity}/answer", body), TestCall)

    async def _do(
        self, method: str, path: str, body: bytes, query: Mapping[str, str] | None = None
    ) -> Answer:
        media_type = "application/json" if query is None else "application/octet-stream"

        async def once() -> Answer:
            return await self.api.call(method, path, body=body, query=query, media_type=media_type)

        return await with_fresh_identity(self, once)


async def with_fresh_identity(calls: LineCalls, once: Callable[[], Awaitable[T]]) -> T:
    """Do something; if the node wants a proof of identity first, ask for it and do it then.

    Raises:
        NodeRefused: the node will not, and a proof would not change that; or none was given.
    """
    try:
        return await once()
    except NodeRefused as error:
        if error.status != 403 or calls.ask is None:
            raise
        session = await calls.session()
        if session.fresh and not session.locked:
            raise
        refused = error
    again = False
    while True:
        identity = await calls.ask(session, again)
        if identity is None:
            raise ProofRefused(refused.where or "")
        factor = {"password": identity.password} if identity.password else {"code": identity.code}
        try:
            answer = await calls.api.call(
                "POST", "/api/v1/session/proof", body=msgspec.json.encode(factor)
            )
        except NodeRefused as error:
            if error.status not in (400, 401):
                raise
            again = True
            continue
        token = _read(answer, Session).token
        if token:
            await calls.api.use_token(token)
        return await once()


def _read(answer: Answer, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.MsgspecError as error:
        raise NodeAway(
            told(
                f"The node's answer cannot be read: {error}.",
                f"La réponse du nœud est illisible : {error}.",
            ),
            advice="Node and terminal may be of versions that do not fit together.",
        ) from None
