"""The trial itself: changes by chance in rounds, several at a time, and what must be true of them.

In a round every party changes a few of its intents, all at once, no intent twice. Between rounds
nothing is under way, and everything can be compared: the exchange with what each USS tells of its
own, and both with what was answered to the changes.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from tests.support.instance import Instance, token
from tests.support.small_uss.running import SmallUss
from tests.support.trial.bad import Phases
from tests.support.trial.judge import Judge, Life, life_of, surely_relevant
from tests.support.trial.parties import Died, Party, Ruling
from tests.support.trial.volumes import ORIGIN, beside, now_is_in, some

Json = dict[str, Any]
TOLD_WITHIN_S = 5.0
_RECORDED_S = 1.0
_MOST = 10
"""Intents of one party at a time: beyond, it ends some."""
_PRIORITIES = (0, 0, 0, 0, 0, 0, 0, 50)


@dataclass(frozen=True)
class Change:
    """A change that was accepted: who must have been told of it, and from when."""

    party: str
    id: str
    version: int | None
    began: float
    ended: float
    relevant_to: frozenset[str]


@dataclass
class Trial:
    """One run. `wrong` says what must not have happened; it is empty at the end of a good one."""

    chance: random.Random
    parties: Sequence[Party]
    exchange: Instance
    bad: Phases | None = None
    wrong: list[str] = field(default_factory=list)
    results: Counter[str] = field(default_factory=Counter)
    steps: int = 0
    compared: int = 0
    notices: int = 0
    latest_s: float = 0.0

    def __post_init__(self) -> None:
        self.judge = Judge(excused=self._lied_about)
        self.intents: dict[str, dict[str, Json]] = {party.name: {} for party in self.parties}
        self._changes: list[Change] = []

    def _lied_about(self, one: Life, other: Life) -> bool:
        return self.bad is not None and self.bad.lied_about(one, other)

    # --- rounds ------------------------------------------------------------------------------

    async def round(self, changes_each: int) -> None:
        """Have every party make some changes at the same time."""
        todo = []
        for party in self.parties:
            if self.bad and party.name == self.bad.uss.name and not self.bad.plans:
                continue
            own = list(self.intents[party.name].values())
            self.chance.shuffle(own)
            for _ in range(changes_each):
                crowded = len(own) > self.chance.randrange(_MOST)
                todo.append(self._step(party, own.pop() if own and crowded else None))
        await asyncio.gather(*todo)
        self.steps += len(todo)
        # Nothing is under way now: what ended before this moment meets nothing any more.
        self.judge.forget(time.time())

    async def next_phase(self) -> None:
        """Have the bad peer behave in another way; what a crash left of its intents is taken in."""
        assert self.bad is not None
        await self.bad.behave_well()
        await self._look_again(self.bad.uss)
        await self.bad.next()

    async def behave_well(self) -> None:
        """Have the bad peer be as it should, from here on."""
        if self.bad is not None:
            await self.bad.behave_well()
            await self._look_again(self.bad.uss)

    async def _look_again(self, uss: SmallUss) -> None:
        now, there = time.time(), (await uss.state())["intents"]
        for the_id in set(self.intents[uss.name]) - set(there):
            self.judge.left(the_id, now)
        for the_id, intent in there.items():
            life = self.judge.standing.get(the_id)
            if life is None or life.version != intent["reference"]["version"]:
                self.judge.left(the_id, now)
                self.judge.stands(life_of(uss.name, intent, now))
        self.intents[uss.name] = there

    async def _step(self, party: Party, intent: Json | None) -> None:
        began = time.time()
        before = None
        if intent is not None:
            before = self.judge.left(intent["reference"]["id"], began)
        what, asking = self._choose(party, intent)
        try:
            ruling = await asking
        except Died:
            self.results[f"{what}: died"] += 1
            if intent is not None:
                del self.intents[party.name][intent["reference"]["id"]]
            assert self.bad is not None
            assert party.name == self.bad.uss.name, f"{party.name} has died"
            await self.bad.uss.gone()
            return
        self._ruled(party, what, intent, before, ruling, began)

    def _choose(self, party: Party, intent: Json | None) -> tuple[str, Any]:
        if intent is None:
            size_m = 1500.0
            volumes = some(self.chance, size_m=size_m)
            return "plan", party.plan(volumes, self.chance.choice(_PRIORITIES))
        state = intent["reference"]["state"]
        lot = self.chance.random()
        if state == "Accepted":
            if lot < 0.6 and now_is_in(intent):
                return "activate", party.activate(intent)
            if lot < 0.8:
                return "modify", party.modify(intent, beside(self.chance, intent))
            return "end", party.end(intent)
        if state == "Activated":
            if lot < 0.3:
                return "modify activated", party.modify(intent, beside(self.chance, intent))
            if lot < 0.55:
                return "nonconforming", party.declare(
                    intent, "Nonconforming", beside(self.chance, intent, off_nominal=True)
                )
            return "end", party.end(intent)
        if state == "Nonconforming":
            if lot < 0.6:
                return "conform", party.conform(intent)
            return "contingent", party.declare(
                intent, "Contingent", beside(self.chance, intent, off_nominal=True)
            )
        return "end", party.end(intent)

    def _ruled(
        self,
        party: Party,
        what: str,
        intent: Json | None,
        before: Life | None,
        ruling: Ruling,
        began: float,
    ) -> None:
        ended = time.time()
        self.results[f"{what}: {ruling.result}"] += 1
        own = self.intents[party.name]
        if ruling.result == "failed" and not (self.bad and self.bad.disturbs(began, ended)):
            self.wrong.append(f"{party.name} {what} failed for no reason: {ruling.why}")
        now = ruling.intent
        if intent is not None and now is None:
            del own[intent["reference"]["id"]]
        if now is not None:
            same = before is not None and before.version == now["reference"]["version"]
            life = replace(before, since=began) if before and same else None
            own[now["reference"]["id"]] = now
            self.judge.stands(life or life_of(party.name, now, ended))
            if same:
                return
        if before is not None or now is not None:
            self._changed(party, before, now, began, ended)

    def _changed(
        self, party: Party, before: Life | None, now: Json | None, began: float, ended: float
    ) -> None:
        """Remember who has to be told: whoever surely had a subscription there all the time."""
        after = None if now is None else life_of(party.name, now, ended)
        lives = [each for each in (before, after) if each is not None]
        relevant = frozenset(
            other.party
            for other in self.judge.lives
            if other.party != party.name
            and other.since < began
            and other.until > ended
            and any(surely_relevant(each.volumes, other.volumes) for each in lives)
        )
        version = None if after is None else after.version
        self._changes.append(Change(party.name, lives[0].id, version, began, ended, relevant))

    # --- what must be true -------------------------------------------------------------------

    async def settle(self) -> None:
        """Wait until everybody has told what it has to tell, and check all of it."""
        await asyncio.gather(*(party.settle() for party in self.parties))
        await self._check_notices()
        await self._check_agreement()
        self.wrong += self.judge.wrong
        self.compared = self.judge.compared
        self.judge.wrong.clear()

    async def _check_notices(self) -> None:
        due = [
            (change, name)
            for change in self._changes
            for name in change.relevant_to
            if not (
                self.bad and self.bad.excuses_notice(change.party, name, change.began, change.ended)
            )
        ]
        self._changes.clear()
        while due:
            heard = {party.name: await self._heard(party) for party in self.parties}
            missing = []
            for change, name in due:
                arrived = heard[name].get((change.id, change.version))
                if arrived is None:
                    missing.append((change, name))
                    continue
                after_s = arrived - change.ended
                self.notices += 1
                self.latest_s = max(self.latest_s, after_s)
                if after_s > TOLD_WITHIN_S:
                    self.wrong.append(f"{name} heard {after_s:.1f} s late of {change}")
            last = max((change.ended for change, _ in missing), default=0.0)
            if missing and time.time() > last + TOLD_WITHIN_S + _RECORDED_S:
                self.wrong += [f"{name} never heard of {change}" for change, name in missing]
                return
            due = missing
            await asyncio.sleep(0.05)

    async def _heard(self, party: Party) -> dict[tuple[str, int | None], float]:
        """When a party first heard what."""
        found: dict[tuple[str, int | None], float] = {}
        for each in await party.heard():
            # 409: it knows that, or better, already.
            if each.status in (204, 409):
                at = found.get((each.id, each.version), each.at)
                found[each.id, each.version] = min(at, each.at)
        return found

    async def _check_agreement(self) -> None:
        """The exchange, each USS's details and the answers to changes say the same."""
        lat, lng = ORIGIN
        centre, radius = {"lat": lat, "lng": lng}, {"value": 20_000, "units": "M"}
        area = {"volume": {"outline_circle": {"center": centre, "radius": radius}}}
        async with self.exchange.connection() as dss, httpx.AsyncClient(trust_env=False) as http:
            for party in self.parties:
                answer = await dss.call(
                    "POST",
                    "/dss/v1/operational_intent_references/query",
                    {"area_of_interest": area},
                    sub=party.name,
                )
                assert answer.status == 200, answer
                found = answer.body["operational_intent_references"]
                there = {ref["id"]: ref for ref in found if ref["manager"] == party.name}
                known = self.intents[party.name]
                if set(there) != set(known):
                    self.wrong.append(
                        f"{party.name}: the exchange has {sorted(set(there) - set(known))} more, "
                        f"and lacks {sorted(set(known) - set(there))}"
                    )
                for the_id in sorted(set(there) & set(known)):
                    await self._check_one(http, there[the_id], known[the_id])

    async def _check_one(self, http: httpx.AsyncClient, reference: Json, known: Json) -> None:
        url = f"{reference['uss_base_url']}/uss/v1/operational_intents/{reference['id']}"
        answer = await http.get(url, headers={"authorization": f"Bearer {token('judge')}"})
        who = f"{reference['manager']}'s {reference['id']}"
        if answer.status_code != 200:
            self.wrong.append(f"{who}: details are answered {answer.status_code}")
            return
        told = answer.json()["operational_intent"]
        for name in ("id", "manager", "version", "state", "ovn", "uss_base_url", "subscription_id"):
            if told["reference"][name] != reference[name]:
                self.wrong.append(
                    f"{who}: {name} is {reference[name]!r} at the exchange, "
                    f"and {told['reference'][name]!r} is told"
                )
        if not same_details(told["details"], known["details"]):
            self.wrong.append(f"{who}: other details are told than were accepted")


def same_details(one: Json, other: Json) -> bool:
    """Whether two OperationalIntentDetails say the same, however they are written."""
    return bool(plain(one) == plain(other))


def plain(details: Json) -> Any:
    """Details without what may be written in more than one way."""
    lists = ("volumes", "off_nominal_volumes")
    return details.get("priority") or 0, *(
        [_plain(volume) for volume in details.get(name) or []] for name in lists
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"value", "format"}:
            return value["value"].replace("+00:00", "Z").replace(".000000Z", "Z")
        return {key: _plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return float(value) if isinstance(value, int) else value
