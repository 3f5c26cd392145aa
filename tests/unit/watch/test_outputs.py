"""Events as other programs read them."""

from __future__ import annotations

import csv
import json
import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from msgspec.structs import replace
from tests.support.archives_made import CLAIMS, at_once, in_time, wandering
from tests.support.full_disks import room_for

from detente.watch import Event, OutputUnusable, Place, check_output, sentence, write_events

HOSTILE = '=cmd|"<b>\x01&'
KML = "{http://www.opengis.net/kml/2.2}"


@pytest.fixture(scope="module")
def events() -> list[Event]:
    found = at_once(in_time(wandering(1, 4, 60)))
    assert any(each.entry and each.exit for each in found)
    assert any(each.entry is None or each.exit is None for each in found)
    return [replace(found[0], callsign=HOSTILE), *found[1:]]


def test_parquet_keeps_every_figure_with_its_bounds(events: list[Event], tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    assert write_events(events, path) == 0
    frame = pl.read_parquet(path)
    assert frame["id"].to_list() == [each.id for each in events]
    for row, event in zip(frame.iter_rows(named=True), events, strict=True):
        assert row["grade"] == event.grade
        assert row["callsign"] == event.callsign
        assert round(row["began"].timestamp() * 1e6) == event.began_us
        assert (row["entry"] is None) == (event.entry is None)
        assert event.depth_nearest_m is not None
        assert row["depth_nearest_m"] == {
            "value": event.depth_nearest_m.value,
            "low": event.depth_nearest_m.low,
            "high": event.depth_nearest_m.high,
            "unit": "m",
        }
        assert [each["code"] for each in row["grounds"]] == [each.code for each in event.grounds]


def test_geojson_is_read_by_maps(events: list[Event], tmp_path: Path) -> None:
    path = tmp_path / "events.geojson"
    write_events(events, path, CLAIMS.sources)
    told = json.loads(path.read_text("utf-8"))
    assert [each["id"] for each in told["sources"]] == ["sure"]
    assert len(told["features"]) == len(events)
    for feature, event in zip(told["features"], events, strict=True):
        ends = [each for each in (event.entry, event.exit) if each]
        if not ends:
            assert feature["geometry"] is None
            continue
        coordinates = feature["geometry"]["coordinates"]
        first = coordinates[0] if len(ends) > 1 else coordinates
        assert first[:2] == [ends[0].lng_deg, ends[0].lat_deg]
        figure = feature["properties"]["duration_s"]
        high = event.duration_s.high if event.duration_s else math.nan
        assert figure["high"] == (high if math.isfinite(high) else None)


def test_csv_has_a_column_for_each_number_and_no_formula(
    events: list[Event], tmp_path: Path
) -> None:
    path = tmp_path / "events.csv"
    write_events(events, path)
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(events)
    assert rows[0]["callsign"] == "'" + HOSTILE.replace("\x01", "\\u0001")
    for row, event in zip(rows, events, strict=True):
        assert event.length_m is not None
        assert float(row["length_m"]) == event.length_m.value
        bounded = math.isfinite(event.length_m.high)
        assert row["length_m_high"] == (repr(event.length_m.high) if bounded else "")


def test_kml_shows_what_has_a_place_and_counts_the_rest(
    events: list[Event], tmp_path: Path
) -> None:
    path = tmp_path / "events.kml"
    placed = [each for each in events if each.entry or each.exit]
    nowhere = [
        replace(each, id=f"{i:064x}", entry=None, exit=None, deepest=None)
        for i, each in enumerate(placed)
    ]
    assert write_events([*placed, *nowhere[:2]], path, CLAIMS.sources) == 2
    root = ET.parse(path).getroot()
    assert len(root.findall(f".//{KML}Placemark")) == len(placed)
    assert root.findtext(f".//{KML}Document/{KML}description") == "Surveyed (CC0-1.0)"


def test_grounds_are_said_in_both_languages(events: list[Event], tmp_path: Path) -> None:
    """With their figures by plain names, not by those that programs use."""
    event = next(each for each in events if each.entry and each.grounds and each.grounds[0].figures)
    words = sentence(event.grounds[0])
    name = next(iter(event.grounds[0].figures))
    paths = [tmp_path / f"events.{suffix}" for suffix in ("csv", "geojson", "kml")]
    for path in paths:
        write_events([event], path)
    with paths[0].open(newline="", encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    assert words.en in row["why_en"]
    assert words.fr in row["why_fr"]
    (feature,) = json.loads(paths[1].read_text("utf-8"))["features"]
    ground = feature["properties"]["grounds"][0]
    assert (ground["en"], ground["fr"]) == (words.en, words.fr)
    told = ET.parse(paths[2]).getroot().findtext(f".//{KML}Placemark/{KML}description") or ""
    for text in (row["why_en"], row["why_fr"], ground["en"], told):
        assert name not in text
    assert words.en in told
    assert words.fr in told


def test_who_was_inside_all_the_time_has_a_place(events: list[Event], tmp_path: Path) -> None:
    place = Place(46.05, 7.1, None, events[0].began_us, 10.0, 0.0)
    event = replace(events[0], entry=None, exit=None, deepest=place)
    assert write_events([event], tmp_path / "events.kml") == 0
    write_events([event], tmp_path / "events.geojson")
    (feature,) = json.loads((tmp_path / "events.geojson").read_text("utf-8"))["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [7.1, 46.05]}
    assert feature["properties"]["deepest"]["lat_deg"] == 46.05


@pytest.mark.parametrize("suffix", ["parquet", "geojson", "csv", "kml"])
def test_nothing_is_a_file_too(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / "in" / f"none.{suffix}"
    write_events([], path)
    assert path.stat().st_size > 0
    assert list(path.parent.iterdir()) == [path]


def test_an_unknown_format_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(OutputUnusable) as caught:
        check_output(tmp_path / "events.xlsx")
    assert ".parquet" in str(caught.value.advice)


def test_what_is_no_file_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "dir.csv").mkdir()
    with pytest.raises(OutputUnusable):
        check_output(tmp_path / "dir.csv")


def test_a_failed_write_leaves_nothing(tmp_path: Path, events: list[Event]) -> None:
    def broken() -> Iterator[Event]:
        yield events[0]
        raise OSError(28, "No space left on device")

    path = tmp_path / "events.csv"
    path.write_text("before")
    with pytest.raises(OutputUnusable, match="No space"):
        write_events(broken(), path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", ["parquet", "geojson", "csv", "kml"])
def test_a_full_disk_is_told(suffix: str, tmp_path: Path, events: list[Event]) -> None:
    path = tmp_path / f"events.{suffix}"
    with room_for(256), pytest.raises(OutputUnusable):
        write_events(events, path)
    assert list(tmp_path.iterdir()) == []
