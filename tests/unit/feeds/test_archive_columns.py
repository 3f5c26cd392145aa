"""Tables whose columns hold something else than their names promise."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tests.support.reported import reported

from detente.feeds import ColumnUnclear, frame_of, read_reports


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("lat", pl.Series([[50.0], [50.1]])),
        ("lat", pl.Series([1, 2], dtype=pl.Duration("us"))),
        ("time", pl.Series([{"at": 1}, {"at": 2}])),
        ("icao24", pl.Series([b"\xff\xfe", b"3c6444"])),
        ("onground", pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int64, 2))),
    ],
)
def test_columns_that_hold_no_single_values_are_refused_by_name(
    tmp_path: Path, column: str, values: pl.Series
) -> None:
    table = pl.DataFrame(
        {"time": [1.7e9, 1.7e9 + 1], "icao24": ["3c6444"] * 2, "lat": [50.0] * 2, "lon": [8.0] * 2}
    )
    table.with_columns(values.alias(column)).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(ColumnUnclear) as refused:
        list(read_reports(tmp_path / "t.parquet"))
    assert str(refused.value.where).endswith(f"t.parquet, {column}")


@pytest.mark.parametrize("column", ["time_us", "lat_deg", "horizontal_m", "basis", "aircraft"])
def test_own_tables_with_columns_of_other_kinds_are_refused(tmp_path: Path, column: str) -> None:
    table = frame_of(
        reported([{"s": s, "lat": 50.0, "lng": 8.0, "accuracy": 9.0} for s in range(3)])
    )
    table.with_columns(pl.Series(column, [[1], [2], [3]])).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(ColumnUnclear) as refused:
        list(read_reports(tmp_path / "t.parquet"))
    assert str(refused.value.where).endswith(f"t.parquet, {column}")
