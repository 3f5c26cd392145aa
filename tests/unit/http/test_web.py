"""Browsers: where a request comes from, cookies, headers that protect; and heads and streams."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.http import (
    API_HEADERS,
    BadDigest,
    Endpoint,
    ForeignOrigin,
    HeaderParameter,
    OriginGuard,
    Request,
    RequestHead,
    Response,
    Stream,
    api_markdown,
    build_app,
    end_cookie,
    openapi_document,
    read_cookies,
    session_cookie,
    sse_event,
)
from detente.http.openapi import ApiInfo, SecurityScheme
from detente.http.reading import check_digest

HERE = "https://node.example:8443"


@pytest.mark.parametrize(
    ("method", "headers", "passes"),
    [
        ("POST", {"Origin": HERE}, True),
        ("POST", {"Origin": "HTTPS://NODE.example:8443"}, True),
        ("POST", {"Origin": "https://later.example", "Cookie": "a=b"}, True),
        ("POST", {"Origin": "https://node.example"}, False),
        ("POST", {"Origin": "http://node.example:8443"}, False),
        ("POST", {"Origin": "https://evil.example"}, False),
        ("POST", {"Origin": "null"}, False),
        ("POST", {"Origin": ""}, False),
        ("DELETE", {"Origin": "https://evil.example"}, False),
        ("GET", {"Origin": "https://evil.example"}, True),
        ("POST", {"Sec-Fetch-Site": "same-origin", "Cookie": "a=b"}, True),
        ("POST", {"Sec-Fetch-Site": "none", "Cookie": "a=b"}, True),
        ("POST", {"Sec-Fetch-Site": "same-site"}, False),
        ("POST", {"Sec-Fetch-Site": "cross-site"}, False),
        ("POST", {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, False),
        ("POST", {}, True),
        ("POST", {"Authorization": "Bearer x"}, True),
        ("POST", {"Cookie": "a=b"}, False),
    ],
)
def test_what_comes_from_another_site_is_refused(
    method: str, headers: dict[str, str], passes: bool
) -> None:
    guard = OriginGuard([HERE])
    guard.allow("https://later.example:443/")
    head = RequestHead.of(method, "/", headers)
    if passes:
        guard(head)
    else:
        with pytest.raises(ForeignOrigin):
            guard(head)


@pytest.mark.parametrize("text", ["node.example", "ftp://x", "https://", "https://x/path", "null"])
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an origin"):
        OriginGuard([text])


def test_cookies_come_back_as_they_were_set() -> None:
    name, value = session_cookie("__Host-session", "abc_DEF-123", max_age_s=600)
    assert name == b"set-cookie"
    assert value == (
        b"__Host-session=abc_DEF-123; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=600"
    )
    assert end_cookie("__Host-session")[1].endswith(b"Max-Age=0")
    for bad in ("a;b", "a b", "ä", "a\r\nb", 'a"b', "a\\b", "a,b"):
        with pytest.raises(ValueError, match="cannot hold"):
            session_cookie("__Host-session", bad)
    for bad in ("session", "__Host-a b", "__Host-a;b"):
        with pytest.raises(ValueError, match="__Host-"):
            session_cookie(bad, "x")


def test_a_cookie_that_is_there_twice_is_nobodys() -> None:
    assert read_cookies('a=1; b="2"; a=3; c; d=x=y;;e=') == {"b": "2", "d": "x=y", "e": ""}
    assert read_cookies(None) == {}


@given(st.text(max_size=100))
def test_any_cookie_header_can_be_read(text: str) -> None:
    for name in read_cookies(text):
        assert not set(name) & set(' ;="')


def test_a_head_tells_what_was_sent() -> None:
    head = RequestHead.of(
        "POST",
        "/a%2Fb",
        {"Host": "b.example", "X-One": " 1 ", "Authorization": "Bearer x"},
        query="q=%20",
        address="192.0.2.1",
    )
    assert head.target_uri == "https://b.example/a%2Fb?q=%20"
    assert (head.method, head.path, head.query, head.scheme) == (
        "POST",
        "/a%2Fb",
        "q=%20",
        "https",
    )
    assert head.headers["x-one"] == "1"
    assert head.authorization == b"Bearer x"
    assert (head.address, head.peer) == ("192.0.2.1", None)
    twice = [(b"x", b"1"), (b"cookie", b"a=1"), (b"x", b"2"), (b"cookie", b"b=2")]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": twice}
    assert RequestHead(scope).headers == {"x": "1, 2", "cookie": "a=1; b=2"}
    assert (RequestHead(scope).address, RequestHead(scope).peer) == ("", None)


def digest(name: str, body: bytes) -> str:
    found = hashlib.new(name.replace("-", ""), body).digest()
    return f"{name}=:{base64.b64encode(found).decode()}:"


@pytest.mark.parametrize(
    ("header", "good"),
    [
        (digest("sha-256", b"body"), True),
        (digest("sha-512", b"body"), True),
        (f"{digest('sha-256', b'body')}, {digest('sha-512', b'body')}", True),
        (f"md5=:AAAA:, {digest('sha-256', b'body')}", True),
        (f"{digest('sha-256', b'body')}, {digest('sha-512', b'other')}", False),
        (digest("sha-256", b"other"), False),
        ("md5=:AAAA:", False),
        ("sha-256=:not base64:", False),
        (digest("sha-256", b"body").rstrip(":"), False),
        ("", False),
        (None, False),
    ],
)
def test_a_body_is_held_against_its_digest(header: str | None, good: bool) -> None:
    if good:
        check_digest(header, b"body")
    else:
        with pytest.raises(BadDigest):
            check_digest(header, b"body")


def parse_events(data: bytes) -> list[dict[str, str]]:
    """A client, after the standard: HTML section 9.2.6."""
    events, fields = [], {"data": ""}
    for line in data.decode().split("\n"):
        if line == "":
            if fields["data"]:
                fields["data"] = fields["data"].removesuffix("\n")
                events.append(fields)
            fields = {"data": ""}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            fields[name] = fields["data"] + value + "\n" if name == "data" else value
    return events


@given(st.text(max_size=50), st.from_regex(r"\A[a-z ]{0,8}\Z"), st.integers(0, 10**9))
def test_an_event_arrives_as_it_was_sent(text: str, event: str, number: int) -> None:
    sent = sse_event(text, event=event, id=str(number), retry_ms=5)
    assert parse_events(sent + b":\n\n" + sse_event(b"next"))[-1] == {"data": "next"}
    wanted = text.replace("\r\n", "\n").replace("\r", "\n")
    expected = {"data": wanted, "id": str(number), "retry": "5"}
    if event:
        expected["event"] = event
    if wanted:
        assert parse_events(sent)[0] == expected


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\0b"])
def test_an_event_cannot_be_forged_by_its_name(bad: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        sse_event("x", event=bad)
    with pytest.raises(ValueError, match="line break"):
        sse_event("x", id=bad)


async def show(request: Request[Any]) -> Response:
    headers = [(b"cache-control", b"max-age=1")] if "if-match" in request.headers else []
    text = repr(sorted(request.headers.items())).encode()
    return Response(200, text, headers, content_type=b"text/plain")


async def one(text: bytes) -> AsyncIterator[bytes]:
    yield text


async def undeclared(request: Request[None]) -> Stream:
    return Stream(200, one(b"x"))


async def pages(request: Request[None]) -> Stream:
    return Stream(200, one(b"x" * 10), content_type=b"text/csv")


def endpoint(method: str, path: str, handler: Any = show, **more: Any) -> Endpoint:
    return Endpoint(
        method=method,
        path=path,
        handler=handler,
        operation_id=path,
        summary="",
        responses={200: None},
        public=True,
        **more,
    )


ENDPOINTS = [
    endpoint(
        "GET",
        "/headers",
        headers=[
            HeaderParameter(name="If-Match", help="Which.", required=False),
            HeaderParameter(name="X-Needed", help="Why.", required=True, example="1"),
        ],
    ),
    endpoint("POST", "/digest", body=bytes, digest=True),
    endpoint("GET", "/undeclared", undeclared),
    endpoint("GET", "/pages", pages, stream="text/csv"),
]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = build_app(ENDPOINTS, guard=OriginGuard([HERE]), headers=API_HEADERS)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as found:
        yield found


@pytest.mark.anyio
async def test_a_handler_sees_the_headers_it_declares(client: httpx.AsyncClient) -> None:
    answer = await client.get("/headers", headers={"X-Needed": "1", "X-Other": "2"})
    assert answer.text == "[('x-needed', '1')]"
    assert answer.headers["cache-control"] == "no-store"
    answer = await client.get("/headers", headers={"X-Needed": "1", "If-Match": "7"})
    assert answer.text == "[('if-match', '7'), ('x-needed', '1')]"
    assert answer.headers["cache-control"] == "max-age=1"
    answer = await client.get("/headers")
    assert (answer.status_code, answer.json()["code"]) == (400, "http.bad_request")
    assert "x-needed" in answer.json()["message"]


@pytest.mark.anyio
async def test_every_answer_has_the_headers_that_protect(client: httpx.AsyncClient) -> None:
    for path in ("/headers", "/nothing", "/undeclared", "/pages"):
        answer = await client.get(path, headers={"X-Needed": "1"})
        for name, value in API_HEADERS:
            assert answer.headers.get_list(name.decode()) == [value.decode()], (path, name)


@pytest.mark.anyio
async def test_the_guard_stands_before_public_endpoints(client: httpx.AsyncClient) -> None:
    headers = {"Content-Digest": digest("sha-256", b"x")}
    assert (await client.post("/digest", content=b"x", headers=headers)).status_code == 200
    headers["Origin"] = "https://evil.example"
    refused = await client.post("/digest", content=b"x", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "http.origin")


@pytest.mark.anyio
async def test_a_body_changed_on_its_way_is_refused(client: httpx.AsyncClient) -> None:
    headers = {"Content-Digest": digest("sha-256", b"x")}
    refused = await client.post("/digest", content=b"y", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "http.digest")
    assert (await client.post("/digest", content=b"y")).status_code == 400


@pytest.mark.anyio
async def test_a_stream_must_be_declared(client: httpx.AsyncClient) -> None:
    answer = await client.get("/undeclared")
    assert (answer.status_code, answer.json()["code"]) == (500, "http.internal")
    answer = await client.get("/pages")
    assert (answer.content, answer.headers["content-type"]) == (b"x" * 10, "text/csv")


def test_the_document_tells_of_headers_streams_and_sessions() -> None:
    cookie = SecurityScheme(
        name="session",
        definition={
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-s",
            "description": "A session.",
        },
    )
    token = SecurityScheme(name="token", definition={"type": "http", "scheme": "bearer"})
    private = Endpoint(
        method="GET",
        path="/private",
        handler=show,
        operation_id="private",
        summary="",
        responses={200: None},
        scopes=frozenset({frozenset({"line.read"})}),
    )
    info = ApiInfo(title="t", version="1", security=(cookie, token))
    document = openapi_document([*ENDPOINTS, private], info)
    assert list(document["components"]["securitySchemes"]) == ["session", "token"]
    assert document["paths"]["/private"]["get"]["security"] == [
        {"session": ["line.read"]},
        {"token": ["line.read"]},
    ]
    needed = document["paths"]["/headers"]["get"]["parameters"][1]
    assert needed == {
        "name": "X-Needed",
        "in": "header",
        "required": True,
        "description": "Why.",
        "schema": {"type": "string"},
        "example": "1",
    }
    digests = document["paths"]["/digest"]["post"]["parameters"]
    assert [parameter["name"] for parameter in digests] == ["Content-Digest"]
    pages_ = document["paths"]["/pages"]["get"]["responses"]
    assert pages_["200"]["content"] == {"text/csv": {"schema": {"type": "string"}}}
    assert {"429", "503"} <= set(pages_)
    page = api_markdown(document)
    for text in ("* `session`: A session.", "* scope: `line.read`\n", "a stream of `text/csv`"):
        assert text in page, text
    assert "RS256" not in page
