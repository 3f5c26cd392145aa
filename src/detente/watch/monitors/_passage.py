"""One aircraft's passage through one area, as it is followed: what later becomes an event."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from detente.watch.events import Grade

from ._depth import Deepest, Node

AGAIN_US: Final = 3_600_000_000
"""Who enters the same area again within this time after leaving it does so once more of the same:
all of these passages together have the 95 % that one has (`intervals.extreme`)."""


class Border(Struct, frozen=True, gc=False):
    """Where a track goes over a border, between two positions.

    Attributes:
        time_us, lat, lng, altitude_m: interpolated.
        odometer_m: way flown up to there.
        radius_m: that held 95 % of positions there.
        aside_m: how far the aircraft may have been from the straight line between the positions.
        speed_m_s: over the ground.
        steepness: by how many metres it came nearer to the border per metre flown: 1 is across.
        steepness_off: how much less that may be; 0 where the aircraft tells its course.
        apart_m: way flown between the positions.
        line_m: how far the border may be from the true one there, 95 %.
        source: who reported the later of the two positions.
    """

    time_us: int
    lat: float
    lng: float
    altitude_m: float | None
    odometer_m: float
    radius_m: float
    aside_m: float
    speed_m_s: float
    steepness: float
    steepness_off: float
    apart_m: float
    line_m: float
    source: str

    def node(self) -> Node:
        """The same as a point of the track."""
        return Node(self.lat, self.lng, self.time_us, self.odometer_m, self.radius_m)


class Counted(Struct, frozen=True, gc=False):
    """Positions: all, and of them doubtful ones, and those of derived and of assumed accuracy."""

    reports: int = 0
    doubtful: int = 0
    derived: int = 0
    assumed: int = 0

    def __add__(self, other: Counted) -> Counted:
        return Counted(
            self.reports + other.reports,
            self.doubtful + other.doubtful,
            self.derived + other.derived,
            self.assumed + other.assumed,
        )

    def __sub__(self, other: Counted) -> Counted:
        return Counted(
            self.reports - other.reports,
            self.doubtful - other.doubtful,
            self.derived - other.derived,
            self.assumed - other.assumed,
        )


class Passage(Struct, gc=False):
    """See above. A passage has several parts if the aircraft only seemed to leave in between.

    Attributes:
        slot, area: of the aircraft, and which area.
        aircraft: its identity.
        began_us: when it entered, or was first seen inside.
        first: where.
        entry: over the border; None if it was inside when its track began.
        ended_us: when it left, or was last seen inside; None while it is inside.
        exit: over the border; None if its track ended inside.
        deepest: so far.
        foot: a point of the border that was near last; bounds how deep what follows can be.
        inside_m, inside_us: way and time of the parts that are over.
        counted: positions of those.
        part: where the present part began.
        part_counted: positions of the aircraft before that.
        head: up to where depth is known.
        number: which passage it is of those into this area that followed one another (`AGAIN_US`).
        looks: positions inside among which the deepest one was looked for so far.
        jump_before_us, jump_after_us: times of the last position before it and of the first after
            it that cannot be true; None: there was none yet.
        sources: who reported it.
        crossed: whether it ever went over the border, if only to come back.
        given: the grade that was given last; None: it was not given yet.
    """

    slot: int
    area: int
    aircraft: str
    began_us: int
    first: Node
    entry: Border | None
    part: Node
    part_counted: Counted
    head: Node
    ended_us: int | None = None
    exit: Border | None = None
    deepest: Deepest | None = None
    foot: tuple[float, float] | None = None
    inside_m: float = 0.0
    inside_us: int = 0
    counted: Counted = Counted()
    number: int = 1
    looks: int = 0
    jump_before_us: int | None = None
    jump_after_us: int | None = None
    sources: tuple[str, ...] = ()
    crossed: bool = False
    given: Grade | None = None

    def leave(self, at: Node, counted: Counted) -> None:
        """The present part ends.

        Args:
            at: where.
            counted: positions of the aircraft up to there.
        """
        self.inside_m += at.odometer_m - self.part.odometer_m
        self.inside_us += at.time_us - self.part.time_us
        self.counted += counted - self.part_counted
        self.ended_us = at.time_us

    def come_back(self, at: Node, counted: Counted) -> None:
        """It had not really left: another part begins."""
        self.part, self.part_counted, self.head = at, counted, at
        self.ended_us, self.exit = None, None

    def heard_of(self, source: str) -> None:
        """Somebody reported a position of it."""
        if source not in self.sources:
            self.sources = tuple(sorted((*self.sources, source)))

    def nearest_jump_s(self, now_us: int) -> float | None:
        """How long before or after it the nearest position lies that cannot be true."""
        end_us = now_us if self.ended_us is None else self.ended_us
        away = []
        if self.jump_before_us is not None:
            away.append(self.began_us - self.jump_before_us)
        if self.jump_after_us is not None:
            away.append(self.jump_after_us - end_us)
        return max(0, min(away)) / 1e6 if away else None

    def distrusted(self, now_us: int, window_us: int) -> bool:
        """Whether such a position is too near for the passage to prove anything.

        One that lasted longer than `window_us` away from it is not touched: that is enough to go
        by.
        """
        begin_us, end_us = self.began_us, now_us if self.ended_us is None else self.ended_us
        clean_from, clean_to = begin_us, end_us
        if self.jump_before_us is not None:
            clean_from = max(begin_us, self.jump_before_us + window_us)
        if self.jump_after_us is not None:
            clean_to = min(end_us, self.jump_after_us - window_us)
        touched = clean_from > begin_us or clean_to < end_us
        return touched and clean_to - clean_from < window_us
