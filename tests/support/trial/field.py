"""The field of the trial: an exchange, two nodes of ours, an honest small USS and a bad one."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.instance import HOST, key_pair
from tests.support.planners import planners
from tests.support.small_uss.running import SmallUss, small
from tests.support.trial.bad import Phases
from tests.support.trial.evidence import not_shown, unanswered
from tests.support.trial.node_party import NodeParty
from tests.support.trial.parties import Party, SmallParty
from tests.support.trial.play import Trial

_PEER_TIMEOUT_S = 0.5


@dataclass
class Field:
    """Everybody, and the trial between them."""

    trial: Trial
    bad: Phases
    nodes: list[NodeParty]

    async def play(
        self,
        steps: int,
        *,
        each: int = 2,
        rounds: int = 2,
        told: Callable[[str], None] = lambda text: None,
    ) -> None:
        """Make about so many steps; the bad peer behaves otherwise every few rounds.

        Args:
            steps: changes in all; a few more if it has not yet behaved in every way it can.
            each: changes of one party in a round.
            rounds: of one behaviour; between two, in honest times, everything is compared.
            told: is told how far it has got.
        """
        trial = self.trial
        while not trial.wrong and (trial.steps < steps or len(self.bad.log) < len(self.bad.kinds)):
            await trial.behave_well()
            await trial.round(each)
            await trial.settle()
            await trial.next_phase()
            told(f"{trial.steps} steps; now: {self.bad.log[-1].kind}")
            for _ in range(rounds):
                await trial.round(each)
        await trial.behave_well()
        await trial.settle()
        trial.wrong += await not_shown(self.bad, self.nodes)

    @property
    def unanswered(self) -> int:
        """Requests to the bad peer that stand in our nodes' records as left unanswered."""
        return unanswered(self.bad, self.nodes, self.bad.uss.url)

    def story(self) -> str:
        """What happened, in a few lines."""
        trial = self.trial
        results = "\n".join(f"  {n:6d} {what}" for what, n in sorted(trial.results.items()))
        lies = len(self.bad.lies())
        return (
            f"{trial.steps} steps\n{results}\n{trial.compared} pairs compared; "
            f"{trial.notices} notices awaited, the latest after {trial.latest_s:.3f} s; "
            f"{lies} lies told, {self.unanswered} requests unanswered, "
            f"{len({phase.kind for phase in self.bad.log})} kinds of bad behaviour"
        )


@asynccontextmanager
async def field(root: Path, seed: int) -> AsyncIterator[Field]:
    """Start all of them; they are gone afterwards."""
    chance = random.Random(seed)
    async with AsyncExitStack() as stack:
        settings = ["--peer-timeout", str(_PEER_TIMEOUT_S)]
        there = await stack.enter_async_context(planners(root, settings=settings))
        dss = there.exchanges["main"]
        keys = key_pair()[0].decode(), key_pair()[1].decode()
        url = f"http://{HOST}:{dss.port}"
        smalls = [
            await stack.enter_async_context(
                small(SmallUss(name, root / name, url, keys, details_timeout_s=_PEER_TIMEOUT_S))
            )
            for name in ("small", "bad")
        ]
        nodes = [NodeParty(there[party]) for party in ("a", "b")]
        bad = Phases(smalls[1], dss, chance)
        parties: list[Party] = [*nodes, *map(SmallParty, smalls)]
        yield Field(Trial(chance, parties, dss, bad), bad, nodes)
