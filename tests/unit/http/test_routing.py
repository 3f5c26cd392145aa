"""Order of checks, addresses, answers: what a client of any endpoint can rely on."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import msgspec
import pytest

from detente.errors import DetenteError
from detente.http import (
    Caller,
    Endpoint,
    Forbidden,
    Limits,
    Outcome,
    QueryParameter,
    Request,
    RequestHead,
    Response,
    Unauthorized,
    any_of,
    build_app,
)


class Altitude(msgspec.Struct):
    value: float
    reference: str


class Put(msgspec.Struct):
    extents: list[Altitude]
    names: dict[str, int] = {}


class Echo(msgspec.Struct):
    path: dict[str, str]
    query: dict[str, str]
    sub: str
    count: int


class Taken(DetenteError):
    code = "test.taken"


class TakenTwice(Taken):
    code = "test.taken_twice"


class Away(DetenteError):
    code = "test.away"


class Unlisted(DetenteError):
    code = "test.unlisted"


class Tokens:
    async def authenticate(self, request: RequestHead, now_us: int) -> Caller:
        header = request.authorization
        if header is None:
            raise Unauthorized("No token.", missing=True)
        scopes = frozenset(header.decode().removeprefix("Bearer ").split())
        return Caller("uss1", scopes, "issuer", now_us)


class Seen:
    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.open = 0

    def started(self) -> None:
        self.open += 1

    def finished(self, outcome: Outcome) -> None:
        self.open -= 1
        self.outcomes.append(outcome)

    def span(self, endpoint: Endpoint, headers: Sequence[tuple[bytes, bytes]]) -> None:
        return None


async def echo(request: Request[Any]) -> Response:
    count = len(request.body.extents) if request.body else 0
    return Response(200, Echo(dict(request.path), dict(request.query), request.caller.sub, count))


async def fail(request: Request[None]) -> Response:
    match request.query.get("how"):
        case "taken":
            raise TakenTwice("is taken", where="id", advice="Take another.")
        case "away":
            raise Away("is not there now")
        case "unlisted":
            raise Unlisted("nobody gave this a status")
        case "forbidden":
            raise Forbidden("It belongs to somebody else.")
        case "timeout":
            raise TimeoutError("the secret is 1234")
        case _:
            raise RuntimeError("the secret is 1234")


async def stall(request: Request[None]) -> Response:
    await asyncio.Event().wait()
    raise AssertionError


def endpoint(method: str, path: str, handler: Any = echo, **more: Any) -> Endpoint:
    more.setdefault("operation_id", f"{method}{path}")
    return Endpoint(
        method=method, path=path, handler=handler, summary="", responses={200: Echo}, **more
    )


async def give_back(request: Request[bytes]) -> Response:
    return Response(200, request.body, content_type=b"text/plain")


ENDPOINTS = [
    endpoint("POST", "/raw", give_back, body=bytes, public=True),
    endpoint("PUT", "/things/{id}", body=Put, scopes=any_of("a", "b c")),
    endpoint("PUT", "/things/{id}/{version}", body=Put, scopes=any_of("a")),
    endpoint("GET", "/things/{id}"),
    endpoint("DELETE", "/things/{id}/{version}"),
    endpoint("POST", "/things/query", body=Put),
    endpoint(
        "GET",
        "/search",
        query=[
            QueryParameter(name="from", help="", required=True),
            QueryParameter(name="to", help=""),
        ],
    ),
    endpoint("GET", "/open", public=True),
    endpoint("GET", "/fail", fail, query=[QueryParameter(name="how", help="")]),
    endpoint("GET", "/stall", stall),
]

GOOD = {"extents": [{"value": 1, "reference": "W84"}]}


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
async def client(seen: Seen) -> AsyncIterator[httpx.AsyncClient]:
    app = build_app(
        ENDPOINTS,
        authenticator=Tokens(),
        observer=seen,
        statuses={Taken: 409, Away: 503},
        limits=Limits(max_body_bytes=1000, max_json_depth=8, handler_timeout_s=0.05),
    )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers={"Authorization": "Bearer a"}
    ) as found:
        yield found


pytestmark = pytest.mark.anyio


async def test_the_handler_sees_path_body_and_caller(client: httpx.AsyncClient) -> None:
    answer = await client.put("/things/x%2Fy%20z", json=GOOD)
    assert answer.status_code == 200
    assert answer.json() == {"path": {"id": "x/y z"}, "query": {}, "sub": "uss1", "count": 1}
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_an_empty_last_segment_reaches_the_handler(
    client: httpx.AsyncClient, method: str
) -> None:
    answer = await client.request(method, "/things/7/", json=GOOD)
    assert answer.status_code == 200
    assert answer.json()["path"] == {"id": "7", "version": ""}


async def test_a_literal_segment_wins_over_a_parameter(client: httpx.AsyncClient) -> None:
    assert (await client.post("/things/query", json=GOOD)).json()["path"] == {}
    assert (await client.get("/things/query")).json()["path"] == {"id": "query"}


@pytest.mark.parametrize("path", ["/", "/nothing", "/open/", "/things", "/things/1/2/3"])
async def test_an_unknown_path_is_404_in_json(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "http.not_found"


async def test_a_wrong_method_is_405_and_names_the_right_ones(client: httpx.AsyncClient) -> None:
    answer = await client.patch("/things/1")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, PUT"
    assert "PATCH" in answer.json()["message"]


async def test_head_and_options(client: httpx.AsyncClient) -> None:
    answer = await client.head("/things/1")
    assert answer.status_code == 200
    assert answer.content == b""
    assert int(answer.headers["content-length"]) > 0
    answer = await client.options("/things/1")
    assert answer.status_code == 204
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, PUT"
    assert (await client.options("/nothing")).status_code == 404


async def test_no_token_comes_before_a_bad_body(client: httpx.AsyncClient) -> None:
    del client.headers["Authorization"]
    answer = await client.put("/things/1", content=b"{")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json() == {"message": "No token.", "code": "auth.token"}


@pytest.mark.parametrize(
    ("scopes", "status"), [("a", 400), ("b c", 400), ("b", 403), ("c d", 403), ("", 403)]
)
async def test_a_wrong_scope_comes_before_a_bad_body(
    client: httpx.AsyncClient, scopes: str, status: int
) -> None:
    answer = await client.put(
        "/things/1", content=b"{", headers={"Authorization": f"Bearer {scopes}"}
    )
    assert answer.status_code == status
    if status == 403:
        assert "a or b with c" in answer.json()["message"]
        assert "insufficient_scope" in answer.headers["www-authenticate"]


async def test_a_public_endpoint_needs_no_token(client: httpx.AsyncClient) -> None:
    del client.headers["Authorization"]
    assert (await client.get("/open")).status_code == 200


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ('{"extents": [{"value": 1, "reference": 5}]}', "extents[0].reference: Expected `str`"),
        ('{"extents": [{"value": 1}]}', "extents[0].reference: is required."),
        ("{}", "extents: is required."),
        ('{"extents": {}}', "extents: Expected `array`"),
        ('{"extents": [], "names": {"x": "y"}}', "names[...]: Expected `int`"),
        ("[]", "Expected `object`"),
        ("", "A JSON body is required."),
        ('{"extents": [', "The body is not JSON"),
        ('{"extents": [{"value": NaN, "reference": "W84"}]}', "The body is not JSON"),
        ('{"extents": [], "names": ' + "[" * 9 + "]" * 9 + "}", "nests deeper than the 8 levels"),
    ],
)
async def test_a_bad_body_is_400_and_the_message_names_the_member(
    client: httpx.AsyncClient, content: str, where: str
) -> None:
    answer = await client.put("/things/1", content=content.encode())
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(where) or where in answer.json()["message"]


async def test_text_that_is_not_utf_8_is_400(client: httpx.AsyncClient) -> None:
    answer = await client.put("/things/1", content=b'{"extents": [{"reference": "\xff"}]}')
    assert answer.status_code == 400
    assert (await client.get("/things/%ff")).status_code == 400


async def test_a_body_over_the_limit_is_413_announced_or_streamed(
    client: httpx.AsyncClient,
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * 500

    for content in (b" " * 1001, b" " * 9000, chunks()):
        answer = await client.put("/things/1", content=content)
        assert answer.status_code == 413
        assert "1000 bytes" in answer.json()["message"]
    assert (await client.put("/things/1", content=b" " * 1000)).status_code == 400


async def test_query_parameters(client: httpx.AsyncClient) -> None:
    answer = await client.get("/search?from=a%20b&other=1")
    assert answer.json()["query"] == {"from": "a b"}
    for bad in ("", "?from=", "?from=1&from=2", "?from=%ff"):
        assert (await client.get(f"/search{bad}")).status_code == 400


async def test_errors_get_the_status_of_their_class_or_its_parent(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/fail?how=taken")
    assert answer.status_code == 409
    assert answer.json() == {"message": "id: is taken. Take another.", "code": "test.taken_twice"}
    assert (await client.get("/fail?how=forbidden")).status_code == 403
    away = await client.get("/fail?how=away")
    assert (away.status_code, away.headers["retry-after"]) == (503, "1")


@pytest.mark.parametrize("how", ["unlisted", "timeout", "surprise"])
async def test_a_fault_is_500_and_leaks_nothing(
    client: httpx.AsyncClient, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "detente.http"):
        answer = await client.get(f"/fail?how={how}")
    assert answer.status_code == 500
    body = answer.json()
    assert body["code"] == "http.internal"
    assert body["request_id"] == answer.headers["x-request-id"]
    assert "1234" not in answer.text
    assert body["request_id"] in caplog.text
    assert "Traceback" in caplog.text


async def test_a_handler_that_takes_too_long_is_503_with_an_unknown_outcome(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/stall")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "not known" in answer.json()["message"]


async def test_the_observer_learns_of_every_request_once(
    client: httpx.AsyncClient, seen: Seen
) -> None:
    await client.put("/things/1", json=GOOD)
    await client.get("/fail")
    await client.get("/nothing")
    assert seen.open == 0
    good, bad, lost = seen.outcomes
    assert (good.method, good.route, good.status, good.sub) == ("PUT", "/things/{id}", 200, "uss1")
    assert good.bytes_in == len(json.dumps(GOOD, separators=(",", ":")))
    assert good.bytes_out > 0
    assert good.duration_s > 0
    assert (bad.status, bad.code) == (500, "http.internal")
    assert (lost.route, lost.status, lost.code) == ("", 404, "http.not_found")
    assert len({outcome.request_id for outcome in seen.outcomes}) == 3


async def test_too_many_requests_at_once_are_503_but_public_ones_are_answered() -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def wait(request: Request[None]) -> Response:
        entered.set()
        await leave.wait()
        return Response(200)

    app = build_app(
        [endpoint("GET", "/wait", wait), endpoint("GET", "/open", public=True)],
        authenticator=Tokens(),
        limits=Limits(max_in_flight=1),
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://test",
        headers={"Authorization": "Bearer a"},
    ) as client:
        first = asyncio.create_task(client.get("/wait"))
        await entered.wait()
        refused = await client.get("/wait")
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        assert (await client.get("/open")).status_code == 200
        leave.set()
        assert (await first).status_code == 200
        assert (await client.get("/wait")).status_code == 200


async def test_a_client_over_its_rate_is_429() -> None:
    app = build_app(
        [endpoint("GET", "/things/{id}")],
        authenticator=Tokens(),
        limits=Limits(rate_per_s=0.001, rate_burst=2),
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://test",
        headers={"Authorization": "Bearer a"},
    ) as client:
        statuses = [(await client.get("/things/1")).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        answer = await client.get("/things/1")
        assert int(answer.headers["retry-after"]) > 900


async def test_what_is_not_an_endpoint_goes_to_the_fallback() -> None:
    async def files(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a file"})

    app = build_app([endpoint("GET", "/open", public=True)], fallback=files)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://test"
    ) as client:
        assert (await client.get("/page.html")).text == "a file"
        assert (await client.get("/open")).status_code == 200
        assert (await client.post("/open")).status_code == 405


async def test_an_endpoint_that_is_not_public_needs_an_authenticator() -> None:
    with pytest.raises(ValueError, match="authenticator"):
        build_app([endpoint("GET", "/things/{id}")])


@pytest.mark.parametrize("body", [b"", b"old 0\n\nno json", b"\xff\x00", b"[" * 50])
async def test_a_body_that_is_not_json_reaches_its_handler_as_it_came(
    client: httpx.AsyncClient, body: bytes
) -> None:
    response = await client.post("/raw", content=body)
    assert (response.status_code, response.content) == (200, body)


async def test_a_body_that_is_not_json_is_limited_like_any_other(client: httpx.AsyncClient) -> None:
    response = await client.post("/raw", content=b"x" * 1001)
    assert response.status_code == 413


class Names:
    async def authenticate(self, request: RequestHead, now_us: int) -> Caller:
        return Caller((request.authorization or b"").decode(), frozenset("a"), "issuer", now_us)


class Bodies:
    """Requests to /things/query whose bodies come when they are told to."""

    def __init__(self, most: int) -> None:
        self.app = build_app(
            ENDPOINTS, authenticator=Names(), limits=Limits(max_bodies_per_client=most)
        )
        self.reading = asyncio.Event()

    async def send(
        self, name: str, rest: asyncio.Future[dict[str, Any]] | None = None
    ) -> tuple[int, dict[bytes, bytes]]:
        """Status and headers; the body ends with `rest`, or at once."""
        messages: list[Any] = []

        async def receive() -> dict[str, Any]:
            if rest is None:
                body = msgspec.json.encode(GOOD)
                return {"type": "http.request", "body": body, "more_body": False}
            self.reading.set()
            return await rest

        async def send(message: Any) -> None:
            messages.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/things/query",
            "query_string": b"",
            "headers": [(b"authorization", name.encode())],
        }
        await self.app(scope, receive, send)
        return messages[0]["status"], dict(messages[0]["headers"])

    async def begin(self, name: str) -> tuple[Any, asyncio.Future[dict[str, Any]]]:
        """A request whose body does not come yet, once the server waits for it."""
        self.reading.clear()
        rest: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self.send(name, rest))
        await self.reading.wait()
        return task, rest


WHOLE = {"type": "http.request", "body": msgspec.json.encode(GOOD), "more_body": False}


@pytest.mark.parametrize(
    ("end", "status"), [(WHOLE, 200), ({"type": "http.disconnect"}, 408)], ids=["whole", "left"]
)
async def test_a_client_has_so_many_unfinished_bodies_and_no_more(
    end: dict[str, Any], status: int
) -> None:
    bodies = Bodies(2)
    (first, first_rest), (second, second_rest) = [await bodies.begin("a") for _ in range(2)]
    refused, headers = await bodies.send("a")
    assert refused == 429
    assert headers[b"retry-after"] == b"1"
    assert (await bodies.send("b"))[0] == 200, "another client has places of its own"
    first_rest.set_result(end)
    assert (await first)[0] == status
    assert (await bodies.send("a"))[0] == 200, "a place is free again"
    third, third_rest = await bodies.begin("a")
    assert (await bodies.send("a"))[0] == 429
    for rest in (second_rest, third_rest):
        rest.set_result(WHOLE)
    assert [(await task)[0] for task in (second, third)] == [200, 200]
    assert len(bodies.app._bodies) == 0, "nothing is remembered of those who are done"
