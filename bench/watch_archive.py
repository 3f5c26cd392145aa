"""From an archive in Parquet to border events: reports a second, on one core and on two.

    python -m bench.watch_archive [--rows 12000000] [--aircraft 12000] [--every 10]

Aircraft fly along great circles between 65 large airports (`bench.watch_traffic`), all told every
`--every` seconds; 12,000 aircraft every 10 s is about the world's traffic. The cost of an archive
is that of its reports and that of its events, so how many events come with so many reports decides.
There is no day of the whole world to take that from; but there is one over Switzerland, and what is
made up is held against it before anything is measured: within the same box, how many reports are
there to a border crossed? That is told beside the table; the rows that are judged are those of this
traffic. The last row has as many aircraft fly mostly to airports nearby, and tells each of them
every second, as receivers do: few events, and more of the time goes into reports. Every measurement
is a process of its own, pinned to its cores, after one that has compiled and loaded everything.

Naive is what a first version would do, in the same run: for each report a loop over countries, each
a prepared polygon behind a bounding box, and a comparison with where the aircraft was before. It
says when somebody entered and left, to a report; no depth, no interval, no grade. The second one is
what one writes next: whole columns, one country after another, prepared polygons of shapely 2.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.line import load, verdict

TARGET: Final = 8e6
TARGET_TWO: Final = 1.8
_SHORT: Final = "watching short legs every second, one core"
_NEAR_M: Final = 500e3
SWISS_DAY: Final = Path(".cache/samples/traffic/data/samples/collections/switzerland.json.gz")
_NAIVE_ROWS: Final = 20_000
_COLUMNS_ROWS: Final = 200_000


def polygons() -> list[tuple[str, Any]]:
    """The default boundaries as shapely would have them."""
    import shapely

    from detente.boundaries import load_boundaries

    made = []
    for each in load_boundaries().boundaries:
        parts = [shapely.Polygon(p[0], p[1:]) for p in each.polygons]
        shape = shapely.MultiPolygon(parts)
        shapely.prepare(shape)
        made.append((each.id, shape))
    return made


def first_rows(path: Path, rows: int) -> tuple[Any, Any, Any]:
    """Aircraft, latitude and longitude of the first reports."""
    import polars as pl

    frame = pl.scan_parquet(path).select("aircraft", "lat_deg", "lng_deg").head(rows).collect()
    return (
        frame["aircraft"].cast(pl.String).to_list(),
        frame["lat_deg"].to_numpy(),
        frame["lng_deg"].to_numpy(),
    )


def naive(path: Path) -> tuple[int, int]:
    """Row by row; how many rows, and how many entries and exits."""
    import shapely

    countries = [(name, shape, shape.bounds) for name, shape in polygons()]
    aircraft, lat, lng = first_rows(path, _NAIVE_ROWS)
    before: dict[str, frozenset[str]] = {}
    changes = 0
    for who, y, x in zip(aircraft, lat.tolist(), lng.tolist(), strict=True):
        point = shapely.Point(x, y)
        there = frozenset(
            name
            for name, shape, (west, south, east, north) in countries
            if west <= x <= east and south <= y <= north and shape.contains(point)
        )
        if who in before:
            changes += len(before[who] ^ there)
        before[who] = there
    return len(aircraft), changes


def by_columns(path: Path) -> tuple[int, int]:
    """Country by country over whole columns; how many rows, and how many entries and exits."""
    import shapely

    aircraft, lat, lng = first_rows(path, _COLUMNS_ROWS)
    order = np.argsort(np.array(aircraft), kind="stable")
    same = np.array(aircraft)[order][1:] == np.array(aircraft)[order][:-1]
    changes = 0
    for _, shape in polygons():
        west, south, east, north = shape.bounds
        near = np.flatnonzero((lng >= west) & (lng <= east) & (lat >= south) & (lat <= north))
        inside = np.zeros(len(lat), dtype=np.bool_)
        inside[near] = shapely.contains_xy(shape, lng[near], lat[near])
        turned = inside[order]
        changes += int(((turned[1:] != turned[:-1]) & same).sum())
    return len(aircraft), changes


def reading(path: Path) -> tuple[int, int]:
    """Only read."""
    from detente.feeds import Archive

    archive = Archive(path)
    return sum(map(len, archive.reports(batch_rows=1 << 19))), 0


def tracking(path: Path) -> tuple[int, int]:
    """Read, and sorted out by aircraft."""
    from detente.feeds import Archive
    from detente.watch import Tracks

    tracks = Tracks()
    rows = 0
    for batch in Archive(path).reports(batch_rows=1 << 19):
        rows += len(tracks.take(batch))
    return rows, 0


def watching(path: Path, jobs: int, *, crossings: bool = True) -> tuple[int, int]:
    """The whole run, as `detente watch` does it; how many reports, and how many events."""
    from detente.boundaries import load_boundaries
    from detente.feeds import ArchiveOptions
    from detente.watch import ArchiveRun, EventStore, WorkFolder, archive_files, read_rules

    setup = read_rules(boundaries=load_boundaries())
    if not crossings:
        setup = replace(setup, boundaries=None)
    with (
        tempfile.TemporaryDirectory() as base,
        WorkFolder(Path(base), "bench") as work,
    ):
        outcome = ArchiveRun(
            archive_files([path]), ArchiveOptions(), setup, work, jobs=jobs
        ).watch()
        with EventStore(work.events, None) as events:
            return outcome.reports, len(events)


def density(batches: Iterable[Any], box: tuple[float, float, float, float]) -> tuple[int, int]:
    """Of a place: how many reports, and how many borders are crossed; see `places`."""
    from detente.boundaries import load_boundaries
    from detente.watch import Event, read_rules

    south, west, north, east = box
    engine = read_rules(boundaries=load_boundaries()).engine()
    events: dict[str, Event] = {}
    rows = 0
    for batch in batches:
        lat, lng = batch.lat_deg, batch.lng_deg
        inside = (lat > south) & (lat < north) & (lng > west) & (lng < east)
        rows += int(inside.sum())
        events |= {each.id: each for each in engine.take(batch)}
    events |= {each.id: each for each in engine.close()}
    places = [place for each in events.values() for place in (each.entry, each.exit) if place]
    crossed = [e for e in places if south < e.lat_deg < north and west < e.lng_deg < east]
    return rows, len(crossed)


def compared(path: Path) -> str:
    """How dense borders are crossed in the Swiss day, and in made-up traffic at the same place."""
    from detente.feeds import Archive, joined

    if not SWISS_DAY.exists():
        return "Not held against a real day: `scripts/samples.sh` fetches it."
    day = joined(list(Archive(SWISS_DAY).reports()))
    day = day.take(np.argsort(day.time_us, kind="stable"))
    south, north = np.nanpercentile(day.lat_deg, (1, 99)).tolist()
    west, east = np.nanpercentile(day.lng_deg, (1, 99)).tolist()
    box = south, west, north, east
    told = []
    for batches in ([day], Archive(path).reports(batch_rows=1 << 19)):
        rows, crossed = density(batches, box)
        told.append(f"{rows / max(1, crossed):.1f} ({rows:,} reports)")
    return (
        f"Reports to a border crossed, latitude {south:.1f} to {north:.1f}, longitude {west:.1f} "
        f"to {east:.1f}: {told[0]} in a real day over Switzerland, {told[1]} in what is made up."
    )


MEASURES: Final[dict[str, Callable[[Path], tuple[int, int]]]] = {
    "naive": naive,
    "by columns": by_columns,
    "reading": reading,
    "reading and tracks": tracking,
    "watching, one core": lambda path: watching(path, 1),
    "watching, two cores": lambda path: watching(path, 2),
    _SHORT: lambda path: watching(path, 1),
}


def measure(name: str, path: Path, warm: Path) -> dict[str, float]:
    """In this process: twice over a short file, then over the long one."""
    work = MEASURES[name]
    work(warm)
    start = time.perf_counter()
    warm_rows, _ = work(warm)
    begin = time.perf_counter()
    rows, found = work(path)
    took, warm_s = time.perf_counter() - begin, begin - start
    # Of the largest process: with two cores there is one for each.
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak_mb = max(resource.getrusage(each).ru_maxrss for each in whose) / 1024
    return {
        "rows": rows,
        "found": found,
        "took_s": took,
        "warm_s": warm_s,
        "further": (rows - warm_rows) / max(took - warm_s, 1e-3),
        "peak_mb": peak_mb,
    }


def apart(name: str, path: Path, warm: Path, cores: int) -> dict[str, float]:
    """In a process of its own that has so many cores."""
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    environment = {**os.environ, "POLARS_MAX_THREADS": str(cores), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "bench.watch_archive", "--measure", name]
    done = subprocess.run(
        [*command, "--files", str(path), str(warm)],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
        preexec_fn=lambda: os.sched_setaffinity(0, allowed),
    )
    told: dict[str, float] = json.loads(done.stdout)
    return told


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.watch_archive")
    parser.add_argument("--rows", type=int, default=12_000_000)
    parser.add_argument("--aircraft", type=int, default=12_000)
    parser.add_argument("--every", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", choices=MEASURES, help=argparse.SUPPRESS)
    parser.add_argument("--files", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, *options.files)))
        return

    from bench.watch_traffic import write_traffic

    print(f"Load {load()}.\n")
    with tempfile.TemporaryDirectory() as folder:
        path, warm = Path(folder) / "traffic.parquet", Path(folder) / "warm.parquet"
        short = Path(folder) / "short.parquet"
        write_traffic(short, options.rows, options.aircraft, 1.0, _NEAR_M)
        rows = write_traffic(path, options.rows, options.aircraft, options.every)
        write_traffic(warm, 20 * options.aircraft, options.aircraft, options.every)
        size = path.stat().st_size / rows
        print(
            f"{rows:,} reports of {options.aircraft:,} aircraft, every {options.every:g} s; "
            f"{size:.0f} bytes each in the file. {compared(path)}\n"
        )
        print(
            "| what | reports/s | x naive | found | reports to an event | memory of a process, MB "
            "| target |"
        )
        print("|---|---|---|---|---|---|---|")
        rates: dict[str, float] = {}
        further = begun_s = 0.0
        for name in MEASURES:
            cores = 2 if name.endswith("two cores") else 1
            rounds = 1 if name in ("naive", "by columns") else options.rounds
            flown = short if name == _SHORT else path
            tries = [apart(name, flown, warm, cores) for _ in range(rounds)]
            best = sorted(tries, key=lambda each: each["took_s"])[len(tries) // 2]
            rates[name] = best["rows"] / best["took_s"]
            target = ""
            if name == "watching, one core":
                target = f"> {TARGET / 1e6:g} M: **{verdict(rates[name] > TARGET)}**"
            if name == "watching, two cores":
                ratio = best["further"] / further
                target = f"> x {TARGET_TWO}: x {ratio:.2f} **{verdict(ratio > TARGET_TWO)}**"
                begun_s = best["warm_s"]
            further = best["further"]
            found = f"{best['found']:,.0f}" if best["found"] else ""
            watched = name.startswith("watching")
            each = f"{best['rows'] / best['found']:,.0f}" if watched and best["found"] else ""
            print(
                f"| {name} | {rates[name]:,.0f} | {rates[name] / rates['naive']:,.0f} | {found} | "
                f"{each} | {best['peak_mb']:,.0f} | {target} |",
                flush=True,
            )
        print(
            "\nTwo cores against one: by what reports take beyond the first "
            f"{20 * options.aircraft:,}; with those two processes are busy for {begun_s:.1f} s, "
            "above all with their start."
        )


if __name__ == "__main__":
    main()
