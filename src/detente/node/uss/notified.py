"""What other USSs tell us of their intents and constraints (U3, U5): judged, and passed on."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol
from weakref import WeakValueDictionary

import msgspec

from detente.errors import DetenteError
from detente.f3548 import InvalidMember, InvalidVolume, entity_id
from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.geo import prepare
from detente.http import Request, Response
from detente.planning import (
    Book,
    HeardIntent,
    Neighbour,
    NotItsManager,
    Outdated,
    Unusable,
    judge,
    read_change,
)
from detente.planning.hearing import suffered_near
from detente.planning.own_intents import OwnIntents

from .aside import aside
from .recorder import Recorder
from .witnessed import current

_TOLD_MAX: Final = 4096
_ASKED_FOR_ONE: Final = 2
_ASKED_AT_ONCE: Final = 4
"""Questions to exchanges because of notifications: whoever invents intents must not keep plans
from being filed, which need the same few connections."""


class HearsPeers(Protocol):
    """Who must know what peers tell of their intents: the `Planner`."""

    def known(self, exchange: str, intent_id: str) -> Neighbour | None:
        """What is known of another's intent."""
        ...

    async def ask_reference(
        self, exchange: str, intent_id: str
    ) -> wire.OperationalIntentReference | None:
        """Its reference at the exchange now; None: there is none.

        Raises:
            DetenteError: the exchange cannot be asked.
        """
        ...

    async def heard(self, heard: HeardIntent) -> None:
        """A peer has told, and may be believed."""
        ...


class HearsConstraints(Protocol):
    """Who manages constraints, and must know what peers tell of theirs."""

    def details(self, constraint_id: str, exchange: str) -> uss.Constraint | None:
        """One of ours, as it stands at an exchange; None: there is none."""
        ...

    async def heard(
        self, change: uss.PutConstraintDetailsParameters, sender: str, source: str, exchange: str
    ) -> None:
        """A peer has told of a constraint.

        Raises:
            NotItsManager, Outdated, Unusable: it may not be believed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where peers of certain exchanges call us.

    Attributes:
        prefix: path before `/uss/v1`.
        exchanges: their names.
    """

    prefix: str
    exchanges: tuple[str, ...]


class Notified:
    """Takes notifications.

    Args:
        book: our own intents: whose operators must know of conflicts.
        recorder: takes notices to our operators.
        intents: hears of others' intents.
        constraints: hears of others' constraints; None: nobody does.
    """

    def __init__(
        self,
        book: Book,
        recorder: Recorder,
        intents: HearsPeers,
        constraints: HearsConstraints | None = None,
    ) -> None:
        self._book = book
        self._recorder = recorder
        self._intents = intents
        self._constraints = constraints
        self._ours = OwnIntents()
        self._asking = asyncio.Semaphore(_ASKED_AT_ONCE)
        self._asking_for: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._told: OrderedDict[tuple[str, int, str, int], None] = OrderedDict()

    async def of_intent(
        self, request: Request[wire.PutOperationalIntentDetailsParameters], place: Place
    ) -> Response:
        """An intent of the caller has changed or ended."""
        sender, now = request.caller.sub, current()
        now.about.append(entity_id(request.body.operational_intent_id, "operational_intent_id"))
        try:
            told = await aside(_volumes(request.body), read_change, request.body)
        except (InvalidMember, Unusable) as error:
            now.problem = str(error)
            raise
        exchange, known = self._known(told.intent_id, place)
        standing = None
        sure = known is not None and known.reference.manager == sender
        if not sure:
            try:
                exchange, standing, sure = await self._ask(told.intent_id, place, sender)
            except DetenteError as error:
                now.problem = f"Not believed: the exchange could not be asked. {error}"
        try:
            judge(told, sender, known, standing)
        except (NotItsManager, Outdated, Unusable) as error:
            now.problem = str(error)
            raise
        if told.reference is None:
            if standing is not None:
                now.problem = "Said to have ended, and still stands at the exchange."
            elif sure:
                await self._intents.heard(HeardIntent(exchange, told.intent_id, None, now.id))
            return Response(204)
        if known is None and standing is None:
            # It may have gone meanwhile; the exchange alone says what there is.
            now.problem = now.problem or "No exchange has it."
            return Response(204)
        neighbour = Neighbour(
            exchange=exchange,
            reference=told.reference if standing is None else with_ovn(standing, told.reference),
            details=told.details,
            learnt="notified",
            at_us=request.received_us,
            source=now.id,
        )
        await self._intents.heard(HeardIntent(exchange, told.intent_id, neighbour, now.id))
        await self._tell_operators(neighbour, request)
        return Response(204)

    def _known(self, identity: str, place: Place) -> tuple[str, Neighbour | None]:
        """What is known of an intent, at one of the exchanges whose peers call here."""
        exchanges = place.exchanges or ("",)
        for exchange in exchanges:
            known = self._intents.known(exchange, identity)
            if known is not None:
                return exchange, known
        return exchanges[0], None

    async def _ask(
        self, identity: str, place: Place, sender: str
    ) -> tuple[str, wire.OperationalIntentReference | None, bool]:
        """At which of the exchanges an intent stands, and how; True: they were asked.

        Raises:
            DetenteError: one cannot be asked.
        """
        exchanges = place.exchanges or ("",)
        for exchange in exchanges:
            async with self._turn(sender):
                found = await self._intents.ask_reference(exchange, identity)
            if found is not None:
                return exchange, found, True
        return exchanges[0], None, True

    @asynccontextmanager
    async def _turn(self, sender: str) -> AsyncIterator[None]:
        """The right to ask an exchange because of what somebody has told."""
        own = self._asking_for.get(sender)
        if own is None:
            own = self._asking_for[sender] = asyncio.Semaphore(_ASKED_FOR_ONE)
        async with own, self._asking:
            yield

    async def _tell_operators(
        self, theirs: Neighbour, request: Request[wire.PutOperationalIntentDetailsParameters]
    ) -> None:
        """Tell our operators of conflicts that another's change has made (SCD0095)."""
        if theirs.details is None:
            return
        volumes = _volumes(request.body)
        laid_out = await aside(volumes, prepare, theirs.details.all_volumes)
        self._ours.follow(self._book.intents)
        near = self._ours.near(laid_out)
        for each in await aside(volumes, suffered_near, theirs, laid_out, near):
            key = (each.ours.id, each.ours.version, theirs.id, theirs.reference.version)
            if key in self._told:
                continue
            self._told[key] = None
            if len(self._told) > _TOLD_MAX:
                self._told.popitem(last=False)
            await self._recorder.operator_notice(
                "SCD0095", each.ours.id, each.words, request.received_us, theirs.id
            )

    async def of_constraint(
        self, request: Request[uss.PutConstraintDetailsParameters], place: Place
    ) -> Response:
        """A constraint of the caller has changed or ended."""
        identity = entity_id(request.body.constraint_id, "constraint_id")
        now = current()
        now.about.append(identity)
        if self._constraints is not None:
            exchange = (place.exchanges or ("",))[0]
            try:
                async with self._turn(request.caller.sub):
                    await self._constraints.heard(
                        request.body, request.caller.sub, now.id, exchange
                    )
            except (InvalidMember, InvalidVolume, NotItsManager, Outdated, Unusable) as error:
                now.problem = str(error)
                raise
        return Response(204)


def with_ovn(
    standing: wire.OperationalIntentReference, told: wire.OperationalIntentReference
) -> wire.OperationalIntentReference:
    """What the exchange says, with the OVN that only the manager tells."""
    if standing.version != told.version:
        return told
    return msgspec.structs.replace(standing, ovn=told.ovn)


def _volumes(body: wire.PutOperationalIntentDetailsParameters) -> list[wire.Volume4D]:
    """All that a notification tells."""
    if body.operational_intent is None:
        return []
    details = body.operational_intent.details
    return [*details.volumes, *details.off_nominal_volumes]
