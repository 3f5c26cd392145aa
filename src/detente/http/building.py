"""One application of typed endpoints, with what they share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import cache

import msgspec

from detente.errors import DetenteError
from detente.http.endpoint import Endpoint, Request, Response
from detente.http.lanes import Lanes
from detente.http.limits import Limits
from detente.http.openapi import ApiInfo, check_ids, openapi_document
from detente.http.outcome import Observer, Silent
from detente.http.reading import DecHook
from detente.http.routing import Application, ASGIApp, Authenticator, EncHook, Guard, now_us


def build_app(
    endpoints: Sequence[Endpoint],
    *,
    authenticator: Authenticator | None = None,
    limits: Limits | None = None,
    observer: Observer | None = None,
    statuses: Mapping[type[DetenteError], int] | None = None,
    info: ApiInfo | None = None,
    clock: Callable[[], int] = now_us,
    lifespan: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    fallback: ASGIApp | None = None,
    dec_hook: DecHook | None = None,
    enc_hook: EncHook | None = None,
    guard: Guard | None = None,
    headers: Sequence[tuple[bytes, bytes]] = (),
    lanes: Lanes | None = None,
) -> Application:
    """Make one ASGI application of typed endpoints.

    Args:
        endpoints: what is offered; with `info`, GET /openapi.json is added.
        authenticator: needed as soon as one endpoint is not public.
        limits: defaults to `Limits()`.
        observer: logs, metrics and traces; none by default.
        statuses: HTTP statuses of `DetenteError` classes that are not `HttpError`s (subclasses
            inherit); what is not listed is a 500. 429 and 503 come with `Retry-After: 1`.
        info: title and version for the OpenAPI document.
        clock: microseconds since the Unix epoch.
        lifespan: entered before the first request, left after the last.
        fallback: an ASGI application for paths and scopes that are not endpoints.
        dec_hook, enc_hook: as msgspec takes them, for types of one's own.
        guard: asked before the authenticator, at public endpoints, too; such as `OriginGuard`.
        headers: sent with every answer that has none of that name; such as `API_HEADERS`.
        lanes: quotas of the endpoints that name a lane.
    """
    offered = list(endpoints)
    if info is not None:
        check_ids(offered)
        described, told = tuple(offered), info

        # Made when it is first asked for, and aside: it takes longer than the rest of a start.
        @cache
        def document() -> bytes:
            made = openapi_document(described, told, guarded=guard is not None)
            return msgspec.json.format(msgspec.json.encode(made))

        async def openapi(request: Request[None]) -> Response:
            return Response(200, await asyncio.to_thread(document))

        offered.append(
            Endpoint(
                method="GET",
                path="/openapi.json",
                handler=openapi,
                operation_id="getOpenApi",
                summary="This API, as an OpenAPI 3.1 document.",
                responses={200: None},
                tags=("auxiliary",),
                public=True,
            )
        )
    return Application(
        offered,
        authenticator=authenticator,
        limits=limits or Limits(),
        observer=observer or Silent(),
        statuses=statuses or {},
        clock=clock,
        lifespan=lifespan,
        fallback=fallback,
        dec_hook=dec_hook,
        enc_hook=enc_hook,
        guard=guard,
        headers=headers,
        lanes=lanes,
    )
