"""The OpenAPI 3.1 document of a list of endpoints, and the same as a readable page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec

from detente.http.endpoint import Endpoint, HeaderParameter, QueryParameter
from detente.http.errors import ErrorResponse

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityScheme:
    """A way to say who one is; `definition` is a Security Scheme Object of OpenAPI 3.1."""

    name: str
    definition: Mapping[str, Any]


BEARER_TOKENS = SecurityScheme(
    name="bearer",
    definition={
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "RS256. The claim `scope` must hold one of the sets of scopes "
        "named at the operation.",
    },
)
"""What `TokenAuthenticator` takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiInfo:
    """Title, version and description of an API, and the ways to say who one is: any one will do."""

    title: str
    version: str
    description: str = ""
    security: Sequence[SecurityScheme] = (BEARER_TOKENS,)


def check_ids(endpoints: Sequence[Endpoint]) -> None:
    """Refuse two operations with one id: ValueError."""
    ids = Counter(endpoint.operation_id for endpoint in endpoints)
    if twice := [name for name, count in ids.items() if count > 1]:
        msg = f"two operations have one id: {', '.join(twice)}"
        raise ValueError(msg)


def openapi_document(
    endpoints: Sequence[Endpoint], info: ApiInfo, *, guarded: bool = False
) -> Json:
    """The OpenAPI 3.1 document, as JSON-like values. Deterministic for a given list.

    Args:
        endpoints: the operations.
        info: title, version, and the ways to say who one is.
        guarded: whether a guard looks at every request that changes something (`build_app`).

    Raises:
        ValueError: two operations have one id.
    """
    check_ids(endpoints)
    bodies = _body_types(endpoints)
    schemas, components = msgspec.json.schema_components(
        bodies, ref_template="#/components/schemas/{name}"
    )
    refs = dict(zip(bodies, schemas, strict=True))
    paths: Json = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(
            endpoint, refs, info.security, guarded
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": info.title, "version": info.version, "description": info.description},
        "paths": paths,
        "components": {
            "schemas": _in_ecmascript(dict(sorted(components.items()))),
            "securitySchemes": {s.name: dict(s.definition) for s in info.security},
        },
    }


def _body_types(endpoints: Sequence[Endpoint]) -> list[Any]:
    found: dict[Any, None] = {ErrorResponse: None}
    for endpoint in endpoints:
        if endpoint.body is not None and endpoint.body is not bytes:
            found[endpoint.body] = None
        for kind in endpoint.responses.values():
            if kind is not None:
                found[_documented(kind)] = None
    return list(found)


def _documented(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    # A protocol may declare the error body of its own standard under the same name. What is sent is
    # ours, a superset, and two types of one name would only confuse.
    return ErrorResponse if kind.__name__ == ErrorResponse.__name__ else kind


def _in_ecmascript(schema: Any) -> Any:
    """JSON Schema takes patterns of ECMA-262, where Python's `\\Z` is spelled `$`."""
    if isinstance(schema, dict):
        return {
            name: value.replace(r"\Z", "$")
            if name == "pattern" and isinstance(value, str)
            else _in_ecmascript(value)
            for name, value in schema.items()
        }
    return [_in_ecmascript(each) for each in schema] if isinstance(schema, list) else schema


def _error_statuses(endpoint: Endpoint, guarded: bool) -> Iterator[int]:
    if guarded and endpoint.method not in ("GET", "HEAD"):
        yield 403
    if not endpoint.public:
        yield from (401, 403, 429, 503)
    elif endpoint.lane or endpoint.stream is not None:
        yield from (429, 503)
    if endpoint.body is not None:
        yield from (400, 408, 413)
    elif endpoint.path_parameters() or endpoint.query or endpoint.headers:
        yield 400
    yield 500


def _operation(
    endpoint: Endpoint,
    refs: dict[Any, Json],
    schemes: Sequence[SecurityScheme],
    guarded: bool,
) -> Json:
    operation: Json = {"operationId": endpoint.operation_id, "summary": endpoint.summary}
    if endpoint.description:
        operation["description"] = endpoint.description
    if endpoint.tags:
        operation["tags"] = list(endpoint.tags)
    parameters: list[Json] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": endpoint.path_help.get(name, ""),
            "schema": {"type": "string"},
        }
        for name in endpoint.path_parameters()
    ]
    parameters += [_parameter("query", parameter) for parameter in endpoint.query]
    parameters += [_parameter("header", parameter) for parameter in _headers(endpoint)]
    if parameters:
        operation["parameters"] = parameters
    if endpoint.body is bytes:
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
    elif endpoint.body is not None:
        content: Json = {"schema": refs[endpoint.body]}
        if endpoint.example is not None:
            content["example"] = msgspec.to_builtins(endpoint.example)
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    operation["responses"] = _responses(endpoint, refs, guarded)
    if endpoint.public:
        operation["security"] = []
    else:
        alternatives = sorted(sorted(alternative) for alternative in endpoint.scopes)
        operation["security"] = [
            {scheme.name: scopes} for scheme in schemes for scopes in alternatives or [[]]
        ]
    return operation


def _headers(endpoint: Endpoint) -> Iterator[HeaderParameter]:
    yield from endpoint.headers
    if endpoint.digest:
        yield HeaderParameter(
            name="Content-Digest",
            help="SHA-256 or SHA-512 of the body (RFC 9530).",
            required=True,
        )


def _parameter(place: str, parameter: QueryParameter | HeaderParameter) -> Json:
    entry: Json = {
        "name": parameter.name,
        "in": place,
        "required": parameter.required,
        "description": parameter.help,
        "schema": {"type": "string"},
    }
    if parameter.example is not None:
        entry["example"] = parameter.example
    return entry


def _responses(endpoint: Endpoint, refs: dict[Any, Json], guarded: bool) -> Json:
    statuses: dict[int, Any] = dict.fromkeys(_error_statuses(endpoint, guarded), ErrorResponse)
    for status, kind in endpoint.responses.items():
        usual = status >= 400 and status not in endpoint.media
        statuses[status] = ErrorResponse if kind is None and usual else kind
    responses: Json = {}
    for status in sorted(statuses):
        kind = statuses[status]
        response: Json = {"description": HTTPStatus(status).phrase}
        if kind is None and endpoint.stream is not None and status < 300:
            response["content"] = {endpoint.stream: {"schema": {"type": "string"}}}
        elif kind is None and status in endpoint.media:
            response["content"] = {endpoint.media[status]: {"schema": {"type": "string"}}}
        elif kind is not None:
            response["content"] = {"application/json": {"schema": refs[_documented(kind)]}}
        if status in (429, 503):
            response["headers"] = {
                "Retry-After": {
                    "description": "Seconds after which to try again.",
                    "schema": {"type": "integer"},
                }
            }
        responses[str(status)] = response
    return responses
