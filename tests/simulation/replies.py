"""Answers in a form that can be compared: what the exchange said, and what it should have said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from tests.simulation.shadow import State

from detente.exchange import entries as e
from detente.exchange.decision import Reply
from detente.f3548 import types as wire

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

Summary = tuple[object, ...]


def of_reply(reply: Reply) -> Summary:
    """What the exchange said."""
    match reply:
        case wire.ChangeOperationalIntentReferenceResponse(told, intent):
            return "intent", _intent(intent), _told(told)
        case wire.ChangeConstraintReferenceResponse(told, constraint):
            return "constraint", _constraint(constraint), _told(told)
        case wire.PutSubscriptionResponse(subscription, intents, constraints):
            return (
                "subscription",
                _subscription(subscription),
                None if not isinstance(intents, list) else tuple(_intent(i) for i in intents),
                None
                if not isinstance(constraints, list)
                else tuple(_constraint(c) for c in constraints),
            )
        case wire.DeleteSubscriptionResponse(subscription):
            return "subscription deleted", _subscription(subscription)
        case wire.UssAvailabilityStatusResponse(version, status):
            return "availability", status.uss, status.availability, version
        case wire.ErrorReport():
            return "report", reply.report_id
        case None:
            return ("done",)


def intent(state: State, item: e.OperationalIntent, caller: str) -> Summary:
    """An operational intent reference as `caller` should see it."""
    return (
        item.id,
        item.manager,
        state.availability(item.manager),
        item.version,
        item.state,
        item.ovn if item.manager == caller else wire.OVN_OF_ANOTHER,
        item.extent.time_start_us,
        item.extent.time_end_us,
        item.uss_base_url,
        item.subscription_id or wire.NO_SUBSCRIPTION_ID,
    )


def constraint(state: State, item: e.Constraint, caller: str) -> Summary:
    """A constraint reference as `caller` should see it."""
    return (
        item.id,
        item.manager,
        state.availability(item.manager),
        item.version,
        item.ovn if item.manager == caller else wire.OVN_OF_ANOTHER,
        item.extent.time_start_us,
        item.extent.time_end_us,
        item.uss_base_url,
    )


def subscription(state: State, item: e.Subscription) -> Summary:
    """A subscription as its manager should see it."""
    return (
        item.id,
        item.version,
        state.index(item.id),
        item.extent.time_start_us,
        item.extent.time_end_us,
        item.uss_base_url,
        item.notify_for_operational_intents,
        item.notify_for_constraints,
        item.implicit,
        state.dependents(item.id),
    )


def told(triggered: dict[str, tuple[str, int]]) -> Summary:
    """Whom to tell, by base URL; `triggered` has URL and index of each subscription."""
    by_url: dict[str, list[tuple[str, int]]] = {}
    for identifier in sorted(triggered):
        url, index = triggered[identifier]
        by_url.setdefault(url, []).append((identifier, index))
    return tuple((url, tuple(by_url[url])) for url in sorted(by_url))


def _us(time: wire.Time) -> int:
    return (time.value - _EPOCH) // _MICROSECOND


def _intent(i: wire.OperationalIntentReference) -> Summary:
    return (
        i.id,
        i.manager,
        i.uss_availability,
        i.version,
        i.state,
        i.ovn,
        _us(i.time_start),
        _us(i.time_end),
        i.uss_base_url,
        i.subscription_id,
    )


def _constraint(c: wire.ConstraintReference) -> Summary:
    return (
        c.id,
        c.manager,
        c.uss_availability,
        c.version,
        c.ovn,
        _us(c.time_start),
        _us(c.time_end),
        c.uss_base_url,
    )


def _subscription(s: wire.Subscription) -> Summary:
    return (
        s.id,
        s.version,
        s.notification_index,
        _us(s.time_start),
        _us(s.time_end),
        s.uss_base_url,
        s.notify_for_operational_intents,
        s.notify_for_constraints,
        s.implicit_subscription,
        tuple(s.dependent_operational_intents),
    )


def _told(subscribers: list[wire.SubscriberToNotify]) -> Summary:
    return tuple(
        (
            s.uss_base_url,
            tuple((state.subscription_id, state.notification_index) for state in s.subscriptions),
        )
        for s in subscribers
    )
