"""Which subscriptions a change triggers."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from detente.exchange import entries as e
from detente.exchange.airspace import Airspace
from detente.geo import Extent

_ASKS_FOR_INTENTS = attrgetter("notify_for_operational_intents")
_ASKS_FOR_CONSTRAINTS = attrgetter("notify_for_constraints")

Triggered = list[tuple[e.Subscription, int]]
"""Subscriptions by identifier, each with its index after the change."""


def triggered(
    airspace: Airspace,
    extents: Iterable[Extent],
    now_us: int,
    *,
    by_constraint: bool,
    instead: e.Subscription | None = None,
    without: str | None = None,
    also: e.Subscription | None = None,
) -> Triggered:
    """The subscriptions that are relevant to any of the extents and want to know, each once.

    Args:
        airspace: the state before the change.
        extents: the old and the new extent of what changes.
        now_us: subscriptions that ended before are not triggered.
        by_constraint: whether a constraint changes, or an operational intent.
        instead: a subscription as the same change leaves it; it counts in place of what is stored.
        without: identifier of a subscription that the same change removes.
        also: a subscription to be triggered whatever its extent: the changed intent's own.
    """
    wants = _ASKS_FOR_CONSTRAINTS if by_constraint else _ASKS_FOR_INTENTS
    found: dict[str, e.Subscription] = {}
    for extent in extents:
        asking = filter(wants, airspace.subscriptions.relevant(extent))
        start_us = extent.time_start_us
        if start_us is not None and start_us >= now_us:
            # What is relevant to something that lies ahead cannot have ended.
            found.update([(item.id, item) for item in asking])
        else:
            found.update([(item.id, item) for item in asking if not _ended(item, now_us)])
    if instead is not None and instead.id in found:
        found[instead.id] = instead
    if also is not None:
        found[also.id] = also
    if without is not None:
        found.pop(without, None)
    index = airspace.notification_indexes.get
    return [(found[identifier], index(identifier, 0) + 1) for identifier in sorted(found)]


def as_fact(subscriptions: Triggered) -> e.Notified:
    """The form that stands in an entry."""
    return tuple([(item.id, index) for item, index in subscriptions])


def _ended(item: e.Subscription, now_us: int) -> bool:
    end_us = item.extent.time_end_us
    return end_us is not None and end_us < now_us
