"""The OpenAPI 3.1 document of a list of endpoints, and the same as a readable page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec

from detente.http.endpoint import Endpoint
from detente.http.errors import ErrorResponse

Json = dict[str, Any]

_SECURITY = "bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiInfo:
    """Title, version and description of an API."""

    title: str
    version: str
    description: str = ""


def openapi_document(endpoints: Sequence[Endpoint], info: ApiInfo) -> Json:
    """The OpenAPI 3.1 document, as JSON-like values. Deterministic for a given list."""
    bodies = _body_types(endpoints)
    schemas, components = msgspec.json.schema_components(
        bodies, ref_template="#/components/schemas/{name}"
    )
    refs = dict(zip(bodies, schemas, strict=True))
    paths: Json = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": info.title, "version": info.version, "description": info.description},
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {
                _SECURITY: {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "RS256. The claim `scope` must hold one of the sets of scopes "
                    "named at the operation.",
                }
            },
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


def _error_statuses(endpoint: Endpoint) -> Iterator[int]:
    if not endpoint.public:
        yield from (401, 403, 429, 503)
    if endpoint.body is not None:
        yield from (400, 408, 413)
    elif endpoint.path_parameters() or endpoint.query:
        yield 400
    yield 500


def _operation(endpoint: Endpoint, refs: dict[Any, Json]) -> Json:
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
    for parameter in endpoint.query:
        entry: Json = {
            "name": parameter.name,
            "in": "query",
            "required": parameter.required,
            "description": parameter.help,
            "schema": {"type": "string"},
        }
        if parameter.example is not None:
            entry["example"] = parameter.example
        parameters.append(entry)
    if parameters:
        operation["parameters"] = parameters
    if endpoint.body is bytes:
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
    elif endpoint.body is not None:
        content: Json = {"schema": refs[endpoint.body]}
        if endpoint.example is not None:
            content["example"] = msgspec.to_builtins(endpoint.example)
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    operation["responses"] = _responses(endpoint, refs)
    if endpoint.public:
        operation["security"] = []
    else:
        alternatives = sorted(sorted(alternative) for alternative in endpoint.scopes)
        operation["security"] = [{_SECURITY: scopes} for scopes in alternatives or [[]]]
    return operation


def _responses(endpoint: Endpoint, refs: dict[Any, Json]) -> Json:
    statuses: dict[int, Any] = dict.fromkeys(_error_statuses(endpoint), ErrorResponse)
    statuses.update(endpoint.responses)
    responses: Json = {}
    for status in sorted(statuses):
        kind = statuses[status]
        response: Json = {"description": HTTPStatus(status).phrase}
        if kind is not None:
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
