"""Who plays in the trial: what may be asked of any USS, whoever wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from tests.support.small_uss.running import SmallUss
from tests.support.small_uss.wire import NoAnswer

Json = dict[str, Any]


@dataclass(frozen=True)
class Ruling:
    """How a change ended. `intent` is the OperationalIntent as it is now; None: there is none."""

    result: Literal["accepted", "rejected", "failed"]
    why: str
    intent: Json | None


@dataclass(frozen=True)
class Heard:
    """A notification that arrived. `version` is None if the intent has ended; `at` is Unix time."""

    id: str
    version: int | None
    at: float
    status: int


class Died(Exception):
    """The USS has died over a change."""


class Party(Protocol):
    """A USS that can be told to plan."""

    name: str

    async def plan(self, volumes: Sequence[Json], priority: int) -> Ruling:
        """A new intent."""

    async def modify(self, intent: Json, volumes: Sequence[Json]) -> Ruling:
        """Other volumes, the same state."""

    async def activate(self, intent: Json) -> Ruling:
        """Into the air."""

    async def declare(self, intent: Json, state: str, off_nominal: Sequence[Json]) -> Ruling:
        """Nonconforming or Contingent."""

    async def conform(self, intent: Json) -> Ruling:
        """Back into its volumes."""

    async def end(self, intent: Json) -> Ruling:
        """Over; `intent` of the ruling is None if it is."""

    async def heard(self) -> list[Heard]:
        """All notifications that it was sent."""

    async def settle(self) -> None:
        """Wait until all that it has to tell is told, and what it did is on record."""


class SmallParty:
    """A small USS in the trial."""

    def __init__(self, uss: SmallUss) -> None:
        self.uss, self.name = uss, uss.name

    async def _change(
        self, volumes: Sequence[Json], before: Json | None, state: str, **more: Any
    ) -> Ruling:
        the_id = before["reference"]["id"] if before else None
        try:
            told = await self.uss.change(volumes, intent_id=the_id, state=state, **more)
            there = (await self.uss.state())["intents"] if told["result"] != "accepted" else {}
        except NoAnswer as error:
            raise Died(str(error)) from None
        return Ruling(told["result"], told["why"], told["intent"] or there.get(the_id))

    async def plan(self, volumes: Sequence[Json], priority: int) -> Ruling:
        return await self._change(volumes, None, "Accepted", priority=priority)

    async def modify(self, intent: Json, volumes: Sequence[Json]) -> Ruling:
        state, priority = intent["reference"]["state"], intent["details"]["priority"]
        return await self._change(volumes, intent, state, priority=priority)

    async def activate(self, intent: Json) -> Ruling:
        details = intent["details"]
        return await self._change(
            details["volumes"], intent, "Activated", priority=details["priority"]
        )

    async def declare(self, intent: Json, state: str, off_nominal: Sequence[Json]) -> Ruling:
        details = intent["details"]
        volumes = details["volumes"] if state == "Nonconforming" else []
        return await self._change(
            volumes, intent, state, priority=details["priority"], off_nominal=off_nominal
        )

    async def conform(self, intent: Json) -> Ruling:
        return await self.activate(intent)

    async def end(self, intent: Json) -> Ruling:
        try:
            told = await self.uss.end(intent["reference"]["id"])
        except NoAnswer as error:
            raise Died(str(error)) from None
        left = None if told["result"] == "accepted" else intent
        return Ruling(told["result"], told["why"], left)

    async def heard(self) -> list[Heard]:
        return [
            Heard(event["id"], event["version"], event["at"], event["status"])
            for event in self.uss.events("heard")
        ]

    async def settle(self) -> None:
        await self.uss.settle()
