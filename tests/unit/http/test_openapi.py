"""The document that is generated says what the endpoints do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any

import httpx
import msgspec
import pytest

from detente.http import (
    ApiInfo,
    Caller,
    Endpoint,
    QueryParameter,
    Request,
    RequestHead,
    Response,
    any_of,
    api_markdown,
    build_app,
    openapi_document,
)


class Put(msgspec.Struct):
    """What to put."""

    name: str
    size: int = 3


class Got(msgspec.Struct):
    thing: Put | None


async def handle(request: Request[Any]) -> Response:
    return Response(200)


ENDPOINTS = [
    Endpoint(
        method="PUT",
        path="/things/{id}",
        handler=handle,
        operation_id="putThing",
        summary="Put a thing.",
        description="Longer.",
        responses={201: Got, 409: Got},
        scopes=any_of("b", "a c"),
        body=Put,
        tags=["things"],
        path_help={"id": "Which thing."},
        example=Put("x"),
    ),
    Endpoint(
        method="GET",
        path="/open",
        handler=handle,
        operation_id="getOpen",
        summary="Anyone.",
        responses={200: None},
        query=[QueryParameter(name="q", help="What.", required=True, example="1")],
        public=True,
    ),
]
INFO = ApiInfo(title="Sample", version="1", description="About it.")
DOCUMENT = openapi_document(ENDPOINTS, INFO)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_it_says_who_may_call_what_with_what() -> None:
    put = DOCUMENT["paths"]["/things/{id}"]["put"]
    assert put["operationId"] == "putThing"
    assert put["security"] == [{"bearer": ["a", "c"]}, {"bearer": ["b"]}]
    assert put["parameters"][0]["description"] == "Which thing."
    content = put["requestBody"]["content"]["application/json"]
    assert content == {
        "schema": {"$ref": "#/components/schemas/Put"},
        "example": {"name": "x", "size": 3},
    }
    assert set(put["responses"]) == {
        *("201", "400", "401", "403", "408", "409", "413", "429", "500", "503")
    }
    assert "Retry-After" in put["responses"]["429"]["headers"]
    public = DOCUMENT["paths"]["/open"]["get"]
    assert public["security"] == []
    assert set(public["responses"]) == {"200", "400", "500"}


def test_every_reference_resolves() -> None:
    found = set(references(DOCUMENT))
    assert found
    for reference in found:
        assert reference.removeprefix("#/components/schemas/") in DOCUMENT["components"]["schemas"]


def test_each_operation_has_an_id_of_its_own() -> None:
    with pytest.raises(ValueError, match="two operations have one id: putThing"):
        openapi_document([*ENDPOINTS, ENDPOINTS[0]], INFO)


def test_patterns_are_those_of_json_schema() -> None:
    class Coded(msgspec.Struct):
        code: Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2}\Z")]

    endpoint = replace(ENDPOINTS[0], body=Coded, example=None)
    [found] = [
        schema
        for name, schema in openapi_document([endpoint], INFO)["components"]["schemas"].items()
        if name == "Coded"
    ]
    assert found["properties"]["code"]["pattern"] == "^[a-z]{2}$"


def test_what_a_guard_refuses_is_described() -> None:
    public = replace(ENDPOINTS[0], public=True, scopes=frozenset())
    for guarded in (False, True):
        paths = openapi_document([public, ENDPOINTS[1]], INFO, guarded=guarded)["paths"]
        assert ("403" in paths["/things/{id}"]["put"]["responses"]) == guarded
        assert "403" not in paths["/open"]["get"]["responses"]


def test_errors_have_a_body_unless_it_is_of_another_type() -> None:
    endpoint = replace(
        ENDPOINTS[1], responses={200: None, 404: None, 409: None}, media={409: "text/plain"}
    )
    answers = openapi_document([endpoint], INFO)["paths"]["/open"]["get"]["responses"]
    assert "content" not in answers["200"]
    assert list(answers["404"]["content"]) == ["application/json"]
    assert list(answers["409"]["content"]) == ["text/plain"]


def test_it_is_the_same_each_time() -> None:
    assert json.dumps(openapi_document(ENDPOINTS, INFO)) == json.dumps(DOCUMENT)


@pytest.mark.anyio
async def test_it_is_served_to_anyone() -> None:
    class Nobody:
        async def authenticate(self, request: RequestHead, now_us: int) -> Caller:
            raise AssertionError

    app = build_app(ENDPOINTS, authenticator=Nobody(), info=INFO)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://test"
    ) as client:
        assert (await client.get("/openapi.json")).json() == DOCUMENT


def test_the_page_for_people_has_operations_and_types() -> None:
    page = api_markdown(DOCUMENT, "note")
    for text in (
        "### PUT `/things/{id}`",
        "* scope: `a` with `c` or `b`",
        "* path parameter `id`: Which thing.",
        "* body: [Put](#put)",
        "| 201 | Created | [Got](#got) |",
        "* scope: none: no token is needed",
        "### Put",
        "| `name` | string | required |",
        "| `thing` | [Put](#put) or null | required |",
    ):
        assert text in page, text


def test_a_body_that_is_not_json_is_said_to_be_bytes() -> None:
    raw = Endpoint(
        method="POST",
        path="/raw",
        handler=handle,
        operation_id="postRaw",
        summary="Anything.",
        responses={200: None},
        body=bytes,
        public=True,
    )
    document = openapi_document([raw], INFO)
    body = document["paths"]["/raw"]["post"]["requestBody"]
    assert list(body["content"]) == ["application/octet-stream"]
    assert "* body: bytes" in api_markdown(document)
