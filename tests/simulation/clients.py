"""The clients: several for each of four USSs, who share what their USS knows.

They behave as USSs do: announce, learn of conflicts by a 409, ask the other USS, try again, change
and end what they announced, lose patience, and look for the outcome where they do not know it.
Some of what they ask is wrong on purpose.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import TYPE_CHECKING, Final

import msgspec
from tests.simulation import questions
from tests.simulation.agent import Agent, Book
from tests.simulation.places import PLACES, extent

from detente.exchange import commands as c
from detente.exchange.refusals import MissingOvns, NoSuchEntity
from detente.f3548 import time_of
from detente.f3548 import types as wire
from detente.geo import Extent

if TYPE_CHECKING:
    from tests.simulation.world import World

USSS: Final = ("uss1", "uss2", "uss3", "uss4")
CLIENTS_A_USS: Final = 3
_THINK_S: Final = 0.02
_BANDS: Final = ((0, 100), (100, 200), (150, 300), (400, 500), (0, 500))
_STATES: Final[tuple[wire.OperationalIntentState, ...]] = (
    "Accepted",
    "Activated",
    "Activated",
    "Activated",
    "Nonconforming",
    "Contingent",
)
_OWNED_MOST: Final = 6


def all_of(world: World) -> Iterator[Coroutine[None, None, None]]:
    """Every client's life."""
    books = [Book(uss) for uss in USSS]
    for book in books:
        for _ in range(CLIENTS_A_USS):
            yield Client(world, book, books).live()
    yield Client(world, Book("operator"), books).operate()


class Client(Agent):
    """One of the tasks in which a USS talks to the pool."""

    def __init__(self, world: World, book: Book, books: list[Book]) -> None:
        super().__init__(world, book)
        self.books = books
        self.suffix: str | None = None

    async def live(self) -> None:
        """Do one thing after another."""
        deeds = (
            (self.announce, 30),
            (self.change, 25),
            (self.end, 12),
            (self.subscribe, 6),
            (self.change_subscription, 6),
            (self.unsubscribe, 4),
            (self.constrain, 7),
            (self.lift, 3),
            (self.look, 20),
            (self.meddle, 2),
        )
        actions = [action for action, _ in deeds]
        weights = [weight for _, weight in deeds]
        while not self.world.finished:
            await asyncio.sleep(self.rng.expovariate(1 / _THINK_S))
            if self.world.paused:
                continue
            self.world.busy += 1
            await self.rng.choices(actions, weights)[0]()
            self.world.busy -= 1

    async def operate(self) -> None:
        """Be the arbitrator and the housekeeper."""
        while not self.world.finished:
            await asyncio.sleep(self.rng.expovariate(1 / (5 * _THINK_S)))
            if self.world.paused:
                continue
            self.world.busy += 1
            await self.rng.choice(
                (self.arbitrate, self.arbitrate, self.evict, self.beat, self.report)
            )()
            self.world.busy -= 1

    # -- operational intents -----------------------------------------------------------------

    async def announce(self) -> None:
        book, rng = self.book, self.rng
        if len(book.intents) >= _OWNED_MOST:
            await self.end()
            return
        await self._put_intent(self._uuid(), None, "Accepted", rng.randrange(3))

    async def change(self) -> None:
        found = await self.own_intent()
        if found is None:
            return
        state = self.rng.choice(_STATES)
        await self._put_intent(*found, state, self.rng.randrange(8))

    async def end(self) -> None:
        found = await self.own_intent()
        if found is None:
            return
        identifier, ovn = found
        asked = await self.call(c.DeleteOperationalIntent(self.book.uss, identifier, ovn))
        if asked.outcome == "done" or self.missing(asked):
            self.book.intents.pop(identifier, None)
        else:
            self.doubt(self.book.intents, identifier)

    async def _put_intent(
        self, identifier: str, ovn: str | None, state: wire.OperationalIntentState, mode: int
    ) -> None:
        book, rng = self.book, self.rng
        where = self._extent()
        subscription_id, new = None, None
        if mode in (1, 3, 4):
            new = c.NewSubscription(self._url(), rng.random() < 0.5)
        elif mode in (2, 5, 6) and book.subscriptions:
            subscription_id = rng.choice(list(book.subscriptions))
            known = self.world.shadow.subscriptions.now.get(subscription_id)
            if known is not None and rng.random() < 0.7:
                where = _inside(where, known.extent)
        key = set(book.key.values()) if rng.random() < 0.7 else set()
        suffix = None
        if rng.random() < 0.2:
            suffix = self.suffix = self.suffix if rng.random() < 0.3 else self._suffix()
        for _ in range(4):
            asked = await self.call(
                c.PutOperationalIntent(
                    book.uss,
                    identifier,
                    ovn,
                    where,
                    state,
                    self._url(),
                    frozenset(key),
                    subscription_id,
                    new,
                    suffix,
                )
            )
            if asked.outcome == "done":
                reply = asked.reply
                assert isinstance(reply, wire.ChangeOperationalIntentReferenceResponse)
                intent = reply.operational_intent_reference
                book.intents[identifier] = intent.ovn
                if intent.subscription_id != wire.NO_SUBSCRIPTION_ID:
                    book.subscriptions.setdefault(intent.subscription_id, None)
                return
            if isinstance(asked.error, MissingOvns):
                key |= self._ask_others(asked.error)
            elif asked.outcome == "unknown":
                self.doubt(book.intents, identifier)
                return
            elif asked.outcome == "refused":
                if isinstance(asked.error, NoSuchEntity):
                    book.subscriptions.pop(subscription_id or "", None)
                if ovn is not None:
                    self.doubt(book.intents, identifier)
                return
            elif rng.random() < 0.5:
                return

    def _ask_others(self, missing: MissingOvns) -> set[str]:
        """What the managers of these entities answer when asked for the details."""
        learned: set[str] = set()
        shadow, rng = self.world.shadow, self.rng
        if len(self.book.key) > 30:
            self.book.key.clear()
        named = [r.id for r in missing.intents] + [r.id for r in missing.constraints]
        for identifier in named:
            stored = shadow.intents.now.get(identifier) or shadow.constraints.now.get(identifier)
            if stored is None or rng.random() < 0.05:
                continue
            learned.add(stored.ovn)
            self.book.key[identifier] = stored.ovn
        return learned

    # -- subscriptions -----------------------------------------------------------------------

    async def subscribe(self) -> None:
        if len(self.book.subscriptions) < _OWNED_MOST:
            await self._put_subscription(self._uuid(), None)

    async def change_subscription(self) -> None:
        found = await self.own_subscription()
        if found is not None:
            await self._put_subscription(*found)

    async def unsubscribe(self) -> None:
        found = await self.own_subscription()
        if found is None:
            return
        identifier, version = found
        asked = await self.call(c.DeleteSubscription(self.book.uss, identifier, version))
        if asked.outcome == "done" or self.missing(asked):
            self.book.subscriptions.pop(identifier, None)
        else:
            self.doubt(self.book.subscriptions, identifier)

    async def _put_subscription(self, identifier: str, version: str | None) -> None:
        rng = self.rng
        where = self._extent(wide=True)
        times = [where.time_start_us, where.time_end_us]
        for i in (0, 1):
            if rng.random() < 0.3:
                times[i] = None
        where = Extent(where.hull, where.altitude_lower_mm, where.altitude_upper_mm, *times)
        flags = rng.choice(((True, False), (True, True), (False, True), (True, True)))
        asked = await self.call(
            c.PutSubscription(self.book.uss, identifier, version, where, self._url(), *flags)
        )
        if asked.outcome == "done":
            assert isinstance(asked.reply, wire.PutSubscriptionResponse)
            self.book.subscriptions[identifier] = asked.reply.subscription.version
        elif asked.outcome == "unknown" or version is not None:
            self.doubt(self.book.subscriptions, identifier)

    # -- constraints -------------------------------------------------------------------------

    async def constrain(self) -> None:
        book, rng = self.book, self.rng
        identifier, ovn = self._uuid(), None
        known = [i for i, o in book.constraints.items() if o is not None]
        if len(book.constraints) >= 2 or (known and rng.random() < 0.5):
            if not known:
                await self.settle(book.constraints, questions.constraint)
                return
            identifier = rng.choice(known)
            ovn = book.constraints[identifier]
        where = self._extent()
        if rng.random() < 0.3:
            where = Extent(where.hull, None, None, where.time_start_us, where.time_end_us)
        asked = await self.call(c.PutConstraint(book.uss, identifier, ovn, where, self._url()))
        if asked.outcome == "done":
            assert isinstance(asked.reply, wire.ChangeConstraintReferenceResponse)
            book.constraints[identifier] = asked.reply.constraint_reference.ovn
        elif asked.outcome == "unknown" or ovn is not None:
            self.doubt(book.constraints, identifier)

    async def lift(self) -> None:
        book = self.book
        known = [(i, o) for i, o in book.constraints.items() if o is not None]
        if not known:
            await self.settle(book.constraints, questions.constraint)
            return
        identifier, ovn = self.rng.choice(known)
        asked = await self.call(c.DeleteConstraint(book.uss, identifier, ovn))
        if asked.outcome == "done" or self.missing(asked):
            book.constraints.pop(identifier, None)
        else:
            self.doubt(book.constraints, identifier)

    # -- everything else ---------------------------------------------------------------------

    async def look(self) -> None:
        """Read something, anywhere."""
        rng = self.rng
        kind = rng.randrange(5)
        if kind == 0:
            await self.read(*questions.intents_in(self._extent(wide=True)))
        elif kind == 1:
            await self.read(*questions.constraints_in(self._extent(wide=True)))
        elif kind == 2:
            await self.read(*questions.subscriptions_of(self.book.uss, self._extent(wide=True)))
        elif kind == 3:
            await self.read(*questions.availability(rng.choice(USSS)))
        else:
            await self.settle(rng.choice(self.books).intents, questions.intent)

    async def meddle(self) -> None:
        """Try what is another's."""
        rng = self.rng
        other = rng.choice(self.books)
        kind = rng.randrange(3)
        if kind == 0 and other.intents:
            identifier = rng.choice(list(other.intents))
            ovn = other.intents[identifier] or "unknown-to-anybody"
            await self.call(c.DeleteOperationalIntent(self.book.uss, identifier, ovn))
        elif kind == 1 and other.subscriptions:
            identifier = rng.choice(list(other.subscriptions))
            await self._put_subscription(identifier, other.subscriptions[identifier])
        elif other.constraints:
            identifier = rng.choice(list(other.constraints))
            ovn = other.constraints[identifier] or "unknown-to-anybody"
            await self.call(c.DeleteConstraint(self.book.uss, identifier, ovn))

    async def arbitrate(self) -> None:
        uss = self.rng.choice(USSS)
        known = await self.read(*questions.availability(uss))
        if known.outcome != "done":
            return
        version = str(known.result[1]) if self.rng.random() < 0.9 else "stale"
        availability = self.rng.choices(("Normal", "Down"), (6, 1))[0]
        await self.call(
            c.SetAvailability("arbitrator", uss, version, wire_availability(availability))
        )

    async def evict(self) -> None:
        def before() -> int | None:
            back_us = self.rng.choice((0, 5_000_000, 30_000_000))
            return None if self.rng.random() < 0.3 else self.world.now_us - back_us

        most = self.rng.choice((1, 500, 500))
        await self.call(c.Evict(before(), before(), before(), most))

    async def beat(self) -> None:
        name = self.rng.choice(self.world.instances).name
        await self.call(c.SendHeartbeat(name, name, "instance"))

    async def report(self) -> None:
        now = time_of(self.world.now_us)
        record = wire.ExchangeRecord(self._url(), "GET", "Client", now)
        body = msgspec.json.encode(wire.ErrorReport(record)).decode()
        await self.call(c.FileReport(self.book.uss, body))

    # -- inventing ---------------------------------------------------------------------------

    def _uuid(self) -> str:
        h = self.rng.randbytes(16).hex()
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"

    def _suffix(self) -> str:
        ms = self.world.now_us // 1000
        h = self.rng.randbytes(10).hex()
        return f"{ms >> 16:08x}-{ms & 0xFFFF:04x}-7{h[1:4]}-a{h[5:8]}-{h[8:20]}"

    def _url(self) -> str:
        return f"https://{self.book.uss}.example/{self.rng.randrange(2)}"

    def _extent(self, *, wide: bool = False) -> Extent:
        rng = self.rng
        first = rng.randrange(PLACES)
        last = min(PLACES - 1, first + rng.choice((0, 0, 0, 1, 4) if not wide else (0, 1, 2, 5)))
        start_us = self.world.now_us + round(rng.uniform(-20e6, 20e6))
        end_us = start_us + round(rng.uniform(1e6, 40e6) * (2 if wide else 1))
        band = rng.choice(_BANDS) if not wide else rng.choice(((0, 500), (None, None), (100, None)))
        return extent(first, last, band, start_us, end_us)


def _inside(where: Extent, covering: Extent) -> Extent:
    """An extent that a subscription covers."""
    return Extent(
        covering.hull,
        where.altitude_lower_mm
        if covering.altitude_lower_mm is None
        else covering.altitude_lower_mm,
        where.altitude_upper_mm
        if covering.altitude_upper_mm is None
        else covering.altitude_upper_mm,
        covering.time_start_us,
        covering.time_end_us,
    )


def wire_availability(text: str) -> wire.UssAvailabilityState:
    """The literal of a text."""
    return "Down" if text == "Down" else "Normal"
