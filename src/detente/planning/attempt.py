"""One attempt to make an order true at every exchange that it concerns, or at none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from detente.planning.actions import Answer, Heard, Pending
from detente.planning.course import Course
from detente.planning.intents import (
    Details,
    ExchangeArea,
    Fault,
    Intent,
    Order,
    Outcome,
    PlanningRules,
    Result,
)
from detente.planning.known import Neighbourhood
from detente.planning.settling import Settling
from detente.planning.steps import Steps, Stopped, Task
from detente.planning.survey import Survey

LATE_US: Final = 15_000_000
"""How long a request whose answer is missing may still arrive at an exchange."""


class Attempt:
    """An order being carried out, without input or output: errands out, answers in.

    The shell carries out what `actions` gives, in any order and all at once, and hands back what
    came of each by `answered`, until there is an `outcome`. Before the first errand that `changes`
    an exchange it makes the order durable. An outcome that names `unsettled` exchanges leaves that
    entry open: the same order is later given to an attempt with `settle=True`, as it is after a
    crash, until nothing is unsettled any more.

    While an order is being carried out the node goes on answering peers with what was accepted
    before, and for what is new with 404: nobody can be accepted beside what is not decided yet.

    Args:
        order: what is asked for.
        rules: of the parties.
        exchanges: all that there are, whether they are concerned or not.
        known: what is known of others; what is learnt is added.
        own: our own accepted intent of an id, None if there is none.
        now_us: the time.
        constraints: whether constraints are processed (their OVNs are shown, and our subscription
            asks for them).
        settle: the order was begun before, and what became of it is not known: finish it, or undo
            it, so that nothing stands anywhere that the outcome does not tell.
        late_us: with `settle`, how long to wait before believing that nothing will come of it.
        look_only: only learn who is there; nothing is decided, and nothing is changed.
    """

    def __init__(
        self,
        order: Order,
        rules: PlanningRules,
        exchanges: Sequence[ExchangeArea],
        known: Neighbourhood,
        *,
        own: Callable[[str], Intent | None],
        now_us: int,
        constraints: bool = False,
        settle: bool = False,
        late_us: int = LATE_US,
        look_only: bool = False,
    ) -> None:
        areas = {each.name: each for each in sorted(exchanges, key=lambda each: each.url)}
        task = Task(order, rules, areas, known, own, constraints, now_us)
        self._task = task
        if look_only:
            self._steps = _look(task)
        elif settle:
            self._steps = Settling(task, late_us).settle()
        else:
            self._steps = Course(task, late_us).carry_out()
        self._outcome: Outcome | None = None
        self._number = 0
        self._fresh: list[Pending] = []
        self._places: dict[int, int] = {}
        self._answers: list[Heard | None] = []
        self._go_on(None)

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None while it lasts."""
        return self._outcome

    def actions(self) -> tuple[Pending, ...]:
        """What is to be done and was not told yet."""
        fresh, self._fresh = tuple(self._fresh), []
        return fresh

    def answered(
        self,
        number: int,
        answer: Answer,
        now_us: int,
        *,
        source: str = "",
        signed_by: str = "",
        details: Details | None = None,
    ) -> None:
        """What came of an errand.

        Args:
            number: of the `Pending`.
            answer: see `actions.Errand`.
            now_us: the time.
            source: id of the record entry of the message.
            signed_by: the key that signed it, as checked.
            details: of the intent in it, where they were read already.

        Raises:
            ValueError: that errand was not asked for, or was answered already.
        """
        place = self._places.pop(number, None)
        if place is None:
            raise ValueError(f"nothing is expected for errand {number}")
        self._answers[place] = Heard(answer, source, signed_by, details)
        self._task.now_us = max(self._task.now_us, now_us)
        if not self._places:
            self._go_on(tuple(each for each in self._answers if each is not None))

    def _go_on(self, heard: tuple[Heard, ...] | None) -> None:
        try:
            batch = next(self._steps) if heard is None else self._steps.send(heard)
            while not batch.errands:
                batch = self._steps.send(())
        except StopIteration as end:
            self._outcome = end.value
            return
        self._answers = [None] * len(batch.errands)
        for place, errand in enumerate(batch.errands):
            self._number += 1
            self._places[self._number] = place
            self._fresh.append(Pending(self._number, errand, batch.not_before_us))


def _look(task: Task) -> Steps[Outcome]:
    """Learn who is there, and nothing else: what is asked for is neither judged nor filed."""
    survey, began_us = Survey(task), task.now_us
    volumes = task.order.details.all_volumes
    faults: tuple[Fault, ...] = ()
    result = Result.DONE
    try:
        yield from survey.look(
            [name for name, area in task.areas.items() if area.touches(volumes)], volumes
        )
    except Stopped as stopped:
        result, faults = stopped.result, tuple(stopped.faults)
    return Outcome(
        result,
        task.order,
        task.order.before,
        faults=faults,
        neighbours=tuple(survey.neighbours.values()),
        began_us=began_us,
        ended_us=task.now_us,
    )
