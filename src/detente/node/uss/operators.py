"""What our operators are told of their plans: at once, on the stream of events, and on record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from detente.f3548 import uss_types as uss
from detente.planning import Action, Conflict, Outcome, Result
from detente.record import JsonValue, format_time
from detente.words import NARROW, Words

from .notifier import Delivery

KEPT: Final = 200
"""Events that a listener who comes is told."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DONE: Final[Mapping[Action, Words]] = {
    Action.PLAN: Words("is planned", "est planifié"),
    Action.MODIFY: Words("is changed", "est modifié"),
    Action.ACTIVATE: Words("is activated", "est activé"),
    Action.DECLARE_NONCONFORMING: Words(
        "does not fly as planned", "ne vole pas comme il était planifié"
    ),
    Action.DECLARE_CONTINGENT: Words("is in an emergency", "est en situation d’urgence"),
    Action.CONFORM: Words("flies as planned again", "vole de nouveau comme planifié"),
    Action.END: Words("has ended", "est terminé"),
}
_NOT_DONE: Final[Mapping[Result, Words]] = {
    Result.REFUSED: Words("was refused", "a été refusé"),
    Result.FAILED: Words("could not be carried out", "n’a pas pu être exécuté"),
}


class Tells(Protocol):
    """What is needed of the feed."""

    def state(self, topic: str, name: str, kind: str, facts: Mapping[str, JsonValue]) -> None:
        """Tell a state."""


class Notes(Protocol):
    """What is needed of the recorder."""

    async def operator_notice(
        self,
        event: uss.UserNotificationEvent,
        intent_id: str,
        text: Words,
        triggered_us: int,
        with_id: str = "",
    ) -> str:
        """Record that our operator was told of something, now."""


class Operators:
    """Tells everybody who watches, and records that it was told."""

    def __init__(self, feed: Tells, recorder: Notes, now_us: Callable[[], int]) -> None:
        self._feed = feed
        self._recorder = recorder
        self._now_us = now_us
        self._events = 0

    async def attempted(self, outcome: Outcome) -> None:
        """An attempt has ended: what came of it, and which conflicts it made (SCD0090)."""
        order, intent = outcome.order, outcome.intent
        called = _called(order.name, order.id)
        if outcome.result is Result.DONE:
            what = _DONE[order.action]
            words = Words(f"{called} {what.en}.", f"{called} {what.fr}.")
        else:
            what, asked = _NOT_DONE[outcome.result], order.action.value
            words = Words(
                f"{called}: the order “{asked}” {what.en}.",
                f"{called}{NARROW}: l’ordre «{NARROW}{asked}{NARROW}» {what.fr}.",
            )
        self._tell(
            "plan",
            {
                "id": order.id,
                "name": order.name,
                "action": order.action.value,
                "result": outcome.result.value,
                "state": None if intent is None or intent.ended else intent.state.value,
                "words": {"en": words.en, "fr": words.fr},
            },
        )
        if outcome.result is Result.DONE and order.action is not Action.END:
            for conflict in outcome.conflicts:
                await self.notice(
                    "SCD0090",
                    order.id,
                    _meets(called, conflict),
                    outcome.ended_us,
                    conflict.with_id,
                )

    async def delivered(self, delivery: Delivery) -> None:
        """What became of a notice: if a USS could not be told, they are told that (GEN0400)."""
        if delivery.delivered_us is not None:
            return
        url, problem = delivery.notice.uss_base_url, delivery.problem
        words = Words(
            f"{url} could not be told of the change{NARROW}: {problem}",
            f"{url} n’a pas pu être averti de la modification{NARROW}: «{NARROW}{problem}{NARROW}»",
        )
        await self.notice("GEN0400", delivery.notice.intent_id, words, self._now_us())

    async def notice(
        self,
        event: uss.UserNotificationEvent,
        intent_id: str,
        words: Words,
        triggered_us: int,
        with_id: str = "",
    ) -> None:
        """Tell operators something of a plan, and record that they are told: see `told`.

        Args:
            event: the requirement by which they are told.
            intent_id: about which plan.
            words: a sentence.
            triggered_us: when that happened which they are told of.
            with_id: the other intent, or constraint, that it is about.
        """
        await self._recorder.operator_notice(event, intent_id, words, triggered_us, with_id)

    def told(self, event: str, intent_id: str, words: Words, with_id: str) -> None:
        """It is on record that operators are told of something: tell them."""
        facts: dict[str, JsonValue] = {
            "id": intent_id,
            "event": event,
            "with": with_id or None,
            "words": {"en": words.en, "fr": words.fr},
        }
        self._tell("plan-notice", facts)

    def _tell(self, name: str, facts: dict[str, JsonValue]) -> None:
        # Each event is a state of its own, or two in a row would be one; the oldest make room.
        self._events += 1
        at = format_time(_EPOCH + timedelta(microseconds=self._now_us()))
        topic = f"plans/{self._events % KEPT}"
        self._feed.state(topic, name, name, {**facts, "number": self._events, "at": at})


def _called(name: str, identity: str) -> str:
    return name or identity


def _meets(called: str, conflict: Conflict) -> Words:
    whose = conflict.manager
    return Words(
        f"{called} meets the intent {conflict.with_id} of {whose} ({conflict.state.value}, "
        f"priority {conflict.priority}).",
        f"{called} rencontre l’intention {conflict.with_id} de {whose} ({conflict.state.value}, "
        f"priorité {conflict.priority}).",
    )
