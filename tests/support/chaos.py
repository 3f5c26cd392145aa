"""A run of chaos: two nodes under load, faults from a seed, and the judgement of what they kept."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
from tests.support.agreements import OFFICERS
from tests.support.chaos_faults import Faults
from tests.support.chaos_load import DutyOfficer, Kept, now
from tests.support.chaos_nodes import ChaosNet, chaos_net
from tests.support.chaos_rules import (
    Disturbance,
    OutageRules,
    judge_logs,
    judge_outages,
    judge_samples,
)
from tests.support.node_history import (
    Complaint,
    History,
    judge_alone,
    judge_promises,
    judge_together,
    read_history,
)

SETTLED_WITHIN_S = 60.0
_TICK_S = 0.2
_BUSY_S = 1.0


@dataclass(frozen=True)
class Plan:
    """What a run does.

    Attributes:
        seed: of everything that is random; what nodes make of it depends on the machine, too.
        kills: SIGKILLs, each at some moment of a node's life.
        kinds: the other faults, one after another.
        every_s: between two messages of each officer.
        look_every: after so many steps both records are read and judged while nodes run; 0: never.
        pause_s: between faults, at most.
        long_share: see `Faults`.
    """

    seed: int
    kills: int = 0
    kinds: Sequence[str] = ()
    every_s: float = 0.2
    look_every: int = 0
    pause_s: float = 2.0
    long_share: float = 0.5


@dataclass
class Outcome:
    """What came of a run."""

    complaints: list[Complaint]
    histories: dict[str, History]
    disturbances: list[Disturbance]
    counts: Counter[str] = field(default_factory=Counter)


Progress = Callable[[int, int, str], None]


async def run_chaos(plan: Plan, root: Path, progress: Progress) -> Outcome:
    """Run it in an empty directory.

    Args:
        progress: told how many steps are done, of how many, and what was done last.
    """
    chance = random.Random(plan.seed)
    kept = Kept()
    complaints: list[Complaint] = []
    async with chaos_net(root) as net:
        faults = Faults(net, chance, plan.long_share)
        officers = await on_duty(net, plan, kept, chance)
        async with working(officers), _watching_the_machine(faults):
            complaints += await _harm(plan, net, faults, kept, progress)
        progress(1, 1, "waiting until nothing is under way")
        await _settle(officers)
        progress(1, 1, "judging")
        histories = {party: await read_history(node.directory) for party, node in net.nodes.items()}
        starts = sum(node.starts for node in net.nodes.values())
    counts = kept.counts + faults.counts
    complaints += [*kept.surprises, *judge(histories, kept, faults.done)]
    counts["starts"] = starts
    counts["samples of states"] = len(kept.samples)
    counts["tree heads told"] = len(kept.heads)
    counts["promises"] = len(kept.promises)
    for party, history in histories.items():
        counts[f"entries of {party}"] = len(history.entries)
        counts[f"cosigned checkpoints of {party}"] = len(history.cosigned)
    counts["outages stated"] = sum(
        entry.sender == history.party
        for history in histories.values()
        for entry in history.of("outage")
    )
    return Outcome(sorted(set(complaints)), histories, faults.done, counts)


def judge(
    histories: dict[str, History], kept: Kept, disturbances: Sequence[Disturbance]
) -> list[Complaint]:
    """Every rule, on what is there when everything has settled."""
    one, other = histories.values()
    return [
        *judge_alone(one),
        *judge_alone(other),
        *judge_together(one, other, settled=True),
        *judge_promises(kept.promises, histories, settled=True),
        *judge_samples(kept.samples, histories),
        *judge_logs(kept.heads, histories),
        *judge_outages(disturbances, histories, OutageRules()),
    ]


async def _harm(
    plan: Plan, net: ChaosNet, faults: Faults, kept: Kept, progress: Progress
) -> list[Complaint]:
    """Do all the harm that is planned; what was found meanwhile."""
    complaints: list[Complaint] = []
    chance = faults.random
    steps = ["kill"] * plan.kills + list(plan.kinds)
    chance.shuffle(steps)
    done = looked = 0
    while done < len(steps):
        kind = steps[done]
        if kind == "kill":
            # One or two, but never more than are next in the plan.
            done += await faults.kill_soon(steps[done : done + 2].count("kill"))
        else:
            await faults.one(kind)
            await asyncio.sleep(chance.uniform(0, plan.pause_s))
            done += 1
        progress(done, len(steps), kind)
        if plan.look_every and done // plan.look_every > looked:
            looked = done // plan.look_every
            complaints += await _look(net, kept)
    return complaints


async def on_duty(
    net: ChaosNet, plan: Plan, kept: Kept, chance: random.Random
) -> list[DutyOfficer]:
    """Start the nodes, and log an officer of each party in."""
    await asyncio.gather(*(node.start() for node in net.nodes.values()))
    officers = []
    for party, node in net.nodes.items():
        account = OFFICERS[party][0]
        (peer,) = (other for other in net.nodes if other != party)
        authorization = await node.login(account)
        own = random.Random(chance.random())
        officers.append(DutyOfficer(node, peer, account, authorization, kept, own, plan.every_s))
    return officers


@asynccontextmanager
async def working(officers: Sequence[DutyOfficer]) -> AsyncIterator[None]:
    """The officers work as long as the block runs."""
    tasks = [asyncio.create_task(officer.work()) for officer in officers]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def _watching_the_machine(faults: Faults) -> AsyncIterator[None]:
    """While this process gets no time, nodes get none either: that disturbs them, too."""

    async def watch() -> None:
        while True:
            before = now()
            await asyncio.sleep(_TICK_S)
            if now() - before > timedelta(seconds=_TICK_S + _BUSY_S):
                faults.counts["times that the machine stood still"] += 1
                faults.done.append(Disturbance("machine busy", before, now(), dark=False))

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _look(net: ChaosNet, kept: Kept) -> list[Complaint]:
    """Read both records while their nodes run: what one proves of the other must be there."""
    made = list(kept.promises)
    one, other = [await read_history(node.directory, verify=False) for node in net.nodes.values()]
    histories = {one.party: one, other.party: other}
    return [
        *judge_alone(one),
        *judge_alone(other),
        *judge_together(one, other, settled=False),
        *judge_promises(made, histories, settled=False),
    ]


async def _settle(officers: Sequence[DutyOfficer]) -> None:
    """Nobody sends any more; wait until everything was acknowledged and nothing is under way."""
    for officer in officers:
        officer.sends = False
    deadline = time.monotonic() + SETTLED_WITHIN_S
    quiet = 0
    while quiet < 3:
        if time.monotonic() > deadline:
            return  # whatever is missing, the rules will tell
        with suppress(httpx.HTTPError, OSError):
            finished = [await officer.finish() for officer in officers]
            quiet = quiet + 1 if all(finished) else 0
        await asyncio.sleep(0.3)
