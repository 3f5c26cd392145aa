"""What `check` finds, where it says it stands, and what it advises."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.agreements import World, drafted, enrolled

from detente.agreement import FAULT_CODES, Fault, check


@pytest.fixture
def world(tmp_path: Path) -> World:
    return drafted(tmp_path)


def others(world: World) -> list[Fault]:
    """Faults but for the enrolments that a draft lacks."""
    return [fault for fault in check(world.agreement) if fault.code != "enrolment.missing"]


def test_the_example_lacks_nothing_but_keys(world: World) -> None:
    assert {fault.code for fault in check(world.agreement)} == {"enrolment.missing"}


def test_the_example_with_keys_has_no_fault(tmp_path: Path) -> None:
    assert check(enrolled(tmp_path).agreement) == []


@dataclass(frozen=True)
class Case:
    code: str
    old: str
    new: str
    message: str = ""
    remedy: str = ""
    below: int = 0


CASES = [
    Case(
        "field.unknown",
        "test_calls_per_day",
        "test_cals_per_day",
        "test_cals",
        "test_calls_per_day",
    ),
    Case("field.unknown", "[incidents]", "[incident]", "incident", "incidents"),
    Case("field.wrong", "test_calls_per_day = 2", 'test_calls_per_day = "2"', "'2'"),
    Case("field.wrong", "test_calls_per_day = 2", "test_calls_per_day = true"),
    Case("field.wrong", "value = 660", "value = nan"),
    Case("field.wrong", 'kind = "radio"', 'kind = "radios"', "radios", "Did you mean radio?"),
    Case("field.wrong", "version = 1", "version = 99999999999999999999999999"),
    Case("field.wrong", 'addresses = [{ host = "node.a.example" }]', "addresses = []"),
    Case("time.offset", "2026-12-01T00:00:00Z", "2026-12-01T00:00:00", "offset"),
    Case("time.offset", "2026-12-01T00:00:00Z", "2026-12-01", "offset"),
    Case("period.order", "until = 2027-12-01T00:00:00Z", "until = 2026-12-01T02:00:00+02:00"),
    Case("id.confusable", 'id = "b"\nname', 'id = "a-"\nname', below=0),
    Case("id.duplicate", 'id = "b"\nname', 'id = "a"\nname'),
    Case("field.wrong", 'id = "a"\nname', 'id = "а"\nname', "form", "lower-case"),
    Case("id.reserved", 'id = "a"\nname', 'id = "none"\nname'),
    Case("id.confusable", 'fr = "Partie B"', 'fr = "Partie  A"'),
    Case("id.unknown", 'deputy = "watch"', 'deputy = "wach"', "wach", "Did you mean watch?"),
    Case("id.unknown", 'party = "b"\nofficer = "nowak"', 'party = "c"\nofficer = "nowak"'),
    Case("line.deputy", 'deputy = "martin"', 'deputy = "durand"'),
    Case("line.deputy_loop", 'deputy = "watch"', 'deputy = "durand"', "martin, durand, martin"),
    Case("line.escalation", "after_s = 120", "after_s = 0", below=0),
    Case("line.deadlines", "distress_s = 60", "distress_s = 600"),
    Case("line.language", '[line]\nlanguages = ["en", "fr"]', '[line]\nlanguages = ["en", "en"]'),
    Case("address.host", '"node.a.example"', '"192.0.2.7"', "IP address"),
    Case("address.host", '"node.a.example"', '"127.1"', "IP address"),
    Case("address.host", '"node.a.example"', '"0x7f000001"', "IP address"),
    Case("address.host", '"node.a.example"', '"[::1]"'),
    Case("address.host", '"node.a.example"', '"user:pass@node.a.example"', "user"),
    Case("address.host", '"node.a.example"', '"nоde.a.example"', "ASCII"),
    Case("address.host", '"node.a.example"', '"localhost"'),
    Case("address.host", '"node.a.example"', '"node.a.example."'),
    Case("address.host", 'path = "/detente"', 'path = "/a/../b"'),
    Case("address.host", 'path = "/detente"', 'path = "/a?x=1"'),
    Case("address.shared", '"node.b.example"', '"node.a.example"', "party a"),
    Case("altitude.reference", 'reference = "STD"', 'reference = "MSL"'),
    Case(
        "altitude.order",
        'upper = { value = 660, unit = "FL", reference = "STD" }',
        'upper = { value = -1, unit = "ft", reference = "AGL" }',
    ),
    Case(
        "text.language", 'name = { en = "Party A", fr = "Partie A" }', 'name = { en = "Party A" }'
    ),
    Case("text.language", 'fr = "Partie A" }', 'fr = "Partie A", de = "Partei A" }', "de"),
    Case("text.hidden", '"Colonel Durand"', '"Colonel \\u202ednaruD"', "U+202E"),
    Case("text.hidden", '"Colonel Durand"', '"Colonel\\u200b Durand"', "U+200B"),
    Case("text.placeholder", '"Colonel Durand"', '"‹name›"'),
    Case("version.previous", "version = 1", "version = 2"),
    Case("incidents.order", "urgent_answer_within_days = 2", "urgent_answer_within_days = 8"),
    Case("retention.short", "tracks_days = 365", "tracks_days = 7"),
    Case("rules.unknown", "[incidents]", "[rules.distances]\nx = 1\n\n[incidents]", "distances"),
    Case("file.name", '"area.geojson"', '"../area.geojson"'),
    Case("file.name", '"area.geojson"', '"/etc/passwd"'),
    Case("file.name", '"area.geojson"', '"area.toml"'),
    Case("file.missing", '"area.geojson"', '"aera.geojson"', "aera.geojson"),
    Case("witness.quorum", "[line]\n", "[witnessing]\nneutral_needed = 1\n\n[line]\n", below=1),
    Case("toml.syntax", "version = 1", "version = 1\nversion = 2", below=1),
    Case("toml.syntax", "version = 1", "version = "),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{case.new[:24]!r}")
def test_a_fault_is_told_with_line_and_remedy(world: World, case: Case) -> None:
    line = world.change(case.old, case.new) + case.below
    found = [fault for fault in others(world) if fault.code == case.code]
    assert found, others(world)
    assert any(case.message in fault.message for fault in found), found
    assert any(case.remedy in fault.remedy for fault in found), found
    assert all(fault.remedy for fault in found)
    # A text of several lines is told at one of them.
    last = line + case.new.count("\n")
    assert any(fault.file == "agreement.toml" and line <= fault.line <= last for fault in found), (
        line,
        found,
    )


def test_every_fault_is_told_at_once(world: World) -> None:
    world.change("test_calls_per_day = 2", "test_calls_per_day = -2")
    world.change('kind = "radio"', 'kind = "drum"')
    world.change('deputy = "martin"', "")
    assert [fault.code for fault in others(world)] == [
        "field.wrong",
        "field.missing",
        "field.wrong",
    ]


def test_a_thousand_faults_are_not_a_thousand_lines(world: World) -> None:
    text = world.document.read_text()
    world.document.write_text("".join(f"x{i} = 1\n" for i in range(5000)) + text)
    assert len(check(world.agreement)) <= 200


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xef\xbb\xbfversion = 1\n", "toml.text"),
        (b"\xff\xfev\x00", "toml.text"),
        (b"title = '\xff'\n", "toml.text"),
        (b"a = 1\x00\n", "toml.syntax"),
        (b"a = " + b"[" * 3000 + b"]" * 3000, "toml.limit"),
        (b"a = " + b"[" * 40 + b"]" * 40, "toml.limit"),
        (b"[" + b"a." * 3999 + b"a]\n", "toml.limit"),
        (b"a." * 6000 + b"a = 1\n", "toml.limit"),
        (b"".join(b"k%d." % i + b"a." * 3900 + b"a = 1\n" for i in range(60)), "toml.limit"),
        (b"x = {\"a\" . 'a' ." + b' "a".a.' * 30 + b"a = 1}\n", "toml.limit"),
        (b"a = 1\n" * 20_001, "toml.limit"),
        (b"a = " + b"9" * 5000 + b"\n", "toml.syntax"),
        (b"#" * (1 << 20), "file.limit"),
        (b"", "field.missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[:12].decode("latin-1"),
)
def test_a_hostile_document_is_a_fault(world: World, data: bytes, code: str) -> None:
    world.document.write_bytes(data)
    assert code in {fault.code for fault in check(world.agreement)}


AREA = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}


@pytest.mark.parametrize(
    ("area", "code"),
    [
        ("[]", "area.json"),
        ("{", "area.json"),
        ('{"type": "Polygon", "type": "Polygon"}', "area.json"),
        ('{"type": "Point", "coordinates": [1, 2]}', "area.json"),
        ('{"type": "FeatureCollection", "features": []}', "area.empty"),
        ('{"type": "Polygon", "coordinates": [[[0,0],[NaN,0],[1,1],[0,0]]]}', "area.json"),
        ('{"type": "Polygon", "coordinates": [[[0,0],[1e999,0],[1,1],[0,0]]]}', "area.json"),
        ('{"type": "Polygon", "coordinates": [[[0,0],[1,0,9],[1,1],[0,0]]]}', "area.json"),
        ('{"type": "Polygon", "coordinates": [[[0,0],[true,0],[1,1],[0,0]]]}', "area.json"),
        ('{"type": "Polygon", "coordinates": [[[0,0],[1,0],[1,1]]]}', "area.outline"),
        ('{"type": "Polygon", "coordinates": [[[0,0],[1,1],[1,0],[0,1],[0,0]]]}', "area.outline"),
        ('{"type": "Polygon", "coordinates": [[[0,0],[200,0],[1,1],[0,0]]]}', "area.outline"),
        ('{"type": "Polygon", "coordinates": [[[0,0],[1,0],[2,0],[0,0]]]}', "area.outline"),
        (json.dumps({**AREA, "crs": {}}), "area.json"),
        (
            '{"type": "Polygon", "coordinates": [[[0,0],[4,0],[4,4],[0,0]],'
            "[[2,3],[3,3.5],[2,3.5],[2,3]]]}",
            "area.outline",
        ),
        (
            json.dumps({"type": "MultiPolygon", "coordinates": [AREA["coordinates"]] * 2}),
            "area.outline",
        ),
        ('{"a":' * 500 + "1" + "}" * 500, "area.json"),
        ('{"type": "Polygon", "coordinates": [[' + "[0,0]," * 600_000 + "[0,0]]]}", "area.limit"),
        ('{"type": "Polygon", "coordinates": [[' + "[0,0]," * 1_000_000 + "[0,0]]]}", "file.limit"),
        (
            json.dumps({"type": "MultiPolygon", "coordinates": [AREA["coordinates"]] * 201}),
            "area.limit",
        ),
    ],
    ids=lambda value: value[:60],
)
def test_a_hostile_area_is_a_fault(world: World, area: str, code: str) -> None:
    (world.agreement / "area.geojson").write_text(area)
    found = others(world)
    assert [fault.code for fault in found] == [code], found
    assert found[0].file == "area.geojson"


def test_a_vertex_is_told_by_its_line(world: World) -> None:
    line = world.change("[7.6, 45.9]", '["7.6", 45.9]', name="area.geojson")
    (fault,) = others(world)
    assert (fault.file, fault.line) == ("area.geojson", line)
    assert "features[0].geometry.coordinates[0][2]" in fault.message


def test_links_are_not_followed(world: World, tmp_path: Path) -> None:
    area = world.agreement / "area.geojson"
    area.rename(tmp_path / "elsewhere.geojson")
    area.symlink_to(tmp_path / "elsewhere.geojson")
    assert [fault.code for fault in others(world)] == ["file.unusable"]


def test_a_pipe_is_not_waited_for(world: World) -> None:
    area = world.agreement / "area.geojson"
    area.unlink()
    os.mkfifo(area)
    assert [fault.code for fault in others(world)] == ["file.unusable"]


def test_what_nobody_would_sign_must_not_lie_there(world: World) -> None:
    (world.agreement / "zones.geojson").write_text("{}")
    (world.agreement / "notes.txt").write_text("mine")
    (fault,) = others(world)
    assert (fault.code, fault.file) == ("file.stray", "zones.geojson")


def test_no_directory_is_a_fault_and_no_exception(tmp_path: Path) -> None:
    assert [fault.code for fault in check(tmp_path / "none")] == ["file.unusable"]
    assert [fault.code for fault in check(tmp_path)] == ["file.missing"]
    assert [fault.code for fault in check(Path("\0"))] == ["file.unusable"]


def test_every_code_that_is_used_is_declared_and_every_declared_one_used() -> None:
    import detente.agreement

    source = "\n".join(
        path.read_text()
        for path in Path(detente.agreement.__path__[0]).glob("*.py")
        if path.name != "faults.py"
    )
    assert [code for code in FAULT_CODES if f'"{code}"' not in source] == []


def test_neighbours_and_holes_are_an_area(world: World) -> None:
    west = [[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]], [[1, 1], [2, 1], [2, 2], [1, 1]]]
    east = [[[4, 0], [8, 0], [8, 4], [4, 4], [4, 0]]]
    area = {"type": "MultiPolygon", "coordinates": [west, east]}
    (world.agreement / "area.geojson").write_text(json.dumps(area))
    assert others(world) == []
