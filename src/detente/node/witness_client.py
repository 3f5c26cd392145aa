"""Having our record witnessed by others, and learning what our own witness signed for them.

`WitnessClient` speaks to one witness: it submits the newest checkpoint of our record and keeps the
cosignature. `PeerLog` reads the log of one other party. Answers are limited in size and time, no
redirect is followed, and no proxy is taken from the environment.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import httpx

from detente.errors import DetenteError, printable
from detente.record import (
    ANSWER_BYTES_MAX,
    AddCheckpoint,
    Answer,
    CosignatureVerifier,
    Cosigned,
    NotNow,
    OtherSize,
    RecordBehind,
    Refused,
    Witness,
    Witnessed,
    WitnessForked,
    WitnessState,
    make_request,
    take_answer,
)

from .names import origin_digest, witness_digest

DEADLINE_S: Final = 10.0
ATTEMPTS_MAX: Final = 5
"""Sizes that a witness may tell one after another, before it is left alone for this time."""


class WitnessUnreachable(DetenteError):
    """A witness or a log gives no answer, or none that can be used."""

    code: ClassVar[str] = "witness.unreachable"


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of submitting a checkpoint.

    Attributes:
        size: of the checkpoint.
        result: the cosignature that was kept; a refusal, which belongs into the record as
            `witness-refusal`; or that the witness cannot sign now.
    """

    size: int
    result: Cosigned | Refused | NotNow


def http_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """A client that goes where it is told and nowhere else."""
    return httpx.AsyncClient(
        timeout=DEADLINE_S, trust_env=False, follow_redirects=False, transport=transport
    )


class WitnessClient:
    """Submits checkpoints of our record to one witness."""

    def __init__(
        self,
        url: str,
        keys: Callable[[], Sequence[CosignatureVerifier]],
        http: httpx.AsyncClient,
        *,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """Args:
        url: the witness's submission prefix.
        keys: its public keys as the agreement names them now.
        http: see `http_client`; not closed here.
        deadline_s: for each request, from its beginning to the end of its answer.
        """
        self._url = url.rstrip("/")
        self._keys = keys
        self._http = http
        self._deadline_s = deadline_s
        self._size = 0

    async def submit(self, record: Witnessed) -> Sent:
        """Ask for a cosignature on the newest checkpoint, and keep it in the record.

        Raises:
            RecordBehind: the witness has signed more than the record holds. Nothing must be
                appended to it.
            WitnessUnreachable: no answer, or it goes on telling other sizes.
            WitnessRequestMalformed: what it answers cannot be used.
        """
        for _ in range(ATTEMPTS_MAX):
            try:
                request = await make_request(record, self._size)
            except RecordBehind:
                self._size = 0  # it said so once; let it say so again
                raise
            answer = await self.post(request)
            taken = await take_answer(record, request, answer, self._keys())
            if isinstance(taken, OtherSize):
                self._size = taken.size
                continue
            size = request.size
            if isinstance(taken, Cosigned):
                self._size = size
            return Sent(size, taken)
        raise WitnessUnreachable(
            f"It told {ATTEMPTS_MAX} other sizes one after another.", where=self._url
        )

    async def last_cosigned(self, origin: str) -> str | None:
        """The checkpoint of our log that the witness says it signed last; not verified.

        Raises:
            WitnessUnreachable: no answer, or none that can be used.
        """
        url = f"{self._url}/cosigned/{origin_digest(origin)}"
        return await _get_note(self._http, url, self._deadline_s)

    async def post(self, request: AddCheckpoint) -> Answer:
        """Send one request as it is; nothing of the answer is kept.

        Raises:
            WitnessUnreachable: no answer, or none that can be used.
        """
        status, kind, data = await _exchange(
            *(self._http, "POST", f"{self._url}/add-checkpoint"),
            self._deadline_s,
            request.format(),
        )
        return Answer(status, data, kind)


class PeerLog:
    """The log of another party, as its tiles endpoints serve it."""

    def __init__(
        self, url: str, http: httpx.AsyncClient, *, deadline_s: float = DEADLINE_S
    ) -> None:
        self._url = url.rstrip("/")
        self._http = http
        self._deadline_s = deadline_s

    async def checkpoint(self) -> str | None:
        """The newest checkpoint; not verified.

        Raises:
            WitnessUnreachable: no answer, or none that can be used.
        """
        return await _get_note(self._http, f"{self._url}/checkpoint", self._deadline_s)

    async def cosigned(self, witness: CosignatureVerifier) -> str | None:
        """The newest checkpoint that the peer says our witness has cosigned; not verified.

        Raises:
            WitnessUnreachable: no answer, or none that can be used.
        """
        url = f"{self._url}/cosigned/{witness_digest(witness)}"
        return await _get_note(self._http, url, self._deadline_s)

    async def consistency(self, old: int, new: int) -> list[bytes]:
        """A proof that the log of size `old` is a beginning of that of `new`; not verified.

        Empty if the peer has none: what it is needed for will then not be proven.

        Raises:
            WitnessUnreachable: no answer, or none that can be used.
        """
        url = f"{self._url}/consistency/{old}/{new}"
        text = await _get_note(self._http, url, self._deadline_s)
        try:
            return [base64.b64decode(line, validate=True) for line in (text or "").splitlines()]
        except ValueError:
            raise WitnessUnreachable("Its answer is not a proof.", where=url) from None


async def confirm_from_peer(
    witness: Witness,
    origin: str,
    peer: PeerLog,
    anchors: Sequence[str],
    *,
    first_contact: bool = False,
) -> WitnessState:
    """Ask the owner of a log what our witness signed, and begin to sign for it.

    Args:
        witness: ours.
        origin: the log.
        peer: where its owner serves it.
        anchors: the notes in our own record's `anchor` entries for this log; the newest will do.
        first_contact: see `decide_confirmation`.

    Raises:
        WitnessUnconvinced, WitnessForked, WitnessUnavailable: see `Witness.confirm`.
        WitnessUnreachable: the peer gives no answer.
    """
    keys = (witness.verifier, *witness.predecessors)
    found = [*[await peer.cosigned(key) for key in keys], await peer.checkpoint()]
    shown = [note for note in found if note is not None]
    try:
        wanted = await asyncio.to_thread(witness.proof_wanted, origin, [*shown, *anchors])
    except WitnessForked:
        wanted = None  # `confirm` finds it again, and stores it
    proof = [] if wanted is None else await peer.consistency(*wanted)
    return await asyncio.to_thread(
        witness.confirm, origin, shown, anchors, proof=proof, first_contact=first_contact
    )


async def _get_note(http: httpx.AsyncClient, url: str, deadline_s: float) -> str | None:
    status, _, data = await _exchange(http, "GET", url, deadline_s)
    if status == 404:
        return None
    if status != 200:
        raise WitnessUnreachable(f"It answers with {status}.", where=url)
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise WitnessUnreachable("Its answer is not text.", where=url) from None


async def _exchange(
    http: httpx.AsyncClient, method: str, url: str, deadline_s: float, body: bytes | None = None
) -> tuple[int, str, bytes]:
    data = bytearray()
    headers = {"accept-encoding": "identity"}
    if body is not None:
        headers["content-type"] = "text/plain; charset=utf-8"
    try:
        async with (
            asyncio.timeout(deadline_s),
            http.stream(
                method, url, content=body, headers=headers, follow_redirects=False
            ) as response,
        ):
            # Raw: what is compressed could grow beyond the limit before it is counted.
            async for chunk in response.aiter_raw():
                data += chunk
                if len(data) > ANSWER_BYTES_MAX:
                    raise WitnessUnreachable("Its answer is too large.", where=url)
    except TimeoutError:
        raise WitnessUnreachable(f"No whole answer within {deadline_s:g} s.", where=url) from None
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        reason = printable(str(error)) or type(error).__name__
        raise WitnessUnreachable(f"No answer: {reason}", where=url) from error
    if 300 <= response.status_code < 400:
        raise WitnessUnreachable("It answers with a redirect, which is not followed.", where=url)
    return response.status_code, response.headers.get("content-type", ""), bytes(data)
