"""Files of positions: how they are recognised, understood, refused and counted."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.support.reported import BEGAN_US, reported

from detente.feeds import (
    NEVER,
    Archive,
    ArchiveError,
    ArchiveOptions,
    Basis,
    ColumnUnclear,
    Counts,
    FormatUnknown,
    Reports,
    Source,
    empty,
    frame_of,
    joined,
    read_reports,
)

KT = 1852.0 / 3600
FT = 0.3048

PLAIN = """time,icao24,callsign,lat,lon,altitude_ft,speed_kt,track,vertical_rate_fpm,onground
2026-05-01T09:00:00Z,3C6444,DLH1,50.0,8.5,1000,100,90,600,false
2026-05-01 11:00:01.5+02:00,3c6444,DLH1,50.1,8.6,,,,,
2026-05-01T09:00:02Z,00a1b2,,48.0,190.5,2000,200,180,-600,TRUE
"""


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    data = text.encode() if isinstance(text, str) else text
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def read(path: Path, options: ArchiveOptions | None = None) -> tuple[Reports, Archive]:
    archive = Archive(path, options=options)
    return joined(list(archive.reports())), archive


def check_plain(reports: Reports) -> None:
    assert reports.identities == ("3c6444", "00a1b2")
    assert reports.callsigns == ("DLH1", "")
    assert reports.aircraft.tolist() == [0, 0, 1]
    first_us = 1_777_626_000_000_000
    assert reports.time_us.tolist() == [first_us, first_us + 1_500_000, first_us + 2_000_000]
    assert (reports.received_us == NEVER).all()
    assert reports.lat_deg.tolist() == [50.0, 50.1, 48.0]
    assert reports.lng_deg.tolist() == [8.5, 8.6, -169.5]
    assert reports.pressure_m == pytest.approx([1000 * FT, np.nan, 2000 * FT], nan_ok=True)
    assert np.isnan(reports.altitude_m).all()
    assert reports.speed_m_s == pytest.approx([100 * KT, np.nan, 200 * KT], nan_ok=True)
    assert reports.track_deg == pytest.approx([90, np.nan, 180], nan_ok=True)
    assert reports.climb_m_s == pytest.approx([3.048, np.nan, -3.048], nan_ok=True)
    assert reports.on_ground.tolist() == [0, 2, 1]
    assert (reports.horizontal_m == 185.2).all()
    assert (reports.basis == Basis.ASSUMED).all()


@pytest.mark.parametrize("name", ["plain.csv", "plain.csv.gz", "plain.txt"])
def test_csv_says_its_units_in_the_names_of_columns(tmp_path: Path, name: str) -> None:
    reports, archive = read(write(tmp_path, name, PLAIN))
    check_plain(reports)
    assert archive.format == "csv"
    assert archive.counts.messages == archive.counts.reports == 3
    assert archive.counts.bytes == archive.bytes
    assert "1013.25" in archive.assumptions[0].en
    assert reports.sources == (Source(name, "csv"),)


def test_csv_may_be_german(tmp_path: Path) -> None:
    """Semicolons between columns, commas in numbers, a mark at the beginning, quotes."""
    rows = ['"Time (UTC)";"ICAO24";"Latitude";"Longitude";"Altitude (m)"']
    rows.append('"2026-05-01T09:00:00Z";"3c6444";50,25;8,5;"1000"')
    options = ArchiveOptions(columns={"time": "Time (UTC)"}, altitude_above="ellipsoid")
    reports, _ = read(
        write(tmp_path, "de.csv", b"\xef\xbb\xbf" + "\r\n".join(rows).encode() + b"\r\n"), options
    )
    assert (reports.lat_deg[0], reports.lng_deg[0]) == (50.25, 8.5)
    assert reports.altitude_m[0] == 1000.0
    assert np.isnan(reports.pressure_m[0])


def test_the_same_table_reads_alike_from_parquet_csv_and_json(tmp_path: Path) -> None:
    table = pl.read_csv(PLAIN.encode(), infer_schema_length=None)
    table.write_parquet(tmp_path / "a.parquet")
    table.with_columns(pl.col("icao24").cast(pl.Categorical)).write_parquet(tmp_path / "b.parquet")
    rows = json.dumps(table.to_dicts())
    write(tmp_path, "c.json.gz", rows)
    columns = {
        name: dict(enumerate(values)) for name, values in table.to_dict(as_series=False).items()
    }
    write(tmp_path, "d.json", json.dumps(columns))
    for name in ("a.parquet", "b.parquet", "c.json.gz", "d.json"):
        check_plain(read(tmp_path / name)[0])


def test_opensky_tables_are_si_and_tell_when_the_position_was_measured(tmp_path: Path) -> None:
    header = "time,icao24,lat,lon,velocity,heading,vertrate,callsign,onground,squawk,baroaltitude,geoaltitude,lastposupdate,lastcontact"  # noqa: E501
    row = "1700000010,a1b2c3,1.5,2.5,100.0,45.0,-2.0,ABC1  ,false,1000,3000.0,3100.0,1700000007.25,1700000009"  # noqa: E501
    reports, archive = read(write(tmp_path, "states.csv", f"{header}\n{row}\n"))
    assert reports.time_us.tolist() == [1_700_000_007_250_000]
    assert reports.received_us.tolist() == [1_700_000_010_000_000]
    assert (reports.pressure_m[0], reports.altitude_m[0]) == (3000.0, 3100.0)
    assert (reports.speed_m_s[0], reports.track_deg[0], reports.climb_m_s[0]) == (100, 45, -2)
    assert reports.callsigns == ("ABC1",)
    assert "OpenSky" in archive.assumptions[0].en


def test_quality_codes_give_the_accuracy_and_its_ground(tmp_path: Path) -> None:
    text = "time,icao24,lat,lon,nic,nac_p\n"
    for codes in ("8,9", "8,", ",", ",10", "0,", "0,0", "99,99"):
        text += f"1700000000,a1b2c3,1,2,{codes}\n"
    reports, _ = read(write(tmp_path, "q.csv", text))
    assert reports.horizontal_m.tolist() == pytest.approx(
        [30.0, 92.6, 185.2, 10.0, 18_520.0, 18_520.0, 185.2]
    )
    stated, derived, assumed = Basis.STATED, Basis.DERIVED, Basis.ASSUMED
    assert reports.basis.tolist() == [stated, derived, assumed, stated, derived, stated, assumed]
    assert reports.containment_m[:2].tolist() == pytest.approx([185.2, 185.2])


def test_columns_and_units_may_be_said(tmp_path: Path) -> None:
    text = "t,who,y,x,alt,v,climb\n1700000000,AB12,1.5,2.5,1000,36,5\n"
    options = ArchiveOptions(
        columns={"time": "t", "aircraft": "who", "latitude": "y", "longitude": "x", "speed": "v"},
        altitude_unit="ft",
        speed_unit="km/h",
        climb_unit="m/s",
        source="radar",
        assumed_horizontal_m=50.0,
    )
    path = write(tmp_path, "odd.csv", text)
    archive = Archive(path, "csv", options=options)
    reports = joined(list(archive.reports()))
    assert reports.identities == ("track:AB12",)
    assert reports.pressure_m[0] == pytest.approx(304.8)
    assert (reports.speed_m_s[0], reports.climb_m_s[0]) == (pytest.approx(10.0), 5.0)
    assert reports.horizontal_m[0] == 50.0
    assert reports.sources[0].name == "radar"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("time,icao24,lat,lon,speed\n1700000000,a,1,2,3\n", '"speed" is unclear.*_kt'),
        ("time,icao24,lat,lon,altitude\n1700000000,a,1,2,3\n", '"altitude" is unclear.*_ft'),
        ("time,icao24,lat,latitude,lon\n1700000000,a,1,1,2\n", "could be any of.*latitude, lat"),
        ("time,timestamp,icao24,lat,lon\n1,1,a,1,2\n", "time could be any of"),
        ("icao24,lat,lon\na,1,2\n", "no column for the time.*icao24, lat, lon"),
        ("time,lat,lon\n1700000000,1,2\n", "no column for the aircraft"),
        ("time,icao24,lat\n1700000000,a,1\n", "no column for the longitude"),
        ("time,icao24,lat,lon\n12345,a,1,2\n", "could be many things"),
        ("time,icao24,lat,lon\n1700000000,a,1,2\n1700000000000,a,1,2\n", "could be many things"),
        ("time,icao24,lat,lon\n2026-05-01,a,1,2\nsoon,a,1,2\n7,a,1,2\n", "no time with its zone"),
        ("time,icao24,lat,lon\nyesterday,a,1,2\n", "yesterday.*no time with its zone"),
        ("time,icao24,lat,lon\n2026-05-01T09:00:00,a,1,2\n", "no time with its zone"),
    ],
)
def test_what_is_unclear_is_refused_with_what_to_do(
    tmp_path: Path, text: str, problem: str
) -> None:
    with pytest.raises(ColumnUnclear, match=problem) as caught:
        read(write(tmp_path, "unclear.csv", text))
    assert caught.value.advice
    assert "unclear.csv" in str(caught.value.where)


def test_columns_that_are_said_must_be_there(tmp_path: Path) -> None:
    path = write(tmp_path, "plain.csv", PLAIN)
    with pytest.raises(ColumnUnclear, match='no column "breite"'):
        read(path, ArchiveOptions(columns={"latitude": "breite"}))
    with pytest.raises(ColumnUnclear, match='no column "colour"'):
        read(path, ArchiveOptions(columns={"colour": "lat"}))
    left_out, _ = read(path, ArchiveOptions(columns={"speed": "", "altitude": ""}))
    assert np.isnan(left_out.speed_m_s).all()
    assert np.isnan(left_out.pressure_m).all()


def test_rows_that_tell_no_time_place_or_aircraft_are_counted(tmp_path: Path) -> None:
    rows = [
        "1700000000,a1b2c3,1,2",
        ",a1b2c3,1,2",
        "1700000001,,1,2",
        "1700000002,a1b2c3,,2",
        "1700000003,a1b2c3,91,2",
        "1700000004,a1b2c3,north,2",
        "soon,a1b2c3,1,2",
        "1700000005,a1b2c3,1,2,surplus,cells",
        "1700000006,a1b2c3",
    ]
    path = write(tmp_path, "bad.csv", "time,icao24,lat,lon\n" + "\n".join(rows) + "\n")
    reports, archive = read(path)
    assert len(reports) == 2
    assert archive.counts.dropped == {"no-time": 2, "no-aircraft": 1, "no-position": 4}
    assert archive.counts.messages == 9


def test_reports_survive_parquet_without_loss(tmp_path: Path) -> None:
    other = Source('tower "B"', "asterix", 30.0, 7.0)
    reports = reported(
        [
            {"s": 0, "lat": 1.0, "lng": 2.0, "aircraft": "3c6444", "callsign": "DLH1"},
            {"s": 1.5, "heard": 1.7, "lat": 1.1, "lng": 2.1, "aircraft": "track:7", "source": other,
             "speed": 5.0, "pressure": 100.0, "altitude": 90.0, "accuracy": 3.0, "ground": 1},
            {"s": 2, "lat": 1.2, "lng": 2.2, "aircraft": "3c6444"},
        ]
    )  # fmt: skip
    frame_of(reports).write_parquet(tmp_path / "own.parquet")
    counts = Counts()
    back = joined(list(read_reports(tmp_path / "own.parquet", counts=counts, batch_rows=2)))
    assert frame_of(back).equals(frame_of(reports))
    assert (back.identities, back.callsigns) == (reports.identities, ("DLH1", ""))
    assert back.sources == reports.sources
    assert counts.reports == 3
    assert back.lat_deg.flags.writeable


def test_no_reports_are_a_table_too(tmp_path: Path) -> None:
    frame_of(empty()).write_parquet(tmp_path / "none.parquet")
    archive = Archive(tmp_path / "none.parquet")
    assert len(joined(list(archive.reports()))) == 0
    assert archive.counts == Counts(bytes=archive.bytes)


@pytest.mark.parametrize("kind", [pl.String, pl.Categorical])
def test_batches_of_a_table_share_one_growing_table_of_names(
    tmp_path: Path, kind: type[pl.DataType]
) -> None:
    rows = 1000
    table = pl.DataFrame(
        {
            "time": [1_700_000_000 + i for i in range(rows)],
            "icao24": [f"{i % 400:06x}" if i < 800 else f"{i:06x}" for i in range(rows)],
            "lat": [1.0] * rows,
            "lon": [2.0] * rows,
        }
    )
    table.with_columns(pl.col("icao24").cast(kind)).write_parquet(tmp_path / "t.parquet")
    batches = list(read_reports(tmp_path / "t.parquet", batch_rows=300))
    assert [len(each) for each in batches] == [300, 300, 300, 100]
    for one, two in pairwise(batches):
        assert two.identities[: len(one.identities)] == one.identities
    names = [each.identities[n] for each in batches for n in each.aircraft.tolist()]
    assert names == table["icao24"].to_list()


def test_a_run_that_goes_on_skips_what_it_has(tmp_path: Path) -> None:
    path = write(tmp_path, "plain.csv", PLAIN)
    whole = joined(list(read_reports(path)))
    rest = joined(list(read_reports(path, skip=2)))
    assert rest.time_us.tolist() == whole.time_us.tolist()[2:]
    assert not list(read_reports(path, skip=3))


def test_progress_is_told_in_bytes_and_ends_with_all_of_them(tmp_path: Path) -> None:
    path = write(tmp_path, "plain.csv.gz", PLAIN)
    told: list[tuple[int, int]] = []
    list(read_reports(path, progress=lambda done, total: told.append((done, total))))
    size = path.stat().st_size
    assert told[-1] == (size, size)
    assert all(done <= total == size for done, total in told)


def test_frames_with_times_are_decoded_as_mode_s(tmp_path: Path) -> None:
    """Short frames may be written at full length; the format tells how many octets count."""
    frames = [
        {"timestamp": 1_457_996_402.0, "frame": "8D40058B58C901375147EFD09357"},
        {"timestamp": 1_457_996_404.5, "frame": "8D40058B58C904A87F402D3B8C59"},
        {"timestamp": 1_457_996_405.0, "frame": "5d40058b4d6ab9"},
        {"timestamp": 1_457_996_405.5, "frame": "8D40058B58C9"},
        {"frame": "8D40058B58C904A87F402D3B8C59"},
    ]
    path = write(tmp_path, "heard.jsonl", "".join(json.dumps(each) + "\n" for each in frames))
    reports, archive = read(path)
    assert archive.format == "frames"
    assert set(reports.identities) == {"40058b"}
    # The worked example of a global airborne position in "The 1090 Megahertz Riddle".
    assert reports.lat_deg[-1] == pytest.approx(49.81755, abs=1e-4)
    assert reports.lng_deg[-1] == pytest.approx(6.08442, abs=1e-4)
    assert archive.counts.dropped["framing"] == 1
    assert archive.counts.dropped["no-time"] == 1


@pytest.mark.parametrize(
    ("beginning", "expected"),
    [
        (b"PAR1....", "parquet"),
        (b"\x1a2\0\0\0", "beast"),
        (b"*8D40058B58C901375147EFD09357;\n", "avr"),
        (b"@0123456789AB8D40058B58C901375147EFD09357;\n", "avr"),
        (b"MSG,3,1,1,40058B,1,2026/05/01,09:00:00.000,,,,,,,,,,,,,,\n", "sbs"),
        (b'{"now": 1.0, "aircraft": []}', "readsb"),
        (b'{"icao":"ac671b","timestamp":1.0,"trace":[]}', "readsb-trace"),
        (b'{"time":1,"states":[]}', "opensky"),
        (b'[{"timestamp":1}]', "json"),
        (b'{"timestamp":{"0":1}}', "json"),
        (b'{"timestamp":1.0,"frame":"8d"}\n', "frames"),
        (b"<?xml version='1.0'?><event/>", "cot"),
        (b"<event version='2.0'>", "cot"),
        (b"\xbf\x01\xbf\x0a\x00", "cot"),
        (b"\xd4\xc3\xb2\xa1\x02\x00", "asterix-pcap"),
        (b"\x15\x00\x05\x80\x01\x30\x00\x04\x00", "asterix"),
        (b"icao24;latitude;longitude\n", "csv"),
    ],
)
def test_formats_are_known_by_their_beginning(
    tmp_path: Path, beginning: bytes, expected: str
) -> None:
    assert Archive(write(tmp_path, "capture", beginning)).format == expected


@pytest.mark.parametrize("beginning", [b"", b"\x00" * 100, b"hello\n", b"\x7fELF", b"PK\x03\x04"])
def test_what_is_not_known_is_refused(tmp_path: Path, beginning: bytes) -> None:
    with pytest.raises(FormatUnknown, match="Nothing that is known"):
        Archive(write(tmp_path, "mystery", beginning))


def test_a_format_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatUnknown, match="beast"):
        Archive(write(tmp_path, "plain.csv", PLAIN), "excel")


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def scrambled(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4:60] = bytes(56)
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [truncated, scrambled])
@pytest.mark.parametrize("name", ["t.parquet", "t.csv.gz", "t.json.gz"])
def test_damage_is_an_error_that_names_the_file(
    tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    path = tmp_path / name
    table = pl.read_csv(PLAIN.encode(), infer_schema_length=None)
    if name == "t.parquet":
        table.write_parquet(path)
    else:
        text = PLAIN * 50 if "csv" in name else json.dumps(table.to_dicts() * 50)
        write(tmp_path, name, text)
    damage(path)
    with pytest.raises(ArchiveError, match=name):
        read(path)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="No such file"):
        Archive(tmp_path / "nothing.csv")


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    reports, _ = read(write(tmp_path, "empty.csv", "time,icao24,lat,lon\n"))
    assert len(reports) == 0
    with pytest.raises(ArchiveError, match="column names"):
        read(write(tmp_path, "cut.csv", "time,icao24,lat"))


def test_raw_captures_count_from_when_they_began(tmp_path: Path) -> None:
    """Two halves of a position, half a second apart by the receiver's 12 MHz counter."""
    frames = ("8D40058B58C904A87F402D3B8C59", "8D40058B58C901375147EFD09357")
    data = b""
    for number, frame in enumerate(frames):
        ticks = (1_000_000 + number * 6_000_000).to_bytes(6, "big")
        body = ticks + b"\x80" + bytes.fromhex(frame)
        data += b"\x1a3" + body.replace(b"\x1a", b"\x1a\x1a")
    path = write(tmp_path, "capture.bin", data)
    reports, archive = read(path, ArchiveOptions(began_us=BEGAN_US))
    assert archive.format == "beast"
    assert len(reports) >= 1
    assert abs(int(reports.time_us[-1]) - BEGAN_US - 500_000) <= 1
    assert archive.counts.bytes == len(data)
