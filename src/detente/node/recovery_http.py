"""Recovery over the line: what a party that was restored from a copy asks, and is given.

POST /line/v1/recovery/checkpoints   checkpoints of the caller's log that we have seen
GET  /line/v1/recovery/leaves        leaves of the caller's log, from our mirror
POST /line/v1/recovery/envelopes     its envelopes, and ours for it, beyond what it has
GET  /line/v1/recovery/blobs/{sha}   a file that such an envelope names
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, TypeVar

import msgspec

from detente.errors import DetenteError
from detente.formats import JSON_INTEGER_MAX
from detente.http import (
    BadRequest,
    CallLane,
    Endpoint,
    NotFound,
    Overloaded,
    QueryParameter,
    Request,
    Response,
    any_of,
)
from detente.http.reading import decode_body
from detente.line.wire import Number, raws

from .line_access import LINE_SCOPE
from .line_quotas import ORDINARY_LANE
from .line_wire import RECOVERY, plain
from .peers import PeerNode
from .recovery_source import Offered, RecoverySource

DEADLINE_S: Final = 60.0
_ANSWER_BYTES_MAX: Final = 64 << 20
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,17}")

SourceFor = Callable[[str], RecoverySource | None]
"""What we hold of a party; None while our witness cannot be opened."""

T = TypeVar("T")


class RecoveryUnanswered(DetenteError):
    """A peer that was asked what it holds of us gives no usable answer."""

    code = "recovery.unanswered"


class Notes(msgspec.Struct, frozen=True):
    """Checkpoints as signed notes."""

    notes: list[str]


class Leaves(msgspec.Struct, frozen=True):
    """Leaves in base64."""

    leaves: list[str]


class Beyond(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the caller has (sender, channel, number of the newest envelope), and where to go on."""

    ends: list[tuple[str, str, Number]]
    after: Annotated[int, msgspec.Meta(ge=-1, le=JSON_INTEGER_MAX)]
    limit: Number


class OfferedBody(msgspec.Struct, frozen=True):
    """Envelopes and erasures, and `after` of the next page."""

    envelopes: list[msgspec.Raw]
    erasures: list[msgspec.Raw]
    next: int | None


_BEYOND: Final = msgspec.json.Decoder(Beyond).decode


def recovery_endpoints(prefix: str, source_for: SourceFor) -> list[Endpoint]:
    """The endpoints under the path of one of our addresses."""

    def source(request: Request[Any]) -> RecoverySource:
        found = source_for(request.caller.sub)
        if found is None:
            raise Overloaded("Our witness cannot be asked now.", retry_after_s=30)
        return found

    async def checkpoints(request: Request[None]) -> Response:
        return Response(200, Notes(await source(request).checkpoints()))

    async def leaves(request: Request[None]) -> Response:
        asked = [request.query["since"], request.query["limit"]]
        if not all(map(_NUMBER.fullmatch, asked)):
            raise BadRequest("since and limit are whole numbers.")
        found = await source(request).leaves(*map(int, asked))
        return Response(200, Leaves([base64.b64encode(leaf).decode() for leaf in found]))

    async def envelopes(request: Request[bytes]) -> Response:
        body = decode_body(request.body, _BEYOND, 8)
        ends = {(sender, channel): number for sender, channel, number in body.ends}
        found = await source(request).envelopes(ends, body.after, body.limit)
        return Response(200, OfferedBody(raws(found.envelopes), raws(found.erasures), found.next))

    async def blob(request: Request[None]) -> Response:
        sha256 = request.path["sha256"]
        data = await source(request).blob(sha256) if _SHA256.fullmatch(sha256) else None
        if data is None:
            raise NotFound("There is no such file for this party.")
        return Response(200, data, content_type=b"application/octet-stream")

    def endpoint(
        method: str, path: str, handler: Any, name: str, text: str, **more: Any
    ) -> Endpoint:
        return Endpoint(
            method=method,
            path=f"{prefix}{RECOVERY}/{path}",
            handler=handler,
            operation_id=name,
            summary=text,
            scopes=any_of(LINE_SCOPE),
            tags=("recovery",),
            lane=ORDINARY_LANE,
            **more,
        )

    return [
        endpoint(
            *("GET", "checkpoints", checkpoints, "getSeenCheckpoints"),
            "Checkpoints of the caller's log that we have seen.",
            responses={200: Notes},
        ),
        endpoint(
            *("GET", "leaves", leaves, "getMirroredLeaves"),
            "Leaves of the caller's log, from our mirror.",
            responses={200: Leaves},
            query=(
                QueryParameter(name="since", help="Position of the first.", required=True),
                QueryParameter(name="limit", help="At most so many.", required=True),
            ),
        ),
        endpoint(
            *("POST", "envelopes", envelopes, "getHeldEnvelopes"),
            "The caller's envelopes, and ours for it, beyond what it has.",
            responses={200: OfferedBody},
            body=bytes,
            digest=True,
        ),
        endpoint(
            *("GET", "blobs/{sha256}", blob, "getHeldBlob"),
            "A file that such an envelope names.",
            responses={200: None, 404: None},
        ),
    ]


class RecoveryCalls:
    """A `RecoveryPeer` over the line."""

    def __init__(self, node: PeerNode) -> None:
        self._node = node

    @property
    def name(self) -> str:
        """Id of the party."""
        return self._node.party

    async def checkpoints(self) -> list[str]:
        """See `RecoveryPeer`."""
        return (await self._ask(Notes, "GET", "checkpoints")).notes

    async def leaves(self, since: int, limit: int) -> list[bytes]:
        """See `RecoveryPeer`."""
        found = await self._ask(Leaves, "GET", f"leaves?since={since}&limit={limit}")
        try:
            return [base64.b64decode(text, validate=True) for text in found.leaves]
        except binascii.Error:
            raise self._unanswered("Its leaves are no base64.") from None

    async def envelopes(
        self, ends: Mapping[tuple[str, str], int], after: int, limit: int
    ) -> Offered:
        """See `RecoveryPeer`."""
        rows = [(sender, channel, number) for (sender, channel), number in ends.items()]
        body = msgspec.json.encode(Beyond(rows, after, limit))
        found = await self._ask(OfferedBody, "POST", "envelopes", body)
        return Offered(plain(found.envelopes), plain(found.erasures), found.next)

    async def blob(self, sha256: str) -> bytes | None:
        """See `RecoveryPeer`."""
        status, data = await self._request("GET", f"blobs/{sha256}")
        if status == 404:
            return None
        if status != 200:
            raise self._unanswered(f"It answers with {status}.")
        return data

    async def _ask(self, kind: type[T], method: str, path: str, body: bytes = b"") -> T:
        status, data = await self._request(method, path, body)
        if status != 200:
            raise self._unanswered(f"It answers with {status}.")
        try:
            return msgspec.json.decode(data, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise self._unanswered(f"Its answer cannot be read: {error}.") from None

    async def _request(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        answer = await self._node.request(
            method,
            f"{RECOVERY}/{path}",
            body=body,
            deadline_s=DEADLINE_S,
            lane=CallLane.BULK,
            max_bytes=_ANSWER_BYTES_MAX,
        )
        return answer.status, answer.body

    def _unanswered(self, message: str) -> RecoveryUnanswered:
        return RecoveryUnanswered(message, where=self._node.party)
