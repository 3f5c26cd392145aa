"""The description of /ogc/features in OpenAPI 3.0, as its clients want it (conformance oas30)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import detente

from .features import Collection
from .features_query import LIMIT, LIMIT_MAX

OPENAPI_TYPE: Final = "application/vnd.oai.openapi+json;version=3.0"

Json = dict[str, Any]

_NUMBERS: Final = {"type": "array", "items": {"type": "number"}}
_BBOX: Final = {
    "name": "bbox",
    "in": "query",
    "required": False,
    "style": "form",
    "explode": False,
    "description": "West, south, east, north in degrees; or with heights after south and north.",
    "schema": {"oneOf": [{**_NUMBERS, "minItems": n, "maxItems": n} for n in (4, 6)]},
}
_DATETIME: Final = {
    "name": "datetime",
    "in": "query",
    "required": False,
    "style": "form",
    "explode": False,
    "description": "An instant, or start/end; `..` is open (RFC 3339).",
    "schema": {"type": "string"},
}
_LIMIT: Final = {
    "name": "limit",
    "in": "query",
    "required": False,
    "style": "form",
    "explode": False,
    "description": "At most so many features.",
    "schema": {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT},
}
_OFFSET: Final = {
    "name": "offset",
    "in": "query",
    "required": False,
    "description": "Leave out so many; the links name the next page.",
    "schema": {"type": "integer", "minimum": 0, "default": 0},
}
_FEATURE_ID: Final = {
    "name": "featureId",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
}
_ERROR: Final = {
    "description": "What is wrong with the request.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["message"],
                "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
            }
        }
    },
}


def openapi_3_0(at: str, collections: Sequence[Collection]) -> Json:
    """The document.

    Args:
        at: address of the landing page.
        collections: that there are.
    """
    paths: Json = {
        "/": _get("ogcLanding", "Landing page", "application/json"),
        "/conformance": _get("ogcConformance", "Conformance classes", "application/json"),
        "/api": _get("ogcApi", "This document", OPENAPI_TYPE),
        "/collections": _get("ogcCollections", "Collections", "application/json"),
    }
    for each in collections:
        path, name = f"/collections/{each.id}", each.id.replace("-", "_")
        paths[path] = _get(f"describe_{name}", each.title.en, "application/json")
        paths[f"{path}/items"] = _get(
            f"items_{name}",
            each.description.en,
            "application/geo+json",
            [_BBOX, _DATETIME, _LIMIT, _OFFSET],
        )
        paths[f"{path}/items/{{featureId}}"] = _get(
            f"item_{name}", "One feature", "application/geo+json", [_FEATURE_ID]
        )
    return {
        "openapi": "3.0.3",
        "info": {"title": "Détente: OGC API - Features", "version": detente.__version__},
        "servers": [{"url": at}],
        "security": [{"session": []}],
        "paths": paths,
        "components": {"securitySchemes": {"session": {"type": "http", "scheme": "bearer"}}},
    }


def _get(name: str, summary: str, media: str, parameters: Sequence[Json] = ()) -> Json:
    operation: Json = {
        "operationId": name,
        "summary": summary,
        "responses": {
            "200": {
                "description": summary,
                "content": {media: {"schema": {"type": "object"}}},
            },
            "400": _ERROR,
            "401": _ERROR,
        },
    }
    if parameters:
        operation["parameters"] = list(parameters)
    return {"get": operation}
