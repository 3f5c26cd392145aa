"""Every operation of a node, for its documentation: handlers are named here, and never called."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, Self

import detente
from detente.http import ApiInfo, Endpoint, Metrics, SecurityScheme

from .assembly import Interface
from .errands import errands_endpoint
from .line_http import LineServer
from .line_quotas import for_peers
from .line_wire import LOG, WITNESS
from .metrics import metrics_endpoint
from .recovery_http import recovery_endpoints
from .tiles_http import tiles_endpoints
from .uss.endpoints import officers_endpoints as planning_endpoints
from .uss.endpoints import peers_endpoints
from .uss.log_sets import LogSets
from .watch.alerts_api import AlertsApi
from .watch.endpoints import watch_endpoints
from .watch.segments_api import SegmentsApi
from .witness_http import witness_endpoints

LINE_INFO: Final = ApiInfo(
    title="Détente line",
    version=detente.__version__,
    description="What the nodes of the parties ask of each other: line/1, the witness, the log. "
    "Under the path of the node's address in the agreement; mutual TLS 1.3, every request signed "
    "(RFC 9421).",
    security=(
        SecurityScheme(
            name="peer",
            definition={
                "type": "mutualTLS",
                "description": "TLS 1.3 with a certificate by the key that the agreement names for "
                "the caller's node, and a signature by that key on every request (RFC 9421).",
            },
        ),
    ),
)


class _Nobody:
    """Stands for every part of a node that an endpoint's handler would use."""

    def __getattr__(self, name: str) -> Self:
        return self

    def __call__(self, *arguments: object, **more: object) -> Self:
        return self

    def __str__(self) -> str:
        return "a"  # of a party, in examples

    def __truediv__(self, part: str) -> Self:
        return self


def officers_endpoints() -> list[Endpoint]:
    """Those of the officers' interface, log-in with a provider among them."""
    nobody: Any = _Nobody()
    interface = Interface(
        context=nobody,
        source=nobody,
        feed=nobody,
        desk=nobody,
        messages=nobody,
        rooms=nobody,
        conferences=nobody,
        jobs=nobody,
        settle=nobody,
        renew=nobody,
    )
    return [
        *interface.endpoints(),
        *planning_endpoints(_uss()),
        *watch_endpoints(nobody, AlertsApi(nobody), SegmentsApi(nobody, nobody, nobody)),
        metrics_endpoint(Metrics(), public=False),
    ]


def uss_endpoints() -> list[Endpoint]:
    """Those that other USSs call, and those of automated tests."""
    return [*peers_endpoints(_uss(), {}, test_interfaces=True)]


def _uss() -> Any:
    nobody: Any = _Nobody()
    return SimpleNamespace(
        book=nobody,
        known=nobody,
        manager="",
        planner=nobody,
        ways=nobody,
        context=nobody,
        recorder=nobody,
        constraints=nobody,
        now_us=nobody,
        settings=nobody,
        log_sets=LogSets(nobody, nobody, nobody),
        conformance=nobody,
    )


def line_endpoints() -> list[Endpoint]:
    """Those that peers call."""
    nobody: Any = _Nobody()
    server = LineServer(nobody, beat=nobody, resumed=nobody, may_take=nobody)
    return [
        *server.endpoints(),
        errands_endpoint("", nobody),
        *for_peers(witness_endpoints(WITNESS, nobody)),
        *recovery_endpoints("", nobody),
        *for_peers(tiles_endpoints(LOG, Path())),
    ]
