"""Ways out of a refusal: looks further around than the plan reached, then has them worked out."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from detente.geo import Prepared
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
    in_reach,
    reach,
    ways_out,
)

from .carrying import carry
from .planner import Planner
from .settings import PlanSettings

LOOK_S: Final = 4.0
"""For asking exchanges and other USSs what there is further around."""
OWN_MAX: Final = 1_000
"""Own plans that are kept laid out for comparing."""


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
        self._own: dict[str, tuple[Details, Prepared]] = {}

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
        own = [
            neighbour
            for intent in parts.book.intents.values()
            if intent.id != order.id
            for neighbour in _as_neighbours(intent)
        ]
        others = in_reach([*others, *own], order.details.all_volumes, limits)
        rules, now_us = parts.rules(), parts.now_us()
        return await asyncio.to_thread(
            ways_out,
            order,
            tuple(others),
            rules,
            limits,
            self.costs,
            now_us,
            prepared=self._prepared,
        )

    def _prepared(self, neighbour: Neighbour) -> Prepared:
        """Its volumes, laid out; our own plans' are kept here, for one refusal after another."""
        kept = self._own.get(neighbour.id)
        if kept is not None and kept[0] is neighbour.details:
            return kept[1]
        laid_out = self._planner.parts.known.prepared(neighbour)
        if neighbour.details is not None and neighbour.id in self._planner.parts.book.intents:
            self._own[neighbour.id] = (neighbour.details, laid_out)
            while len(self._own) > OWN_MAX:
                self._own.pop(next(iter(self._own)), None)
        return laid_out

    async def _look_around(self, order: Order, limits: Limits) -> None:
        """Learn what is announced where a changed plan might go; nothing is filed."""
        parts = self._planner.parts
        now_us = parts.now_us()
        wide = reach(order.details.volumes, limits, now_us, parts.rules().area_max_km2)
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
