"""The peer's line as our node calls it: actions of the link become requests, answers outcomes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from detente.errors import DetenteError, printable
from detente.http import Answer, CallLane
from detente.line.actions import FetchBlob, Post, Pull, PullRun, PushBlob
from detente.line.lanes import PATIENCE, Lane
from detente.line.outcomes import (
    Accepted,
    BlobGone,
    BlobOutcome,
    BlobsMissing,
    Busy,
    EnvelopeRefused,
    Failed,
    Item,
    OutOfOrder,
    PostOutcome,
    PulledPage,
    PullOutcome,
    Pushed,
    StoreFailed,
)
from detente.line.wire import (
    BlobsAnswer,
    ChainAnswer,
    FromAnswer,
    InboxAnswer,
    InboxRequest,
    RefusedAnswer,
    raws,
)
from detente.record import BlobStore, BlobUnusable

from . import line_wire as wire
from .line_store import read_item
from .peers import PeerNode

LANE_OF: Final = {
    Lane.ORDINARY: CallLane.BULK,
    Lane.EMERGENCY: CallLane.EMERGENCY,
}
_MARGIN_S: Final = 1.0
"""The link gives up by itself; this only ends what it has forgotten."""
_BLOB_DEADLINE_S: Final = 120.0
_ANSWER_BYTES_MAX: Final = 8 << 20

T = TypeVar("T")


class PeerLine:
    """Calls one peer's line; `LineCalls`."""

    def __init__(
        self,
        node: PeerNode,
        blobs: BlobStore,
        *,
        blob_bytes_max: int,
        has_room: Callable[[], bool] = lambda: True,
    ) -> None:
        """Args:
        node: the peer.
        blobs: ours.
        blob_bytes_max: larger ones are not fetched.
        has_room: whether the disk has room for files.
        """
        self._node = node
        self._blobs = blobs
        self._blob_bytes_max = blob_bytes_max
        self._has_room = has_room

    async def post(self, action: Post) -> PostOutcome:
        """Give envelopes to the peer's inbox."""
        body = msgspec.json.encode(
            InboxRequest(
                envelopes=raws(action.envelopes),
                erasures=raws(action.erasures),
                withheld=list(action.withheld),
                receipts_after=action.receipts_after,
            )
        )
        answer = await self._ask("POST", wire.INBOX_OF[action.lane], action.lane, body)
        if isinstance(answer, Failed):
            return answer
        if answer.status == 200:
            taken = _read(answer, InboxAnswer)
            if isinstance(taken, Failed):
                return taken
            return Accepted(wire.plain(taken.receipts), taken.newest)
        if answer.status == 409:
            expected = _read(answer, ChainAnswer)
            if isinstance(expected, Failed):
                return expected
            return OutOfOrder(expected.channel, expected.expected, expected.previous)
        if answer.status == 424:
            wanted = _read(answer, BlobsAnswer)
            return wanted if isinstance(wanted, Failed) else BlobsMissing(tuple(wanted.missing))
        if answer.status == 422:
            refusal = _read(answer, RefusedAnswer)
            if isinstance(refusal, Failed):
                return refusal
            return EnvelopeRefused(refusal.number, refusal.code, _line(refusal.message))
        return _not_now(answer)

    async def push_blob(self, action: PushBlob) -> BlobOutcome:
        """Give the peer a blob."""
        try:
            data = await asyncio.to_thread(self._blobs.read, action.sha256)
        except BlobUnusable:
            return BlobGone()
        except OSError as error:
            return StoreFailed(str(error))
        answer = await self._ask(
            "PUT",
            f"{wire.BLOBS}/{action.sha256}",
            action.lane,
            data,
            content_type="application/octet-stream",
            deadline_s=_BLOB_DEADLINE_S,
        )
        if isinstance(answer, Failed):
            return answer
        return Pushed() if answer.status in (200, 201, 204) else _not_now(answer)

    async def pull(self, action: Pull | PullRun) -> PullOutcome:
        """Ask what the peer has for us."""
        if isinstance(action, Pull):
            query = urlencode({"lane": action.lane.value, "limit": action.limit})
            path = f"{wire.FROM}/{action.first}?{query}"
        else:
            query = urlencode(
                {"channel": action.channel, "first": action.first, "limit": action.limit},
                quote_via=quote,
            )
            path = f"{wire.RUN}?{query}"
        answer = await self._ask("GET", path, action.lane)
        if isinstance(answer, Failed):
            return answer
        if answer.status != 200:
            return _not_now(answer)
        page = _read(answer, FromAnswer)
        if isinstance(page, Failed):
            return page
        return PulledPage(
            items=_items(page),
            erasures=wire.plain(page.erasures),
            withheld=tuple(page.withheld),
            next=page.next,
            receipts_held=page.receipts_held,
        )

    async def fetch_blob(self, action: FetchBlob) -> BlobOutcome:
        """Get a blob from the peer, check its hash, and keep it."""
        if not self._has_room():
            return StoreFailed("There is little room on the disk.")
        answer = await self._ask(
            "GET",
            f"{wire.BLOBS}/{action.sha256}",
            action.lane,
            deadline_s=_BLOB_DEADLINE_S,
            max_bytes=self._blob_bytes_max,
        )
        if isinstance(answer, Failed):
            return answer
        if answer.status == 404:
            return BlobGone()
        if answer.status != 200:
            return _not_now(answer)
        if hashlib.sha256(answer.body).hexdigest() != action.sha256:
            return Failed("The peer sent other bytes than the blob's.")
        try:
            await asyncio.to_thread(self._blobs.put, answer.body)
        except (BlobUnusable, OSError) as error:
            return StoreFailed(str(error))
        return Pushed()

    async def _ask(
        self,
        method: str,
        path: str,
        lane: Lane,
        body: bytes = b"",
        *,
        content_type: str = "application/json",
        deadline_s: float | None = None,
        max_bytes: int = _ANSWER_BYTES_MAX,
    ) -> Answer | Failed:
        try:
            return await self._node.request(
                method,
                path,
                body=body,
                deadline_s=deadline_s or PATIENCE[lane].answer_s + _MARGIN_S,
                lane=LANE_OF[lane],
                content_type=content_type,
                max_bytes=max_bytes,
            )
        except DetenteError as error:
            return Failed(str(error))


def _read(answer: Answer, kind: type[T]) -> T | Failed:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return Failed(f"Its answer ({answer.status}) cannot be read: {printable(str(error))}")


def _not_now(answer: Answer) -> Busy | Failed:
    if answer.status in (429, 503):
        text = answer.headers.get("retry-after", "")
        return Busy(float(text[:9]) if text.isascii() and text.isdigit() else None)
    said = _line(answer.body[:300].decode("utf-8", "replace"))
    return Failed(f"It answers with {answer.status}: {said}")


def _line(text: str) -> str:
    """What a peer says, in one line: where each line is one report, it must not make up others."""
    return " ".join(printable(text).split())


def _items(page: FromAnswer) -> tuple[Item, ...]:
    return tuple(filter(None, map(read_item, wire.plain(page.envelopes))))
