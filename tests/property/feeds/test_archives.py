"""Archives: any bytes are read or refused, and how a file is cut into blocks does not matter."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detente.errors import DetenteError
from detente.feeds import (
    ARCHIVE_FORMATS,
    Archive,
    FormatUnknown,
    Reports,
    Source,
    frame_of,
    joined,
    of_columns,
    tables_csv,
)

QUIET = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NAMES = ("3c6444", "00a1b2", "ffffff")

rows_ = st.lists(
    st.tuples(
        st.integers(1_000_000_000, 2_000_000_000),
        st.sampled_from(NAMES),
        st.floats(-90, 90).map(lambda each: round(each, 6)),
        st.floats(-180, 179.999).map(lambda each: round(each, 6)),
        st.one_of(st.none(), st.floats(0, 40_000).map(lambda each: round(each, 2))),
        st.sampled_from(("", "DLH1", 'A "quoted"', "two\nlines", "semi;colon", "com,ma")),
    ),
    min_size=1,
    max_size=40,
)


def told(reports: Reports) -> list[tuple[object, ...]]:
    """What each report says, without numbering."""
    return [
        (
            int(reports.time_us[row]),
            reports.identities[reports.aircraft[row]],
            float(reports.lat_deg[row]),
            float(reports.lng_deg[row]),
            None if np.isnan(reports.pressure_m[row]) else float(reports.pressure_m[row]),
        )
        for row in range(len(reports))
    ]


@given(rows_, st.sampled_from((",", ";", "\t", "|")), st.sampled_from(("\n", "\r\n")))
@QUIET
def test_csv_says_what_it_says_wherever_it_is_cut(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: list[tuple[int, str, float, float, float | None, str]],
    separator: str,
    end: str,
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=end)
    writer.writerow(("time", "icao24", "lat", "lon", "pressure_altitude_m", "remark"))
    writer.writerows(rows)
    path = tmp_path / "t.csv"
    path.write_bytes(text.getvalue().encode())
    expected = [(t * 1_000_000, name, lat, lng, high) for t, name, lat, lng, high, _ in rows]
    for block in (1 << 24, 97):
        monkeypatch.setattr(tables_csv, "_BLOCK_BYTES", block)
        assert told(joined(list(Archive(path, "csv").reports()))) == expected


@given(rows_, st.integers(1, 50))
@QUIET
def test_parquet_says_the_same_in_batches_of_any_size(
    tmp_path: Path,
    rows: list[tuple[int, str, float, float, float | None, str]],
    batch_rows: int,
) -> None:
    table = pl.DataFrame(
        rows,
        schema={
            "time": pl.Int64, "icao24": pl.String, "lat": pl.Float64, "lon": pl.Float64,
            "pressure_altitude_m": pl.Float64, "callsign": pl.String,
        },
        orient="row",
    )  # fmt: skip
    table.write_parquet(tmp_path / "t.parquet", row_group_size=7)
    batches = list(Archive(tmp_path / "t.parquet").reports(batch_rows=batch_rows))
    assert all(0 < len(each) <= batch_rows for each in batches)
    whole = joined(batches)
    assert told(whole) == [(t * 1_000_000, n, lat, lng, high) for t, n, lat, lng, high, _ in rows]
    for name, callsign in zip(whole.identities, whole.callsigns, strict=True):
        last = next((r[5].strip() for r in reversed(rows) if r[1] == name and r[5].strip()), "")
        assert callsign == last


@st.composite
def any_reports(draw: st.DrawFn) -> Reports:
    """Reports with whatever columns may hold."""
    count = draw(st.integers(1, 20))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    empty = draw(
        st.sets(st.sampled_from(("altitude_m", "speed_m_s", "horizontal_m", "vertical_m")))
    )

    def column(name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        values = rng.uniform(0, 100, count)
        values[rng.random(count) < (1.0 if name in empty else 0.2)] = np.nan
        return values

    floats = ("altitude_m", "pressure_m", "speed_m_s", "track_deg", "climb_m_s", "horizontal_m",
              "vertical_m", "containment_m")  # fmt: skip
    names = draw(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4, unique=True))
    callsigns = draw(
        st.lists(st.sampled_from(("", "A1", "B2")), min_size=len(names), max_size=len(names))
    )
    sources = (Source("one", "beast"), Source('two "x"', "cot", 10.0, 5.0))
    return of_columns(
        count,
        names,
        callsigns,
        sources,
        time_us=rng.integers(0, 2**50, count),
        received_us=np.where(rng.random(count) < 0.5, np.iinfo(np.int64).min, 5),
        aircraft=rng.integers(0, len(names), count).astype(np.int32),
        source=rng.integers(0, 2, count).astype(np.int32),
        lat_deg=rng.uniform(-90, 90, count),
        lng_deg=rng.uniform(-180, 180, count),
        basis=rng.integers(0, 3, count).astype(np.uint8),
        on_ground=rng.integers(0, 3, count).astype(np.uint8),
        **{name: column(name) for name in floats},
    )


@given(any_reports(), st.integers(1, 30))
@QUIET
def test_reports_come_back_from_parquet_as_they_were(
    tmp_path: Path, reports: Reports, batch_rows: int
) -> None:
    frame = frame_of(reports)
    frame.write_parquet(tmp_path / "own.parquet")
    back = joined(list(Archive(tmp_path / "own.parquet").reports(batch_rows=batch_rows)))
    again = frame_of(back)
    assert again.columns == frame.columns
    plain = [pl.col(pl.Enum, pl.Categorical).cast(pl.String)]
    assert again.with_columns(plain).equals(frame.with_columns(plain))


def refusal(archive: Archive) -> DetenteError | None:
    """What is said against an archive, once it has been read; nothing else may be raised."""
    try:
        for batch in archive.reports():
            assert len(batch.lat_deg) == len(batch)
    except DetenteError as refused:
        return refused
    return None


@given(st.binary(max_size=400), st.sampled_from(ARCHIVE_FORMATS))
@QUIET
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes, name: str) -> None:
    path = tmp_path / "any"
    path.write_bytes(data)
    refused = refusal(Archive(path, name))
    assert refused is None or "any" in str(refused.where)


mangled = st.tuples(st.integers(0, 10_000), st.binary(min_size=1, max_size=4))


@given(
    st.lists(mangled, min_size=1, max_size=4),
    st.sampled_from(("t.csv", "t.json", "t.jsonl", "t.parquet")),
)
@QUIET
def test_damaged_files_are_read_or_refused(
    tmp_path: Path, damages: list[tuple[int, bytes]], name: str
) -> None:
    rows = [
        {"time": 1_700_000_000 + i, "icao24": "3c6444", "lat": 1.5, "lon": 2.5} for i in range(5)
    ]
    path = tmp_path / name
    if name == "t.csv":
        pl.DataFrame(rows).write_csv(path)
    elif name == "t.json":
        path.write_text(json.dumps(rows))
    elif name == "t.jsonl":
        frame = {"timestamp": 1_700_000_000.0, "frame": "8D40058B58C901375147EFD09357"}
        path.write_text("".join(json.dumps(frame) + "\n" for _ in range(5)))
    else:
        pl.DataFrame(rows).write_parquet(path)
    data = bytearray(path.read_bytes())
    for place, piece in damages:
        first = place % len(data)
        data[first : first + len(piece)] = piece
    path.write_bytes(data)
    try:
        archive = Archive(path)
    except FormatUnknown:
        return
    refused = refusal(archive)
    assert refused is None or name in str(refused.where)
    assert archive.counts.reports <= 20
