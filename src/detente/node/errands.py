"""Calls to a peer that cannot be called: it asks for them, and brings the answers.

A side behind NAT fetches its messages (`pull`). What else its peers want of it, its log for their
witnesses and their mirrors, its witness, what it holds of them after a restore, waits here as an
errand until it asks: `POST /line/v1/errands` gives the answers to the errands of before, and is
answered as soon as there is another one.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Final

import httpx
import msgspec
from msgspec import Meta

from detente.errors import DetenteError
from detente.http import (
    Answer,
    AnswerTimedOut,
    Application,
    Authenticator,
    BadBody,
    Caller,
    Endpoint,
    LaneBusy,
    Request,
    RequestHead,
    Response,
    any_of,
)
from detente.http.reading import decode_body

from .line_wire import ERRANDS, LOG, RECOVERY, SCOPE, WITNESS

ERRAND_LANE: Final = "errands"
WAIT_S: Final = 10.0
"""An asking is answered after so long at the latest."""
FRESH_S: Final = 20.0
"""Who has not asked for so long is called as usual."""
AGAIN_S: Final = 2.0
ERRANDS_MAX: Final = 16
ANSWER_BYTES_MAX: Final = 17 << 20

_PATHS: Final = (f"{LOG}/", f"{WITNESS}/", f"{RECOVERY}/")
_log = logging.getLogger("detente.node.line")


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """What the asking side is to answer.

    Attributes:
        id: goes back with the answer.
        method: GET or POST.
        path: below the asking side's address; of its log, its witness, or recovery.
        content_type: of the body.
        body: base64.
    """

    id: Annotated[str, Meta(max_length=64)]
    method: Annotated[str, Meta(max_length=4)]
    path: Annotated[str, Meta(max_length=2000)]
    content_type: Annotated[str, Meta(max_length=200)]
    body: str


class ErrandAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to an errand; `body` is base64."""

    id: Annotated[str, Meta(max_length=64)]
    status: Annotated[int, Meta(ge=100, le=599)]
    headers: Annotated[dict[str, str], Meta(max_length=50)]
    body: str


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """`POST /line/v1/errands`: answers to the errands of before."""

    answers: Annotated[list[ErrandAnswer], Meta(max_length=ERRANDS_MAX)]


class Errands(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of the asking side now."""

    errands: Annotated[list[Errand], Meta(max_length=ERRANDS_MAX)]


_ASKING: Final = msgspec.json.Decoder(Asking).decode


def is_errand(path: str) -> bool:
    """Whether a call can wait until the peer asks for it."""
    return path.startswith(_PATHS) and ".." not in path and "%" not in path


@dataclass(slots=True)
class _Waiting:
    errand: Errand
    max_bytes: int
    answer: asyncio.Future[Answer]


@dataclass(slots=True)
class ErrandBox:
    """Errands for one peer."""

    now: Callable[[], float] = time.monotonic
    begun: Callable[[], object] = lambda: None
    """Called when the peer asks for errands that has not asked lately: it can be reached so."""
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _asked_at: float = -1e9
    _more: asyncio.Event = field(default_factory=asyncio.Event)
    _ended: bool = False

    @property
    def asked_for(self) -> bool:
        """Whether the peer asks for errands these days."""
        return self.now() - self._asked_at < FRESH_S

    def end(self) -> None:
        """Let nobody wait for an errand any more: the node stops."""
        self._ended = True
        self._more.set()

    async def run(
        self, method: str, path: str, body: bytes, content_type: str, deadline_s: float, limit: int
    ) -> Answer:
        """Have the peer answer a call.

        Raises:
            LaneBusy: too many are waiting.
            AnswerTimedOut: it has not answered in time.
        """
        if len(self._waiting) >= ERRANDS_MAX:
            raise LaneBusy("Too many calls wait for the peer to ask for them.", where=path)
        identity = secrets.token_hex(12)
        text = base64.b64encode(body).decode()
        errand = Errand(id=identity, method=method, path=path, content_type=content_type, body=text)
        waiting = _Waiting(errand, limit, asyncio.get_running_loop().create_future())
        self._waiting[identity] = waiting
        self._more.set()
        try:
            async with asyncio.timeout(deadline_s):
                return await waiting.answer
        except TimeoutError:
            raise AnswerTimedOut(
                "The peer has not asked for it in time.", where=path, stage="answer"
            ) from None
        finally:
            del self._waiting[identity]

    async def asked(self, asking: Asking) -> Errands:
        """The peer brings answers, and asks for more.

        Raises:
            BadBody: an answer is not base64.
        """
        known, self._asked_at = self.asked_for, self.now()
        if not known:
            self.begun()
        for answer in asking.answers:
            waiting = self._waiting.get(answer.id)
            if waiting is None or waiting.answer.done():
                continue
            try:
                body = base64.b64decode(answer.body, validate=True)
            except (binascii.Error, ValueError):
                raise BadBody("It is not base64.", where="answers.body") from None
            if len(body) <= waiting.max_bytes:
                headers = {name.lower(): text for name, text in answer.headers.items()}
                waiting.answer.set_result(Answer(answer.status, headers, body))
        deadline = self.now() + WAIT_S
        while True:
            # What was given to an asking whose answer was lost is given again by the next one.
            found = [each.errand for each in self._waiting.values() if not each.answer.done()]
            left = deadline - self.now()
            if found or left <= 0 or self._ended:
                self._asked_at = self.now()
                return Errands(errands=found)
            self._more.clear()
            try:
                await asyncio.wait_for(self._more.wait(), left)
            except TimeoutError:
                continue


def errands_endpoint(prefix: str, box: Callable[[str], ErrandBox | None]) -> Endpoint:
    """The endpoint under the path of one of our addresses.

    Args:
        box: that of a party; None if it is none any more.
    """

    async def ask(request: Request[bytes]) -> Response:
        asking = decode_body(request.body, _ASKING, 8)
        found = box(request.caller.sub)
        return Response(200, Errands(errands=[]) if found is None else await found.asked(asking))

    return Endpoint(
        method="POST",
        path=prefix + ERRANDS,
        handler=ask,
        operation_id="postErrands",
        summary="Answer what was wanted, and ask what is: for a side that cannot be called.",
        responses={200: Errands},
        scopes=any_of(SCOPE),
        body=bytes,
        digest=True,
        lane=ERRAND_LANE,
        tags=("line",),
    )


class ErrandsToo:
    """Lets errands through that this process runs for a peer; leaves all else to the line."""

    def __init__(self, line: Authenticator) -> None:
        self._line = line
        self._secret = secrets.token_urlsafe(32)

    def header(self, party: str) -> str:
        """For `authorization`, of a call that is made for a party."""
        return f"Errand {self._secret} {party}"

    async def authenticate(self, head: RequestHead, now_us: int) -> Caller:
        """Who is calling. Raises Unauthorized."""
        given = head.headers.get("authorization", "").split(" ")
        if len(given) == 3 and hmac.compare_digest(given[1].encode(), self._secret.encode()):
            return Caller(given[2], frozenset({SCOPE}), "errand", 0)
        return await self._line.authenticate(head, now_us)


async def run_errands(
    party: str,
    ask: Callable[[bytes], Awaitable[Answer]],
    app: Application,
    prefix: str,
    header: str,
) -> None:
    """Ask a peer what it wants of us, answer it, and so on, until this is cancelled.

    Args:
        party: id of the peer.
        ask: posts to the peer's errands.
        app: what peers call, in this process.
        prefix: path of our address.
        header: see `ErrandsToo.header`.
    """
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    answers: list[ErrandAnswer] = []
    async with httpx.AsyncClient(transport=transport, base_url="https://errand") as http:
        while True:
            began = time.monotonic()
            try:
                answer = await ask(msgspec.json.encode(Asking(answers=answers)))
                answers = []
                if answer.status != 200:
                    _log.info("%s has no errands for us: %d", party, answer.status)
                    await asyncio.sleep(AGAIN_S)
                    continue
                wanted = msgspec.json.decode(answer.body, type=Errands).errands
            except (DetenteError, msgspec.MsgspecError, UnicodeDecodeError):
                await asyncio.sleep(AGAIN_S)
                continue
            answers = [await _do(http, prefix, header, each) for each in wanted]
            if not wanted and time.monotonic() - began < AGAIN_S:
                await asyncio.sleep(AGAIN_S)  # a peer that does not wait is not asked in a circle


async def _do(http: httpx.AsyncClient, prefix: str, header: str, errand: Errand) -> ErrandAnswer:
    refused = ErrandAnswer(id=errand.id, status=403, headers={}, body="")
    if errand.method not in ("GET", "POST") or not is_errand(errand.path):
        return refused
    try:
        body = base64.b64decode(errand.body, validate=True)
        answer = await http.request(
            errand.method,
            prefix + errand.path,
            content=body,
            headers={
                "authorization": header,
                "content-type": errand.content_type,
                # What a signature would cover; endpoints with a body ask for it.
                "content-digest": f"sha-256=:{_sha256(body)}:",
            },
        )
    except (binascii.Error, ValueError, httpx.HTTPError):
        return refused
    if len(answer.content) > ANSWER_BYTES_MAX:
        return refused
    return ErrandAnswer(
        id=errand.id,
        status=answer.status_code,
        headers={
            name: answer.headers[name]
            for name in ("content-type", "retry-after")
            if name in answer.headers
        },
        body=base64.b64encode(answer.content).decode(),
    )


def _sha256(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()
