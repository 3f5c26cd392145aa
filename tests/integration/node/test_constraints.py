"""Constraints at a real exchange: published, told, taken into account, and ended."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from tests.support.instance import token
from tests.support.nodes import until
from tests.support.planners import Planners, PlanningNode, Volume, circle, planners

pytestmark = pytest.mark.anyio

ZONE = {
    "identifier": "LAKE01",
    "country": "XAA",
    "zone_authority": [{"name": "Office"}],
    "type": "COMMON",
    "restriction": "CONDITIONAL",
    "name": "Lake festival",
    "message": "Ask the office",
}


def closed(**more: Any) -> Volume:
    """A volume that may be closed: it begins in a quarter of an hour."""
    return circle(47.0, 8.0, start_s=900.0, end_s=1800.0, **more)


async def notices(node: PlanningNode, event: str, count: int = 1) -> list[Any]:
    """What its operators were told under an event, once there is so much of it."""
    query = f"/record/entries?kind=operator-notice&limit=100&text={quote(event)}"

    async def enough() -> list[Any]:
        found = (await node.ask("GET", query))["entries"]
        return found if len(found) >= count else []

    found: list[Any] = await until(enough)
    return found


async def constraint_references(there: Planners, volume: Volume) -> list[Any]:
    """What stands at the exchange."""
    async with there.exchanges["main"].connection() as dss:
        reply = await dss.call(
            "POST", "/dss/v1/constraint_references/query", {"area_of_interest": volume}
        )
    assert reply.status == 200, reply
    found: list[Any] = reply.body["constraint_references"]
    return found


async def test_a_constraint_from_beginning_to_end(tmp_path: Path) -> None:
    async with planners(tmp_path) as there:
        a, b = there["a"], there["b"]
        early = await b.file([closed(low_m=550.0)], name="there first")
        assert early["result"] == "done", early

        begun = time.monotonic()
        done = await a.ask("POST", "/constraints", {"volumes": [closed()], "geozone": ZONE})
        assert done["result"] == "done", done
        assert done["notices"] == 1
        identity = done["id"]
        (reference,) = await constraint_references(there, closed())
        assert (reference["id"], reference["manager"]) == (identity, "a")

        # b's flight subscribes to constraints: its operator knows within five seconds.
        told = await notices(b, "CSTP0020")
        assert time.monotonic() - begun < 5
        assert "Lake festival" in json.dumps(told)

        # Others get the details with the OVN, which the exchange keeps from them.
        path = f"{a.base_url}/uss/v1/constraints/{identity}"
        async with httpx.AsyncClient(trust_env=False) as http:
            shown = await http.get(path, headers={"authorization": f"Bearer {token('watcher')}"})
        assert shown.status_code == 200, shown.text
        constraint = shown.json()["constraint"]
        assert constraint["details"]["geozone"]["identifier"] == "LAKE01"
        assert constraint["reference"]["version"] == reference["version"]
        assert len(constraint["reference"]["ovn"]) >= 16

        # Who plans now has its OVN in the key, and is told.
        late = await b.file([circle(47.0, 8.0, low_m=500.0, high_m=540.0, start_s=900.0)])
        assert late["result"] == "done", late
        assert identity in late["constraints"]
        await notices(b, "CSTP0005")
        own = await a.file([circle(47.003, 8.0, low_m=300.0, high_m=499.0, start_s=900.0)])
        assert own["result"] == "done", own

        # Moved upwards it meets the first flight no more... and meets it again; then it ends.
        moved = await a.ask(
            "PUT", f"/constraints/{identity}", {"volumes": [closed(low_m=700.0, high_m=800.0)]}
        )
        assert moved["result"] == "done", moved
        await notices(b, "CSTP0030", 2)
        back = await a.ask(
            "PUT", f"/constraints/{identity}", {"volumes": [closed()], "geozone": ZONE}
        )
        assert back["constraint"]["version"] == 3
        changed = await a.ask(
            "PUT", f"/constraints/{identity}", {"volumes": [closed(high_m=610.0)], "geozone": ZONE}
        )
        assert changed["result"] == "done", changed
        await notices(b, "CSTP0025", 2)
        ended = await a.ask("DELETE", f"/constraints/{identity}")
        assert ended["result"] == "done", ended
        assert ended["constraint"] is None
        await notices(b, "CSTP0035", 2)
        assert await constraint_references(there, closed()) == []
        assert (await a.ask("GET", "/constraints"))["constraints"] == []
        assert (await b.ask("GET", "/constraints"))["constraints"] == []
        again = await a.call("DELETE", f"/constraints/{identity}")
        assert again.json()["faults"][0]["code"] == "constraint.ended"


async def test_what_may_not_be_published_reaches_nobody(tmp_path: Path) -> None:
    async with planners(tmp_path, start=("a",)) as there:
        a = there["a"]
        soon = circle(47.0, 8.0, start_s=60.0)
        refused = await a.ask("POST", "/constraints", {"volumes": [soon]})
        assert refused["result"] == "refused"
        assert [each["code"] for each in refused["faults"]] == ["constraint.too_soon"]
        assert await constraint_references(there, soon) == []
        assert (await a.call("GET", f"/constraints/{refused['id']}")).status_code == 404
        body = {"volumes": [closed()], "geozone": {**ZONE, "identifier": "TOOLONGER"}}
        assert (await a.call("POST", "/constraints", body)).status_code == 400


@pytest.mark.slow
async def test_an_order_that_was_cut_off_is_brought_to_an_end(tmp_path: Path) -> None:
    """The exchange takes it, its answer never comes, the node is killed: nothing is left over."""
    async with planners(tmp_path, start=("a",)) as there:
        a, way = there["a"], there.ways["main"]
        kept = await a.ask("POST", "/constraints", {"volumes": [closed()], "geozone": ZONE})
        way.delay_s = 3.0
        wanted = asyncio.create_task(
            a.call("POST", "/constraints", {"volumes": [closed(low_m=700.0, high_m=800.0)]})
        )

        async def taken() -> bool:
            return len(await constraint_references(there, closed(high_m=900.0))) == 2

        await until(taken)
        await a.kill()
        with pytest.raises(httpx.HTTPError):
            await wanted
        way.delay_s = 0.0
        await a.start()

        async def settled() -> bool:
            found = await a.ask("GET", "/constraints")
            return bool(found["unsettled"] == 0)

        await until(settled, within_s=40, every_s=0.5)
        (left,) = await constraint_references(there, closed(high_m=900.0))
        assert left["id"] == kept["id"]
        (known,) = (await a.ask("GET", "/constraints"))["constraints"]
        assert known["id"] == kept["id"]


async def test_a_file_of_zones_becomes_constraints(tmp_path: Path) -> None:
    async with planners(tmp_path, start=("a",)) as there:
        a = there["a"]
        now = closed()["time_start"]["value"]
        zone = {
            "identifier": "LAKE01",
            "country": "XAA",
            "type": "COMMON",
            "restriction": "PROHIBITED",
            "zoneAuthority": [{"name": "Office"}],
            "applicability": [{"permanent": "YES"}],
            "geometry": [
                {
                    "uomDimensions": "M",
                    "lowerLimit": 0,
                    "lowerVerticalReference": "AGL",
                    "upperLimit": 300,
                    "upperVerticalReference": "AMSL",
                    "horizontalProjection": {
                        "type": "Circle",
                        "center": [8.0, 47.0],
                        "radius": 900,
                    },
                }
            ],
        }
        file = json.dumps({"features": [zone, {"identifier": "X"}]}).encode()
        assert a.http is not None or (await a.plans()) == []
        assert a.http is not None
        answer = await a.http.post(
            f"/api/v1/constraints/read?since={quote(now)}&geoid=47..48%20m", content=file
        )
        assert answer.status_code == 200, answer.text
        understood = answer.json()
        assert len(understood["problems"]) == 1
        (found,) = understood["zones"]
        (body,) = found["constraints"]
        assert body["volumes"][0]["volume"]["altitude_upper"]["value"] == 348.0
        done = await a.ask("POST", "/constraints", body)
        assert done["result"] == "done", done
        out = await a.http.get("/api/v1/airspace/ed269?collection=constraints&geoid=47..48%20m")
        assert out.status_code == 200, out.text
        assert out.json()["features"][0]["identifier"] == "LAKE01"
        assert out.json()["features"][0]["geometry"][0]["upperLimit"] == 301
        for wrong in ("/etc/passwd", "47..48;x", "grid.pgm"):
            path = f"/api/v1/airspace/ed269?collection=constraints&geoid={quote(wrong)}"
            assert (await a.http.get(path)).status_code == 400
        notam = await a.http.get("/api/v1/airspace/notam?collection=constraints&fir=LSAS")
        assert notam.headers["content-type"].startswith("text/plain")
        assert notam.text.startswith("(A0001/")
