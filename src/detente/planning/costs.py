"""What a change of plan may be, and what it costs its party."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Costs:
    """What a party would rather not do, in units of its own: only their proportions count.

    Attributes:
        per_minute_late, per_minute_early: for flying later or earlier than planned.
        per_100m_up, per_100m_down: for flying higher or lower.
        per_km_sideways: for flying beside the planned track.
        per_km_longer: for a detour; that it takes longer is charged as being late besides.
    """

    per_minute_late: float = 1.0
    per_minute_early: float = 1.0
    per_100m_up: float = 2.0
    per_100m_down: float = 2.0
    per_km_sideways: float = 3.0
    per_km_longer: float = 2.0

    def of(self, delay_s: float, climb_m: float, shift_m: float, extra_distance_m: float) -> float:
        """The cost of a change; the arguments are those of `WayOut`."""
        late = self.per_minute_late if delay_s > 0 else self.per_minute_early
        up = self.per_100m_up if climb_m > 0 else self.per_100m_down
        return (
            late * abs(delay_s) / 60
            + up * abs(climb_m) / 100
            + self.per_km_sideways * shift_m / 1000
            + self.per_km_longer * max(extra_distance_m, 0.0) / 1000
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a plan may be changed.

    Attributes:
        earliest_us: no volume may start before; None: not before now.
        latest_us: no volume may end after; None: no limit but `delay_max_s`.
        lowest_m: metres W84, such as the ground. Nothing goes below; volumes that reach down to
            it (taking off, landing) keep standing on it. None: it is not known, so nothing is
            proposed that is lower than planned.
        highest_m: metres W84; nothing goes above.
        delay_max_s, advance_max_s: by how much a flight may be later or earlier.
        climb_max_m: by how much it may be higher or lower.
        shift_max_m: by how much it may be moved aside.
        extra_distance_max_m: how much longer its way may become.
        step_s, step_m, step_aside_m: changes are multiples of these (time, altitude, aside).
    """

    earliest_us: int | None = None
    latest_us: int | None = None
    lowest_m: float | None = None
    highest_m: float = 100_000.0
    delay_max_s: int = 90 * 60
    advance_max_s: int = 90 * 60
    climb_max_m: float = 1_500.0
    shift_max_m: float = 10_000.0
    extra_distance_max_m: float = 50_000.0
    step_s: int = 1
    step_m: float = 1.0
    step_aside_m: float = 10.0
