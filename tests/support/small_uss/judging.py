"""What others' details are worth, and whether a plan may stand beside them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from .geometry import Volume, instant, intersect, volumes

Json = dict[str, Any]
OFF_NOMINAL = frozenset({"Nonconforming", "Contingent"})


@dataclass(frozen=True)
class Other:
    """What counts of an intent that is in the way, or not."""

    id: str
    state: str
    priority: int
    volumes: tuple[Volume, ...]
    ovn: str
    everywhere: bool = False
    """Nobody can say where it is: it is taken to be all over the place."""


def faults(intent: Json, reference: Json) -> str:
    """What is wrong with details that a peer gives for a reference of the exchange; "" if nothing.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is not an OperationalIntent at all.
    """
    theirs, details = intent["reference"], intent["details"]
    for name in ("id", "manager", "version", "state", "uss_base_url"):
        if theirs[name] != reference[name]:
            return f"{name} is {theirs[name]!r}, and {reference[name]!r} at the exchange"
    for name in ("time_start", "time_end"):
        if instant(theirs[name]) != instant(reference[name]):
            return f"{name} differs"
    ovn = theirs.get("ovn")
    if not isinstance(ovn, str) or not 16 <= len(ovn) <= 128:
        return "no ovn"
    priority = details.get("priority") or 0
    if not isinstance(priority, int):
        return "priority"
    nominal = volumes(details.get("volumes") or [])
    off = volumes(details.get("off_nominal_volumes") or [])
    state = reference["state"]
    if bool(off) != (state in OFF_NOMINAL) or bool(nominal) != (state != "Contingent"):
        return f"these volumes are not for {state}"
    start_us, end_us = instant(reference["time_start"]), instant(reference["time_end"])
    if any(v.start_us < start_us or v.end_us > end_us for v in (*nominal, *off)):
        return "volumes outside of the reference's times"
    return ""


def as_other(intent: Json) -> Other:
    """What counts of an intent whose details are good."""
    details, reference = intent["details"], intent["reference"]
    all_of_it = [*(details.get("volumes") or []), *(details.get("off_nominal_volumes") or [])]
    return Other(
        reference["id"],
        reference["state"],
        details.get("priority") or 0,
        volumes(all_of_it),
        reference["ovn"],
    )


def in_the_way(
    before: Json | None,
    mine: Sequence[Volume],
    priority: int,
    others: Sequence[Other],
    same_priority_permitted: Collection[int],
) -> list[str]:
    """Which of the others forbid it that an intent stands nominally with these volumes."""
    airborne = before is not None and before["reference"]["state"] != "Accepted"
    old = volumes(before["details"]["volumes"]) if before else ()
    found = []
    for other in others:
        if other.priority < priority:
            continue
        if other.priority == priority and priority in same_priority_permitted:
            continue
        if not (other.everywhere or intersect(mine, other.volumes)):
            continue
        if airborne and other.state != "Accepted" and intersect(old, other.volumes):
            continue  # it was so before, and both fly
        found.append(other.id)
    return found
