"""Publishes, changes and ends a constraint at every exchange that it concerns, or at none.

As generators: they yield what is to be asked, are sent what was answered, and return the outcome.
No input or output, no clock. One exchange after another; the refusal of one undoes the others.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Final

from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.geo import Volume4D
from detente.planning.actions import NoAnswer, Nonsense, Refused
from detente.planning.constraint_errands import (
    Answered,
    ConstraintErrand,
    ConstraintOutcome,
    DeleteConstraint,
    GetConstraint,
    PutConstraint,
    Steps,
)
from detente.planning.constraints import ConstraintAction, ConstraintOrder, volumes_of
from detente.planning.entry_forms import OwnConstraint
from detente.planning.faults import no_exchange, subscribers_left_out, wrong
from detente.planning.intents import ExchangeArea, Fault, Notice, Result
from detente.planning.known import visible
from detente.planning.subscribers import whom_to_tell

NOTICE_US: Final = 5_000_000
"""CstrPublishedNotificationLatency: until when subscribers are told."""
LATE_US: Final = 15_000_000
"""How long a request whose answer is missing may still arrive at an exchange."""
_TRIES: Final = 2


class _Run:
    """What was reached so far."""

    def __init__(self, order: ConstraintOrder, exchanges: Sequence[ExchangeArea]) -> None:
        self.order = order
        self.areas = {each.name: each for each in exchanges}
        self.before = order.before
        self.filed: dict[str, wire.ConstraintReference] = (
            {} if order.before is None else dict(order.before.filed)
        )
        self.notices: dict[str, list[Notice]] = {}
        self.faults: list[Fault] = []
        self.unsettled: list[str] = []
        self.lost: dict[str, str] = {}

    def took(self, exchange: str, change: wire.ChangeConstraintReferenceResponse, at: int) -> None:
        """An exchange has made a change and says whom to tell."""
        subscribers, more = whom_to_tell(change.subscribers)
        if more:
            code = "constraint.subscribers_left_out"
            self.faults.append(subscribers_left_out(exchange, code))
        self.notices[exchange] = [
            Notice(
                exchange,
                each.uss_base_url,
                tuple(each.subscriptions),
                self.order.id,
                exchange not in self.filed,
                at + NOTICE_US,
            )
            for each in subscribers
        ]

    def put(
        self, exchange: str, details: uss.ConstraintDetails
    ) -> Generator[ConstraintErrand, Answered, Fault | None]:
        """Have an exchange hold these details; what kept it from that, if something did."""
        said = ""
        for _ in range(_TRIES):
            at = self.filed.get(exchange)
            heard = yield PutConstraint(
                exchange,
                self.order.id,
                "" if at is None else at.ovn,
                wire.PutConstraintReferenceParameters(
                    list(details.volumes), self.areas[exchange].base_url
                ),
            )
            answer = self._meant(heard.answer)
            if isinstance(answer, wire.ChangeConstraintReferenceResponse):
                self.filed[exchange] = answer.constraint_reference
                self.took(exchange, answer, heard.at_us)
                return None
            if isinstance(answer, Refused):
                return _refused(exchange, answer)
            if isinstance(answer, NoAnswer) and not answer.sent:
                return _failed(exchange, answer.message)
            said = answer.message if isinstance(answer, NoAnswer | Nonsense) else "nonsense"
            found = yield GetConstraint(exchange, self.order.id)
            if isinstance(found.answer, wire.GetConstraintReferenceResponse):
                reference = found.answer.constraint_reference
                if not self.ours(reference):
                    return _not_ours(exchange)
                if at is None or reference.version > at.version:
                    self.filed[exchange] = reference
                    self.faults.append(_subscribers_unknown(exchange))
                    return None
            elif not (isinstance(found.answer, Refused) and found.answer.status == 404):
                break
        self.lost[exchange] = said
        return _failed(exchange, said)

    def delete(self, exchange: str) -> Generator[ConstraintErrand, Answered, Fault | None]:
        """Have an exchange hold nothing; what kept it from that, if something did."""
        said = ""
        for _ in range(_TRIES):
            at = self.filed.get(exchange)
            if at is None:
                return None
            heard = yield DeleteConstraint(exchange, self.order.id, at.ovn)
            answer = heard.answer
            if isinstance(answer, wire.ChangeConstraintReferenceResponse):
                del self.filed[exchange]
                self.took(exchange, answer, heard.at_us)
                return None
            if isinstance(answer, Refused) and answer.status == 404:
                del self.filed[exchange]
                return None
            if isinstance(answer, Refused):
                return _refused(exchange, answer)
            said = answer.message if isinstance(answer, NoAnswer | Nonsense) else "nonsense"
            found = yield GetConstraint(exchange, self.order.id)
            if isinstance(found.answer, wire.GetConstraintReferenceResponse):
                self.filed[exchange] = found.answer.constraint_reference
            elif isinstance(found.answer, Refused) and found.answer.status == 404:
                del self.filed[exchange]
                self.faults.append(_subscribers_unknown(exchange))
                return None
            else:
                break
        self.lost[exchange] = said
        return _failed(exchange, said)

    def ours(self, reference: wire.ConstraintReference) -> bool:
        """Whether an exchange tells us of what we manage: only then it shows the OVN."""
        return reference.id == self.order.id and visible(reference.ovn)

    def _meant(self, answer: object) -> object:
        """An answer about something else is nonsense."""
        if isinstance(answer, wire.ChangeConstraintReferenceResponse) and not self.ours(
            answer.constraint_reference
        ):
            return Nonsense("the answer is about another constraint, or hides our OVN")
        return answer

    def outcome(self, result: Result, details: uss.ConstraintDetails) -> ConstraintOutcome:
        """As it stands now."""
        order = self.order
        constraint = OwnConstraint(
            order.id,
            order.provider,
            tuple(self.filed.items()),
            details,
            order.version,
            ended=not self.filed and not self.unsettled,
        )
        notices = tuple(each for several in self.notices.values() for each in several)
        return ConstraintOutcome(
            result, order, constraint, tuple(self.faults), notices, tuple(self.unsettled)
        )


def refused_at_once(order: ConstraintOrder, faults: Sequence[Fault]) -> ConstraintOutcome:
    """An order that is not put to any exchange."""
    now = order.before or OwnConstraint(
        order.id, order.provider, (), order.details, order.version, ended=True
    )
    return ConstraintOutcome(Result.REFUSED, order, now, tuple(faults))


def concerned(order: ConstraintOrder, exchanges: Sequence[ExchangeArea]) -> tuple[str, ...]:
    """Names of the exchanges that an order is put to: whose area it touches, or touched."""
    volumes = () if order.action is ConstraintAction.END else volumes_of(order.details)
    stands = () if order.before is None else tuple(name for name, _ in order.before.filed)
    touched = [each.name for each in exchanges if volumes and each.touches(volumes)]
    return tuple(dict.fromkeys((*touched, *stands)))


def file_constraint(order: ConstraintOrder, exchanges: Sequence[ExchangeArea]) -> Steps:
    """Carry out an order without faults (`constraint_faults`)."""
    run = _Run(order, exchanges)
    names = concerned(order, exchanges)
    if order.action is ConstraintAction.END:
        return (yield from _end(run, names))
    volumes = volumes_of(order.details)
    wanted = [name for name in names if name in run.areas and run.areas[name].touches(volumes)]
    if not wanted:
        return refused_at_once(order, [no_exchange()])
    for name in wanted:
        fault = yield from run.put(name, order.details)
        if fault is not None:
            run.faults.append(fault)
            return (yield from _undo(run, wanted[: wanted.index(name)], name))
    for name in names:
        if name not in wanted:
            fault = yield from run.delete(name)
            if fault is not None:
                run.faults.append(fault)
                run.unsettled.append(name)
    return run.outcome(Result.DONE, order.details)


def _end(run: _Run, names: Sequence[str]) -> Steps:
    for name in names:
        fault = yield from run.delete(name)
        if fault is not None:
            run.faults.append(fault)
            run.unsettled.append(name)
    result = Result.FAILED if run.unsettled else Result.DONE
    return run.outcome(result, run.order.details)


def _undo(run: _Run, changed: Sequence[str], failed: str) -> Steps:
    """Put back what stood before, wherever something was changed."""
    refused = run.faults[-1].code == "constraint.refused"  # before undoing adds faults of its own
    before = run.before
    stood = {} if before is None else dict(before.filed)
    if failed in run.lost:
        run.unsettled.append(failed)
    for name in changed:
        if before is not None and name in stood:
            fault = yield from run.put(name, before.details)
            if fault is not None:
                # What it holds is not what is told: by its older version that is seen later.
                run.filed[name] = stood[name]
        else:
            fault = yield from run.delete(name)
            run.notices.pop(name, None)  # nobody knows of it
        if fault is not None:
            run.unsettled.append(name)
    details = run.order.details if before is None else before.details
    return run.outcome(Result.REFUSED if refused else Result.FAILED, details)


def settle_constraint(
    order: ConstraintOrder, names: Sequence[str], exchanges: Sequence[ExchangeArea]
) -> Steps:
    """Undo, or finish, what an order was interrupted in; not before `LATE_US` after it.

    Afterwards the exchanges hold what is known here, and nothing else.

    Args:
        order: as it was given; `before` is the constraint as it is known now.
        names: exchanges that it may stand at.
        exchanges: all that there are.
    """
    run = _Run(order, exchanges)
    before = run.before
    keep: tuple[Volume4D, ...] = ()
    if before is not None and not before.ended and order.action is not ConstraintAction.END:
        keep = volumes_of(before.details)
    run.faults.append(_interrupted())
    for name in names:
        area = run.areas.get(name)
        stood = run.filed.get(name)
        if area is None:
            run.unsettled.append(name)
            continue
        found = yield GetConstraint(name, order.id)
        if isinstance(found.answer, Refused) and found.answer.status == 404:
            run.filed.pop(name, None)
            continue
        if not isinstance(found.answer, wire.GetConstraintReferenceResponse):
            run.unsettled.append(name)
            continue
        reference = found.answer.constraint_reference
        if not run.ours(reference):
            run.filed.pop(name, None)
            run.faults.append(_not_ours(name))
            continue
        run.filed[name] = reference
        fault: Fault | None = None
        if before is None or stood is None or not keep or not area.touches(keep):
            fault = yield from run.delete(name)
        elif reference.version != stood.version:
            fault = yield from run.put(name, before.details)
        if fault is not None:
            run.unsettled.append(name)
    details = order.details if before is None else before.details
    done = order.action is ConstraintAction.END and not run.unsettled
    return run.outcome(Result.DONE if done else Result.FAILED, details)


def _refused(exchange: str, answer: Refused) -> Fault:
    return wrong(
        "constraint.refused",
        "",
        f"The exchange “{exchange}” refused ({answer.status}): {answer.message}",
        f"Le répertoire «\u202f{exchange}\u202f» a refusé ({answer.status})\u202f: "
        f"«\u202f{answer.message}\u202f»",
        exchange,
    )


def _failed(exchange: str, what: str) -> Fault:
    return wrong(
        "constraint.exchange_failed",
        "",
        f"The exchange “{exchange}” could not be used: {what}. Try again.",
        f"Le répertoire «\u202f{exchange}\u202f» n’a pu être utilisé\u202f: «\u202f{what}\u202f». "
        "Réessayez.",
        exchange,
    )


def _subscribers_unknown(exchange: str) -> Fault:
    return wrong(
        "constraint.subscribers_unknown",
        "",
        f"The exchange “{exchange}” took the change, but its answer was lost: whom it wanted to "
        "be told is not known. They will see it when they plan.",
        f"Le répertoire «\u202f{exchange}\u202f» a pris le changement, mais sa réponse s’est "
        "perdue\u202f: on ne sait qui devait être averti. Chacun le verra en planifiant.",
        exchange,
    )


def _not_ours(exchange: str) -> Fault:
    return wrong(
        "constraint.refused",
        "",
        f"At the exchange “{exchange}” a constraint of this id is managed by another USS.",
        f"Au répertoire «\u202f{exchange}\u202f», une contrainte de cet identifiant est gérée par "
        "un autre USS.",
        exchange,
    )


def _interrupted() -> Fault:
    return wrong(
        "constraint.interrupted",
        "",
        "The order was interrupted before the exchange's answer was known.",
        "L’ordre a été interrompu avant que la réponse du répertoire soit connue.",
    )
