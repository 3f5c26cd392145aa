"""OGC API - Features, Part 1 (OGC 17-069r4), under /ogc/features: for QGIS, ArcGIS and the like.

Conforms to Core, GeoJSON and OpenAPI 3.0. Read only; whoever asks brings a session, as elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from detente.http import Endpoint, NotFound, QueryParameter, Request, Response, any_of
from detente.interchange.feature import Feature, Piece
from detente.interchange.geojson_out import map_feature
from detente.interchange.moments import rfc3339

from .features import COLLECTIONS, Collection, Sky
from .features_openapi import OPENAPI_TYPE, openapi_3_0
from .features_query import (
    CRS84,
    LIMIT,
    LIMIT_MAX,
    BadQuery,
    Box,
    Times,
    read_box,
    read_number,
    read_times,
)

ROOT: Final = "/ogc/features"
CONFORMS_TO: Final = (
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
)
GEOJSON: Final = "application/geo+json"
JSON: Final = "application/json"
_OFFSET_MAX: Final = 1_000_000_000
_ITEMS_QUERY: Final = ("bbox", "bbox-crs", "datetime", "limit", "offset", "f")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FeaturesApi:
    """The handlers.

    Attributes:
        sky: where features come from.
        origin: of the public address, such as `https://node.example`; None: as clients write it.
        now_us: the clock.
    """

    sky: Sky
    origin: str | None
    now_us: Callable[[], int]

    async def landing(self, request: Request[None]) -> Response:
        """GET /."""
        self._check(request)
        at = self._at(request)
        return _json(
            {
                "title": "Détente",
                "description": "Flights and constraints that this node knows.",
                "links": [
                    _link(at, "self", JSON, "This document"),
                    _link(f"{at}/api", "service-desc", OPENAPI_TYPE, "OpenAPI 3.0"),
                    _link(f"{at}/conformance", "conformance", JSON, "Conformance classes"),
                    _link(f"{at}/collections", "data", JSON, "Collections"),
                ],
            }
        )

    async def conformance(self, request: Request[None]) -> Response:
        """GET /conformance."""
        self._check(request)
        return _json({"conformsTo": list(CONFORMS_TO)})

    async def api(self, request: Request[None]) -> Response:
        """GET /api."""
        self._check(request)
        document = openapi_3_0(self._at(request), list(COLLECTIONS.values()))
        return _json(document, OPENAPI_TYPE)

    async def collections(self, request: Request[None]) -> Response:
        """GET /collections."""
        self._check(request)
        at = self._at(request)
        return _json(
            {
                "links": [_link(f"{at}/collections", "self", JSON, "This document")],
                "collections": [self._described(at, each) for each in COLLECTIONS.values()],
            }
        )

    async def collection(self, request: Request[None]) -> Response:
        """GET /collections/{collectionId}."""
        self._check(request)
        return _json(self._described(self._at(request), _collection(request)))

    async def items(self, request: Request[None]) -> Response:
        """GET /collections/{collectionId}/items."""
        self._check(request, _ITEMS_QUERY)
        collection, query = _collection(request), request.query
        box = read_box(query["bbox"], query.get("bbox-crs")) if "bbox" in query else None
        times = read_times(query["datetime"]) if "datetime" in query else None
        limit = read_number(query.get("limit"), "limit", LIMIT, 1, LIMIT_MAX)
        offset = read_number(query.get("offset"), "offset", 0, 0, _OFFSET_MAX)
        found = _matching(collection.features(self.sky), box, times)
        page = found[offset : offset + limit]
        at = f"{self._at(request)}/collections/{collection.id}"
        return _json(
            {
                "type": "FeatureCollection",
                "timeStamp": rfc3339(self.now_us()),
                "numberMatched": len(found),
                "numberReturned": len(page),
                "links": [
                    _link(f"{at}/items{_query(query)}", "self", GEOJSON, "This page"),
                    *_pages(f"{at}/items", query, offset, limit, len(found)),
                    _link(at, "collection", JSON, collection.title.en),
                ],
                "features": [_item(at, piece) for piece in page],
            },
            GEOJSON,
        )

    async def item(self, request: Request[None]) -> Response:
        """GET /collections/{collectionId}/items/{featureId}."""
        self._check(request)
        collection = _collection(request)
        wanted = request.path["featureId"]
        owner = wanted.rpartition(".")[0]
        for feature in collection.features(self.sky):
            if feature.id == owner:
                for piece in feature.pieces:
                    if piece.id == wanted:
                        at = f"{self._at(request)}/collections/{collection.id}"
                        return _json(_item(at, piece), GEOJSON)
        raise NotFound("There is no such feature.", where=wanted[:80])

    def _described(self, at: str, collection: Collection) -> Json:
        here = f"{at}/collections/{collection.id}"
        return {
            "id": collection.id,
            "title": collection.title.en,
            "description": collection.description.en,
            "itemType": "feature",
            "crs": [CRS84],
            "extent": _extent(collection.features(self.sky)),
            "links": [
                _link(here, "self", JSON, collection.title.en),
                _link(f"{here}/items", "items", GEOJSON, collection.title.en),
            ],
        }

    def _at(self, request: Request[None]) -> str:
        """The address of the landing page, as the client reaches it."""
        if self.origin is not None:
            return self.origin.rstrip("/") + ROOT
        asked = urlsplit(request.url)
        return f"{asked.scheme}://{asked.netloc}{ROOT}"

    def _check(self, request: Request[None], known: Sequence[str] = ("f",)) -> None:
        """Refuse parameters that nobody knows (7.5, requirement query-param-unknown), and other
        formats than JSON.

        Raises:
            BadQuery: there is one.
        """
        for name, value in parse_qsl(urlsplit(request.url).query, keep_blank_values=True):
            if name not in known:
                raise BadQuery("There is no such parameter here.", where=name[:80])
            if name == "f" and value not in ("json", "geojson"):
                raise BadQuery("Only json is written.", where="f")


def features_endpoints(api: FeaturesApi) -> list[Endpoint]:
    """Endpoints under /ogc/features."""
    refusals: dict[int, Any] = {404: None}
    items = [
        QueryParameter(name="bbox", help="west,south,east,north in degrees; or with heights."),
        QueryParameter(name="bbox-crs", help="CRS84, or nothing."),
        QueryParameter(name="datetime", help="An instant, or start/end; `..` is open."),
        QueryParameter(name="limit", help=f"At most so many features; {LIMIT} by default."),
        QueryParameter(name="offset", help="Leave out so many; links name the next page."),
    ]
    json_only = QueryParameter(name="f", help="json: there is nothing else.")

    def one(path: str, handler: Any, name: str, summary: str, **more: Any) -> Endpoint:
        media = more.pop("media", JSON)
        return Endpoint(
            method="GET",
            path=ROOT + path,
            handler=handler,
            operation_id=name,
            summary=summary,
            responses={200: None, **more.pop("refusals", {})},
            media={200: media},
            scopes=more.pop("scopes", any_of("plan.read")),
            query=(*more.pop("query", ()), json_only),
            path_help={
                "collectionId": f"one of {', '.join(COLLECTIONS)}",
                "featureId": "id of a feature: of its intent or constraint, and its volume",
            }
            if "{" in path
            else {},
            tags=("features",),
            **more,
        )

    return [
        one("", api.landing, "ogcLanding", "OGC API - Features: landing page."),
        one("/", api.landing, "ogcLandingSlash", "The same: some clients add a slash."),
        one("/conformance", api.conformance, "ogcConformance", "Conformance classes."),
        one(
            "/api",
            api.api,
            "ogcApi",
            "The same as OpenAPI 3.0.",
            media=OPENAPI_TYPE,
            scopes=frozenset(),
            public=True,
        ),
        one("/collections", api.collections, "ogcCollections", "What there is."),
        one(
            "/collections/{collectionId}",
            api.collection,
            "ogcCollection",
            "One collection.",
            refusals=refusals,
        ),
        one(
            "/collections/{collectionId}/items",
            api.items,
            "ogcItems",
            "Features of a collection: one for each volume.",
            media=GEOJSON,
            refusals=refusals,
            query=items,
        ),
        one(
            "/collections/{collectionId}/items/{featureId}",
            api.item,
            "ogcItem",
            "One feature.",
            media=GEOJSON,
            refusals=refusals,
        ),
    ]


def _collection(request: Request[None]) -> Collection:
    found = COLLECTIONS.get(request.path["collectionId"])
    if found is None:
        raise NotFound("There is no such collection.", where=request.path["collectionId"][:80])
    return found


def _matching(features: Sequence[Feature], box: Box | None, times: Times | None) -> list[Piece]:
    pieces = [piece for feature in features for piece in feature.pieces]
    if times is not None:
        pieces = [piece for piece in pieces if times.meets(piece)]
    if box is not None:
        pieces = [piece for piece in pieces if box.meets(piece)]
    return sorted(pieces, key=lambda piece: (piece.feature.id, piece.number))


def _item(at: str, piece: Piece) -> Json:
    return {
        **map_feature(piece),
        "links": [
            _link(f"{at}/items/{piece.id}", "self", GEOJSON, piece.title),
            _link(at, "collection", JSON, "Collection"),
        ],
    }


def _extent(features: Sequence[Feature]) -> Json:
    """The whole world; times as far as they are known."""
    volumes = [piece.volume for feature in features for piece in feature.pieces]
    starts = [each.time_start_us for each in volumes]
    ends = [each.time_end_us for each in volumes]
    first = min((each for each in starts if each is not None), default=None)
    last = max((each for each in ends if each is not None), default=None)
    interval = [
        None if first is None or None in starts else rfc3339(first),
        None if last is None or None in ends else rfc3339(last),
    ]
    return {
        "spatial": {"bbox": [[-180.0, -90.0, 180.0, 90.0]], "crs": CRS84},
        "temporal": {"interval": [interval]},
    }


def _pages(
    at: str, query: Mapping[str, str], offset: int, limit: int, count: int
) -> Sequence[Json]:
    found = []
    if offset + limit < count:
        there = _query({**query, "offset": str(offset + limit), "limit": str(limit)})
        found.append(_link(at + there, "next", GEOJSON, "Next page"))
    if offset > 0:
        there = _query({**query, "offset": str(max(0, offset - limit)), "limit": str(limit)})
        found.append(_link(at + there, "prev", GEOJSON, "Previous page"))
    return found


def _query(query: Mapping[str, str]) -> str:
    return f"?{urlencode(query)}" if query else ""


def _link(href: str, rel: str, media: str, title: str) -> Json:
    return {"href": href, "rel": rel, "type": media, "title": title}


def _json(body: Json, media: str = JSON) -> Response:
    return Response(200, msgspec.json.encode(body), content_type=media.encode())
