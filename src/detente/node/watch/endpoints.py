"""Every operation of a node's watching, for its officers."""

from __future__ import annotations

from collections.abc import Callable

from detente.http import Endpoint, Request, Response, any_of
from detente.node.operations import Operations

from .alerts_api import AlertsApi, alerts_endpoints
from .segments_api import SegmentsApi, segments_endpoints
from .watch_status import WatchStatus


def watch_endpoints(
    status: Callable[[], WatchStatus], alerts: AlertsApi, segments: SegmentsApi
) -> list[Endpoint]:
    """Endpoints under /api/v1/watch."""

    async def now(_: Request[None]) -> Response:
        return Response(200, status())

    return [
        Operations("watch")(
            "GET",
            "/api/v1/watch",
            now,
            "getWatch",
            "How watching is: each feed, what was dropped, whether raw tracks are kept.",
            any_of("watch.read"),
            {200: WatchStatus},
        ),
        *alerts_endpoints(alerts),
        *segments_endpoints(segments),
    ]
