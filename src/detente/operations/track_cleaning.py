"""From rows to tracks: what cannot be used is counted, what is not one flight is split.

Columns of the table: row, time_us, lat, lng, alt (m), id, name, party, ground.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from detente.operations.flights import Flight, Floats, Ints, Track

# Faster than anything that flies in the air: such a step is a fault of the record.
SPEED_MAX_M_S: Final = 1_500.0
# What F3548-21 allows. A faulty altitude far beyond would be cut into millions of volumes.
ALTITUDE_LEAST_M: Final = -8_000.0
ALTITUDE_MOST_M: Final = 100_000.0


@dataclass(slots=True)
class ReadingReport:
    """What became of the rows of a file. Every row is in exactly one of the counts."""

    rows: int = 0
    used: int = 0
    without_position: int = 0
    without_altitude: int = 0
    without_time: int = 0
    without_id: int = 0
    on_the_ground: int = 0
    repeated: int = 0
    contradicting: int = 0
    alone: int = 0
    # Not rows, but what was done to flights.
    out_of_order: int = 0
    split_at_gaps: int = 0
    split_at_jumps: int = 0

    def sentences(self) -> list[str]:
        """What was left out or changed, one line each; empty if nothing was."""
        told = (
            (self.without_position, "rows without a position, or off the map"),
            (self.without_altitude, "rows without an altitude, or beyond any"),
            (self.without_time, "rows without a time"),
            (self.without_id, "rows that belong to no flight"),
            (self.on_the_ground, "rows marked as on the ground"),
            (self.repeated, "rows that repeat another"),
            (self.contradicting, "rows with another position for the same flight and instant"),
            (self.alone, "rows alone between gaps"),
            (self.out_of_order, "rows out of order, sorted"),
            (self.split_at_gaps, "flights split where the record falls silent"),
            (self.split_at_jumps, "flights split where the record jumps"),
        )
        return [f"{what[0].upper()}{what[1:]}: {count:,}." for count, what in told if count]


def drop_unusable(table: pl.DataFrame, report: ReadingReport) -> pl.DataFrame:
    """The rows that say who, where, how high and when; the others are counted by reason."""

    def drop(table: pl.DataFrame, bad: pl.Expr, count: Callable[[int], None]) -> pl.DataFrame:
        kept = table.filter(~bad)
        count(table.height - kept.height)
        return kept

    off_map = (
        pl.col("lat").is_null()
        | pl.col("lng").is_null()
        | ~pl.col("lat").is_between(-90, 90)
        | ~pl.col("lng").is_between(-180, 180)
    )
    for bad, name in (
        (pl.col("time_us").is_null(), "without_time"),
        (pl.col("id").is_null() | (pl.col("id").str.strip_chars() == ""), "without_id"),
        (off_map, "without_position"),
        (pl.col("ground"), "on_the_ground"),
        (
            pl.col("alt").is_null() | ~pl.col("alt").is_between(ALTITUDE_LEAST_M, ALTITUDE_MOST_M),
            "without_altitude",
        ),
    ):
        table = drop(table, bad, lambda n, name=name: setattr(report, name, n))  # type: ignore[misc]
    return table


def split_flights(table: pl.DataFrame, report: ReadingReport, gap_s: float) -> tuple[Flight, ...]:
    """Flights of usable rows, split where the record falls silent or jumps."""
    flights: list[Flight] = []
    seen: dict[str, int] = {}
    for _, rows in table.group_by("id", maintain_order=True):
        time = rows["time_us"].to_numpy()
        report.out_of_order += int((np.diff(time) < 0).sum())
        order = np.argsort(time, kind="stable")
        track = Track(
            time[order].astype(np.int64),
            *(rows[c].to_numpy()[order].astype(np.float64) for c in ("lat", "lng", "alt")),
        )
        track = _unique(track, report)
        cuts = _cuts(track, report, gap_s)
        base = str(rows["id"][0])
        name = rows["name"].drop_nulls()
        for start, end in zip([0, *cuts], [*cuts, len(track)], strict=True):
            if end - start < 2:
                report.alone += end - start
                continue
            report.used += end - start
            number = seen[base] = seen.get(base, 0) + 1
            part = Track(
                track.time_us[start:end],
                track.lat_deg[start:end],
                track.lng_deg[start:end],
                track.altitude_m[start:end],
            )
            flights.append(
                Flight(
                    base if number == 1 else f"{base} #{number}",
                    str(name[0]) if len(name) else base,
                    str(rows["party"][0]),
                    (),
                    part,
                )
            )
    return tuple(flights)


def _unique(track: Track, report: ReadingReport) -> Track:
    """One row an instant: the first. Others count as repeated, or as contradicting it."""
    same_time = np.flatnonzero(np.diff(track.time_us) == 0) + 1
    if len(same_time) == 0:
        return track
    before = same_time - 1
    same = (
        (track.lat_deg[same_time] == track.lat_deg[before])
        & (track.lng_deg[same_time] == track.lng_deg[before])
        & (track.altitude_m[same_time] == track.altitude_m[before])
    )
    report.repeated += int(same.sum())
    report.contradicting += int((~same).sum())
    keep = np.ones(len(track), np.bool_)
    keep[same_time] = False
    return Track(
        track.time_us[keep], track.lat_deg[keep], track.lng_deg[keep], track.altitude_m[keep]
    )


def _cuts(track: Track, report: ReadingReport, gap_s: float) -> list[int]:
    elapsed_s: Floats = np.diff(track.time_us) / 1e6
    if len(elapsed_s) == 0:
        return []
    # Good enough for telling a fault: a sphere, and the shorter way round.
    lat, lng = np.radians(track.lat_deg), np.radians(track.lng_deg)
    half = (
        np.sin(np.diff(lat) / 2) ** 2
        + np.cos(lat[1:]) * np.cos(lat[:-1]) * np.sin(np.diff(lng) / 2) ** 2
    )
    moved_m = 2 * 6.371e6 * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    silent = elapsed_s > gap_s
    jumps = ~silent & (moved_m > SPEED_MAX_M_S * elapsed_s)
    report.split_at_gaps += int(silent.sum())
    report.split_at_jumps += int(jumps.sum())
    cuts: Ints = np.flatnonzero(silent | jumps) + 1
    return [int(cut) for cut in cuts]
