"""What the extent index costs at 10 k, 100 k and 1 M stored entries, beside two other ways.

Beside it in the same run: a linear scan (the same exact predicate over all entries) and SQLite's
R*Tree in memory with the same exact predicate on its candidates.

    python -m bench.geo_index [--sizes 10000,100000,1000000]
"""

from __future__ import annotations

import argparse
import math
import random
import resource
import statistics
import time
from collections.abc import Callable, Iterator

import apsw
import numpy as np

from detente.geo import Extent, ExtentIndex, relevant, warm_up

EPOCH_US = 1_750_000_000_000_000
WIDTH_DEG = 6.0


def extent(
    rng: random.Random, lat: float, lng: float, *, radius_deg: float, start_us: int
) -> Extent:
    """An octagon-like flight of half an hour in an altitude band of 60 m."""
    hull: list[int] = []
    for i in range(8):
        turn = i * math.pi / 4
        hull.append(round((lat + radius_deg * math.sin(turn)) * 1e9))
        hull.append(round((lng + radius_deg * math.cos(turn) / math.cos(math.radians(lat))) * 1e9))
    low = rng.randrange(0, 440) * 1000
    return Extent(tuple(hull), low, low + 60_000, start_us, start_us + 1_800_000_000)


def scattered(rng: random.Random, size: int, neighbours: float) -> Iterator[Extent]:
    """Extents over a country and as many days as gives each about so many relevant ones."""
    # an extent of 1 km meets those within 2 km, half an hour and 60 m: solve for the days
    area_share = math.pi * 2.0**2 / ((WIDTH_DEG * 111.3) ** 2 * math.cos(math.radians(47)))
    per_day = size * area_share * (120 / 440) * (3600 / 86400)
    days = max(per_day / neighbours / 2.4, 0.02)
    for _ in range(size):
        yield extent(
            rng,
            rng.uniform(44, 44 + WIDTH_DEG),
            rng.uniform(5, 5 + WIDTH_DEG),
            radius_deg=1.0 / 111.3,
            start_us=EPOCH_US + round(rng.uniform(0, days * 86_400e6)),
        )


def crowd(rng: random.Random, size: int) -> list[Extent]:
    """Extents around one place and time, all relevant to each other."""
    return [
        Extent(e.hull, 0, 60_000, EPOCH_US, EPOCH_US + 1_800_000_000)
        for e in (
            extent(
                rng,
                46.5 + rng.uniform(-0.006, 0.006),
                7.5 + rng.uniform(-0.006, 0.006),
                radius_deg=1.2 / 111.3,
                start_us=EPOCH_US,
            )
            for _ in range(size)
        )
    ]


def median_us(work: Callable[[int], object], times: int, rounds: int = 3) -> float:
    """Median over rounds of the mean time of one call."""
    means = []
    for r in range(rounds):
        begin = time.perf_counter()
        for i in range(times):
            work(r * times + i)
        means.append((time.perf_counter() - begin) / times * 1e6)
    return statistics.median(means)


class SqliteIndex:
    """SQLite rtree_i32 in memory, five dimensions, exact predicate on the candidates."""

    def __init__(self) -> None:
        self.db = apsw.Connection(":memory:")
        names = ",".join(f"{d}0,{d}1" for d in "xyzta")
        self.db.execute(f"CREATE VIRTUAL TABLE r USING rtree_i32(id,{names})")
        self.extents: dict[int, Extent] = {}
        self.sql = "SELECT id FROM r WHERE " + " AND ".join(f"{d}0<=? AND {d}1>=?" for d in "xyzta")

    @staticmethod
    def box(e: Extent, margin: int = 0) -> list[int]:
        nano = np.radians(np.array(e.hull).reshape(-1, 2) / 1e9)
        c = np.cos(nano[:, 0])
        v = np.stack((c * np.cos(nano[:, 1]), c * np.sin(nano[:, 1]), np.sin(nano[:, 0])), 1)
        low = np.floor(v.min(0) * 2**30).astype(int) - margin
        high = np.ceil(v.max(0) * 2**30).astype(int) + margin
        assert e.time_start_us is not None
        assert e.time_end_us is not None
        assert e.altitude_lower_mm is not None
        assert e.altitude_upper_mm is not None
        times = e.time_start_us // 1_000_000, e.time_end_us // 1_000_000
        heights = e.altitude_lower_mm, e.altitude_upper_mm
        return [int(x) for d in (*zip(low, high, strict=True), times, heights) for x in d]

    def insert(self, key: int, e: Extent) -> None:
        self.extents[key] = e
        self.db.execute("INSERT INTO r VALUES(?,?,?,?,?,?,?,?,?,?,?)", (key, *self.box(e, 200)))

    def candidates(self, e: Extent) -> list[int]:
        b = self.box(e, 200)
        flipped = [b[i ^ 1] for i in range(10)]
        return [row[0] for row in self.db.execute(self.sql, flipped)]

    def query(self, e: Extent) -> list[int]:
        return sorted(k for k in self.candidates(e) if relevant(self.extents[k], e))


def measure(size: int) -> list[tuple[str, str, float]]:
    """Rows (what, how, microseconds) for one size."""
    rng = random.Random(size)
    extents = list(scattered(rng, size, 5.0))
    congestion = crowd(rng, 200)
    rows: list[tuple[str, str, float]] = []
    index = ExtentIndex()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    index.bulk_load(enumerate(extents))
    rows.append(("bulk load, all", "index", (time.perf_counter() - begin) * 1e6))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"  {size:>9,}: arrays {index.memory_bytes / size:.0f} B an entry,"
        f" process grew by {(after - before) * 1024 / size:.0f} B an entry at most"
    )
    fresh = list(scattered(rng, 6000, 5.0))
    many = extents[:4000]
    hits = statistics.mean(len(index.query(e)) for e in many)
    found = median_us(lambda i: index.query(many[i]), 1000)
    rows.append(("query, few found", "index", found))
    print(f"  {size:>9,}: {hits:.1f} found on average by the queries that find few")
    rows.append(("insert", "index", median_us(lambda i: index.insert(size + i, fresh[i]), 2000)))
    rows.append(("delete", "index", median_us(lambda i: index.delete(size + i), 2000)))
    for i, e in enumerate(congestion):
        index.insert(2 * size + i, e)
    crowded = median_us(lambda i: index.query(congestion[i % 200]), 1000)
    rows.append(("query, 200 found", "index", crowded))

    some = congestion[:5]
    table = dict(enumerate(extents[:20_000]))
    scan = median_us(lambda i: [k for k, e in table.items() if relevant(e, some[i])], 1)
    rows.append(("query, 200 found", "linear scan", scan * size / len(table)))

    if size <= 100_000:
        sqlite = SqliteIndex()
        sqlite.db.execute("BEGIN")
        begin = time.perf_counter()
        for k, e in enumerate(extents):
            sqlite.insert(k, e)
        rows.append(("bulk load, all", "SQLite R*Tree", (time.perf_counter() - begin) * 1e6))
        rows.append(
            ("query, few found", "SQLite R*Tree", median_us(lambda i: sqlite.query(many[i]), 300))
        )
        for i, e in enumerate(congestion):
            sqlite.insert(2 * size + i, e)
        rows.append(
            (
                "query, 200 found",
                "SQLite R*Tree",
                median_us(lambda i: sqlite.query(congestion[i % 200]), 200),
            )
        )
        rows.append(
            (
                "query, 200 candidates only",
                "SQLite R*Tree",
                median_us(lambda i: sqlite.candidates(congestion[i % 200]), 200),
            )
        )
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="10000,100000,1000000")
    sizes = [int(s) for s in parser.parse_args().sizes.split(",")]
    begin = time.perf_counter()
    warm_up()
    print(f"kernels loaded or compiled in {time.perf_counter() - begin:.1f} s")
    results = {size: measure(size) for size in sizes}
    print(f"\n{'µs an operation':32}{'how':16}" + "".join(f"{s:>14,}" for s in sizes))
    names = dict.fromkeys((what, how) for rows in results.values() for what, how, _ in rows)
    for what, how in names:
        cells = []
        for size in sizes:
            value = next((us for w, h, us in results[size] if (w, h) == (what, how)), None)
            cells.append(f"{value:>14,.1f}" if value is not None else f"{'-':>14}")
        print(f"{what:32}{how:16}" + "".join(cells))


if __name__ == "__main__":
    main()
