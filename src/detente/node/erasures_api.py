"""Erasing what an entry says, by two persons: the leaf stays, and an entry states it."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from detente.http import Endpoint, Request, Response, any_of
from detente.record import JsonValue, NoSuchEntry

from .approvals import Approvals
from .context import NodeContext
from .keys_api import Stated, stated

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,14}")


class ErasureBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is approved as `erase` is `{"do": "erase", "index": …, "ground": …}`.

    Attributes:
        ground: why, by which law; stands in the record.
    """

    ground: str
    approval: str = ""


def erasures_endpoints(context: NodeContext, approvals: Approvals) -> list[Endpoint]:
    """The endpoint."""

    async def erase(request: Request[ErasureBody]) -> Response:
        body, caller, record = request.body, request.caller, context.record
        text = request.path["index"]
        if not _INDEX.fullmatch(text):
            raise NoSuchEntry("An index is a whole number.", where=text[:40])
        index = (await record.entry(int(text))).index
        action: dict[str, JsonValue] = {"do": "erase", "index": index, "ground": body.ground}
        approval = await approvals.consume(caller, body.approval, "erase", action)
        entry = await record.erase(index, body.ground)
        await context.note_security(
            "entry-erased",
            caller.sub,
            session=caller.session,
            index=index,
            second=approval.decider,
        )
        return Response(201, stated(entry))

    refusals: dict[int, Any] = {403: None, 404: None, 409: None, 422: None, 503: None}
    return [
        Endpoint(
            method="POST",
            path="/api/v1/record/erasures/{index}",
            handler=erase,
            operation_id="eraseEntry",
            summary="Erase what an entry says, and its files (with a second person's approval).",
            description="Every proof still holds. What others received, and backups, are out of "
            "reach.",
            body=ErasureBody,
            responses={201: Stated, **refusals},
            scopes=any_of("record.erase step-up"),
            path_help={"index": "of the entry in our record"},
            tags=("record",),
        )
    ]
