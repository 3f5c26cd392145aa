"""What it costs to validate volumes, to take their extent and to compare two.

python -m bench.geo_shapes
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable

from detente.geo import (
    Circle,
    Polygon,
    Volume4D,
    VolumeLimits,
    extent_of,
    relevant,
    union,
    validate_volume,
    warm_up,
)

LIMITS = VolumeLimits()


def ring(lat: float, radius_deg: float, count: int, inner: float = 1.0) -> Volume4D:
    """A polygon of `count` vertices; with `inner` below 1 a star."""
    corners = []
    for k in range(count):
        turn = 2 * math.pi * k / count
        reach = radius_deg * (inner if k % 2 else 1.0)
        corners.append((lat + reach * math.sin(turn), 8 + reach * math.cos(turn)))
    return Volume4D(Polygon(tuple(corners)), 100.0, 200.0, 0, 10**9)


def timed_us(work: Callable[[], object], times: int) -> float:
    """Median of five rounds, microseconds a call."""
    means = []
    for _ in range(5):
        begin = time.perf_counter()
        for _ in range(times):
            work()
        means.append((time.perf_counter() - begin) / times * 1e6)
    return statistics.median(means)


def main() -> None:
    """Print the table."""
    begin = time.perf_counter()
    warm_up()
    print(f"kernels loaded or compiled in {time.perf_counter() - begin:.1f} s")
    eight, circle = ring(47.0, 0.01, 8), Volume4D(Circle(47.0, 8.0, 1000.0), 0.0, 1.0, 0, 1)
    many = [ring(47.0 + k / 1000, 0.01, 20) for k in range(50)]
    large, star = ring(47.0, 0.1, 10_000), ring(47.0, 0.1, 10_000, 0.3)
    a, b = extent_of([eight]), extent_of([ring(47.015, 0.01, 8)])
    rows: list[tuple[str, Callable[[], object], int]] = [
        ("validate, 8 vertices", lambda: validate_volume(eight, LIMITS), 2000),
        ("validate, circle", lambda: validate_volume(circle, LIMITS), 2000),
        ("validate, 10,000 vertices", lambda: validate_volume(large, LIMITS), 5),
        ("validate, star of 10,000", lambda: validate_volume(star, LIMITS), 5),
        ("extent_of, 8 vertices", lambda: extent_of([eight]), 2000),
        ("extent_of, circle", lambda: extent_of([circle]), 2000),
        ("extent_of, 50 x 20 vertices", lambda: extent_of(many), 100),
        ("extent_of, 10,000 vertices", lambda: extent_of([large]), 5),
        ("relevant", lambda: relevant(a, b), 2000),
        ("union", lambda: union(a, b), 2000),
    ]
    for name, work, times in rows:
        print(f"{name:32}{timed_us(work, times):>12,.1f} µs")


if __name__ == "__main__":
    main()
