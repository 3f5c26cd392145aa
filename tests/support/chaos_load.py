"""Officers who do their work through the interface while everything around them fails.

Each party's officer sends messages of every urgency, has on screen what comes, reads it back,
acknowledges it and sometimes answers it. What the node says is done is kept as a `Promise`; how it
says that messages stand as `Sample`s. A call that is not answered is not repeated blindly: a person
looks first whether it was done.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from tests.support.chaos_nodes import ChaosNode
from tests.support.chaos_rules import STATES, Head, Sample
from tests.support.line_messages import CIRCLE, LEVELS, TIMES
from tests.support.node_history import TOKEN, Complaint, Promise

_LINE = "/api/v1/line"
_PARTS = ("area", "levels", "times")
_NOT_NOW = (429, 503)
_PAGE = 50


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


class _NotNow(Exception):
    """The node says that it cannot do this now."""


@dataclass
class Kept:
    """All that officers were told."""

    promises: list[Promise] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    heads: list[Head] = field(default_factory=list)
    surprises: list[Complaint] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


class DutyOfficer:
    """One party's officer at his screen.

    Args:
        node: of his party.
        peer: id of the other party.
        account: his.
        authorization: of his session.
        kept: is told everything.
        random: decides what he does.
        every_s: between two messages of his, on average.
    """

    def __init__(
        self,
        node: ChaosNode,
        peer: str,
        account: str,
        authorization: str,
        kept: Kept,
        random: random.Random,
        every_s: float,
    ) -> None:
        self.sends = True
        self._node = node
        self._peer = peer
        self._account = account
        self._authorization = authorization
        self._kept = kept
        self._random = random
        self._every_s = every_s
        self._number = 0
        self._done: set[str] = set()
        self._stood: dict[str, tuple[Any, ...]] = {}

    async def work(self) -> None:
        """Work until this is cancelled; a node that is away is waited for."""
        while True:
            if not self._node.runs or self._node.line_port is None:
                await asyncio.sleep(0.02)
                continue
            try:
                async with self._node.client(self._authorization) as http:
                    while http.base_url == self._node.url:
                        await self._round(http)
            except (httpx.HTTPError, OSError):
                self._kept.counts["calls cut off"] += 1
                await asyncio.sleep(0.02)

    async def finish(self) -> bool:
        """Look at everything there is, and acknowledge what is not.

        Returns: whether there was nothing left, the line is up, and nothing is under way.
        """
        async with self._node.client(self._authorization) as http:
            try:
                left = await self._look(http, "in", everything=True)
                await self._look(http, "out", everything=True)
                links = (await self._head(http))["links"]
            except _NotNow:
                return False
            quiet = all(link["state"] == "up" and not link["waiting"] for link in links)
            return quiet and left == 0

    # --- inside ------------------------------------------------------------------------------

    async def _round(self, http: httpx.AsyncClient) -> None:
        began = asyncio.get_running_loop().time()
        try:
            if self.sends:
                await self._send(http)
            await self._look(http, "in")
            await self._look(http, "out")
            await self._head(http)
        except _NotNow:
            self._kept.counts["told: not now"] += 1
        spent = asyncio.get_running_loop().time() - began
        pause = self._random.uniform(0.5, 1.5) * self._every_s
        await asyncio.sleep(max(0.005, pause - spent))

    async def _send(self, http: httpx.AsyncClient) -> None:
        self._number += 1
        token = {
            "language": "en",
            "text": f"{TOKEN}{self._node.party}-{self._number} "
            + "x" * self._random.choice((0, 50, 1500)),
        }
        body: dict[str, Any] = self._random.choice(
            (
                {"form": "text", "fields": {"text": token}},
                {"form": "text", "fields": {"text": token}, "urgency": "distress"},
                {"form": "text", "fields": {"text": token}, "urgency": "urgent"},
                {
                    "form": "activity-notice",
                    "fields": {
                        "activity": "flights",
                        "area": CIRCLE,
                        "levels": LEVELS,
                        "times": TIMES,
                        "remarks": token,
                    },
                },
                {
                    "form": "warning",
                    "fields": {"danger": "debris", "area": CIRCLE, "advice": token},
                    "urgency": self._random.choice(("distress", "urgent")),
                },
            )
        )
        body["to"] = self._peer
        if self._random.random() < 0.1:
            body["files"] = [await self._file(http)]
        await self._post_message(http, body)

    async def _file(self, http: httpx.AsyncClient) -> dict[str, str]:
        data = self._random.randbytes(self._random.randrange(100, 40_000))
        answer = await http.post(f"{_LINE}/files?type=image/png", content=data)
        sha256 = self._checked(answer, 201)["sha256"]
        self._kept.counts["files"] += 1
        return {"sha256": sha256, "media_type": "image/png"}

    async def _post_message(self, http: httpx.AsyncClient, body: dict[str, Any]) -> None:
        answer = await http.post(f"{_LINE}/messages", json=body)
        told = self._checked(answer, 201)
        self._promise("message", told["id"])
        self._kept.counts[f"sent, {told['urgency']}"] += 1

    async def _look(self, http: httpx.AsyncClient, box: str, *, everything: bool = False) -> int:
        """Read a list, newest first; deal with what came. How many were not dealt with before."""
        dealt = 0
        before: int | None = None
        while True:
            query = {"box": box, "limit": str(_PAGE)}
            if before is not None:
                query["before"] = str(before)
            told = self._checked(await http.get(f"{_LINE}/messages", params=query), 200)
            at = now()
            fresh = [self._note(message, at) for message in told["messages"]]
            if box == "in":
                for message in reversed(told["messages"]):
                    if message["id"] not in self._done:
                        dealt += 1
                        await self._deal(http, message)
            before = told["before"]
            # What is known down to here is known further down, unless somebody was away.
            if before is None or not (everything or all(fresh)):
                return dealt

    async def _deal(self, http: httpx.AsyncClient, message: dict[str, Any]) -> None:
        identity = message["id"]
        ours = next(each for each in message["recipients"] if each["party"] == self._node.party)
        if ours["acknowledged_by"] == self._account:
            self._done.add(identity)
            return
        path = f"{_LINE}/messages/{identity}"
        shown = self._checked(await http.post(f"{path}/shown"), 200)
        self._promise("shown", identity)
        self._note(shown, now())
        read_back = {part: message["fields"][part] for part in message["read_back"]}
        told = self._checked(
            await http.post(f"{path}/acknowledgement", json={"read_back": read_back}), 200
        )
        self._promise("acknowledgement", identity)
        self._kept.counts["acknowledged"] += 1
        self._done.add(identity)
        self._note(told, now())
        if self.sends and self._random.random() < 0.1 and message["form"] != "reply":
            body = {"form": "reply", "fields": {"answer": "yes"}, "to": self._peer}
            urgency = message["urgency"]
            await self._post_message(http, {**body, "answers": identity, "urgency": urgency})

    async def _head(self, http: httpx.AsyncClient) -> Any:
        status = self._checked(await http.get("/api/v1/status"), 200)
        record = status["record"]
        head = Head(self._node.party, now(), record["size"], record["root"], record["cosigned"])
        self._kept.heads.append(head)
        if status["faults"]:
            self._kept.counts["faults that nodes tell of themselves"] += 1
        return status

    def _note(self, message: dict[str, Any], at: datetime) -> bool:
        """Keep how a message stands, if that is new; whether the message was known."""
        known = True
        for each in message["recipients"]:
            stands = (
                each["state"],
                tuple(sorted(shown["officer"] for shown in each["shown"])),
                each["acknowledged_by"],
                tuple(each["answers"]),
            )
            key = f"{message['id']} {each['party']}"
            known = known and key in self._stood
            if self._stood.get(key) != stands:
                self._stood[key] = stands
                sample = Sample(self._node.party, at, message["id"], each["party"], *stands)
                assert sample.state in STATES
                self._kept.samples.append(sample)
        return known

    def _promise(self, kind: str, of: str) -> None:
        self._kept.promises.append(Promise(self._node.party, kind, of, self._account, now()))

    def _checked(self, answer: httpx.Response, status: int) -> Any:
        """The body of an answer that is as it should be.

        Raises:
            _NotNow: the node cannot do this now.
        """
        if answer.status_code in _NOT_NOW:
            raise _NotNow
        if answer.status_code != status:
            what = f"{answer.request.method} {answer.request.url.path}: {answer.status_code}"
            self._kept.surprises.append(
                Complaint("interface", f"{self._node.party}: {what} {answer.text[:300]}")
            )
            raise _NotNow
        return answer.json()
