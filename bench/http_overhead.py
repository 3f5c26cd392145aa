"""CPU a request costs before and after its handler: routing, token, decoding, encoding, logging.

Runs the application in one process without a socket and prints user + system time per request, so
the figure holds on a busy machine:

    python -m bench.http_overhead [--requests N] [--profile]
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import io
import json
import pstats
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from detente.http import (
    Endpoint,
    Limits,
    LineSink,
    Metrics,
    Outcome,
    Request,
    RequestObserver,
    Response,
    TokenAuthenticator,
    TokenRules,
    TokenSigner,
    any_of,
    build_app,
    load_pem_key,
    new_key_pair,
)


class Point(msgspec.Struct):
    lat: float
    lng: float


class Polygon(msgspec.Struct):
    vertices: list[Point]


class Altitude(msgspec.Struct):
    value: float
    reference: str
    units: str


class Time(msgspec.Struct):
    value: str
    format: str


class Volume(msgspec.Struct):
    outline_polygon: Polygon
    altitude_lower: Altitude
    altitude_upper: Altitude


class Extent(msgspec.Struct):
    volume: Volume
    time_start: Time
    time_end: Time


class Put(msgspec.Struct):
    extents: list[Extent]
    key: list[str]
    state: str
    uss_base_url: str


class Reference(msgspec.Struct):
    id: str
    manager: str
    state: str
    ovn: str
    version: int
    time_start: Time
    time_end: Time
    uss_base_url: str
    subscription_id: str


class Answer(msgspec.Struct):
    subscribers: list[str]
    operational_intent_reference: Reference


async def put(request: Request[Put]) -> Response:
    body = request.body
    reference = Reference(
        request.path["entityid"],
        request.caller.sub,
        body.state,
        "o" * 44,
        1,
        body.extents[0].time_start,
        body.extents[0].time_end,
        body.uss_base_url,
        "00000000-0000-4000-8000-000000000000",
    )
    return Response(201, Answer([], reference))


async def get(request: Request[None]) -> Response:
    return Response(200, b"{}")


def make_body() -> bytes:
    """About 1 kB: a polygon of eight vertices and a few keys."""
    vertices = [Point(46.0 + k * 0.01234567, 7.0 + k * 0.01234567) for k in range(8)]
    volume = Volume(Polygon(vertices), Altitude(500.0, "W84", "M"), Altitude(620.0, "W84", "M"))
    extent = Extent(
        volume,
        Time("2026-11-22T12:00:00.123456Z", "RFC3339"),
        Time("2026-11-22T13:00:00Z", "RFC3339"),
    )
    return msgspec.json.encode(
        Put([extent], ["k" * 44] * 4, "Accepted", "https://uss.example/uss/v1")
    )


def make_application() -> tuple[Any, bytes]:
    """The exchange's shape: some thirty endpoints, tokens from a key file."""
    private, public = new_key_pair()
    with tempfile.NamedTemporaryFile() as file:
        file.write(public)
        file.flush()
        key = load_pem_key(Path(file.name))
    rules = TokenRules(audiences=frozenset({"localhost"}))
    endpoints = []
    for kind in ("operational_intent_references", "constraint_references", "subscriptions"):
        for method, tail in (
            ("POST", "/query"),
            ("GET", "/{entityid}"),
            ("PUT", "/{entityid}"),
            ("PUT", "/{entityid}/{ovn}"),
            ("DELETE", "/{entityid}/{ovn}"),
        ):
            endpoints.append(
                Endpoint(
                    method=method,
                    path=f"/dss/v1/{kind}{tail}",
                    handler=put if method == "PUT" else get,
                    operation_id=f"{method}{kind}{tail}",
                    summary="",
                    responses={200: Answer},
                    scopes=any_of("utm.strategic_coordination", "utm.conformance_monitoring_sa"),
                    body=Put if method == "PUT" else None,
                )
            )
    observer = RequestObserver(LineSink(io.BytesIO()), metrics=Metrics())
    app = build_app(
        endpoints,
        authenticator=TokenAuthenticator(rules, pem_keys=[key]),
        limits=Limits(rate_per_s=1e9, rate_burst=10**9),
        observer=observer,
    )
    token = TokenSigner(private).issue(
        sub="uss1", audience="localhost", scopes=["utm.strategic_coordination"], now_s=time.time()
    )
    return app, b"Bearer " + token.encode()


async def drive(app: Any, token: bytes, body: bytes, count: int) -> float:
    """CPU seconds per request."""
    headers = [
        (b"host", b"localhost"),
        (b"user-agent", b"bench"),
        (b"accept", b"*/*"),
        (b"authorization", token),
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
    ]
    path = b"/dss/v1/operational_intent_references/2f8343be-6482-4d1b-a474-16847e01af1e"

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    statuses: list[int] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    start = time.process_time()
    for _ in range(count):
        scope = {
            "type": "http",
            "method": "PUT",
            "raw_path": path,
            "path": path.decode(),
            "query_string": b"",
            "headers": headers,
        }
        await app(scope, receive, send)
    elapsed = time.process_time() - start
    if set(statuses) != {201}:
        raise SystemExit(f"unexpected statuses: {set(statuses)}")
    return elapsed / count


def observing_s(count: int = 20_000) -> float:
    """CPU seconds for the log line and the metrics of one request."""
    observer = RequestObserver(LineSink(io.BytesIO()), metrics=Metrics())
    outcome = Outcome(
        method="PUT",
        route="/dss/v1/subscriptions/{id}",
        status=200,
        duration_s=0.0012,
        sub="uss1",
        code="",
        request_id="abc-1",
        received_us=1_800_000_000_123_456,
        bytes_in=861,
        bytes_out=743,
    )
    start = time.process_time()
    for _ in range(count):
        observer.started()
        observer.finished(outcome)
    return (time.process_time() - start) / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    app, token = make_application()
    body = make_body()
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(drive(app, token, body, 500))
        profile = cProfile.Profile() if options.profile else None
        if profile:
            profile.enable()
        cpu_s = min(runner.run(drive(app, token, body, options.requests // 4)) for _ in range(4))
        if profile:
            profile.disable()
            pstats.Stats(profile).sort_stats("tottime").print_stats(25)
    figures = {
        "body_bytes": len(body),
        "cpu_us_per_request": round(cpu_s * 1e6, 1),
        "of_which_observing_us": round(observing_s() * 1e6, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
