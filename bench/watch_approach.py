"""Who comes near whom: 5 NM and 1,000 ft, looked ahead 300 s, on one core.

    python -m bench.watch_approach [--rounds 9]

Naive is what people write, in the same run: everybody against everybody, in a flat plane, height
tested at the closest moment only; in a Python loop for a thousand aircraft, in numpy by rows for
ten thousand. It misses pairs, and their share is told. Well clear is the volume of DO-365, phase I.
Times are those of the processor: what else the machine does is not counted. Traffic is random in
longitude -10 to 45, latitude 34 to 62, up to 12,000 m; "crowd" has all of it within 300 km.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.line import load, verdict
from detente.kernels import WELL_CLEAR, Traffic, approaches, losses

AHEAD_S, NEAR_M, LEVEL_M = 300.0, 9260.0, 304.8
DEGREE_M = 111_195.0


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds."""

    median: float
    worst: float


def timed(work: Callable[[], object], rounds: int) -> Timed:
    """How long something takes once it has been done before."""
    work()
    took = []
    for _ in range(rounds):
        begin = time.thread_time()
        work()
        took.append((time.thread_time() - begin) * 1000)
    return Timed(statistics.median(took), max(took))


def traffic(count: int, *, crowd: bool = False) -> Traffic:
    """Random traffic, each aircraft of its own party."""
    rng = np.random.default_rng(count)
    lat = rng.uniform(46, 48.7, count) if crowd else rng.uniform(34, 62, count)
    lng = rng.uniform(6, 10, count) if crowd else rng.uniform(-10, 45, count)
    speed, course = rng.uniform(50, 250, count), rng.uniform(0, 2 * math.pi, count)
    return Traffic.of(
        lat,
        lng,
        rng.uniform(0, 12_000, count),
        speed * np.sin(course),
        speed * np.cos(course),
        rng.uniform(-10, 10, count),
    )


def naive_loop(sky: Traffic) -> list[tuple[int, int]]:
    """Everybody against everybody, as a first version does it."""
    middle = math.cos(math.radians(float(np.mean(sky.lat_deg))))
    rows = list(
        zip(
            (sky.lng_deg * DEGREE_M * middle).tolist(),
            (sky.lat_deg * DEGREE_M).tolist(),
            sky.altitude_m.tolist(),
            sky.east_m_s.tolist(),
            sky.north_m_s.tolist(),
            sky.climb_m_s.tolist(),
            strict=True,
        )
    )
    found = []
    for i, (x, y, z, u, v, w) in enumerate(rows):
        for j in range(i + 1, len(rows)):
            x2, y2, z2, u2, v2, w2 = rows[j]
            dx, dy, du, dv = x2 - x, y2 - y, u2 - u, v2 - v
            speed2 = du * du + dv * dv
            at = 0.0 if speed2 == 0 else -(dx * du + dy * dv) / speed2
            at = min(AHEAD_S, max(0.0, at))
            if (
                math.hypot(dx + at * du, dy + at * dv) <= NEAR_M
                and abs(z2 - z + at * (w2 - w)) <= LEVEL_M
            ):
                found.append((i, j))
    return found


def naive_numpy(sky: Traffic) -> int:
    """The same by rows in numpy; how many."""
    middle = math.cos(math.radians(float(np.mean(sky.lat_deg))))
    x, y = sky.lng_deg * DEGREE_M * middle, sky.lat_deg * DEGREE_M
    total = 0
    for i in range(len(x) - 1):
        dx, dy, dz = (
            x[i + 1 :] - x[i],
            y[i + 1 :] - y[i],
            sky.altitude_m[i + 1 :] - sky.altitude_m[i],
        )
        du, dv = sky.east_m_s[i + 1 :] - sky.east_m_s[i], sky.north_m_s[i + 1 :] - sky.north_m_s[i]
        dw = sky.climb_m_s[i + 1 :] - sky.climb_m_s[i]
        at = np.clip(-(dx * du + dy * dv) / (du * du + dv * dv), 0, AHEAD_S)
        near = np.hypot(dx + at * du, dy + at * dv) <= NEAR_M
        total += int(np.count_nonzero(near & (np.abs(dz + at * dw) <= LEVEL_M)))
    return total


def row(what: str, pairs: int, took: Timed, limit_ms: float | None, naive: str = "") -> None:
    """Print one line of the table."""
    target = "" if limit_ms is None else f"< {limit_ms:g}: **{verdict(took.median < limit_ms)}**"
    print(
        f"| {what} | {pairs:,} | {took.median:.2f} | {took.worst:.2f} | {naive} | {target} |",
        flush=True,
    )


def against(naive: Timed, took: Timed, found: int, pairs: int) -> str:
    """What the naive one took, and missed."""
    missed = 1 - found / pairs if pairs else 0.0
    return f"{naive.median:,.0f} (x {naive.median / took.median:,.0f}; misses {missed:.0%})"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.watch_approach")
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"Milliseconds of one core; load {load()}:\n")
    print("| what | pairs | median | worst | naive, median | target |\n|---|---|---|---|---|---|")
    limits = {1_000: None, 10_000: 5.0, 50_000: 150.0}
    for count, limit_ms in limits.items():
        sky = traffic(count)

        def look(sky: Traffic = sky) -> object:
            return approaches(sky, AHEAD_S, NEAR_M, LEVEL_M)

        took = timed(look, rounds)
        pairs = len(approaches(sky, AHEAD_S, NEAR_M, LEVEL_M))
        naive = ""
        if count == 1_000:
            found = len(naive_loop(sky))
            naive = against(timed(lambda sky=sky: naive_loop(sky), 1), took, found, pairs)  # type: ignore[misc]
        elif count == 10_000:
            found = naive_numpy(sky)
            naive = against(timed(lambda sky=sky: naive_numpy(sky), 1), took, found, pairs)  # type: ignore[misc]
        row(f"{count:,} aircraft", pairs, took, limit_ms, naive)
    for count in (1_000, 10_000):
        sky = traffic(count, crowd=True)
        pairs = len(approaches(sky, AHEAD_S, NEAR_M, LEVEL_M))
        took = timed(lambda sky=sky: approaches(sky, AHEAD_S, NEAR_M, LEVEL_M), rounds)  # type: ignore[misc]
        row(f"{count:,} in a crowd", pairs, took, None)
    sky, volume = traffic(10_000), WELL_CLEAR["do-365-phase-1"]
    pairs = len(losses(sky, AHEAD_S, volume))
    row(
        "10,000 aircraft, well clear",
        pairs,
        timed(lambda: losses(sky, AHEAD_S, volume), rounds),
        None,
    )
    sky = traffic(50_000)
    tracemalloc.start()
    approaches(sky, AHEAD_S, NEAR_M, LEVEL_M)
    peak = tracemalloc.get_traced_memory()[1]
    print(f"\nMemory at the peak, 50,000 aircraft: {peak / 2**20:.0f} MB.")


if __name__ == "__main__":
    main()
