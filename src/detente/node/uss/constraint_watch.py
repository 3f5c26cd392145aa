"""What is known of constraints, and what our operators are told of them (CSTP0005 …)."""

from __future__ import annotations

import logging
from typing import Final

from detente.errors import DetenteError
from detente.f3548 import PeerRefused
from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.planning import Action, Intent, KnownConstraint, Outcome, OwnConstraint, Result
from detente.planning.constraint_hearing import judge_constraint, read_constraint
from detente.planning.constraints import (
    ConstraintNotice,
    meets,
    told_of_constraint,
    told_of_flight,
    volumes_of,
)

from .aside import aside
from .constraint_parts import ConstraintParts

_NOT_FOUND: Final = 404

_log = logging.getLogger("detente.node.uss")


class ConstraintWatch:
    """Others' constraints and ours, as far as they concern our flights."""

    def __init__(self, parts: ConstraintParts) -> None:
        self._parts = parts

    def others(self) -> tuple[KnownConstraint, ...]:
        """Others', as they were last heard of."""
        every = self._parts.known.constraints()
        return tuple(each for each in every if each.reference.manager != self._parts.manager)

    async def heard(
        self, change: uss.PutConstraintDetailsParameters, sender: str, source: str, exchange: str
    ) -> None:
        """A peer has told of a constraint (U5).

        Args:
            change: as received.
            sender: its `sub`.
            source: id of the record entry of the message.
            exchange: whose peers told it; "" where there is only one.

        Raises:
            InvalidMember, InvalidVolume, Unusable: it cannot be understood.
            NotItsManager, Outdated: it may not be believed.
        """
        now_us = self._parts.now_us()
        volumes = () if change.constraint is None else change.constraint.details.volumes
        told = await aside(volumes, read_constraint, change)
        name = exchange or self._parts.exchanges[0].name
        before = self._known(told.id, name)
        asked, standing = await self._standing(told.id, name)
        judge_constraint(told, sender, before, standing)
        if asked and (standing is None) != (told.constraint is None):
            return  # the exchange alone says what there is
        if told.constraint is None:
            self._parts.known.forget_constraint(told.id, name)
            now = None
        else:
            now = KnownConstraint(
                name, told.constraint.reference, told.constraint.details, told.volumes, now_us,
                source,
            )  # fmt: skip
            self._parts.known.learn_constraint(now)
        await self.tell(
            told.id,
            None if before is None else before.details,
            None if now is None else now.details,
            now_us,
        )

    async def planned(self, outcome: Outcome) -> None:
        """An attempt has ended: tell the operator which constraints the flight meets."""
        intent = outcome.intent
        if outcome.result is not Result.DONE or intent is None or intent.ended:
            return
        if outcome.order.action is Action.END:
            return
        told: set[str] = set()
        for known in self._parts.known.constraints():
            identity = known.reference.id
            if identity not in told and meets(intent, known.volumes):
                told.add(identity)
                await self._notice(told_of_flight(intent, identity, known.details), outcome)

    def meeting(self, intent: Intent) -> tuple[KnownConstraint, ...]:
        """The constraints that a flight meets, as far as they are known."""
        every = self._parts.known.constraints()
        return tuple(each for each in every if meets(intent, each.volumes))

    def know(self, constraint: OwnConstraint) -> None:
        """Our own constraints count for our flights like others'."""
        volumes = volumes_of(constraint.details)
        now_us = self._parts.now_us()
        for name, reference in constraint.filed:
            self._parts.known.learn_constraint(
                KnownConstraint(name, reference, constraint.details, volumes, now_us)
            )

    def _known(self, identity: str, exchange: str) -> KnownConstraint | None:
        for each in self._parts.known.constraints():
            if each.reference.id == identity and each.exchange == exchange:
                return each
        return None

    async def _standing(
        self, identity: str, exchange: str
    ) -> tuple[bool, wire.ConstraintReference | None]:
        """Whether the exchange has said how it stands there now, and what."""
        try:
            client = self._parts.calls.exchange(exchange, identity)
            return True, await client.constraint(identity)
        except PeerRefused as error:
            if error.status == _NOT_FOUND:
                return True, None
            problem: DetenteError = error
        except DetenteError as error:
            problem = error
        # The token vouches for who tells it; operators must know within 5 s.
        _log.warning("%s was not asked about a constraint: %s", exchange, problem)
        return False, None

    async def tell(
        self,
        identity: str,
        before: uss.ConstraintDetails | None,
        now: uss.ConstraintDetails | None,
        happened_us: int,
    ) -> None:
        """Tell the operators of our flights what a change of a constraint means for them."""
        if before == now:
            return
        for intent in list(self._parts.book.intents.values()):
            notice = told_of_constraint(intent, identity, before, now)
            if notice is not None:
                await self._say(notice, happened_us)

    async def _notice(self, notice: ConstraintNotice, outcome: Outcome) -> None:
        await self._say(notice, outcome.ended_us)

    async def _say(self, notice: ConstraintNotice, happened_us: int) -> None:
        await self._parts.operators.notice(
            notice.event, notice.intent_id, notice.text, happened_us, notice.constraint_id
        )
