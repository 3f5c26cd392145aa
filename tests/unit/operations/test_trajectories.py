"""Reading trajectories: formats, units, and an account of every row."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from detente.operations import ReadingReport, TrajectoryError, read_trajectories
from detente.operations.trajectories import AltitudeUnit

T0_MS = 1_533_101_250_000


def record(seconds: float, **more: object) -> dict[str, object]:
    return {
        "timestamp": T0_MS + int(seconds * 1000),
        "icao24": "3003ae",
        "callsign": "DLH8JW",
        "latitude": 46.0 + seconds * 1e-4,
        "longitude": 7.0,
        "altitude": 10_000.0,
        **more,
    }


def write_json(path: Path, value: object) -> Path:
    path.write_bytes(gzip.compress(json.dumps(value).encode()))
    return path


def accounted(report: ReadingReport) -> int:
    return (
        report.used
        + report.without_position
        + report.without_altitude
        + report.without_time
        + report.without_id
        + report.on_the_ground
        + report.repeated
        + report.contradicting
        + report.alone
    )


def test_json_of_traffic_has_altitudes_in_feet(tmp_path: Path) -> None:
    path = write_json(tmp_path / "day.json.gz", [record(0), record(10)])
    read = read_trajectories(path, party="Party A")
    [flight] = read.flights
    assert (flight.flight_id, flight.name, flight.party) == ("3003ae DLH8JW", "DLH8JW", "Party A")
    assert flight.track is not None
    assert flight.track.altitude_m.tolist() == [3048.0, 3048.0]
    assert flight.track.time_us[0] == T0_MS * 1000
    assert "feet, taken as given" in read.altitude_assumption.en
    assert "en pieds, prise telle quelle" in read.altitude_assumption.fr


def test_json_by_columns(tmp_path: Path) -> None:
    rows = [record(0), record(10)]
    columns = {name: {str(i): row[name] for i, row in enumerate(rows)} for name in rows[0]}
    read = read_trajectories(write_json(tmp_path / "day.json.gz", columns))
    assert len(read.flights) == 1


def test_every_row_is_accounted_for(tmp_path: Path) -> None:
    rows = [
        record(0),
        record(20),
        record(10),
        record(10),
        record(10, latitude=46.5),
        record(30, latitude=None),
        record(31, latitude=95.0),
        record(32, altitude=None),
        record(33, timestamp=None),
        record(34, icao24=None, callsign=None),
        record(35, onground=True),
        record(2000),
        record(4000),
        record(4010),
        record(4020, latitude=-46.0),
        record(4030, latitude=-46.0),
    ]
    report = read_trajectories(write_json(tmp_path / "d.json.gz", rows)).report
    assert report.rows == len(rows) == accounted(report)
    assert report.without_position == 2
    assert report.without_altitude == 1
    assert report.without_time == 1
    assert report.without_id == 1
    assert report.on_the_ground == 1
    assert report.repeated == 1
    assert report.contradicting == 1
    assert report.out_of_order == 1
    assert report.alone == 1
    assert report.split_at_gaps == 2
    assert report.split_at_jumps == 1
    assert len(report.sentences()) == 11
    assert ReadingReport().sentences() == []


def test_parts_of_a_flight_are_numbered(tmp_path: Path) -> None:
    rows = [record(s) for s in (0, 10, 5000, 5010)]
    flights = read_trajectories(write_json(tmp_path / "d.json.gz", rows)).flights
    assert [f.flight_id for f in flights] == ["3003ae DLH8JW", "3003ae DLH8JW #2"]
    joined = read_trajectories(write_json(tmp_path / "d.json.gz", rows), gap_s=6000).flights
    assert len(joined) == 1


CSV = """flight_id,time,lat,lon,altitude_m,party
one,2026-05-01T09:00:00Z,46.0,7.0,1000,North
one,2026-05-01T11:00:10.5+02:00,46.001,7.0,1010,North
"""


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(CSV)
    [flight] = read_trajectories(path).flights
    assert flight.party == "North"
    assert flight.track is not None
    assert (flight.track.time_us[1] - flight.track.time_us[0]) == 10_500_000
    assert flight.track.altitude_m.tolist() == [1000, 1010]


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame(
        {
            "flight_id": ["one", "one"],
            "timestamp": [datetime(2026, 5, 1, 9, 0, s, tzinfo=UTC) for s in (0, 10)],
            "latitude": [46.0, 46.001],
            "longitude": [7.0, 7.0],
            "altitude": [1000.0, 1000.0],
        }
    ).write_parquet(path)
    [flight] = read_trajectories(path, altitude_unit="ft").flights
    assert flight.track is not None
    assert flight.track.altitude_m[0] == pytest.approx(304.8)


@pytest.mark.parametrize(
    ("header", "row", "told"),
    [
        ("flight_id,time,lat,lon,altitude", "x,2026-05-01T09:00:00Z,46,7,1", "feet or metres"),
        ("flight_id,time,lat,lon,alt_km", "x,2026-05-01T09:00:00Z,46,7,1", "altitude_ft"),
        ("flight_id,time,lat,altitude_m", "x,2026-05-01T09:00:00Z,46,1", "longitude"),
        ("flight_id,time,lat,latitude,lon,altitude_m", "x,0,46,46,7,1", "lat"),
        ("time,lat,lon,altitude_m", "2026-05-01T09:00:00Z,46,7,1", "which flight"),
        ("flight_id,time,lat,lon,altitude_m", "x,2026-05-01 09:00:00,46,7,1", "row 1, time"),
        ("flight_id,time,lat,lon,altitude_m", "x,12345,46,7,1", "timestamp_s"),
        ("flight_id,time,lat,lon,altitude_m", "x,2026-05-01T09:00:00Z,high,7,1", "row 1, lat"),
    ],
)
def test_what_is_unclear_is_refused_by_name(
    tmp_path: Path, header: str, row: str, told: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"{header}\n{row}\n")
    with pytest.raises(TrajectoryError) as caught:
        read_trajectories(path)
    assert told in str(caught.value)


@pytest.mark.parametrize("unit", ["ft", "m"])
def test_the_unit_can_be_said(tmp_path: Path, unit: AltitudeUnit) -> None:
    path = tmp_path / "t.csv"
    path.write_text(CSV.replace("altitude_m", "altitude"))
    [flight] = read_trajectories(path, altitude_unit=unit).flights
    assert flight.track is not None
    assert flight.track.altitude_m[0] == (1000 if unit == "m" else pytest.approx(304.8))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.json.gz", b"not gzip"),
        ("t.json.gz", gzip.compress(b"[]")[:10] + b"\xff" * 20),
        ("t.json", b"{"),
        ("t.json", b"[]"),
        ("t.json", b'"text"'),
        ("t.parquet", b"not parquet"),
        ("t.csv", b""),
        ("t.xlsx", b""),
    ],
)
def test_a_damaged_file_is_an_error_with_its_name(
    tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TrajectoryError) as caught:
        read_trajectories(path)
    assert name in str(caught.value)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrajectoryError, match="No such file"):
        read_trajectories(tmp_path / "none.csv")


def test_json_that_nests_deeper_than_can_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.json.gz"
    path.write_bytes(gzip.compress(b"[" * 100_000))
    with pytest.raises(TrajectoryError, match="nests deeper"):
        read_trajectories(path)


@pytest.mark.parametrize("altitude", ["1e308", "1e12", "-1e9", "100001", "nan"])
def test_an_altitude_beyond_any_is_left_out_and_counted(tmp_path: Path, altitude: str) -> None:
    path = tmp_path / "glitch.csv"
    rows = [f"{T0_MS + 1000 * k},46,{7 + k * 1e-4},{a},x" for k, a in enumerate([1, altitude, 2])]
    path.write_text("\n".join(["timestamp,lat,lon,altitude_m,flight", *rows]))
    read = read_trajectories(path)
    assert read.report.without_altitude == 1
    assert read.report.used == 2
    assert "Rows without an altitude, or beyond any: 1." in read.report.sentences()
