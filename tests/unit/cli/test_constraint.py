"""`detente constraint` at a node that answers as the test has it: what it sends and says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.cli.at_node import called
from tests.unit.cli.fake_node import Command, FakeNode, fake_node

from detente.cli.constraint import EXPORTS

pytestmark = pytest.mark.anyio

ID = "1b6ed03e-5b1b-4b05-9d3c-1c1a4d2a7f01"
OTHER = "8f0e8b0c-29c1-4f44-a2a4-3b8f4b8a9c02"
SINCE, UNTIL = "2026-12-01T09:00:00Z", "2026-12-01T10:00:00Z"
VOLUME: dict[str, Any] = {
    "volume": {
        "outline_circle": {
            "center": {"lat": 47.0, "lng": 8.0},
            "radius": {"value": 900.0, "units": "M"},
        },
        "altitude_lower": {"value": 450.0, "reference": "W84", "units": "M"},
        "altitude_upper": {"value": 600.0, "reference": "W84", "units": "M"},
    },
    "time_start": {"value": SINCE, "format": "RFC3339"},
    "time_end": {"value": UNTIL, "format": "RFC3339"},
}
ZONE: dict[str, Any] = {
    "identifier": "LAKE01",
    "country": "XAA",
    "type": "COMMON",
    "restriction": "PROHIBITED",
    "name": "Lake festival",
    "zoneAuthority": [{"name": "Office"}],
    "applicability": [{"permanent": "YES"}],
    "geometry": [
        {
            "uomDimensions": "M",
            "lowerLimit": 450,
            "lowerVerticalReference": "WGS84",
            "upperLimit": 600,
            "upperVerticalReference": "WGS84",
            "horizontalProjection": {"type": "Circle", "center": [8.0, 47.0], "radius": 900},
        }
    ],
}
GEOZONE = {
    "identifier": "LAKE01",
    "country": "XAA",
    "zone_authority": [{"name": "Office"}],
    "type": "COMMON",
    "restriction": "PROHIBITED",
    "name": "Lake festival",
}
BROKEN = {"identifier": "NONE1", "geometry": []}
PIECE: dict[str, Any] = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [8.0, 47.0]},
    "properties": {
        "name": "Crane",
        "radius_m": 900,
        "altitude_lower": {"value": 450, "units": "M", "reference": "W84"},
        "altitude_upper": {"value": 600, "units": "M", "reference": "W84"},
        "time_start": SINCE,
        "time_end": UNTIL,
    },
}
OURS: dict[str, Any] = {
    "id": ID,
    "manager": "a",
    "ours": True,
    "provider": "durand",
    "version": 1,
    "ended": False,
    "exchanges": ["north"],
    "details": {"volumes": [VOLUME], "geozone": GEOZONE},
}
THEIRS: dict[str, Any] = {
    **OURS,
    "id": OTHER,
    "manager": "b",
    "ours": False,
    "provider": "",
    "details": {"volumes": [VOLUME], "type": "Balloons"},
}
DONE = {"result": "done", "id": ID, "constraint": OURS, "notices": 2}
REFUSED = {
    "result": "refused",
    "id": OTHER,
    "faults": [
        {
            "code": "constraint.too_soon",
            "where": "volumes",
            "words": {"en": "It begins too soon.", "fr": "Elle commence trop tôt."},
        }
    ],
}
FAILED = {"result": "failed", "id": ID, "unsettled": ["north"]}


@pytest.fixture
def node() -> Iterator[FakeNode]:
    with fake_node() as found:
        yield found


@pytest.fixture
def constraint(node: FakeNode, tmp_path: Path) -> Command:
    node.says("GET constraints", {"constraints": [OURS, THEIRS], "unsettled": 0})
    node.says(f"GET constraints/{ID}", OURS)
    node.says(f"GET constraints/{OTHER}", THEIRS)
    return Command(node, tmp_path, "constraint")


def zones(root: Path, *features: Any) -> Path:
    path = root / "zones.json"
    path.write_text(json.dumps({"features": list(features)}))
    return path


def plan(root: Path, *pieces: Any) -> Path:
    path = root / "crane.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(pieces)}))
    return path


async def test_what_is_in_a_file_is_shown_and_published(
    node: FakeNode, constraint: Command, tmp_path: Path
) -> None:
    node.says("POST constraints", DONE)
    path = plan(tmp_path, PIECE)
    done = await constraint("file", path, "--yes", "--type", "Crane", "--provider", "Builders")
    assert done.code == 0, done
    assert "2026-12-01 09:00:00Z – 10:00:00Z  450–600 m" in done.err
    assert f"{ID}  published  Crane" in done.out
    assert "to be told: 2" in done.err
    [body] = node.bodies("POST constraints")
    assert body == {"volumes": [VOLUME], "type": "Crane", "provider": "Builders"}


async def test_zones_are_shown_before_they_are_published(
    node: FakeNode, constraint: Command, tmp_path: Path
) -> None:
    node.says("GET constraints", {"constraints": [THEIRS], "unsettled": 0})
    node.says("POST constraints", DONE)
    path = zones(tmp_path, ZONE)
    when = ("--from", SINCE, "--until", UNTIL)
    unasked = await constraint("import", path, *when)
    assert (unasked.code, "give --yes" in unasked.err) == (2, True)
    assert "LAKE01  XAA  PROHIBITED  COMMON  Lake festival" in unasked.err
    assert (await constraint("import", path, *when, typed="n\n", terminal=True)).code == 130
    assert node.bodies("POST constraints") == []
    done = await constraint("import", path, *when, typed="y\n", terminal=True)
    assert (done.code, "Publish it?" in done.err) == (0, True), done
    [body] = node.bodies("POST constraints")
    assert body == {"volumes": [VOLUME], "geozone": GEOZONE, "provider": ""}


async def test_a_zone_that_stands_already_is_not_published_again(
    node: FakeNode, constraint: Command, tmp_path: Path
) -> None:
    node.says("POST constraints", DONE)
    path = zones(tmp_path, ZONE)
    # It stands from nine to ten: the second hour is new.
    both = (path, "--from", "2026-12-01T09:30:00Z", "--yes")
    hour = await constraint("import", *both, "--until", UNTIL)
    assert hour.code == 0, hour
    assert f"stands already as …{ID[-8:]}" in hour.err
    assert "nothing was published" in hour.err
    later = await constraint("import", path, "--from", UNTIL, "--yes")
    assert later.code == 0, later
    assert len(node.bodies("POST constraints")) == 1
    assert (await constraint("import", *both, "--until", UNTIL, "--again")).code == 0
    assert len(node.bodies("POST constraints")) == 2


async def test_half_a_file_is_not_published_unless_that_is_wanted(
    node: FakeNode, constraint: Command, tmp_path: Path
) -> None:
    path = zones(tmp_path, ZONE, BROKEN)
    node.says("GET constraints", {"constraints": [], "unsettled": 0})
    node.says("POST constraints", DONE, REFUSED)
    whole = await constraint("import", path, "--yes")
    assert (whole.code, "The zone has no geometry. [NONE1]" in whole.err) == (2, True)
    assert "--partly" in whole.err
    nobody = await constraint("import", path, "--yes", "--zone", "NOBODY")
    assert (nobody.code, "no such zone. [NOBODY]" in nobody.err) == (2, True)
    assert node.bodies("POST constraints") == []
    # Longer than a day: a constraint for each day.
    days = await constraint(
        "import", path, "--zone", "LAKE01", "--from", SINCE, "--until", "2026-12-02T10:00:00Z",
        "--yes", "--json",
    )  # fmt: skip
    assert days.code == 4, days
    assert [each["result"] for each in json.loads(days.out)["constraints"]] == ["done", "refused"]
    spans = [each["volumes"][0] for each in node.bodies("POST constraints")]
    assert [(each["time_start"]["value"], each["time_end"]["value"]) for each in spans] == [
        (SINCE, "2026-12-02T09:00:00Z"),
        ("2026-12-02T09:00:00Z", "2026-12-02T10:00:00Z"),
    ]


async def test_what_was_understood_is_drawn_and_told_in_french(tmp_path: Path) -> None:
    page, drawn = tmp_path / "seen.html", tmp_path / "seen.geojson"
    path = zones(tmp_path, ZONE, {**ZONE, "identifier": "OLD", "applicability": [
        {"permanent": "NO", "endDateTime": "2020-01-01T00:00:00Z"}
    ]})  # fmt: skip
    when = ("--from", SINCE, "--until", UNTIL, "--dry-run")
    seen = await called("constraint", "import", path, *when, "--picture", page, "--language", "fr")
    assert seen.code == 0, seen
    assert "ligne 1  LAKE01" in seen.out
    assert "La zone ne s’applique pas en ce temps. [OLD]" in seen.out
    assert "Lake festival" in page.read_text("utf-8")
    told = await called("constraint", "file", path, *when, "--picture", drawn, "--json")
    document = json.loads(told.out)
    assert [each["volumes"] for each in document["constraints"]] == [[VOLUME]]
    assert [each["part"] for each in document["notes"]] == ["OLD"]
    assert json.loads(drawn.read_text())["features"][0]["properties"]["radius_m"] == 900


async def test_one_is_changed_by_a_file_or_in_its_times_alone(
    node: FakeNode, constraint: Command, tmp_path: Path
) -> None:
    node.says(f"PUT constraints/{ID}", DONE)
    moved = {**PIECE, "geometry": {"type": "Point", "coordinates": [8.0, 47.5]}}
    done = await constraint("modify", ID, plan(tmp_path, moved), "--yes")
    assert (done.code, f"{ID}  changed  Lake festival" in done.out) == (0, True), done
    until = "2026-12-01T11:00:00Z"
    assert (await constraint("modify", ID[-6:], "--until", until, "--yes")).code == 0
    by_file, by_time = node.bodies(f"PUT constraints/{ID}")
    assert by_file["geozone"] == by_time["geozone"] == GEOZONE
    assert by_file["volumes"][0]["volume"]["outline_circle"]["center"]["lat"] == 47.5
    assert by_time["volumes"] == [{**VOLUME, "time_end": {"value": until, "format": "RFC3339"}}]
    wrong = await constraint("modify", ID, "--until", "2026-12-01T08:00:00Z", "--yes")
    assert (wrong.code, "end before it begins" in wrong.err) == (2, True)
    assert (await constraint("modify", ID, "--yes")).code == 2
    theirs = await constraint("modify", OTHER, "--type", "Mine", "--yes")
    assert (theirs.code, "b manages that constraint" in theirs.err) == (2, True)
    two = plan(tmp_path, PIECE, {**PIECE, "properties": {**PIECE["properties"], "name": "Two"}})
    assert (await constraint("modify", ID, two, "--yes")).code == 0
    assert len(node.bodies(f"PUT constraints/{ID}")[-1]["volumes"]) == 2


async def test_they_are_ended_and_what_is_not_known_yet_is_said(
    node: FakeNode, constraint: Command
) -> None:
    node.says(f"DELETE constraints/{ID}", {**DONE, "constraint": None}, FAILED)
    assert "give --yes" in (await constraint("end", ID)).err
    done = await constraint("end", ID, "--yes")
    assert (done.code, f"{ID}  ended  Lake festival" in done.out) == (0, True), done
    failed = await constraint("end", ID[-8:], "--yes")
    assert failed.code == 3, failed
    assert "Not known yet what became of it at: north." in failed.err
    assert "no constraint among" in (await constraint("end", "zzz", "--yes")).err


async def test_they_are_listed_and_shown(node: FakeNode, constraint: Command) -> None:
    every = await constraint("list")
    assert every.code == 0, every
    assert "LAKE01 XAA PROHIBITED" in every.out
    assert "Balloons" in every.out
    ours = json.loads((await constraint("list", "--whose", "ours", "--ended", "--json")).out)
    assert [each["id"] for each in ours["constraints"]] == [ID]
    assert node.asked[-1][2] == {"ended": "1"}
    shown = (await constraint("show", ID)).out
    assert "authority   Office" in shown
    assert "450–600 m" in shown
    node.says("GET constraints", {"constraints": [], "unsettled": 3})
    none = await constraint("list")
    assert ("There is none." in none.out, "them: 3." in none.err) == (True, True)


async def test_zones_come_out_as_they_went_in(
    node: FakeNode, constraint: Command, tmp_path: Path
) -> None:
    out = tmp_path / "out.ed269.json"
    when = ("--from", SINCE, "--until", UNTIL, "--dry-run", "--json")
    assert (await constraint("export", ID, "--out", out, "--geoid", "47 m")).code == 0
    again = await called("constraint", "import", out, "--geoid", "47 m", *when)
    [read] = json.loads(again.out)["constraints"]
    assert (read["geozone"], read["volumes"]) == (GEOZONE, [VOLUME])
    assert "there already" in (await constraint("export", "--out", out)).err
    unnamed = await constraint("export")
    assert (unnamed.code, "has no geozone" in unnamed.err) == (2, True)
    assert "Lake festival" in (await constraint("export", "--whose", "ours")).out
    assert "<kml" in (await constraint("export", "--format", "kml")).out


def test_the_formats_that_the_command_names_are_those_that_there_are() -> None:
    from detente.interchange import EXPORT_FORMATS

    assert set(EXPORTS) == set(EXPORT_FORMATS)


async def test_a_french_officer_is_told_in_french_and_nothing_that_a_terminal_obeys(
    tmp_path: Path,
) -> None:
    with fake_node("fr") as node:
        constraint = Command(node, tmp_path, "constraint")
        node.says("POST constraints", REFUSED)
        refused = await constraint("file", plan(tmp_path, PIECE), "--yes")
        evil = {**GEOZONE, "name": "A\x1b[2J\u202eb\nc", "message": "\x1b]0;x\x07"}
        node.says(
            f"GET constraints/{ID}", {**OURS, "details": {"volumes": [VOLUME], "geozone": evil}}
        )
        shown = await constraint("show", ID)
    assert refused.code == 1
    assert "REFUSÉ, rien n’a été modifié." in refused.err
    assert "volumes: Elle commence trop tôt." in refused.err
    assert shown.code == 0
    assert not set("\x1b\u202e\x07") & set(shown.out)
