"""Who else is there: references from the exchanges, details from the USSs that manage them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from detente.errors import DetenteError
from detente.f3548 import scopes
from detente.f3548 import types as wire
from detente.geo import Volume4D
from detente.planning import faults
from detente.planning.actions import (
    Errand,
    FetchIntent,
    GetIntent,
    Heard,
    QueryConstraints,
    QueryIntents,
    Refused,
)
from detente.planning.constraint_survey import ConstraintSurvey
from detente.planning.filing import query_areas
from detente.planning.intents import Neighbour, Result
from detente.planning.known import visible, with_availability
from detente.planning.steps import (
    NOT_THERE,
    PATIENCE_US,
    TRIES_PAUSES_US,
    Batch,
    Key,
    Steps,
    Stopped,
    Task,
    said,
    silent,
    turned_away,
    what,
    worth_repeating,
)
from detente.planning.told import NotYet, read_intent
from detente.words import Words

PROMPT_US: Final = 1_000_000
"""Who fails faster than this is asked once more: details are due within a second (SCD0075)."""

BUSY_US: Final = 1_000_000
"""Until a USS that has turned us away (429) is asked again."""

REFERENCES_MAX: Final = 20_000
"""More at one place than there can be: whoever says so would have us ask for hours."""


class Survey:
    """What an attempt knows of the others: by exchange and id.

    Attributes:
        neighbours: intents; without details where none could be had.
        constraints: see there.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self.neighbours: dict[Key, Neighbour] = {}
        self.constraints = ConstraintSurvey(task)

    def look(self, exchanges: Sequence[str], volumes: Sequence[Volume4D]) -> Steps[None]:
        """Ask the exchanges who may be near, and everybody for what is not known yet.

        Raises:
            Stopped: an exchange cannot be asked.
        """
        areas = query_areas(volumes, self._task.rules.area_max_km2)
        queries: list[Errand] = []
        for name in exchanges:
            for area in areas:
                queries.append(QueryIntents(name, area, scopes.STRATEGIC_COORDINATION))
                if self._task.constraints:
                    queries.append(QueryConstraints(name, area, scopes.CONSTRAINT_PROCESSING))
        intents: dict[Key, wire.OperationalIntentReference] = {}
        constraints: dict[Key, wire.ConstraintReference] = {}
        for errand, heard in (yield from self._read(queries)):
            match heard.answer:
                case wire.QueryOperationalIntentReferenceResponse() as found:
                    for each in found.operational_intent_references:
                        intents[errand.exchange, each.id] = each
                case wire.QueryConstraintReferencesResponse() as found_constraints:
                    for other in found_constraints.constraint_references:
                        constraints[errand.exchange, other.id] = other
                case _:
                    raise Stopped(
                        Result.FAILED, faults.exchange_failed(errand.exchange, what(heard))
                    )
        for name in exchanges:
            _not_too_many(name, sum(key[0] == name for key in (*intents, *constraints)))
        # Who is not there any more is in nobody's way.
        for key in [k for k in self.neighbours if k[0] in exchanges and k not in intents]:
            del self.neighbours[key]
        yield from self._learn_intents(intents, frozenset())
        yield from self.constraints.learn(constraints, frozenset())

    def look_at(
        self,
        exchange: str,
        intents: Iterable[wire.OperationalIntentReference],
        constraints: Iterable[wire.ConstraintReference],
        shown: Iterable[str],
    ) -> Steps[None]:
        """Ask for what an exchange says is missing in a key.

        Args:
            shown: the OVNs that were in the key: what is missing has others.

        Raises:
            Stopped: a constraint's OVN cannot be had, or too much is missing.
        """
        intents, constraints = tuple(intents), tuple(constraints)
        _not_too_many(exchange, len(intents) + len(constraints))
        refused = frozenset(shown)
        yield from self._learn_intents({(exchange, each.id): each for each in intents}, refused)
        yield from self.constraints.learn(
            {(exchange, each.id): each for each in constraints}, refused
        )

    def key(self, exchange: str) -> list[str]:
        """The OVNs of all that is known at an exchange."""
        found = {
            each.reference.ovn
            for (where, _), each in self.neighbours.items()
            if where == exchange and visible(each.reference.ovn)
        }
        found |= self.constraints.key(exchange)
        return sorted(found)

    def demand_details(self) -> None:
        """See to it that it is known where everybody will be, but for those whose USS is down.

        Raises:
            Stopped: of somebody it is not.
        """
        missing = [
            faults.peer_unusable(each.exchange, each.problem or Words("", ""))
            for each in self.neighbours.values()
            if each.details is None and not each.down
        ]
        if missing:
            raise Stopped(Result.FAILED, *missing)

    # --- exchanges ---------------------------------------------------------------------------

    def _read(self, errands: Sequence[Errand]) -> Steps[list[tuple[Errand, Heard]]]:
        """Questions to exchanges, asked again where an answer is missing."""
        answers: dict[int, Heard] = {}
        todo = list(range(len(errands)))
        for pause_us in TRIES_PAUSES_US:
            if not todo:
                break
            heard = yield Batch(
                tuple(errands[i] for i in todo), self._task.now_us + pause_us if pause_us else 0
            )
            answers.update(zip(todo, heard, strict=True))
            todo = [i for i in todo if worth_repeating(answers[i])]
        return [(errands[i], answers[i]) for i in range(len(errands))]

    # --- intents -----------------------------------------------------------------------------

    def _learn_intents(
        self, references: dict[Key, wire.OperationalIntentReference], refused: frozenset[str]
    ) -> Steps[None]:
        todo = {k: each for k, each in references.items() if k[1] != self._task.order.id}
        problems: dict[Key, Words] = {}
        for pause_us in PATIENCE_US:
            if pause_us and todo:
                yield from self._ask_again(todo, self._task.now_us + pause_us)
            asked: list[Key] = []
            for key, reference in list(todo.items()):
                found = self._known(key, reference, refused)
                if found is not None:
                    self.neighbours[key] = found
                    del todo[key]
                elif visible(reference.ovn):
                    # Ours, and just being changed: it will be known when that is done.
                    problems[key] = _OWN_CHANGE
                else:
                    asked.append(key)
            fetched = yield from self._fetch([(key, todo[key]) for key in asked])
            for key, heard in fetched:
                reference = todo[key]
                read = self._understood(key, reference, heard, refused)
                if isinstance(read, NotYet) and reference.uss_availability != "Down":
                    problems[key] = read.problem
                    continue
                if isinstance(read, NotYet):
                    read = self._unknown(key, reference, read.problem)
                self.neighbours[key] = read
                del todo[key]
            if not todo:
                return
        for key, reference in todo.items():
            self.neighbours[key] = self._unknown(key, reference, problems[key])

    def _known(
        self, key: Key, reference: wire.OperationalIntentReference, refused: frozenset[str]
    ) -> Neighbour | None:
        """What needs no asking: our own, and what is current."""
        own = self._task.own(reference.id)
        filed = own.at(key[0]) if own is not None else None
        if own is not None and filed is not None and filed.ovn == reference.ovn and not own.ended:
            return Neighbour(key[0], reference, own.details, at_us=self._task.now_us)
        current = self._task.known.current(key[0], reference)
        if current is None or current.reference.ovn in refused:
            return None
        return current

    def _fetch(
        self, wanted: Sequence[tuple[Key, wire.OperationalIntentReference]]
    ) -> Steps[list[tuple[Key, Heard]]]:
        if not wanted:
            return []
        errands = tuple(
            FetchIntent(key[0], reference, scopes.STRATEGIC_COORDINATION)
            for key, reference in wanted
        )
        began_us = self._task.now_us
        heard = list((yield Batch(errands)))
        again = [i for i, each in enumerate(heard) if worth_repeating(each)]
        if again and self._task.now_us - began_us < PROMPT_US:
            # Who is asked too much says so, and has a moment to recover.
            busy = any(turned_away(heard[i]) for i in again)
            second = yield Batch(
                tuple(errands[i] for i in again), self._task.now_us + BUSY_US if busy else 0
            )
            for i, each in zip(again, second, strict=True):
                heard[i] = each
        return [(key, each) for (key, _), each in zip(wanted, heard, strict=True)]

    def _understood(
        self,
        key: Key,
        reference: wire.OperationalIntentReference,
        heard: Heard,
        refused: frozenset[str],
    ) -> Neighbour | NotYet:
        match heard.answer:
            case wire.GetOperationalIntentDetailsResponse(operational_intent=told):
                try:
                    read = read_intent(reference, told, refused, heard.details)
                    if isinstance(read, NotYet):
                        return read
                    found = with_availability(
                        Neighbour(
                            key[0],
                            told.reference,
                            read,
                            "asked",
                            self._task.now_us,
                            heard.source,
                            heard.signed_by,
                        ),
                        reference,
                    )
                    self._task.known.learn(found)
                    return self._task.known.current(key[0], found.reference) or found
                except DetenteError as error:
                    return self._unknown(key, reference, said(error), heard)
            case Refused(status=404):
                return NotYet(NOT_THERE)
            case _:
                return self._unknown(key, reference, silent(heard), heard)

    def _unknown(
        self,
        key: Key,
        reference: wire.OperationalIntentReference,
        problem: Words,
        heard: Heard | None = None,
    ) -> Neighbour:
        return Neighbour(
            key[0],
            reference,
            None,
            at_us=self._task.now_us,
            source="" if heard is None else heard.source,
            signed_by="" if heard is None else heard.signed_by,
            problem=Words(
                f"The intent {reference.id} of {reference.manager} is not known: {problem.en}.",
                f"L’intention {reference.id} de {reference.manager} n’est pas connue\u202f: "
                f"{problem.fr}.",
            ),
        )

    def _ask_again(
        self, todo: dict[Key, wire.OperationalIntentReference], not_before_us: int
    ) -> Steps[None]:
        """How they stand now: who has gone is in nobody's way."""
        keys = list(todo)
        heard = yield Batch(
            tuple(GetIntent(key[0], key[1], scopes.STRATEGIC_COORDINATION) for key in keys),
            not_before_us,
        )
        for key, each in zip(keys, heard, strict=True):
            match each.answer:
                case wire.GetOperationalIntentReferenceResponse(operational_intent_reference=now):
                    if now.id == key[1]:
                        todo[key] = now
                case Refused(status=404):
                    self._task.known.forget(key[1], key[0])
                    self.neighbours.pop(key, None)
                    del todo[key]


def _not_too_many(exchange: str, named: int) -> None:
    if named > REFERENCES_MAX:
        problem = f"it names {named:,} others; the limit is {REFERENCES_MAX:,}"
        raise Stopped(Result.FAILED, faults.exchange_failed(exchange, problem))


_OWN_CHANGE: Final = Words(
    "it is our own and is being changed at this moment",
    "elle est à nous et en cours de modification",
)
