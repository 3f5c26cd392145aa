"""What is done to nodes and lines, and when: drawn from a seed, carried out, written down."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.chaos_load import now
from tests.support.chaos_nodes import ChaosNet, ChaosNode
from tests.support.chaos_rules import Disturbance
from tests.support.tcp_proxy import Cut, Delay, Fault, HalfOpen, OneWay, Throttle, Way

KINDS = (
    "cut",
    "half-open",
    "one way lost",
    "one line half-open",
    "slow",
    "narrow",
    "reset",
    "frozen",
    "away",
    "stopped",
    "disk full",
    "cut, killed",
    "frozen, peer killed",
)
"""Every kind of fault but plain kills."""
ALIVE_S = (0.05, 0.5)
"""A node is killed so long after it was ready."""
SHORT_S = (0.1, 2.5)
LONG_S = (5.5, 8.0)


@dataclass
class Faults:
    """Does harm to a net.

    Attributes:
        net: to which.
        random: decides what, to whom, when.
        long_share: of faults that last for seconds, those that are outages for sure.
        done: what was done.
        counts: how often.
    """

    net: ChaosNet
    random: random.Random
    long_share: float = 0.5
    done: list[Disturbance] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def _kinds(self) -> dict[str, Callable[[], Awaitable[None]]]:
        return {
            "cut": lambda: self._line("cut", Cut()),
            "half-open": lambda: self._line("half-open", HalfOpen()),
            "one way lost": lambda: self._line("one way lost", OneWay(self._way())),
            "one line half-open": lambda: self._line("one line half-open", HalfOpen(), lines=1),
            "slow": lambda: self._line("slow", Delay(self.random.uniform(0.2, 1.5))),
            "narrow": lambda: self._line("narrow", Throttle(self.random.uniform(2e3, 2e4))),
            "reset": self._reset,
            "frozen": self._freeze,
            "away": self._away,
            "stopped": self._stopped,
            "disk full": self._disk_full,
            "cut, killed": self._cut_and_kill,
            "frozen, peer killed": self._freeze_and_kill,
        }

    # --- kills -------------------------------------------------------------------------------

    async def kill_soon(self, most: int) -> int:
        """Kill one side or both at some moment of their lives, start them again; how many died."""
        nodes = list(self.net.nodes.values())
        chosen = self.random.sample(nodes, self.random.choice((1, 2, 2)))[: max(1, most)]
        await asyncio.gather(*(self._kill(node, self.random.uniform(*ALIVE_S)) for node in chosen))
        return len(chosen)

    async def _kill(self, node: ChaosNode, alive_s: float, away_s: float = 0.0) -> None:
        await asyncio.sleep(alive_s)
        with self._disturbed(f"{node.party} killed", dark=True, ended=node.party):
            await node.kill()
            self.counts["SIGKILL"] += 1
            await asyncio.sleep(away_s)
            await node.start()

    # --- everything else ---------------------------------------------------------------------

    async def one(self, kind: str) -> None:
        """One fault of a kind, from its beginning to its end."""
        self.counts[kind] += 1
        await self._kinds[kind]()

    async def _line(self, what: str, fault: Fault, lines: int = 2) -> None:
        chosen = self.random.sample(sorted(self.net.lines), lines)
        dark = isinstance(fault, Cut | HalfOpen | OneWay) and lines == len(self.net.lines)
        with self._disturbed(what, dark=dark):
            for party in chosen:
                self.net.lines[party].fault = fault
            await asyncio.sleep(self._length())
            for party in chosen:
                self.net.lines[party].fault = None

    async def _reset(self) -> None:
        with self._disturbed("reset", dark=False):
            for line in self.net.lines.values():
                line.reset()

    async def _freeze(self) -> None:
        node = self._node()
        with self._disturbed(f"{node.party} frozen", dark=True):
            node.freeze()
            await asyncio.sleep(self._length())
            node.thaw()

    async def _away(self) -> None:
        await self._kill(self._node(), 0.0, self._length())

    async def _stopped(self) -> None:
        node = self._node()
        with self._disturbed(f"{node.party} stopped", dark=True, ended=node.party):
            await node.stop()
            await asyncio.sleep(self._length())
            await node.start()

    async def _disk_full(self) -> None:
        node = self._node()
        with self._disturbed(f"{node.party}'s disk full", dark=False):
            node.fill_disk()
            await asyncio.sleep(self._length())
            node.free_disk()

    async def _cut_and_kill(self) -> None:
        length_s = self.random.uniform(*LONG_S)
        with self._disturbed("cut", dark=True):
            for line in self.net.lines.values():
                line.fault = Cut()
            alive_s = self.random.uniform(0.6, 0.8) * length_s  # once it was noticed
            await self._kill(self._node(), alive_s)
            await asyncio.sleep(length_s - alive_s)
            for line in self.net.lines.values():
                line.fault = None

    async def _freeze_and_kill(self) -> None:
        one, other = self.random.sample(list(self.net.nodes.values()), 2)
        length_s = self.random.uniform(*LONG_S)
        with self._disturbed(f"{one.party} frozen", dark=True):
            one.freeze()
            alive_s = self.random.uniform(0.3, 0.8) * length_s
            await self._kill(other, alive_s)
            await asyncio.sleep(length_s - alive_s)
            one.thaw()

    # --- inside ------------------------------------------------------------------------------

    @contextmanager
    def _disturbed(self, what: str, *, dark: bool, ended: str | None = None) -> Iterator[None]:
        since = now()
        try:
            yield
        finally:
            self.done.append(Disturbance(what, since, now(), dark, ended))

    def _node(self) -> ChaosNode:
        return self.random.choice([self.net.nodes[party] for party in sorted(self.net.nodes)])

    def _way(self) -> Way:
        return self.random.choice(list(Way))

    def _length(self) -> float:
        return self.random.uniform(*(LONG_S if self.random.random() < self.long_share else SHORT_S))
