"""Reads: what is asked of the exchange's state, and what the log says the answer must be."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulation.places import meet
from tests.simulation.replies import Summary
from tests.simulation.shadow import State

from detente.exchange import entries as e
from detente.exchange.airspace import Airspace
from detente.geo import Extent

View = Callable[[Airspace], Summary]
Truth = Callable[[State], Summary]
ByIdentifier = Callable[[str], tuple[View, Truth]]


def intent(identifier: str) -> tuple[View, Truth]:
    """O2, with the OVN first."""

    def of(item: e.OperationalIntent | None) -> Summary:
        return () if item is None else (item.ovn, item.version, item.state, item.subscription_id)

    return lambda a: of(a.intents.get(identifier)), lambda s: of(s.intent(identifier))


def constraint(identifier: str) -> tuple[View, Truth]:
    """C2."""

    def of(item: e.Constraint | None) -> Summary:
        return () if item is None else (item.ovn, item.version)

    return lambda a: of(a.constraints.get(identifier)), lambda s: of(s.constraint(identifier))


def subscription(identifier: str) -> tuple[View, Truth]:
    """S2, with its notification index and its dependents."""

    def view(a: Airspace) -> Summary:
        item = a.subscriptions.get(identifier)
        if item is None:
            return ()
        users = tuple(sorted(a.dependents(identifier)))
        return item.version, a.notification_index(identifier), item.implicit, users

    def truth(s: State) -> Summary:
        item = s.subscription(identifier)
        if item is None:
            return ()
        return item.version, s.index(identifier), item.implicit, s.dependents(identifier)

    return view, truth


def intents_in(extent: Extent) -> tuple[View, Truth]:
    """O1."""
    return (
        lambda a: tuple(sorted((i.id, i.ovn) for i in a.intents.relevant(extent))),
        lambda s: tuple((i.id, i.ovn) for i in s.intents_meeting(extent)),
    )


def constraints_in(extent: Extent) -> tuple[View, Truth]:
    """C1."""
    return (
        lambda a: tuple(sorted((i.id, i.ovn) for i in a.constraints.relevant(extent))),
        lambda s: tuple((i.id, i.ovn) for i in s.constraints_meeting(extent)),
    )


def subscriptions_of(manager: str, extent: Extent) -> tuple[View, Truth]:
    """S1, without the rule that hides what has expired."""

    def view(a: Airspace) -> Summary:
        found = [s for s in a.subscriptions.relevant(extent) if s.manager == manager]
        return tuple(sorted((s.id, s.version, a.notification_index(s.id)) for s in found))

    def truth(s: State) -> Summary:
        found = [i for i in s.subscriptions() if i.manager == manager and meet(i.extent, extent)]
        return tuple((i.id, i.version, s.index(i.id)) for i in found)

    return view, truth


def availability(uss: str) -> tuple[View, Truth]:
    """A1."""

    def view(a: Airspace) -> Summary:
        status = a.availability_status(uss)
        return a.availability(uss), "" if status is None else status.version

    return view, lambda s: (s.availability(uss), s.availability_version(uss))
