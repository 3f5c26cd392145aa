"""What an entry does beside changing one thing: who is told, what goes with it (G4, G5)."""

from __future__ import annotations

from tests.simulation import replies
from tests.simulation.places import meet
from tests.simulation.replies import Summary
from tests.simulation.shadow import Shadow, State, demand

from detente.exchange import entries as e
from detente.geo import Extent


def notify(
    shadow: Shadow,
    state: State,
    size: int,
    notified: e.Notified,
    extents: list[Extent],
    at_us: int,
    by_constraint: bool,
    removed: str | None,
) -> Summary:
    """G4: each relevant subscription once, with the next index; `state` is that before."""
    expected: dict[str, tuple[str, int]] = {}
    for item in shadow.at(shadow.size).subscriptions():
        end_us = item.extent.time_end_us
        wants = (
            item.notify_for_constraints if by_constraint else item.notify_for_operational_intents
        )
        if (
            wants
            and item.id != removed
            and (end_us is None or end_us >= at_us)
            and any(meet(item.extent, extent) for extent in extents)
        ):
            expected[item.id] = (item.uss_base_url, state.index(item.id) + 1)
    found = dict(notified)
    demand(len(found) == len(notified), "G4: a subscription was notified twice")
    wanted = {identifier: index for identifier, (_, index) in expected.items()}
    demand(found == wanted, f"G4: notified {found}, should be {wanted}")
    for identifier in sorted(found):
        shadow.indexes.set(identifier, size, found[identifier])
    return replies.told(expected)


def remove_subscription(shadow: Shadow, size: int, identifier: str) -> None:
    """G5: a subscription goes, once."""
    demand(identifier in shadow.subscriptions.now, "G5: deleted twice")
    shadow.subscriptions.remove(identifier, size)
    shadow.indexes.remove(identifier, size)


def check_fresh(shadow: Shadow, ovn: str) -> None:
    """An OVN that was never given before."""
    demand(ovn not in shadow.ovns, "an OVN was given twice")
    shadow.ovns.add(ovn)
