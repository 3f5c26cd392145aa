"""A witness on the network: C2SP tlog-witness, and what it signed last, for the log to fetch.

No token is needed, as in tlog-witness: a request is as good as the signature on its checkpoint.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from detente.errors import DetenteError
from detente.http import Endpoint, NotFound, Request, Response
from detente.record import Answer, Witness, WitnessUnavailable, WitnessUnconvinced, read_checkpoint

from .names import origin_digest
from .tiles_http import NO_STORE, NOTE_TYPE

RETRY_AFTER = (b"retry-after", b"1")

Keep = Callable[[Answer], Awaitable[None]]
"""Told of answers that belong into our record, before they are sent: at 200 `note` goes into an
`anchor` entry, one that is `telling` into a `witness-refusal`, once for each checkpoint. The
newest signature may be told again after a restart. If it raises, the answer is not sent."""

TOLD_MAX = 20
"""Refusals that are told for each log. Its owner can sign as many checkpoints as it likes, and fill
our record with them; the first of those that contradict each other convict it."""

WITNESS_STATUSES: Mapping[type[DetenteError], int] = {
    WitnessUnavailable: 503,
    WitnessUnconvinced: 503,
}
"""For `build_app(statuses=…)`."""


Before = Callable[[bytes], Awaitable[None]]
"""Awaited with the body of each request for a cosignature. If it raises, nothing is signed."""


def witness_endpoints(
    prefix: str, witness: Witness, *, keep: Keep | None = None, before: Before | None = None
) -> list[Endpoint]:
    """Endpoints of a witness under a path prefix such as `/witness`.

    * `POST <prefix>/add-checkpoint`
    * `GET <prefix>/cosigned/<SHA-256 of the origin, hexadecimal>`: the checkpoint of that log that
      the witness signed last, with its cosignature. A log whose answer was lost finds it here;
      503 while the witness is unconfirmed, as it is for new signatures.

    `witness` is called in threads; it may be used elsewhere meanwhile.
    """

    told: dict[str, set[str]] = {}
    kept: dict[str, str] = {}

    async def keep_signed(answer: Answer) -> None:
        if keep is not None and kept.get(answer.origin) != answer.note:
            await keep(answer)
            kept[answer.origin] = answer.note

    async def add_checkpoint(request: Request[bytes]) -> Response:
        if before is not None:
            await before(request.body)
        answer = await asyncio.to_thread(witness.add_checkpoint, request.body)
        # An anchor that is in our record before the signature leaves cannot be missing there when
        # the witness has to be told, after a restore, what it had signed. A refused checkpoint can
        # be sent again by anybody who has seen it, so it is told once.
        if answer.status == 200:
            await keep_signed(answer)
        elif keep is not None and answer.telling:
            heard = told.setdefault(answer.origin, set())
            if answer.note not in heard and len(heard) < TOLD_MAX:
                heard.add(answer.note)
                await keep(answer)
        headers = (NO_STORE, RETRY_AFTER) if answer.status == 503 else (NO_STORE,)
        return Response(
            answer.status, answer.body, headers, content_type=answer.content_type.encode()
        )

    async def cosigned(request: Request[None]) -> Response:
        for origin in witness.origins:
            if origin_digest(origin) != request.path["log"]:
                continue
            note = await asyncio.to_thread(witness.last_signed, origin)
            if note is not None:
                # If we died before the answer left, it is not in our record yet.
                size = read_checkpoint(note).size
                await keep_signed(Answer(200, b"", origin=origin, size=size, note=note))
                return Response(200, note.encode(), (NO_STORE,), content_type=NOTE_TYPE)
        raise NotFound("This witness has signed nothing of that log.")

    texts: dict[int, Any] = dict.fromkeys((200, 400, 403, 404, 409, 422, 503))
    return [
        Endpoint(
            method="POST",
            path=f"{prefix}/add-checkpoint",
            handler=add_checkpoint,
            operation_id="addCheckpoint",
            summary="Ask for a cosignature (C2SP tlog-witness).",
            description="The body is the old size, a consistency proof, and a signed checkpoint.",
            responses=texts,
            media={**dict.fromkeys(texts, "text/plain"), 409: "text/x.tlog.size"},
            body=bytes,
            tags=("witness",),
            public=True,
        ),
        Endpoint(
            method="GET",
            path=f"{prefix}/cosigned/{{log}}",
            handler=cosigned,
            operation_id="getLastCosigned",
            summary="The checkpoint of a log that this witness signed last.",
            responses={200: None, 404: None, 503: None},
            tags=("witness",),
            public=True,
            path_help={"log": "SHA-256 of the log's origin, in hexadecimal"},
        ),
    ]
