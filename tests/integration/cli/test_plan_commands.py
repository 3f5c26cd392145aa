"""`detente plan` and `detente constraint` at two real nodes that plan through a real exchange."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.cli.at_node import Typed, called
from tests.support.nodes import until
from tests.support.planners import Planners, planners
from tests.support.program import Finished

from detente.cli.session_file import SavedSession, SessionFile

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("plan-commands")]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


class Cells:
    """Officers of both parties at the command line."""

    def __init__(self, there: Planners, root: Path) -> None:
        self.there = there
        self.root = root

    async def log_in(self) -> None:
        """A session for one officer of each."""
        for party, cell in self.there.nodes.items():
            async with await cell.node.login(cell.officer) as http:
                token = http.headers["authorization"].removeprefix("Bearer ")
            saved = SavedSession(cell.node.url, cell.officer, token)
            SessionFile(self.root / party).save(saved)

    async def __call__(
        self, party: str, *arguments: object, typed: Typed = "", terminal: bool = False
    ) -> Finished:
        """Whatever it comes to."""
        session = ("--session-file", self.root / party)
        return await called("plan", *arguments, *session, typed=typed, terminal=terminal)

    async def constraint(self, party: str, *arguments: object) -> str:
        """What a command of `detente constraint` prints that has to succeed."""
        done = await called("constraint", *arguments, "--session-file", self.root / party)
        assert done.code == 0, done
        return done.out

    async def ended(self, code: int, party: str, *arguments: object) -> Finished:
        """A command that ends so."""
        done = await self(party, *arguments)
        assert done.code == code, done
        return done

    async def filed(self, code: int, party: str, *arguments: object) -> Any:
        """What became of the only plan that a command was to file."""
        done = await self.ended(code, party, *arguments, "--yes", "--json")
        [plan] = json.loads(done.out)["plans"]
        return plan


@pytest.fixture(scope="module")
async def cells(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cells]:
    root = tmp_path_factory.mktemp("plan-commands")
    async with planners(root) as there:
        found = Cells(there, root)
        await found.log_in()
        yield found


def plan_file(
    path: Path, lat: float, *, name: str = "Survey", start_min: int = 10, minutes: int = 30
) -> Path:
    """A file with one circle, some minutes from now."""
    begins = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=start_min)

    def level(value: float) -> dict[str, Any]:
        return {"value": value, "units": "M", "reference": "W84"}

    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [68.0, lat]},
        "properties": {
            "flight_id": name,
            "name": name,
            "radius_m": 500,
            "altitude_lower": level(900),
            "altitude_upper": level(1000),
            "time_start": begins.isoformat(),
            "time_end": (begins + timedelta(minutes=minutes)).isoformat(),
        },
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


async def test_a_plan_lives_from_its_file_to_its_end(cells: Cells, tmp_path: Path) -> None:
    path = plan_file(tmp_path / "plan.geojson", 36.1, start_min=0)
    shown = await cells.ended(0, "a", "file", path, "--yes", "--operator", "HEMS")
    assert "accepted  Survey" in shown.out
    identity = shown.out.split()[0]
    assert identity[-8:] in (await cells.ended(0, "a", "list")).out
    told = json.loads((await cells.ended(0, "a", "show", identity[-8:], "--json")).out)
    assert (told["state"], told["name"], told["operator"]) == ("Accepted", "Survey", "HEMS")
    reference = await cells.there.reference(identity)
    assert reference["state"] == "Accepted"

    assert "activated" in (await cells.ended(0, "a", "activate", identity)).out
    lost = plan_file(tmp_path / "lost.geojson", 36.1, start_min=0, minutes=5)
    await cells.ended(0, "a", "modify", identity, lost, "--nonconforming", "--yes")
    assert (await cells.there.reference(identity))["state"] == "Nonconforming"
    nonconforming = await cells.ended(0, "a", "list", "--state", "Nonconforming")
    assert identity[-8:] in nonconforming.out
    await cells.ended(0, "a", "modify", identity, "--conform", "--yes")
    assert (await cells.there.reference(identity))["state"] == "Activated"
    await cells.ended(0, "a", "end", identity, "--yes")
    assert await cells.there.reference(identity) is None
    assert identity[-8:] not in (await cells.ended(0, "a", "list")).out
    assert identity[-8:] in (await cells.ended(0, "a", "list", "--state", "ended")).out
    again = await cells("a", "activate", identity)
    assert (again.code, "It is over." in again.err) == (2, True)


async def test_a_refusal_names_the_other_and_the_best_way_out_flies(
    cells: Cells, tmp_path: Path
) -> None:
    path = plan_file(tmp_path / "plan.geojson", 36.2)
    first = await cells.filed(0, "a", "file", path)
    refused = await cells.ended(1, "b", "file", path, "--yes")
    assert f"a …{first['id'][-8:]} accepted" in refused.err
    assert "Ways out, the cheapest first:" in refused.err
    assert await cells.there.reference(first["id"]) is not None

    resolved = await cells.filed(0, "b", "file", path, "--resolve", "best")
    asked, filed = resolved["attempts"]
    assert (asked["result"], filed["result"]) == ("refused", "done")
    assert asked["ways_out"][0]["cost"] == min(each["cost"] for each in asked["ways_out"])
    assert filed["conflicts"] == []
    assert filed["plan"]["volumes"] == asked["ways_out"][0]["plan"]["volumes"]
    assert await cells.there.reference(resolved["id"]) is not None

    # Whoever has the higher priority goes first.
    urgent = await cells.filed(0, "b", "file", path, "--priority", "50", "--name", "Rescue")
    [met] = [each for each in urgent["attempts"][0]["conflicts"] if each["with"] == first["id"]]
    assert met["allowed"]
    assert urgent["attempts"][0]["plan"]["priority"] == 50


async def test_an_officer_chooses_on_a_terminal(cells: Cells, tmp_path: Path) -> None:
    path = plan_file(tmp_path / "plan.geojson", 36.3)
    await cells.filed(0, "a", "file", path)
    done = await cells("b", "file", path, "--resolve", "ask", typed=["y", "1"], terminal=True)
    assert done.code == 0, done
    assert "File it?" in done.err
    assert "File this one?" in done.err


async def test_why_says_what_decided(cells: Cells, tmp_path: Path) -> None:
    path = plan_file(tmp_path / "plan.geojson", 36.4)
    first = await cells.filed(0, "a", "file", path)
    refused = await cells.filed(1, "b", "file", path)
    shared = tmp_path / "shared.geojson"
    told = await cells.ended(0, "b", "why", refused["id"], "--geometry", shared)
    assert first["id"] in told.out
    assert json.loads(shared.read_text())["features"]
    french = await cells.ended(0, "b", "why", refused["id"], "--language", "fr")
    assert french.out != told.out
    whole = json.loads((await cells.ended(0, "b", "why", refused["id"], "--json")).out)
    assert first["id"] in json.dumps(whole)
    assert (await cells.ended(0, "a", "why", first["id"])).out


async def test_plans_are_exported_and_read_again(cells: Cells, tmp_path: Path) -> None:
    path = plan_file(tmp_path / "plan.geojson", 36.5)
    filed = await cells.filed(0, "a", "file", path, "--name", "To be exported")
    volumes = filed["attempts"][0]["plan"]["volumes"]
    for name in ("out.geojson", "out.kml", "out.kmz", "out.aixm.xml"):
        out = tmp_path / name
        await cells.ended(0, "a", "export", filed["id"], "--out", out)
        again = await called("plan", "read", out, "--json")
        assert again.code == 0, (name, again)
        [plan] = json.loads(again.out)["plans"]
        assert [_bounds(each) for each in plan["volumes"]] == [_bounds(each) for each in volumes]
    out = tmp_path / "all.czml"
    await cells.ended(0, "a", "export", "--out", out)
    assert "To be exported" in out.read_text()


def _bounds(volume: dict[str, Any]) -> Any:
    """What every format keeps of a volume exactly."""
    place = volume["volume"]
    return (
        place["altitude_lower"]["value"],
        place["altitude_upper"]["value"],
        datetime.fromisoformat(volume["time_start"]["value"]),
        datetime.fromisoformat(volume["time_end"]["value"]),
    )


async def test_what_happens_to_plans_is_watched(cells: Cells, tmp_path: Path) -> None:
    path = plan_file(tmp_path / "plan.geojson", 36.6, name="Watched")
    filed = await cells.filed(0, "a", "file", path)

    async def seen() -> bool:
        done = await cells.ended(0, "a", "watch", "--seconds", "1", "--json")
        events = [json.loads(line) for line in done.out.splitlines()]
        assert events[0]["event"] == "listening"
        return any(
            each["event"] == "plan" and each["id"] == filed["id"] and each["result"] == "done"
            for each in events
        )

    await until(seen)
    lines = (await cells.ended(0, "a", "watch", "--seconds", "1")).out
    assert f"…{filed['id'][-8:]}  accepted  Watched" in lines


async def test_an_exchange_that_is_away_is_no_refusal(cells: Cells, tmp_path: Path) -> None:
    path = plan_file(tmp_path / "plan.geojson", 36.7)
    cells.there.ways["main"].cut()
    try:
        failed = await cells.ended(3, "a", "file", path, "--yes", "--resolve", "best")
    finally:
        cells.there.ways["main"].mend()
    assert "FAILED, nothing was published." in failed.err
    assert (await cells.filed(0, "a", "file", path))["result"] == "done"


async def test_what_cannot_be_is_told_before_anything_is_asked(
    cells: Cells, tmp_path: Path
) -> None:
    late = plan_file(tmp_path / "late.geojson", 36.8, start_min=40 * 24 * 60)
    done = await cells.ended(1, "a", "file", late, "--yes")
    assert "OPIN0030" in done.err
    nobody = tmp_path / "nobody.json"
    assert (await called("plan", "list", "--session-file", nobody)).code == 2


async def test_zones_of_a_file_are_published_changed_and_ended(
    cells: Cells, tmp_path: Path
) -> None:
    path = tmp_path / "zones.json"
    shape = {
        "uomDimensions": "M",
        "lowerLimit": 900,
        "lowerVerticalReference": "WGS84",
        "upperLimit": 1000,
        "upperVerticalReference": "WGS84",
        "horizontalProjection": {"type": "Circle", "center": [68.0, 36.9], "radius": 900},
    }
    zone = {
        "identifier": "LAKE01",
        "country": "XAA",
        "type": "COMMON",
        "restriction": "CONDITIONAL",
        "name": "Lake festival",
        "zoneAuthority": [{"name": "Office"}],
        "geometry": [shape],
    }
    path.write_text(json.dumps({"features": [zone]}))
    # It begins in a quarter of an hour: so it has to be known to whoever is there then.
    flight = plan_file(tmp_path / "plan.geojson", 36.9, start_min=20)
    identity = (await cells.constraint("a", "import", path, "--yes")).split()[0]
    shown = json.loads(await cells.constraint("a", "show", identity[-8:], "--json"))
    assert (shown["ours"], shown["details"]["geozone"]["identifier"]) == (True, "LAKE01")
    assert shown["exchanges"] == ["main"]
    filed = await cells.filed(0, "b", "file", flight)
    assert filed["attempts"][0]["constraints"] == [identity]
    assert "Lake festival" in await cells.constraint("b", "list", "--whose", "others")

    # The same file again is the same zone; it ends earlier now, and comes out as it stands.
    await cells.constraint("a", "import", path, "--yes")
    until = (datetime.now(UTC) + timedelta(hours=2)).replace(microsecond=0).isoformat()
    await cells.constraint("a", "modify", identity, "--until", until, "--yes")
    [ours] = json.loads(await cells.constraint("a", "list", "--json"))["constraints"]
    assert (ours["id"], ours["version"], ours["provider"]) == (
        identity,
        2,
        cells.there["a"].officer,
    )
    assert datetime.fromisoformat(
        ours["details"]["volumes"][0]["time_end"]["value"]
    ) == datetime.fromisoformat(until)
    out = tmp_path / "out.ed269.json"
    await cells.constraint("a", "export", "--out", out)
    [written] = json.loads(out.read_text())["features"]
    assert (written["identifier"], written["restriction"]) == ("LAKE01", "CONDITIONAL")
    await cells.constraint("a", "end", identity, "--yes")
    assert json.loads(await cells.constraint("a", "list", "--json"))["constraints"] == []
