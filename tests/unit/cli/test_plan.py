"""`detente plan` at a node that answers as the test has it: what it sends, says, and ends with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.cli.at_node import called
from tests.unit.cli.fake_node import Command, FakeNode, fake_node

from detente.cli.plan import EXPORTS

pytestmark = pytest.mark.anyio

ID = "1b6ed03e-5b1b-4b05-9d3c-1c1a4d2a7f01"
OTHER = "8f0e8b0c-29c1-4f44-a2a4-3b8f4b8a9c02"
PIECE: dict[str, Any] = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [6.15, 46.2]},
    "properties": {
        "flight_id": "one",
        "name": "Survey",
        "radius_m": 500,
        "altitude_lower": {"value": 400, "units": "M", "reference": "W84"},
        "altitude_upper": {"value": 520, "units": "M", "reference": "W84"},
        "time_start": "2026-12-01T09:00:00Z",
        "time_end": "2026-12-01T10:00:00Z",
    },
}
VOLUME = {
    "volume": {
        "outline_circle": {
            "center": {"lat": 46.2, "lng": 6.15},
            "radius": {"value": 500.0, "units": "M"},
        },
        "altitude_lower": {"value": 400.0, "reference": "W84", "units": "M"},
        "altitude_upper": {"value": 520.0, "reference": "W84", "units": "M"},
    },
    "time_start": {"value": "2026-12-01T09:00:00Z", "format": "RFC3339"},
    "time_end": {"value": "2026-12-01T10:00:00Z", "format": "RFC3339"},
}
PLAN = {
    "id": ID,
    "state": "Accepted",
    "manager": "a",
    "name": "Survey",
    "operator": "",
    "priority": 0,
    "volumes": [VOLUME],
    "version": 1,
    "filed": [{"exchange": "north", "version": 1, "ovn": "an-ovn-of-sixteen"}],
}
DONE = {"result": "done", "id": ID, "plan": PLAN, "neighbours": 3, "rounds": 1, "notices": 2}
WAY: dict[str, Any] = {
    "kind": "later",
    "words": {"en": "Starts 12 min later.", "fr": "Commence 12 min plus tard."},
    "cost": 12.0,
    "delay_s": 720.0,
    "plan": {"volumes": [VOLUME], "priority": 0, "name": "Survey", "later": True},
}
REFUSED = {
    "result": "refused",
    "id": ID,
    "neighbours": 3,
    "rounds": 1,
    "conflicts": [
        {
            "with": OTHER,
            "manager": "b",
            "state": "Accepted",
            "priority": 0,
            "allowed": False,
            "existed": False,
            "rule": "SCD0035",
            "words": {"en": "It has the same priority.", "fr": "Elle a la même priorité."},
            "time_start": "2026-12-01T09:30:00Z",
            "time_end": "2026-12-01T09:40:00Z",
            "altitude_lower_m": 450.0,
            "altitude_upper_m": None,
            "lat": 46.2,
            "lng": 6.15,
            "signed_by": "b-node",
        }
    ],
    "ways_out": [WAY],
}
FAILED = {
    "result": "failed",
    "id": ID,
    "faults": [
        {"code": "plan.no_answer", "words": {"en": "b gives no answer.", "fr": "b se tait."}}
    ],
}


@pytest.fixture
def node() -> Iterator[FakeNode]:
    with fake_node() as found:
        yield found


@pytest.fixture
def plan(node: FakeNode, tmp_path: Path) -> Command:
    return Command(node, tmp_path, "plan")


def file(root: Path, *pieces: Any) -> Path:
    path = root / "plan.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": pieces or [PIECE]}))
    return path


async def test_a_file_is_shown_and_filed(node: FakeNode, plan: Command, tmp_path: Path) -> None:
    node.says("POST plans", {**DONE, "constraints": [OTHER]})
    done = await plan("file", file(tmp_path), "--yes", "--operator", "HEMS", "--priority", 3,
                      "--aircraft", "4b1234")  # fmt: skip
    assert done.code == 0, done
    assert "○ 500 m  46.20000 6.15000" in done.err
    assert f"{ID}  accepted  Survey" in done.out
    assert "others compared: 3, times filed: 1, to be told: 2" in done.err
    assert f"constraints near it, to be minded: …{OTHER[-8:]}" in done.err
    [body] = node.bodies("POST plans")
    assert body["volumes"] == [VOLUME]
    assert (body["name"], body["operator"], body["priority"]) == ("Survey", "HEMS", 3)
    assert body["aircraft"] == "4b1234"
    assert body["state"] == "Accepted"


async def test_nothing_is_filed_before_somebody_has_said_so(
    node: FakeNode, plan: Command, tmp_path: Path
) -> None:
    node.says("POST plans", DONE)
    path = file(tmp_path)
    assert "give --yes" in (await plan("file", path)).err
    assert (await plan("file", path, typed="n\n", terminal=True)).code == 130
    dry = await plan("file", path, "--dry-run", "--json")
    assert dry.code == 0
    assert json.loads(dry.out)["plans"][0]["volumes"] == [VOLUME]
    assert node.bodies("POST plans") == []
    assert (await plan("file", path, "--activate", typed="y\n", terminal=True)).code == 0
    assert [each["state"] for each in node.bodies("POST plans")] == ["Activated"]


async def test_a_refusal_is_told_with_its_ways_out(
    node: FakeNode, plan: Command, tmp_path: Path
) -> None:
    node.says("POST plans", REFUSED)
    done = await plan("file", file(tmp_path), "--yes")
    assert done.code == 1, done
    assert "REFUSED, nothing was filed." in done.err
    assert "b …4b8a9c02 accepted" in done.err
    assert "450–open m" in done.err
    assert "It has the same priority. (SCD0035)  signed by b-node" in done.err
    assert "Starts 12 min later." in done.err
    assert len(node.bodies("POST plans")) == 1


async def test_the_best_way_out_is_filed(node: FakeNode, plan: Command, tmp_path: Path) -> None:
    node.says("POST plans", REFUSED, DONE)
    done = await plan("file", file(tmp_path), "--yes", "--resolve", "best")
    assert done.code == 0, done
    assert "Starts 12 min later." in done.out
    assert node.bodies("POST plans")[1] == {**WAY["plan"], "id": ID}


async def test_somebody_who_files_meanwhile_is_avoided_as_well_but_not_for_ever(
    node: FakeNode, plan: Command, tmp_path: Path
) -> None:
    node.says("POST plans", REFUSED, REFUSED, DONE)
    assert (await plan("file", file(tmp_path), "--yes", "--resolve", "best")).code == 0
    node.says("POST plans", REFUSED)
    before = len(node.bodies("POST plans"))
    assert (await plan("file", file(tmp_path), "--yes", "--resolve", "best")).code == 1
    assert 2 <= len(node.bodies("POST plans")) - before <= 10


async def test_on_a_terminal_it_is_asked_which_way_out(
    node: FakeNode, plan: Command, tmp_path: Path
) -> None:
    node.says("POST plans", REFUSED, DONE)
    path = file(tmp_path)
    none = await plan("file", path, "--yes", "--resolve", "ask", typed="0\n")
    assert none.code == 1
    node.says("POST plans", REFUSED, DONE)
    done = await plan("file", path, "--yes", "--resolve", "ask", typed="1\n")
    assert done.code == 0, done
    assert "File this one?" in done.err


async def test_no_way_out_is_said_to_be_none(node: FakeNode, plan: Command, tmp_path: Path) -> None:
    node.says("POST plans", {**REFUSED, "ways_out": []})
    done = await plan("file", file(tmp_path), "--yes", "--resolve", "best")
    assert (done.code, "No way out was found" in done.err) == (1, True)


async def test_what_did_not_work_has_its_own_exit_code(
    node: FakeNode, plan: Command, tmp_path: Path
) -> None:
    node.says("POST plans", FAILED)
    done = await plan("file", file(tmp_path), "--yes", "--resolve", "best", "--json")
    assert done.code == 3
    [told] = json.loads(done.out)["plans"]
    assert told["result"] == "failed"
    assert told["attempts"] == [FAILED]


async def test_of_several_plans_some_may_be_refused(
    node: FakeNode, plan: Command, tmp_path: Path
) -> None:
    second = {**PIECE, "properties": {**PIECE["properties"], "flight_id": "2", "name": "Two"}}
    path = file(tmp_path, PIECE, second)
    node.says("POST plans", DONE, REFUSED)
    done = await plan("file", path, "--each", "--yes", "--json")
    assert done.code == 4, done
    told = json.loads(done.out)["plans"]
    assert [(each["name"], each["result"]) for each in told] == [
        ("Survey", "done"),
        ("Two", "refused"),
    ]
    node.says("POST plans", DONE)
    assert (await plan("file", path, "--yes", "--name", "Both")).code == 0
    assert len(node.bodies("POST plans")[-1]["volumes"]) == 2


async def test_half_a_file_is_not_filed_unless_that_is_wanted(
    node: FakeNode, plan: Command, tmp_path: Path
) -> None:
    bad = {**PIECE, "geometry": {"type": "Point", "coordinates": [6.15, 146.2]}}
    path = file(tmp_path, PIECE, bad)
    node.says("POST plans", DONE)
    done = await plan("file", path, "--yes")
    assert done.code == 2
    assert "--partly files the rest" in done.err
    assert (await plan("read", path)).code == 2
    assert (await plan("file", path, "--yes", "--partly")).code == 0
    assert [len(each["volumes"]) for each in node.bodies("POST plans")] == [1]
    assert "cannot be read" in (await plan("file", tmp_path / "none.kml", "--yes")).err


async def test_what_was_understood_is_drawn(tmp_path: Path) -> None:
    path = file(tmp_path)
    page, drawn = tmp_path / "out" / "seen.html", tmp_path / "seen.geojson"
    done = await called("plan", "read", path, "--picture", page, "--json")
    assert done.code == 0, done
    told = json.loads(done.out)
    assert told["plans"][0]["volumes"] == [VOLUME]
    assert told["problems"] == []
    text = page.read_text("utf-8")
    assert "What was understood" in text
    assert "https://" not in text
    assert (await called("plan", "read", path, "--picture", drawn)).code == 0
    assert json.loads(drawn.read_text())["features"][0]["properties"]["radius_m"] == 500
    wrong = await called("plan", "read", path, "--picture", tmp_path / "seen.png")
    assert (wrong.code, ".html or .geojson" in wrong.err) == (2, True)


async def test_a_plan_is_changed_by_a_file_or_by_priority_alone(
    node: FakeNode, plan: Command, tmp_path: Path
) -> None:
    node.says(f"GET plans/{ID}", PLAN)
    node.says("GET plans", {"plans": [PLAN], "before": None})
    node.says(f"PUT plans/{ID}", DONE)
    assert (await plan("modify", ID, file(tmp_path), "--yes")).code == 0
    assert (await plan("modify", ID[-6:], "--priority", 50, "--yes")).code == 0
    assert (await plan("modify", ID, "--aircraft", "4b1234", "--yes")).code == 0
    first, second, third = node.bodies(f"PUT plans/{ID}")
    assert [each["aircraft"] for each in (first, second, third)] == ["", "", "4b1234"]
    assert first["volumes"] == second["volumes"] == [VOLUME]
    assert (first["priority"], second["priority"]) == (0, 50)
    assert (await plan("modify", ID, "--yes")).code == 2
    assert "no plan among" in (await plan("modify", "zzz", "--priority", 1, "--yes")).err


async def test_how_a_flight_goes_is_declared(node: FakeNode, plan: Command, tmp_path: Path) -> None:
    node.says(f"GET plans/{ID}", PLAN)
    for what in ("nonconforming", "contingent", "conform", "activate", "end"):
        node.says(f"POST plans/{ID}/{what}", DONE)
    where = file(tmp_path)
    assert (await plan("modify", ID, where, "--nonconforming", "--yes")).code == 0
    assert (await plan("modify", ID, where, "--contingent", "--yes")).code == 0
    assert (await plan("modify", ID, "--conform", "--yes")).code == 0
    assert "not all" in (await plan("modify", ID, "--conform", "--contingent", "--yes")).err
    for what in ("nonconforming", "contingent"):
        assert node.bodies(f"POST plans/{ID}/{what}") == [{"off_nominal_volumes": [VOLUME]}]
    assert node.bodies(f"POST plans/{ID}/conform") == [{}]
    assert (await plan("activate", ID)).code == 0
    assert (await plan("activate", ID, where, "--yes")).code == 0
    assert (await plan("activate", ID, "--aircraft", "4b1234")).code == 0
    nothing, changed, named = node.bodies(f"POST plans/{ID}/activate")
    assert named == {"aircraft": "4b1234"}
    assert (nothing, changed["volumes"], "state" in changed) == ({}, [VOLUME], False)
    node.says(f"POST plans/{ID}/activate", {**REFUSED, "action": "activate"})
    assert "REFUSED, nothing was changed." in (await plan("activate", ID)).err
    assert "give --yes" in (await plan("end", ID)).err
    assert (await plan("end", ID, "--yes")).code == 0
    assert len(node.bodies(f"POST plans/{ID}/end")) == 1


async def test_plans_are_listed_and_shown(node: FakeNode, plan: Command) -> None:
    node.says("GET plans", {"plans": [PLAN], "before": "x"}, {"plans": [PLAN], "before": None})
    node.says(f"GET plans/{ID}", PLAN)
    done = await plan("list")
    assert done.code == 0, done
    assert done.out.count(ID[-8:]) == 2
    assert "2026-12-01 09:00:00Z – 10:00:00Z" in done.out
    assert [query.get("before") for _, path, query, _ in node.asked if path == "plans"] == [
        None,
        "x",
    ]
    node.says("GET plans", {"plans": [PLAN], "before": None})
    assert "There is none." in (await plan("list", "--state", "ended")).out
    assert node.asked[-1][2]["ended"] == "true"
    shown = (await plan("show", ID, "--volumes")).out
    assert "north  an-ovn-of-sixteen" in shown
    assert "400–520 m" in shown
    assert json.loads((await plan("show", ID, "--json")).out) == PLAN


async def test_an_answer_that_is_none_is_told_as_such(node: FakeNode, plan: Command) -> None:
    node.says(f"GET plans/{ID}", {"id": 7})
    done = await plan("show", ID)
    assert (done.code, "cannot be read" in done.err) == (2, True)


async def test_why_is_told_in_the_language_that_is_wanted(
    node: FakeNode, plan: Command, tmp_path: Path
) -> None:
    why = {"text": {"en": "It met b.", "fr": "Elle a rencontré b."}, "geometry": {"type": "x"}}
    node.says(f"GET plans/{ID}/why", why)
    assert (await plan("why", ID)).out == "It met b.\n"
    assert (await plan("why", ID, "--language", "fr")).out == "Elle a rencontré b.\n"
    path = tmp_path / "shared.geojson"
    assert json.loads((await plan("why", ID, "--json", "--geometry", path)).out) == why
    assert json.loads(path.read_text()) == {"type": "x"}


async def test_plans_are_written_for_other_programs(
    node: FakeNode, plan: Command, tmp_path: Path
) -> None:
    node.says("GET plans", {"plans": [PLAN], "before": None})
    node.says(f"GET plans/{ID}", PLAN)
    out = tmp_path / "plans.geojson"
    assert (await plan("export", "--out", out)).code == 0
    feature = json.loads(out.read_text())["features"][0]
    assert feature["properties"]["name"] == "Survey"
    assert "there already" in (await plan("export", "--out", out)).err
    assert (await plan("export", ID, "--out", out, "--overwrite")).code == 0
    # What was written can be read, and is the same.
    again = json.loads((await called("plan", "read", out, "--json")).out)
    assert again["plans"][0]["volumes"] == [VOLUME]
    assert "which of" in (await plan("export", "--out", tmp_path / "plans.xyz")).err
    assert "<kml" in (await plan("export", "--format", "kml")).out


def test_the_formats_that_the_command_names_are_those_that_there_are() -> None:
    from detente.interchange.writing import EXPORT_FORMATS

    # Of geographical zones only constraints can be made.
    assert set(EXPORTS) == set(EXPORT_FORMATS) - {"ed269"}


async def test_a_french_officer_is_told_in_french(tmp_path: Path) -> None:
    with fake_node("fr") as node:
        plan = Command(node, tmp_path, "plan")
        node.says("POST plans", REFUSED)
        done = await plan("file", file(tmp_path), "--yes")
    assert "REFUSÉ, rien n’a été déposé." in done.err
    assert "Elle a la même priorité." in done.err
    assert "Commence 12 min plus tard." in done.err


async def test_what_strangers_write_is_made_harmless(node: FakeNode, plan: Command) -> None:
    evil = {**PLAN, "name": "A\x1b[2Jb\nc", "operator": "\u202eevil"}
    node.says(f"GET plans/{ID}", evil)
    node.says("GET plans", {"plans": [evil], "before": None})
    for arguments in (("show", ID), ("list",)):
        out = (await plan(*arguments)).out
        assert "\x1b" not in out
        assert "\u202e" not in out
