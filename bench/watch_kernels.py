"""Positions against borders and volumes: how many a second on one core, and whether GEOS agrees.

    python -m bench.watch_kernels [--positions 2000000] [--checked 1000000] [--rounds 5]

Borders are those of `@geo-maps/countries-maritime-10m` where `scripts/boundaries.sh` has put them
(250 countries, 1.9 M vertices), else a made-up world of as many countries; positions are random in
longitude -10 to 45, latitude 34 to 62. Naive is what people write, in the same run, on fewer
positions: a Python loop over positions with prepared shapely polygons, boxes looked at first.
Seconds are those of the processor.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import shapely

from bench import watch_world as world
from bench.line import load, verdict
from bench.watch_world import Floats
from detente.boundaries import BoundaryStore, Polygon, installed
from detente.geo import Volume4D
from detente.kernels import Area, BorderIndex, VolumeIndex

STORE = Path(__file__).resolve().parent.parent / ".cache/boundaries"
EXACT = "maritime-10m"
NAIVE = 10_000
NEAR_M = 5_000.0


def rate(work: Callable[[], object], count: int, rounds: int) -> float:
    """Positions a second, once it has been done before."""
    work()
    took = []
    for _ in range(rounds):
        begin = time.thread_time()
        work()
        took.append(time.thread_time() - begin)
    return count / statistics.median(took)


def row(what: str, found: float, target: float | None, naive: float | None = None) -> None:
    """Print a line of the table."""
    ratio = "" if naive is None else f"{naive:,.0f} (x {found / naive:,.0f})"
    goal = "" if target is None else f"{target / 1e6:g} M/s: **{verdict(found >= target)}**"
    print(f"| {what} | {found / 1e6:.2f} M/s | {ratio} | {goal} |", flush=True)


def borders() -> tuple[str, list[tuple[Polygon, ...]]]:
    """The exact borders, or a world as large; polygons of each country."""
    store = BoundaryStore(STORE)
    if EXACT in store.names():
        return EXACT, [each.polygons for each in installed(EXACT, store).boundaries]
    return "a made-up world", [(each.rings,) for each in world.countries(25, 10, 11)]


def shapes_of(countries: Sequence[tuple[Polygon, ...]]) -> npt.NDArray[np.object_]:
    """For GEOS."""
    found = np.array(
        [
            shapely.multipolygons([shapely.Polygon(each[0], each[1:]) for each in polygons])
            for polygons in countries
        ],
        dtype=np.object_,
    )
    shapely.prepare(found)
    return found


def naive_claims(
    shapes: npt.NDArray[np.object_], bounds: Floats, lat: Floats, lng: Floats
) -> list[set[int]]:
    """One position after another."""
    found = []
    for y, x in zip(lat.tolist(), lng.tolist(), strict=True):
        point = shapely.Point(x, y)
        here = set()
        for k, (west, south, east, north) in enumerate(bounds.tolist()):
            if west <= x <= east and south <= y <= north and shapes[k].intersects(point):
                here.add(k)
        found.append(here)
    return found


def disagreements(
    index: BorderIndex, shapes: npt.NDArray[np.object_], lat: Floats, lng: Floats
) -> int:
    """How many pairs of a position and an area GEOS decides otherwise."""
    found = index.claimants(lat, lng)
    sets = index.sets
    wrong = 0
    order = np.argsort(lng, kind="stable")
    sorted_lng = lng[order]
    for k, shape in enumerate(shapes):
        west, south, east, north = shape.bounds
        some = order[np.searchsorted(sorted_lng, west) : np.searchsorted(sorted_lng, east, "right")]
        some = some[(lat[some] >= south) & (lat[some] <= north)]
        theirs = np.zeros(len(lat), np.bool_)
        theirs[some] = shapely.intersects_xy(shape, lng[some], lat[some])
        ours = np.array([k in each for each in sets], np.bool_)[found]
        wrong += int((ours != theirs).sum())
    return wrong


def checked_places(index: BorderIndex, count: int) -> tuple[Floats, Floats]:
    """A third anywhere on Earth, a third near vertices, a third very near them or on them."""
    rng = np.random.default_rng(5)
    part = count // 3
    xy = index.edges.xy[rng.integers(0, len(index.edges.xy), 2 * part)]
    xy = xy + rng.normal(0, 1, xy.shape) * np.repeat([[1e-2], [1e-13]], part, axis=0)
    free = np.column_stack(
        (rng.uniform(-180, 180, count - 2 * part), rng.uniform(-90, 90, count - 2 * part))
    )
    xy = np.concatenate((free, xy))
    xy = np.clip(xy, (-179.999999, -89.999999), (179.999999, 89.999999))
    return xy[:, 1].copy(), xy[:, 0].copy()


def near_borders(index: BorderIndex, count: int) -> tuple[Floats, Floats]:
    """Positions in Europe within some kilometres of a border, by where they are."""
    rng = np.random.default_rng(7)
    xy = index.edges.xy
    inside = (xy[:, 0] > world.WEST) & (xy[:, 0] < world.EAST)
    inside &= (xy[:, 1] > world.SOUTH) & (xy[:, 1] < world.NORTH)
    # along borders, as aircraft are: those of one region after another
    some = np.sort(rng.choice(np.flatnonzero(inside), count))
    off = rng.normal(0, 0.02, (count, 2))
    return xy[some, 1] + off[:, 1], xy[some, 0] + off[:, 0]


def naive_within(
    volumes: Sequence[Volume4D], shapes: npt.NDArray[np.object_],
    time_us: npt.NDArray[np.int64], lat: Floats, lng: Floats, altitude_m: Floats,
) -> int:  # fmt: skip
    """One position after another: numpy sorts out time and altitude, prepared polygons the rest."""
    begin = np.array([each.time_start_us for each in volumes])
    end = np.array([each.time_end_us for each in volumes])
    low = np.array([each.altitude_lower_m for each in volumes])
    high = np.array([each.altitude_upper_m for each in volumes])
    found = 0
    for k in range(len(lat)):
        t, z = time_us[k], altitude_m[k]
        some = np.flatnonzero((begin <= t) & (t <= end) & (low <= z) & (z <= high))
        point = shapely.Point(lng[k], lat[k])
        found += sum(shapes[each].intersects(point) for each in some.tolist())
    return found


def polygons_of(volumes: Sequence[Volume4D]) -> npt.NDArray[np.object_]:
    """In degrees, as people do it."""
    found = np.array(
        [
            shapely.Polygon([(lng, lat) for lat, lng in each.outline.vertices])  # type: ignore[union-attr]
            for each in volumes
        ],
        dtype=np.object_,
    )
    shapely.prepare(found)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.watch_kernels")
    parser.add_argument("--positions", type=int, default=2_000_000)
    parser.add_argument("--checked", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    count, rounds = options.positions, options.rounds

    name, countries = borders()
    areas = [Area(tuple(ring for part in each for ring in part)) for each in countries]
    BorderIndex.build(areas[:1])
    begin = time.process_time()
    index = BorderIndex.build(areas)
    built_s = time.process_time() - begin
    shapes = shapes_of(countries)
    bounds = shapely.bounds(shapes)
    print(
        f"{name}: {index.areas} areas, {len(index.edges.xy):,} vertices; built in {built_s:.1f} s, "
        f"{index.nbytes / 1e6:,.0f} MB. Load {load()}.\n"
    )
    print("| one core | positions a second | naive | target |\n|---|---|---|---|")
    lat, lng = world.anywhere(count)
    few = min(count, NAIVE)
    ours = [set(index.sets[number]) for number in index.claimants(lat[:few], lng[:few]).tolist()]
    naive = rate(lambda: naive_claims(shapes, bounds, lat[:few], lng[:few]), few, 1)
    assert ours == naive_claims(shapes, bounds, lat[:few], lng[:few])
    claims = rate(lambda: index.claimants(lat, lng), count, rounds)
    row("border: which areas hold it", claims, 10e6, naive)
    small = min(1000, count)
    batches = rate(lambda: index.claimants(lat[:small], lng[:small]), small, 200)
    row(f"the same, {small:,} at a time", batches, None)

    some = min(count, 200_000)
    near_lat, near_lng = near_borders(index, some)
    own = np.array([min(each, default=-1) for each in index.sets], np.int32)
    whose = own[index.claimants(near_lat, near_lng)]
    widest = int(np.bincount(whose[whose >= 0]).argmax())
    mine = np.flatnonzero(whose == widest)[:500]
    border = shapely.boundary(shapes[widest])

    def naive_depths() -> list[float]:
        return [
            border.distance(shapely.Point(x, y))
            for y, x in zip(near_lat[mine].tolist(), near_lng[mine].tolist(), strict=True)
        ]

    row(
        "depth near a border: geodesic to the nearest border of its area; naive in degrees",
        rate(lambda: index.signed_depth(near_lat, near_lng, whose), some, rounds),
        1e6,
        rate(naive_depths, len(mine), 1),
    )
    depths = index.signed_depth(
        lat[:some], lng[:some], own[index.claimants(lat[:some], lng[:some])]
    )
    assert np.isfinite(depths.depth_m[own[index.claimants(lat[:some], lng[:some])] >= 0]).all()
    row(
        "depth anywhere",
        rate(
            lambda: index.signed_depth(
                lat[:some], lng[:some], own[index.claimants(lat[:some], lng[:some])]
            ),
            some,
            rounds,
        ),
        None,
    )
    row(
        f"all borders within {NEAR_M / 1000:g} km",
        rate(lambda: index.near(lat[:some], lng[:some], NEAR_M), some, rounds),
        None,
    )
    to_lat, to_lng = lat + 0.01, lng + 0.01
    row(
        "segments of 1.3 km: where borders are crossed",
        rate(lambda: index.crossings(lat, lng, to_lat, to_lng), count, rounds),
        None,
    )

    rng = np.random.default_rng(9)
    time_us = rng.integers(0, world.DAY_US, count)
    altitude_m = rng.uniform(0, 12_000, count)
    volumes = world.volumes(10_000)
    held = VolumeIndex.build(volumes)
    polygons = polygons_of(volumes)
    naive = rate(
        lambda: naive_within(
            volumes, polygons, time_us[:few], lat[:few], lng[:few], altitude_m[:few]
        ),
        few,
        1,
    )
    within = rate(lambda: held.within(time_us, lat, lng, altitude_m), count, rounds)
    row("10,000 volumes in 4-D: which hold it", within, 8e6, naive)

    flights = 10_000
    owner = rng.integers(0, flights, count)
    home_lat, home_lng = world.anywhere(flights, 11)
    owned = VolumeIndex.build(
        [
            Volume4D(world.moved(each, a, b).outline)
            for each, a, b in zip(volumes, home_lat.tolist(), home_lng.tolist(), strict=True)
        ],
        np.arange(flights),
    )
    flown_lat = home_lat[owner] + rng.normal(0, 0.1, count)
    flown_lng = home_lng[owner] + rng.normal(0, 0.1, count)

    def own_distance() -> object:
        return owned.own_distance(
            time_us, flown_lat, flown_lng, altitude_m, owner, look_ahead_s=0.0
        )

    row("own volume: signed distance", rate(own_distance, count, rounds), None)

    def together() -> None:
        index.claimants(flown_lat, flown_lng)
        own_distance()
        held.within(time_us, flown_lat, flown_lng, altitude_m)

    row("border, own volume and 10,000 volumes", rate(together, count, rounds), 1.5e6)

    checked = checked_places(index, options.checked)
    wrong = disagreements(index, shapes, *checked)
    print(f"\nGEOS decides {wrong} of {options.checked:,} positions otherwise: "
          f"**{verdict(wrong == 0)}**.")  # fmt: skip

    print("\n| ten times as many, in the same air | once | ten times | cost |\n|---|---|---|---|")
    one = BorderIndex.build(world.countries(25, 10, 9))
    ten = BorderIndex.build(world.countries(125, 20, 9))
    many = VolumeIndex.build(world.volumes(100_000))

    def everything(borders: BorderIndex, volumes: VolumeIndex) -> None:
        borders.claimants(flown_lat, flown_lng)
        own_distance()
        volumes.within(time_us, flown_lat, flown_lng, altitude_m)

    first = rate(lambda: held.within(time_us, lat, lng, altitude_m), count, rounds)
    second = rate(lambda: many.within(time_us, lat, lng, altitude_m), count, rounds)
    few_pairs = len(held.within(time_us, lat, lng, altitude_m).row) / count
    more_pairs = len(many.within(time_us, lat, lng, altitude_m).row) / count
    tenfold(
        f"areas ({one.nbytes / 1e6:,.0f} and {ten.nbytes / 1e6:,.0f} MB)",
        rate(lambda: one.claimants(lat, lng), count, rounds),
        rate(lambda: ten.claimants(lat, lng), count, rounds),
        most=2.0,
    )
    tenfold(f"volumes ({held.nbytes / 1e6:,.0f} and {many.nbytes / 1e6:,.0f} MB)", first, second)
    tenfold(
        "border, own volume and volumes together",
        rate(lambda: everything(one, held), count, rounds),
        rate(lambda: everything(ten, many), count, rounds),
        most=2.0,
    )
    print(
        "\nVolumes are not judged by themselves: ten times as many do not fit into the nearer\n"
        f"memories, and a position that was in {few_pairs:.4f} of them is in {more_pairs:.4f}, "
        "which is the answer\nand has to be written. Held against the 8 M/s that are asked of "
        f"10,000: **{verdict(second >= 8e6)}**."
    )


def tenfold(what: str, first: float, second: float, most: float | None = None) -> None:
    """Print what ten times as many cost."""
    goal = "" if most is None else f", at most {most:g}: **{verdict(first <= most * second)}**"
    print(
        f"| {what} | {first / 1e6:.2f} M/s | {second / 1e6:.2f} M/s | "
        f"x {first / second:.2f}{goal} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
