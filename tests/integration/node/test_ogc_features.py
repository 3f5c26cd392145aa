"""OGC API - Features as a client of somebody else's sees it (OWSLib), and by its requirements."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from owslib.ogcapi.features import Features
from shapely.geometry import shape
from tests.support.planners import PlanningNode, circle, planners

pytestmark = pytest.mark.anyio


async def _client(node: PlanningNode) -> tuple[Features, dict[str, str]]:
    assert node.http is not None
    headers = {"authorization": node.http.headers["authorization"]}
    url = f"{node.node.url}/ogc/features"
    return await asyncio.to_thread(Features, url, headers=headers), headers


async def test_a_client_finds_its_way(tmp_path: Path) -> None:
    async with planners(tmp_path, start=("a",)) as there:
        a = there["a"]
        for i in range(5):
            lat = 47.0 + i / 10
            later = circle(lat, 8.01, start_s=3600, end_s=7200)
            done = await a.file([circle(lat, 8.0), later], name=f"flight {i}")
            assert done["result"] == "done", done
        client, headers = await _client(a)

        def ask() -> dict[str, Any]:
            landing, api = client.response, client.api()
            names = client.feature_collections()
            items = client.collection_items("operational-intents", limit=4)
            followed = [*items["features"]]
            page = items
            while True:
                onward = [each["href"] for each in page["links"] if each["rel"] == "next"]
                if not onward:
                    break
                query = parse_qs(urlsplit(onward[0]).query)
                page = client.collection_items(
                    "operational-intents",
                    limit=int(query["limit"][0]),
                    offset=int(query["offset"][0]),
                )
                followed += page["features"]
            return {
                "landing": landing,
                "names": names,
                "conforms": client.conformance(),
                "collection": client.collection("operational-intents"),
                "first": items,
                "all": followed,
                "boxed": client.collection_items(
                    "operational-intents", bbox=[7.99, 47.05, 8.02, 47.15]
                ),
                "one": client.collection_item("operational-intents", followed[0]["id"]),
                "api": api,
            }

        found = await asyncio.to_thread(ask)
        assert found["names"] == ["operational-intents", "neighbours", "constraints"]
        core = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core"
        assert core in found["conforms"]["conformsTo"]
        assert found["first"]["numberMatched"] == 10
        assert found["first"]["numberReturned"] == 4
        assert len({each["id"] for each in found["all"]}) == 10
        boxed = [each["properties"]["name"] for each in found["boxed"]["features"]]
        assert boxed == ["flight 1"] * 2
        assert found["one"]["properties"]["state"] == "Accepted"
        assert shape(found["one"]["geometry"]).is_valid
        assert found["api"]["openapi"].startswith("3.0")
        links = found["landing"]["links"]
        assert {each["rel"] for each in links} == {"self", "service-desc", "conformance", "data"}
        assert all(each["href"].startswith(a.node.url) for each in links)
        await _by_the_requirements(a.node.url, headers, found["one"])


async def _by_the_requirements(url: str, headers: dict[str, str], one: Any) -> None:
    items = "/ogc/features/collections/operational-intents/items"
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as http:

        async def count(query: str) -> int:
            answer = await http.get(f"{items}?{query}")
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-type"] == "application/geo+json"
            number: int = answer.json()["numberMatched"]
            return number

        start, end = (quote(one["properties"][name]) for name in ("time_start", "time_end"))
        assert await count(f"datetime={start}/..") == 10
        assert await count(f"datetime=../{end}") == 5
        middle = (datetime.now(UTC) + timedelta(seconds=900)).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert await count(f"datetime={middle}") == 5
        assert await count("datetime=2000-01-01T00:00:00Z/2001-01-01T00:00:00Z") == 0
        assert await count("bbox=170,-90,-170,90") == 0
        assert await count("bbox=7,46,550,9,48,560") == 10
        assert await count("bbox=7,46,700,9,48,800") == 0
        assert await count("limit=99999999") == 10
        for wrong in (
            "bbox=1,2,3",
            "bbox=a,b,c,d",
            "bbox=7,48,9,46",
            "bbox=7,46,9,nan",
            "bbox=7,46,9,48&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/3857",
            "datetime=tomorrow",
            "datetime=2026-01-01T00:00:00Z/2025-01-01T00:00:00Z",
            "datetime=../../..",
            "limit=0",
            "limit=ten",
            "offset=-1",
            "colour=blue",
            "f=html",
        ):
            assert (await http.get(f"{items}?{wrong}")).status_code == 400, wrong
        assert (await http.get("/ogc/features/collections?x=1")).status_code == 400
        assert (await http.get("/ogc/features/collections/secrets")).status_code == 404
        assert (await http.get(f"{items}/{one['id']}9")).status_code == 404
        assert (await http.get(f"{items}/nothing")).status_code == 404
        nobody = await http.get(items, headers={"authorization": "Bearer x"})
        assert nobody.status_code == 401
