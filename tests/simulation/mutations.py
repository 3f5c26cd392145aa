"""Faults put into the exchange on purpose: a simulator that does not find them is worth nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from tests.simulation.on_purpose import Mutations, patch

from detente.errors import DetenteError
from detente.exchange import administration, intents, notifying, subscriptions
from detente.exchange import commands as c
from detente.exchange import constraints as constraint_rules
from detente.exchange import entries as e
from detente.exchange.airspace import Airspace, ImageReader
from detente.exchange.service import Exchange
from detente.exchange.shelves import Journal, Register
from detente.exchange.waiting import Pending
from detente.geo import Extent
from detente.record import (
    AppendUnknown,
    HeadMoved,
    Ledger,
    LedgerWriting,
    LogDamaged,
    LogUnavailable,
)

MUTATIONS: Final = Mutations()
mutation = MUTATIONS.add


# -- the service -----------------------------------------------------------------------------


@mutation
def tell_before_durable() -> Iterator[Any]:
    real = Exchange._decide

    def told_at_once(self: Exchange, pending: Pending, bodies: list[bytes]) -> None:
        real(self, pending, bodies)
        pending.tell()

    with patch(Exchange, "_decide", told_at_once):
        yield


@mutation
def no_rollback_after_a_failed_append() -> Iterator[Any]:
    with patch(Journal, "rollback", Journal.commit):
        yield


@mutation
def unknown_outcome_taken_for_success() -> Iterator[Any]:
    async def resolve(self: Exchange, doubt: Any) -> None:
        for pending in doubt.commands:
            pending.tell()
        await self._catch_up()
        self._in_doubt = None

    with patch(Exchange, "_resolve", resolve):
        yield


@mutation
def unknown_outcome_taken_for_failure() -> Iterator[Any]:
    real = Exchange._write

    async def write(self: Exchange, commands: list[Pending]) -> None:
        try:
            await real(self, commands)
        except AppendUnknown as error:
            raise LogUnavailable("it was not written") from error

    with patch(Exchange, "_write", write):
        yield


@mutation
def unknown_outcome_not_looked_up() -> Iterator[Any]:
    async def resolve(self: Exchange, doubt: Any) -> None:
        await self._catch_up()
        self._in_doubt = None
        self._commands.extendleft(reversed(doubt.commands))

    with patch(Exchange, "_resolve", resolve):
        yield


@mutation
def reads_without_catching_up() -> Iterator[Any]:
    real = Exchange._catch_up

    async def catch_up(self: Exchange) -> None:
        if self._in_doubt is not None:
            await real(self)

    with patch(Exchange, "_catch_up", catch_up):
        yield


@mutation
def reads_in_the_middle_of_a_turn() -> Iterator[Any]:
    real = Exchange.ask

    async def ask(self: Exchange, view: Callable[[Airspace], Any]) -> Any:
        return view(self._airspace) if self._in_turn else await real(self, view)

    with patch(Exchange, "ask", ask):
        yield


@mutation
def others_entries_not_applied_before_deciding() -> Iterator[Any]:
    real = Exchange._apply_all

    def apply_all(self: Exchange, bodies: list[bytes], position: int) -> None:
        real(self, bodies[:-1] if len(bodies) > 1 else bodies, position)

    with patch(Exchange, "_apply_all", apply_all):
        yield


@mutation
def whoever_waits_while_the_log_fails_is_forgotten() -> Iterator[Any]:
    real = Exchange._note_failure

    def note_failure(self: Exchange, error: DetenteError) -> None:
        real(self, error)
        self._commands.clear()

    with patch(Exchange, "_note_failure", note_failure):
        yield


@mutation
def a_command_that_fails_half_way_is_not_taken_back() -> Iterator[Any]:
    with patch(Journal, "back_to", lambda *_: None):
        yield


@mutation
def stopping_forgets_what_was_taken() -> Iterator[Any]:
    async def stop(self: Exchange) -> None:
        self._commands.clear()
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task

    with patch(Exchange, "stop", stop):
        yield


@mutation
def the_writer_dies_when_the_head_is_lost() -> Iterator[Any]:
    real = LedgerWriting.append

    async def append(self: LedgerWriting, bodies: list[bytes]) -> Any:
        try:
            return await real(self, bodies)
        except HeadMoved as error:
            raise LogDamaged("the head moved") from error

    with patch(LedgerWriting, "append", append):
        yield


# -- the ledger ------------------------------------------------------------------------------


@mutation
def a_late_commit_is_not_waited_for() -> Iterator[Any]:
    async def settle(self: Ledger) -> list[bytes]:
        since = self.size
        tail = await self.log.tail(since, 2000)
        fresh = await self._take_in(since, tail.bodies, tail.head)
        if self._pending is not None:
            self._pending.writing.landed = False
            self._pending = None
        return fresh

    with patch(Ledger, "_settle", settle):
        yield


# -- decisions -------------------------------------------------------------------------------

Triggered = Callable[..., notifying.Triggered]


def _triggered(change: Callable[[Triggered], Triggered]) -> Iterator[Any]:
    changed = change(notifying.triggered)
    with (
        patch(intents, "triggered", changed),
        patch(constraint_rules, "triggered", changed),
    ):
        yield


@mutation
def one_subscription_is_not_notified() -> Iterator[Any]:
    yield from _triggered(lambda real: lambda *a, **k: real(*a, **k)[:3])


@mutation
def only_ones_own_subscriptions_are_notified() -> Iterator[Any]:
    def change(real: Triggered) -> Triggered:
        def own(*a: Any, instead: e.Subscription | None = None, **k: Any) -> notifying.Triggered:
            found = real(*a, instead=instead, **k)
            if instead is None:
                return found
            return [pair for pair in found if pair[0].manager == instead.manager]

        return own

    yield from _triggered(change)


@mutation
def old_extents_are_not_notified() -> Iterator[Any]:
    def change(real: Triggered) -> Triggered:
        def new_only(airspace: Airspace, extents: list[Extent], *a: Any, **k: Any) -> Any:
            return real(airspace, extents[-1:], *a, **k)

        return new_only

    yield from _triggered(change)


@mutation
def expired_subscriptions_are_notified() -> Iterator[Any]:
    def change(real: Triggered) -> Triggered:
        def always(airspace: Airspace, extents: Iterable[Extent], now_us: int, **k: Any) -> Any:
            return real(airspace, extents, 0, **k)

        return always

    yield from _triggered(change)


@mutation
def the_key_is_not_checked_on_updates() -> Iterator[Any]:
    real = intents._check_key

    def check(airspace: Airspace, command: c.PutOperationalIntent, *a: Any) -> None:
        if command.ovn is None:
            real(airspace, command, *a)

    with patch(intents, "_check_key", check):
        yield


@mutation
def the_key_ignores_constraints() -> Iterator[Any]:
    real = intents._check_key

    def check(airspace: Airspace, command: c.PutOperationalIntent, _: object) -> None:
        real(airspace, command, None)

    with patch(intents, "_check_key", check):
        yield


@mutation
def any_ovn_is_current() -> Iterator[Any]:
    with patch(intents, "check_version", lambda *_: None):
        yield


@mutation
def any_subscription_version_is_current() -> Iterator[Any]:
    with patch(subscriptions, "check_version", lambda *_: None):
        yield


@mutation
def implicit_subscriptions_stay_for_ever() -> Iterator[Any]:
    with patch(intents, "_left_alone", lambda *_: None):
        yield


@mutation
def implicit_subscriptions_go_with_any_dependent() -> Iterator[Any]:
    real = intents._left_alone

    def left_alone(airspace: Airspace, intent: e.OperationalIntent, kept: str | None) -> str | None:
        identifier = intent.subscription_id
        found = airspace.subscriptions.get(identifier or "")
        if found is not None and found.implicit and identifier != kept:
            return identifier
        return real(airspace, intent, kept)

    with patch(intents, "_left_alone", left_alone):
        yield


@mutation
def eviction_leaves_orphans() -> Iterator[Any]:
    real = administration.evict

    def evict(airspace: Airspace, command: c.Evict, moment: c.Moment) -> Any:
        decision = real(airspace, command, moment)
        if isinstance(decision.entry, e.Evicted):
            fields = {f: getattr(decision.entry, f) for f in decision.entry.__struct_fields__}
            fields["subscriptions"] = ()
            return type(decision)(e.Evicted(**fields), None)
        return decision

    with patch(administration, "evict", evict):
        yield


# -- the state -------------------------------------------------------------------------------


@mutation
def a_register_is_not_rolled_back() -> Iterator[Any]:
    def put_all(self: Register[Any, Any], pairs: Iterable[tuple[Any, Any]]) -> None:
        self.items.update(pairs)

    with patch(Register, "put_all", put_all):
        yield


@mutation
def a_detached_intent_is_not_rolled_back() -> Iterator[Any]:
    def detach(self: Airspace, subscription_id: str, intent_id: str) -> None:
        users = self._dependents[subscription_id]
        users.discard(intent_id)
        if not users:
            del self._dependents[subscription_id]

    with patch(Airspace, "_detach", detach):
        yield


@mutation
def a_snapshot_loses_its_dependents() -> Iterator[Any]:
    real = ImageReader.airspace

    def airspace(self: ImageReader) -> Airspace:
        made = real(self)
        made._dependents.clear()
        return made

    with patch(ImageReader, "airspace", airspace):
        yield
