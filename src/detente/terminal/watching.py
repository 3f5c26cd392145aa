"""Keeps a picture true: follows the node's events, asks for what has changed, notices silence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime
from typing import Final

from .answers import EntryEvent, Link, NodeState
from .calls import LineCalls
from .following import Listening, Lost, follow
from .node_api import NO_ANSWER_IN_TIME, NodeAway, NodeRefused
from .picture import Picture
from .texts import STATUS_BANNER

PULSE_S: Final = 4.0
"""Between questions whether the node still answers, and how its links are."""
PULSE_TIMEOUT_S: Final = 3.0
TOGETHER_S: Final = 0.1
"""Events that come so close upon one another lead to one question."""
_ABOUT: Final = frozenset(
    ("shown", "read-back", "read-back-refused", "acknowledgement", "escalation", "alarm", "receipt")
)
_ONE_BY_ONE: Final = 20

Clock = Callable[[], datetime]
Steady = Callable[[], float]


class Watcher:
    """Follows a node while `run` runs.

    Attributes:
        picture: what is known.
        ended: what the node said when it ended the session; None while it goes on.
    """

    def __init__(
        self,
        calls: LineCalls,
        picture: Picture,
        *,
        clock: Clock,
        steady: Steady,
        changed: Callable[[], None],
        heard: Callable[[EntryEvent | Link | NodeState], None] | None = None,
        after: str | None = None,
        pulse_s: float = PULSE_S,
    ) -> None:
        """Args:
        calls: the node.
        picture: is kept true.
        clock: time of day.
        steady: seconds of a clock that never goes back.
        changed: called after every change.
        heard: called with every event.
        after: index of the last entry that is known already.
        pulse_s: between questions whether the node answers.
        """
        self.picture = picture
        self.ended: NodeRefused | None = None
        self._calls = calls
        self._clock = clock
        self._steady = steady
        self._changed = changed
        self._heard = heard
        self._after = after
        self._pulse_s = pulse_s
        self._wake = asyncio.Event()
        self._ids: set[str] = set()
        self._all = False

    async def run(self) -> None:
        """Follow until this is cancelled, or the session has ended."""
        tasks = [asyncio.create_task(each) for each in (self._listen(), self._pulse(), self._ask())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def look_again(self) -> None:
        """Ask for everything, soon."""
        self._all = True
        self._wake.set()

    # --- inside ------------------------------------------------------------------------------

    async def _listen(self) -> None:
        async with aclosing(follow(self._calls.api, after=self._after)) as happenings:
            while True:
                try:
                    happening = await anext(happenings)
                except NodeRefused as refused:
                    self._end(refused)
                    return
                match happening:
                    case Listening():
                        self._answered()
                        self.look_again()
                    case Lost():
                        self._unanswered(happening.error)
                    case EntryEvent():
                        self._entry(happening)
                    case Link():
                        self.picture.put_link(happening)
                        self._changed()
                    case NodeState():
                        self.picture.node = happening
                        self._changed()
                if self._heard is not None and isinstance(happening, EntryEvent | Link | NodeState):
                    self._heard(happening)

    def _entry(self, event: EntryEvent) -> None:
        if event.kind == "message":
            self._ids.add(event.id)
            self._ids.update(ref["id"] for ref in event.refs if "id" in ref)
        elif event.kind in _ABOUT:
            self._ids.update(each for each in (event.about,) if each)
        else:
            return
        self._wake.set()

    async def _pulse(self) -> None:
        while True:
            try:
                found = await asyncio.wait_for(self._calls.links(), PULSE_TIMEOUT_S)
            except TimeoutError:
                self._unanswered(NodeAway(NO_ANSWER_IN_TIME))
            except NodeAway as error:
                self._unanswered(error)
            except NodeRefused as error:
                if error.status == 401:
                    self._end(error)
                    return
                self._unanswered(error)
            else:
                for link in found.links:
                    self.picture.put_link(link)
                if self._answered():
                    self.look_again()
                # Deadlines and test calls change by the clock alone.
                self._wake.set()
                self._changed()
            await asyncio.sleep(self._pulse_s)

    async def _ask(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(TOGETHER_S)
            self._wake.clear()
            ids, everything = self._ids, self._all
            self._ids, self._all = set(), False
            try:
                await self._look(ids, everything or len(ids) > _ONE_BY_ONE)
            except (NodeAway, NodeRefused) as error:
                # It is asked for again once the node answers.
                self._ids |= ids
                self._all = self._all or everything
                if isinstance(error, NodeAway):
                    self._unanswered(error)
            self._changed()

    async def _look(self, ids: set[str], everything: bool) -> None:
        if everything:
            for status in STATUS_BANNER:
                for box in ("in", "out"):
                    self.picture.put((await self._calls.messages(box, status=status)).messages)
        else:
            for identity in ids:
                await self._one(identity)
        waiting = (await self._calls.waiting()).waiting
        self.picture.put_waiting(waiting, self._steady())
        for identity in {each.id for each in waiting} - self.picture.messages.keys():
            await self._one(identity)
        self.picture.calls = await self._calls.test_calls()

    async def _one(self, identity: str) -> None:
        try:
            self.picture.put([await self._calls.message(identity)])
        except NodeRefused as error:
            if error.status not in (403, 404):
                raise  # the others: no message, or one that is not for this officer

    def _answered(self) -> bool:
        again = self.picture.answered(self._clock())
        if again:
            self._changed()
        return again

    def _unanswered(self, error: NodeAway | NodeRefused) -> None:
        self.picture.unanswered(self._clock(), error.words)
        self._changed()

    def _end(self, refused: NodeRefused) -> None:
        self.ended = refused
        self.picture.unanswered(self._clock(), refused.words)
        self._changed()
