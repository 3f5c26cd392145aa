"""How the small USS plans: look, ask, compare, file, tell."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from .bad import Mode, told
from .geometry import vertices, volumes
from .judging import OFF_NOMINAL, Other, as_other, faults, in_the_way
from .store import Store
from .telling import Telling
from .tokens import CMSA, SC, Tokens
from .wire import Client, NoAnswer, Response

Json = dict[str, Any]
NOMINAL = frozenset({"Accepted", "Activated"})
_MAY_FOLLOW = {
    None: {"Accepted"},
    "Accepted": {"Accepted", "Activated", "Nonconforming", "Contingent"},
    "Activated": {"Activated", "Nonconforming", "Contingent"},
    "Nonconforming": {"Nonconforming", "Activated", "Contingent"},
    "Contingent": {"Contingent"},
}
_ROUNDS = 6
_SILENT = "no answer"
_HORIZON_US = 30 * 86_400_000_000
_VERTICES = 10_000
_LOWEST, _HIGHEST = -(10**9), 10**9


@dataclass(frozen=True)
class Config:
    """Who it is and where it plans. `dss` and `base_url` have no slash at their end."""

    name: str
    dss: str
    base_url: str
    details_timeout_s: float = 5.0
    same_priority_permitted: frozenset[int] = frozenset()


@dataclass
class Outcome:
    """How a change ended: `accepted`, `rejected` (a conflict, a rule), or `failed`."""

    result: str
    why: str = ""
    conflicts: list[str] = field(default_factory=list)
    intent: Json | None = None


class Refused(Exception):
    """The change is not made; `result` says whether it was judged or only not possible."""

    def __init__(self, result: str, why: str, conflicts: Collection[str] = ()) -> None:
        super().__init__(why)
        self.outcome = Outcome(result, why, sorted(conflicts))


class Uss:
    """One USS: its intents and what it knows of others'."""

    def __init__(self, config: Config, store: Store, tokens: Tokens) -> None:
        self.config, self.store, self.tokens = config, store, tokens
        self.client = Client()
        self.mode = Mode()
        self._locks: dict[str, asyncio.Lock] = {}
        self.telling = Telling(config.base_url, self.client, tokens, store, lambda: self.mode)

    # What its operator asks.

    async def change(
        self,
        intent_id: str | None,
        wanted: Sequence[Json],
        state: str,
        priority: int = 0,
        off_nominal: Sequence[Json] = (),
    ) -> Outcome:
        """Plan, modify, activate or declare: have an intent stand as given here, or say why not."""
        the_id = intent_id or str(uuid.uuid4())
        async with self._locks.setdefault(the_id, asyncio.Lock()):
            try:
                await self._settle(the_id)
                before = self.store.intents.get(the_id)
                if intent_id is not None and before is None:
                    raise Refused("rejected", "no such intent")
                self._validate(before, wanted, off_nominal, state)
                details = {
                    "volumes": list(wanted),
                    "off_nominal_volumes": list(off_nominal),
                    "priority": priority,
                }
                return await self._file(the_id, before, details, state)
            except Refused as refused:
                return refused.outcome
            except NoAnswer as error:
                return Outcome("failed", str(error))

    async def end(self, intent_id: str) -> Outcome:
        """Take an intent out of the exchange, and tell those who know it."""
        async with self._locks.setdefault(intent_id, asyncio.Lock()):
            try:
                await self._settle(intent_id)
                intent = self.store.intents.get(intent_id)
                if intent is None:
                    raise Refused("rejected", "no such intent")
                await self._delete(intent_id, intent["reference"]["ovn"])
            except NoAnswer as error:
                return Outcome("failed", str(error))
            except Refused as refused:
                return refused.outcome
            return Outcome("accepted")

    async def recover(self) -> None:
        """After a start: settle all that was asked of the exchange and never answered."""
        for the_id in list(self.store.pending):
            await self._settle(the_id)
            self.store.note("recovered", id=the_id, kept=the_id in self.store.intents)

    async def _settle(self, the_id: str) -> None:
        """Have the exchange and this USS agree on an intent whose last change got no answer.

        A change that the exchange made is not kept: whether peers were told of it is not known. It
        is deleted there, and its deletion is told.

        Raises:
            NoAnswer: the exchange says nothing now, either; it stays pending.
        """
        if the_id not in self.store.pending:
            return
        own, there = self.store.intents.get(the_id), await self._get(the_id)
        if there is None:
            self.store.intents.pop(the_id, None)
        elif own is None or own["reference"]["version"] != there["version"]:
            await self._delete(the_id, there["ovn"])
        self.store.pending.discard(the_id)
        self.store.save()

    # Looking and asking.

    def _validate(
        self, before: Json | None, wanted: Sequence[Json], off: Sequence[Json], state: str
    ) -> None:
        now_us = time.time_ns() // 1000
        try:
            nominal, all_of_it = volumes(list(wanted)), volumes([*wanted, *off])
        except ValueError as error:
            raise Refused("rejected", str(error)) from None
        standing = before["reference"]["state"] if before else None
        if state not in _MAY_FOLLOW[standing]:
            raise Refused("rejected", f"{standing} to {state}")
        if bool(off) != (state in OFF_NOMINAL) or bool(wanted) != (state != "Contingent"):
            raise Refused("rejected", f"these volumes are not for {state}")
        if vertices([*wanted, *off]) > _VERTICES:
            raise Refused("rejected", "too many vertices")
        if max(v.end_us for v in all_of_it) <= now_us:
            raise Refused("rejected", "it is over already")
        if min(v.start_us for v in all_of_it) > now_us + _HORIZON_US:
            raise Refused("rejected", "too far ahead")
        if state == "Activated" and not any(v.start_us <= now_us <= v.end_us for v in nominal):
            raise Refused("rejected", "none of it is now")

    async def _file(self, the_id: str, before: Json | None, details: Json, state: str) -> Outcome:
        mine = volumes(details["volumes"])
        references: dict[str, Json] = {}
        if state in NOMINAL:
            references = await self._discover(details["volumes"])
        for _ in range(_ROUNDS):
            others = await self._learn(the_id, references) if state in NOMINAL else []
            conflicts = in_the_way(
                before, mine, details["priority"], others, self.config.same_priority_permitted
            )
            if conflicts and state in NOMINAL and not self.mode.reckless:
                raise Refused("rejected", "conflict", conflicts)
            answer = await self._put(the_id, before, details, state, [o.ovn for o in others])
            body = answer.json()
            if answer.status in (200, 201):
                return self._filed(the_id, details, body)
            missing = [*body.get("missing_operational_intents", [])] if answer.status == 409 else []
            if not missing:
                raise Refused("failed", f"{answer.status} {body.get('message', '')}")
            for reference in missing:
                self.store.heard.pop(reference["id"], None)  # what was heard was not enough
                references[reference["id"]] = reference
        raise Refused("failed", "the exchange asked for more again and again")

    async def _discover(self, wanted: Sequence[Json]) -> dict[str, Json]:
        async def query(area: Json) -> list[Json]:
            path = "/dss/v1/operational_intent_references/query"
            answer = await self._dss("POST", path, {"area_of_interest": area})
            if answer.status != 200:
                raise Refused("failed", f"query: {answer.status} {answer.body[:200]!r}")
            found: list[Json] = answer.json()["operational_intent_references"]
            return found

        lists = await asyncio.gather(*map(query, wanted))
        return {reference["id"]: reference for found in lists for reference in found}

    async def _learn(self, the_id: str, references: dict[str, Json]) -> list[Other]:
        asked = [r for r in references.values() if r["id"] != the_id]
        learned = await asyncio.gather(*map(self._other, asked))
        return [other for other in learned if other is not None]

    async def _other(self, reference: Json) -> Other | None:
        """What one is; None if it has gone meanwhile.

        Raises:
            Refused: its manager, who is not down, says nothing that can be used.
        """
        problem = ""
        for attempt in range(4):
            the_id = reference["id"]
            if reference["manager"] == self.tokens.sub:
                intent = self._own(reference)
            elif self._current(reference):
                intent = self.store.heard[the_id]
            else:
                intent, problem = await self._ask(reference)
            if intent is not None:
                return as_other(intent)
            if reference["uss_availability"] == "Down":
                lowest = reference["state"] == "Accepted"
                priority = _LOWEST if lowest else _HIGHEST
                return Other(the_id, reference["state"], priority, (), "", everywhere=not lowest)
            if problem.startswith(_SILENT):
                break
            if attempt:
                await asyncio.sleep(0.02 * attempt)  # it may be about to know of its own change
            again = await self._get(the_id)
            if again is None:
                return None
            if again["version"] == reference["version"] and attempt > 1:
                break
            reference = again
        raise Refused("failed", f"{reference['manager']} on {reference['id']}: {problem}")

    def _own(self, reference: Json) -> Json | None:
        """An own intent, unless a change of it is under way."""
        intent = self.store.intents.get(reference["id"])
        same = intent is not None and intent["reference"]["version"] == reference["version"]
        return intent if same else None

    def _current(self, reference: Json) -> bool:
        heard = self.store.heard.get(reference["id"])
        return heard is not None and not faults(heard, reference)

    async def _ask(self, reference: Json) -> tuple[Json | None, str]:
        url = f"{reference['uss_base_url']}/uss/v1/operational_intents/{reference['id']}"
        started = time.time()
        try:
            token = self.tokens.issue(urlsplit(url).hostname or "", SC)
            answer = await self.client.call(
                "GET", url, token, timeout_s=self.config.details_timeout_s
            )
        except NoAnswer as error:
            self.store.note("asked", url=url, status=0, problem=str(error))
            return None, f"{_SILENT}: {error}"
        problem = ""
        try:
            if answer.status != 200:
                problem = f"status {answer.status}"
            else:
                intent = answer.json()["operational_intent"]
                problem = faults(intent, reference)
                if not problem:
                    return intent, ""
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problem = f"nonsense: {error}"
        finally:
            took_s = time.time() - started
            self.store.note("asked", url=url, status=answer.status, took_s=took_s, problem=problem)
        return None, problem

    # Filing.

    async def _put(
        self, the_id: str, before: Json | None, details: Json, state: str, key: list[str]
    ) -> Response:
        reference = before["reference"] if before else None
        body: Json = {
            "extents": [*details["volumes"], *details["off_nominal_volumes"]],
            "key": sorted(filter(None, key)),
            "state": state,
            "uss_base_url": self.config.base_url,
        }
        if reference is not None:
            body["subscription_id"] = reference["subscription_id"]
        else:
            body["new_subscription"] = {"uss_base_url": self.config.base_url}
        path = f"/dss/v1/operational_intent_references/{the_id}"
        if reference is not None:
            path += f"/{reference['ovn']}"
        self.store.pending.add(the_id)
        self.store.save()
        self.mode.die("before_put")
        scope = CMSA if state in OFF_NOMINAL else SC
        try:
            answer = await self._dss("PUT", path, body, scope)
        except NoAnswer:
            await self._settle(the_id)
            raise
        self.mode.die("after_put")
        if answer.status not in (200, 201):
            self.store.pending.discard(the_id)
        return answer

    def _filed(self, the_id: str, details: Json, body: Json) -> Outcome:
        intent = {"reference": body["operational_intent_reference"], "details": details}
        self.store.intents[the_id] = intent
        self.store.pending.discard(the_id)
        self.store.save()
        self.mode.die("before_notices")
        self.telling.tell(the_id, intent, body["subscribers"])
        return Outcome("accepted", intent=intent)

    async def _delete(self, the_id: str, ovn: str) -> None:
        self.store.pending.add(the_id)
        self.store.save()
        path = f"/dss/v1/operational_intent_references/{the_id}/{ovn}"
        answer = await self._dss("DELETE", path)
        self.store.pending.discard(the_id)
        if answer.status not in (200, 404):
            raise Refused("failed", f"{answer.status} {answer.body[:200]!r}")
        self.store.intents.pop(the_id, None)
        self.store.save()
        if answer.status == 200:
            self.telling.tell(the_id, None, answer.json()["subscribers"])

    async def _get(self, the_id: str) -> Json | None:
        answer = await self._dss("GET", f"/dss/v1/operational_intent_references/{the_id}")
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise NoAnswer(f"GET {the_id}: {answer.status}")
        reference: Json = answer.json()["operational_intent_reference"]
        return reference

    async def _dss(
        self, method: str, path: str, body: Json | None = None, scope: str = SC
    ) -> Response:
        url = self.config.dss + path
        token = self.tokens.issue(urlsplit(url).hostname or "", scope)
        return await self.client.call(method, url, token, body, timeout_s=10.0)

    def answer_details(self, the_id: str, to: str) -> bytes | None:
        """What a peer is told of an own intent: the last version that the exchange accepted."""
        intent = self.store.intents.get(the_id)
        if intent is None:
            return None
        lie = self.mode.details
        body = b'{"operational_intent": ' + told(intent, lie) + b"}"
        if lie:
            self.store.note("lied", id=the_id, lie=lie, to=to, sha256=sha256(body).hexdigest())
        return body
