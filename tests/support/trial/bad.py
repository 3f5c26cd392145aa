"""The bad peer of the trial: what it does when, and what others can therefore not be blamed for."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.instance import Instance
from tests.support.small_uss.bad import CRASHES, LIES
from tests.support.small_uss.running import SmallUss
from tests.support.trial.judge import Life

Json = dict[str, Any]
HONEST = "honest"
KINDS = (*(f"lie {lie}" for lie in LIES), *(f"crash {where}" for where in CRASHES))
KINDS += ("stall", "killed", "down")
_SLACK_S = 1.0
_NOTICE_S = 5.0


@dataclass
class Phase:
    """From when to when it behaved how. Unix time."""

    kind: str
    since: float
    until: float | None = None

    def touches(self, began: float, ended: float) -> bool:
        """Whether some of it was in that span."""
        return self.since <= ended and (self.until is None or began <= self.until)


@dataclass
class Phases:
    """Has a small USS behave one way after the other."""

    uss: SmallUss
    exchange: Instance
    chance: random.Random
    kinds: Sequence[str] = KINDS
    log: list[Phase] = field(default_factory=list)
    _left: list[str] = field(default_factory=list)

    @property
    def plans(self) -> bool:
        """Whether it can be asked for anything."""
        return self.uss.alive

    async def next(self) -> str:
        """End one behaviour; begin another: every kind once, then all of them again."""
        if not self._left:
            self._left = list(self.kinds)
            self.chance.shuffle(self._left)
        await self.behave_well()
        kind = self._left.pop()
        self.log.append(Phase(kind, time.time()))
        what, _, which = kind.partition(" ")
        if what == "lie":
            await self.uss.behave(details=which, notices=which)
        elif what == "crash":
            await self.uss.behave(crash=which)
        elif what == "stall":
            await self.uss.behave(stall_s=30.0)
        else:
            await self.uss.kill()
            if what == "down":
                await self._declare("Down")
        return kind

    async def behave_well(self) -> None:
        """End what it does now; if it is dead, it lives again, and has settled what it left."""
        if not self.log or self.log[-1].until is not None:
            return
        phase = self.log[-1]
        if phase.kind == "down":
            await self._declare("Normal")
        if self.uss.alive:
            await self.uss.behave()
        else:
            await self.uss.start()
        await self.uss.settle()
        phase.until = time.time()

    async def _declare(self, availability: str) -> None:
        async with self.exchange.connection() as dss:
            path = f"/dss/v1/uss_availability/{self.uss.name}"
            version = (await dss.call("GET", path)).body["version"]
            body = {"old_version": version, "availability": availability}
            answer = await dss.call("PUT", path, body, sub="arbitrator")
            assert answer.status == 200, answer

    # --- what others are not to blame for ----------------------------------------------------

    def disturbs(self, began: float, ended: float) -> bool:
        """Whether planning may have failed by it."""
        return any(each.touches(began - _SLACK_S, ended) for each in self.log)

    def excuses_notice(self, sender: str, receiver: str, began: float, ended: float) -> bool:
        """Whether a notification of then may be missing: it lied about it, or could not hear."""
        if self.uss.name not in (sender, receiver):
            return False
        return any(
            each.touches(began - _SLACK_S, ended + _NOTICE_S + _SLACK_S)
            for each in self.log
            if sender == self.uss.name or not each.kind.startswith("lie")
        )

    def lied_about(self, one: Life, other: Life) -> bool:
        """Whether two may meet because it said it was elsewhere, or was declared down."""
        for life in (one, other):
            if life.party != self.uss.name:
                continue
            if any(
                each.touches(life.born, min(life.until, time.time()))
                for each in self.log
                if each.kind in ("lie volumes", "down")
            ):
                return True
        return False

    def lies(self) -> list[Json]:
        """Every lie that was told: in answers (`lied`) and in notifications (`told`)."""
        return [event for event in self.uss.events("lied", "told") if event.get("lie")]
