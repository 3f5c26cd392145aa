"""Orders for constraints in the record: announced before any exchange is asked, closed once it is
known what every exchange has made of them.

One kind of entry, `constraint-order`. The one that opens says what is wanted, the one that closes
names it and says how it ended. What constraints stand, and with which details, is told by entries
of the kind `constraint`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

import msgspec

from detente.f3548 import uss_types as uss
from detente.planning.constraint_errands import ConstraintOutcome
from detente.planning.constraints import ConstraintAction, ConstraintOrder
from detente.planning.drafts import PLANS
from detente.planning.entry_forms import OwnConstraint
from detente.record import Draft, JsonValue, Payload

CONSTRAINT_ORDER: Final = "constraint-order"


class _Opened(msgspec.Struct, frozen=True):
    opens: str
    constraint: str
    action: ConstraintAction
    provider: str
    details: uss.ConstraintDetails
    exchanges: list[str]
    given_us: int


class _Closed(msgspec.Struct, frozen=True):
    closes: str


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order of which it is not known what the exchanges have made.

    Attributes:
        key: names it among the orders; its closing names it, too.
        order: what was asked for; `before` is not in the entry.
        exchanges: names of those that it may stand at.
    """

    key: str
    order: ConstraintOrder
    exchanges: tuple[str, ...]

    def since(self, before: OwnConstraint | None) -> ConstraintOrder:
        """The order, as a change of what is known now."""
        given = self.order
        return ConstraintOrder(
            given.action, given.id, given.details, given.provider, given.given_us, before
        )


def opening_draft(opened: OpenOrder) -> Draft:
    """`constraint-order`: an order is about to be put to exchanges."""
    order = opened.order
    body = _Opened(
        opened.key,
        order.id,
        order.action,
        order.provider,
        order.details,
        list(opened.exchanges),
        order.given_us,
    )
    return Draft(CONSTRAINT_ORDER, PLANS, (), _json(body))


def closing_draft(key: str, outcome: ConstraintOutcome) -> Draft:
    """`constraint-order`: what became of it is known."""
    body: dict[str, JsonValue] = {
        "closes": key,
        "constraint": outcome.order.id,
        "result": str(outcome.result),
        "faults": [
            {"code": each.code, "en": each.message.en, "fr": each.message.fr, "where": each.where}
            for each in outcome.faults
        ],
    }
    return Draft(CONSTRAINT_ORDER, PLANS, (), body)


def opened_or_closed(payload: Payload) -> OpenOrder | str | None:
    """What an entry says: an order that opens, or the key of one that closes.

    Raises:
        ValueError: it is a `constraint-order` of another form.
    """
    if payload.kind != CONSTRAINT_ORDER:
        return None
    try:
        if "closes" in payload.body:
            return msgspec.convert(payload.body, _Closed).closes
        told = msgspec.convert(payload.body, _Opened)
    except msgspec.ValidationError as error:
        raise ValueError(f"a constraint-order of another form: {error}") from None
    return OpenOrder(
        told.opens,
        ConstraintOrder(told.action, told.constraint, told.details, told.provider, told.given_us),
        tuple(told.exchanges),
    )


def _json(body: msgspec.Struct) -> dict[str, JsonValue]:
    return cast(dict[str, JsonValue], msgspec.to_builtins(body))
