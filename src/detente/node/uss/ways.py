"""Ways out of a refusal: looks further around than the plan reached, then has them worked out."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Final

import numpy as np

from detente.geo import Circle, Volume4D, projection
from detente.planning import (
    Action,
    Attempt,
    Costs,
    Details,
    Intent,
    Limits,
    Neighbour,
    Order,
    State,
    WayOut,
    ways_out,
)

from .carrying import carry
from .planner import Planner
from .settings import PlanSettings

LOOK_S: Final = 4.0
"""For asking exchanges and other USSs what there is further around."""
_RADIUS_MAX_M: Final = 27_000.0  # a circle of 2,300 km²: exchanges take up to 2,500


class WaysOut:
    """Finds the smallest changes that make a plan fly."""

    def __init__(self, planner: Planner, settings: PlanSettings) -> None:
        self._planner = planner
        self.costs = Costs(
            per_minute_late=settings.cost_per_minute_late,
            per_minute_early=settings.cost_per_minute_early,
            per_100m_up=settings.cost_per_100m_up,
            per_100m_down=settings.cost_per_100m_down,
            per_km_sideways=settings.cost_per_km_sideways,
            per_km_longer=settings.cost_per_km_longer,
        )
        highest_m = Limits().highest_m if settings.highest_m is None else settings.highest_m
        self.limits = Limits(
            lowest_m=settings.lowest_m,
            highest_m=highest_m,
            delay_max_s=settings.way_delay_minutes * 60,
            advance_max_s=settings.way_advance_minutes * 60,
            shift_max_m=settings.way_aside_km * 1000,
        )

    async def of(self, order: Order, limits: Limits | None = None) -> tuple[WayOut, ...]:
        """Ways out for an order that was refused, or might be; the cheapest first.

        Args:
            order: what is wanted.
            limits: how far it may be changed; the settings' if not given.
        """
        limits = limits or self.limits
        parts = self._planner.parts
        await self._look_around(order, limits)
        others = [each for each in parts.known.all() if each.details is not None]
        others += [
            neighbour
            for intent in parts.book.intents.values()
            if intent.id != order.id
            for neighbour in _as_neighbours(intent)
        ]
        rules, now_us = parts.rules(), parts.now_us()
        return await asyncio.to_thread(
            ways_out,
            order,
            tuple(others),
            rules,
            limits,
            self.costs,
            now_us,
            prepared=parts.known.prepared,
        )

    async def _look_around(self, order: Order, limits: Limits) -> None:
        """Learn what is announced where a changed plan might go; nothing is filed."""
        parts = self._planner.parts
        now_us = parts.now_us()
        wide = _widened(order.details.volumes, limits, now_us)
        if not wide:
            return
        looking = Order(
            Action.PLAN, parts.new_id(), State.ACCEPTED, Details(wide, (), 0), order.given_us
        )
        attempt = Attempt(
            looking,
            parts.rules(),
            parts.exchanges,
            parts.known,
            own=parts.book.intents.get,
            now_us=now_us,
            look_only=True,
        )
        # What is not learnt in time is not known; a way out through it is refused when it is filed.
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await carry(attempt, self._planner.performer(order), parts.now_us, _never)


async def _never() -> None:
    raise RuntimeError("who only looks changes nothing")


def _as_neighbours(intent: Intent) -> list[Neighbour]:
    return [Neighbour(each.exchange, each.reference, intent.details) for each in intent.filed[:1]]


def _widened(volumes: tuple[Volume4D, ...], limits: Limits, now_us: int) -> tuple[Volume4D, ...]:
    found = []
    for volume in volumes:
        start, end = volume.time_start_us, volume.time_end_us
        low, high = volume.altitude_lower_m, volume.altitude_upper_m
        if start is None or end is None or low is None or high is None:
            return ()
        found.append(
            replace(
                volume,
                outline=_around(volume, limits.shift_max_m),
                altitude_lower_m=max(low - limits.climb_max_m, -8_000.0),
                altitude_upper_m=min(high + limits.climb_max_m, 100_000.0),
                time_start_us=max(start - limits.advance_max_s * 1_000_000, now_us),
                time_end_us=end + limits.delay_max_s * 1_000_000,
            )
        )
    return tuple(found)


def _around(volume: Volume4D, more_m: float) -> Circle:
    """A circle around an outline that reaches so much further, if that is not too large to ask."""
    outline = volume.outline
    if isinstance(outline, Circle):
        radius_m = outline.radius_m
        lat, lng = outline.lat_deg, outline.lng_deg
    else:
        points = np.array(outline.vertices, dtype=np.float64)
        middle = projection.ecef(points[:, 0], points[:, 1]).mean(axis=0)
        lat, lng = (float(each) for each in projection.surface_point(middle))
        centre = np.full(len(points), lat), np.full(len(points), lng)
        _, distance_m = projection.inverse(*centre, points[:, 0], points[:, 1])
        radius_m = float(distance_m.max())
    return Circle(lat, lng, min(radius_m + more_m, max(_RADIUS_MAX_M, radius_m)))
