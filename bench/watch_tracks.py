"""From files to tracks: how many rows a core reads, and how many reports it sorts out.

    python -m bench.watch_tracks [--rows 2000000] [--rounds 5]

One process on one core, seconds of its own time. Naive is the loop that people write, in the same
run, on fewer rows: csv.DictReader or a dictionary for each row, and one report after the other in
Python, with haversines and a dictionary of what is known of each aircraft. Both keep the same.
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "1")

import numpy as np
import polars as pl
from tests.support.naive_tracks import NaiveTracks, haversine

from bench.line import load, verdict
from bench.watch_traffic import Traffic
from detente.feeds import Reports, frame_of, read_reports
from detente.watch import Fate, TrackRules, Tracks

AIRCRAFT = 12_000
NAIVE_ROWS = 20_000
BATCH_ROWS = 1 << 18


def pace(work: Callable[[], object], rows: int, rounds: int) -> float:
    """Rows a second of this process's own time, median."""
    took = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        took.append(time.process_time() - begin)
    return rows / statistics.median(took)


def naive_rows(path: Path) -> list[tuple[str, float, float, float]]:
    """Rows of CSV as people read them."""
    with path.open(newline="") as file:
        return [
            (row["icao24"], float(row["time"]), float(row["lat"]), float(row["lon"]))
            for row in csv.DictReader(file)
        ]


def naive_frame(frame: pl.DataFrame) -> list[tuple[str, float, float, float]]:
    """Rows of a table as people go through them."""
    return [
        (row["icao24"], row["time"].timestamp(), row["lat"], row["lon"])
        for row in frame.iter_rows(named=True)
    ]


def naive_tracks(reports: Reports) -> int:
    """How many reports a loop keeps."""
    naive = NaiveTracks(TrackRules(), haversine, strict=False)
    return sum(naive.judge(reports, row)[0] is Fate.KEPT for row in range(len(reports)))


def row(what: str, rate: float, target: float, naive: float) -> None:
    """Print one line of the table."""
    aim = f"> {target / 1e6:g}: **{verdict(rate > target)}**" if target else ""
    print(
        f"| {what} | {rate / 1e6:,.2f} | {naive / 1e6:.4f} (x {rate / naive:,.0f}) | {aim} |",
        flush=True,
    )


def read(path: Path) -> int:
    """How many reports a file gives."""
    return sum(len(each) for each in read_reports(path, batch_rows=BATCH_ROWS))


def tracked(batches: list[Reports]) -> int:
    """How many reports tracks keep."""
    tracks = Tracks()
    return sum(len(tracks.take(each)) for each in batches)


def read_and_track(path: Path) -> int:
    """How many reports of a file tracks keep."""
    tracks = Tracks()
    return sum(len(tracks.take(each)) for each in read_reports(path, batch_rows=BATCH_ROWS))


def archives(folder: Path, reports: Reports) -> dict[str, Path]:
    """The same positions as three files."""
    own = frame_of(reports)
    plain = own.select(
        pl.from_epoch("time_us", time_unit="us").dt.replace_time_zone("UTC").alias("time"),
        pl.col("aircraft").cast(pl.String).alias("icao24"),
        pl.col("lat_deg").alias("lat"),
        pl.col("lng_deg").alias("lon"),
        pl.col("pressure_m").alias("pressure_altitude_m"),
        pl.col("speed_m_s"),
        pl.col("track_deg").alias("track"),
    )
    paths = {name: folder / name for name in ("own.parquet", "plain.parquet", "plain.csv")}
    own.write_parquet(paths["own.parquet"], compression="zstd")
    plain.write_parquet(paths["plain.parquet"], compression="zstd")
    seconds = plain.with_columns(pl.col("time").dt.timestamp("us") / 1e6)
    seconds.write_csv(paths["plain.csv"])
    return paths


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.watch_tracks")
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    steps = max(2, options.rows // AIRCRAFT)
    reports = Traffic(AIRCRAFT).steps(steps)
    batches = [
        reports.take(slice(first, first + BATCH_ROWS))
        for first in range(0, len(reports), BATCH_ROWS)
    ]
    tracked(batches[:1])
    few = reports.take(np.arange(len(reports)) < NAIVE_ROWS)
    print(f"Millions of rows a second on one core; {len(reports):,} rows of {AIRCRAFT:,} aircraft;")
    print(f"load {load()}:\n")
    print("| what | rate | naive | target |\n|---|---|---|---|")

    assert naive_tracks(few) == tracked([few])
    looped = pace(partial(naive_tracks, few), len(few), 1)
    row(
        "reports to tracks: duplicates, late, frozen, jumps, residuals",
        pace(partial(tracked, batches), len(reports), options.rounds), 5e6, looped,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        paths = archives(Path(place), reports)
        head = pl.read_parquet(paths["plain.parquet"], n_rows=10 * NAIVE_ROWS)
        by_row = pace(partial(naive_frame, head), head.height, 1)
        by_line = pace(partial(naive_rows, paths["plain.csv"]), len(reports), 1)
        for name, naive in (
            ("own.parquet", by_row),
            ("plain.parquet", by_row),
            ("plain.csv", by_line),
        ):
            assert read(paths[name]) == len(reports)
            row(
                f"{name} to reports",
                pace(partial(read, paths[name]), len(reports), options.rounds), 0, naive,
            )  # fmt: skip
        row(
            "own.parquet to tracks",
            pace(partial(read_and_track, paths["own.parquet"]), len(reports), options.rounds), 0,
            1 / (1 / by_row + 1 / looped),
        )  # fmt: skip
        del reports, batches, few, head
        tracemalloc.start()
        read_and_track(paths["own.parquet"])
        _, peak = tracemalloc.get_traced_memory()
    print(f"\nMost memory of Python and numpy at once, file to tracks: {peak / 1e6:,.0f} MB.")


if __name__ == "__main__":
    main()
