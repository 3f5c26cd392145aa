"""Which plans of ours are watched, and how they stand. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from detente.planning import Intent, State
from detente.watch import OwnVolumes, Proposed, Standing

_ADDRESS: Final = re.compile(r"~?[0-9A-Fa-f]{6}")
_PROPOSED: Final = {
    State.NONCONFORMING: Proposed.NONCONFORMING,
    State.CONTINGENT: Proposed.CONTINGENT,
}


def identity_of(aircraft: str) -> str:
    """An aircraft as reports name it: ICAO addresses in lower case."""
    found = aircraft.strip()
    return found.lower() if _ADDRESS.fullmatch(found) else found


def own_volumes(
    intents: Iterable[Intent], party: str, before: Mapping[str, OwnVolumes]
) -> dict[str, OwnVolumes]:
    """What is watched, by plan: flights in the air whose plan names the aircraft.

    Of an aircraft with several plans in the air the one that began first comes first.

    Args:
        intents: of ours.
        party: whose they are.
        before: what was watched until now. A contingent flight has no volumes any more; it is
            watched by those that it had.
    """
    found: list[tuple[int, str, OwnVolumes]] = []
    for each in intents:
        if not each.aircraft.strip() or each.ended or each.state is State.ACCEPTED:
            continue
        volumes, known = each.details.volumes, before.get(each.id)
        if not volumes:
            if known is None:
                continue
            volumes = known.volumes
        begins_us = min(volume.time_start_us or 0 for volume in volumes)
        own = OwnVolumes(identity_of(each.aircraft), each.id, volumes, party, each.name)
        found.append((begins_us, each.id, own))
    found.sort(key=lambda one: one[:2])
    return {identity: own for _, identity, own in found}


def standings(
    intents: Iterable[Intent], proposed: Mapping[str, Proposed], now_us: int
) -> dict[str, Standing]:
    """How flights stand that are off-nominal when it begins to be watched, as after a restart.

    Args:
        intents: of ours.
        proposed: what officers were told that flights are to be declared, by plan.
        now_us: the time that they have to come back counts from now, as in planning.
    """
    found: dict[str, Standing] = {}
    for each in intents:
        state = _PROPOSED.get(each.state, proposed.get(each.id))
        if state is not None and state is not Proposed.ACTIVATED:
            found[each.id] = Standing(state, nonconforming_us=now_us)
    return found
