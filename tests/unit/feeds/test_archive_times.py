"""Times in files of positions: how they are understood, and which are left out."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from detente.feeds import Archive, ArchiveOptions, Reports, joined


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def read(path: Path, options: ArchiveOptions | None = None) -> tuple[Reports, Archive]:
    archive = Archive(path, options=options)
    return joined(list(archive.reports())), archive


@pytest.mark.parametrize(
    ("times", "expected_us"),
    [
        (pl.Series([1_777_626_000.25]), 1_777_626_000_250_000),
        (pl.Series([1_777_626_000]), 1_777_626_000_000_000),
        (pl.Series([1_777_626_000_250]), 1_777_626_000_250_000),
        (pl.Series([1_777_626_000_250_001]), 1_777_626_000_250_001),
        (pl.Series([1_777_626_000_250_001_999]), 1_777_626_000_250_001),
        (pl.Series([1_777_626_000_250], dtype=pl.Datetime("ms", "UTC")), 1_777_626_000_250_000),
        (pl.Series(["2026-05-01T10:00:00.25+01:00"]), 1_777_626_000_250_000),
    ],
)
def test_times_are_told_by_magnitude_type_or_text(
    tmp_path: Path, times: pl.Series, expected_us: int
) -> None:
    pl.DataFrame({"time": times, "icao24": ["3c6444"], "lat": [1.0], "lon": [2.0]}).write_parquet(
        tmp_path / "t.parquet"
    )
    reports, _ = read(tmp_path / "t.parquet")
    assert reports.time_us.tolist() == [expected_us]


@pytest.mark.parametrize(
    "times",
    [
        pl.Series(["2026-05-01T09:00:00.25", "2026-05-01 09:00:01"]),
        pl.Series(["2026-05-01T11:00:00.25+02:00", "2026-05-01 09:00:01Z"]),
        pl.Series([1_777_626_000_250, 1_777_626_001_000], dtype=pl.Datetime("ms")),
    ],
)
def test_times_without_a_zone_are_utc_if_that_is_said(tmp_path: Path, times: pl.Series) -> None:
    pl.DataFrame(
        {"time": times, "icao24": ["a1b2c3"] * 2, "lat": [1.0] * 2, "lon": [2.0] * 2}
    ).write_parquet(tmp_path / "t.parquet")
    reports, _ = read(tmp_path / "t.parquet", ArchiveOptions(times_are_utc=True))
    assert reports.time_us.tolist() == [1_777_626_000_250_000, 1_777_626_001_000_000]


SECONDS = [str(1_700_000_000 + n) for n in range(200)]
TEXTS = [f"2026-05-01T09:00:{n % 60:02}Z" for n in range(200)]


@pytest.mark.parametrize("packed", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("times", "odd"),
    [(SECONDS, "0"), (SECONDS, "1e30"), (SECONDS, "1700000000000"), (SECONDS, "-5"), (TEXTS, "7"),
     (TEXTS, "1700000000"), (TEXTS, "soon"), (TEXTS, "2026-05-01T09:00:00"), (SECONDS, "nan")],
)  # fmt: skip
def test_an_odd_time_among_others_is_left_out_and_named(
    tmp_path: Path, times: list[str], odd: str, packed: str
) -> None:
    for at in (0, 100):
        told = [*times[:at], odd, *times[at + 1 :]]
        column = pl.Series("time", told).cast(pl.String if times is TEXTS else pl.Float64)
        table = pl.DataFrame({"time": column}).with_columns(
            icao24=pl.lit("a1b2c3"), lat=1.0, lon=2.0
        )
        path = tmp_path / f"odd.{packed}"
        if packed == "csv":
            path.write_text("time,icao24,lat,lon\n" + "".join(f"{t},a1b2c3,1,2\n" for t in told))
        else:
            table.write_parquet(path)
        reports, archive = read(path)
        clean, _ = read(write(tmp_path, "clean.csv", "time,icao24,lat,lon\n" + "".join(
            f"{t},a1b2c3,1,2\n" for t in told if t != odd
        )))  # fmt: skip
        assert reports.time_us.tolist() == clean.time_us.tolist()
        assert archive.counts.dropped == {"no-time": 1}
        (said,) = archive.assumptions
        assert f"odd.{packed}: row {at + 1} " in said.en
        assert f"ligne {at + 1} " in said.fr


def test_only_the_first_row_without_a_time_is_named(tmp_path: Path) -> None:
    rows = [f"{t},a1b2c3,1,2\n" for t in ("1700000000", "", "soon", "1700000003")]
    reports, archive = read(write(tmp_path, "two.csv", "time,icao24,lat,lon\n" + "".join(rows)))
    assert len(reports) == 2
    assert archive.counts.dropped == {"no-time": 2}
    assert [str(each).partition(": ")[2] for each in archive.assumptions] == [
        "row 2 tells no time that can be read; such rows are left out, and counted."
    ]
