"""What exactly decided an order: its inputs, the rule, the geometry, what the others have said.

Everything is told from one entry of the record (`planning-attempt`) and from the messages that it
names. So what is told today is what will be told years later, from a copy of the record alone.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Final

from msgspec import structs

from detente.planning.entries import AttemptTold
from detente.planning.entry_forms import rule_of
from detente.planning.intents import Conflict, Neighbour, Order
from detente.planning.why_forms import (
    Considered,
    Evidence,
    Inputs,
    Met,
    Rules,
    Said,
    Source,
    Why,
    Wrong,
    instant_text,
)
from detente.planning.why_geometry import drawing, nearest, vertices_of
from detente.planning.why_text import decided_words, lines_of
from detente.record import Entry, format_time
from detente.words import Words

COMPARED_MAX: Final = 100
"""Others of which the gap is told."""


def evidence_of(entry: Entry) -> Evidence:
    """What makes an entry evidence.

    Raises:
        ValueError: it was erased.
    """
    if entry.payload is None or entry.envelope is None:
        raise ValueError("nothing can be told of an entry that was erased")
    payload, signature = entry.payload, entry.envelope.signatures[0]
    return Evidence(
        str(payload.id),
        entry.index,
        payload.kind,
        format_time(payload.created),
        payload.sha256.hex(),
        payload.author,
        b64encode(signature.sig).decode(),
    )


def why(
    told: AttemptTold,
    attempt: Evidence,
    sources: Mapping[str, Source],
    accepted: Evidence | None = None,
) -> Why:
    """Why an attempt ended as it did. Compares the geometry of every neighbour: not at once.

    Args:
        told: what the attempt's entry says.
        attempt: that entry.
        sources: messages that told of neighbours, by the ids of their entries.
        accepted: the entry that states the intent since.
    """
    outcome, order = told.outcome, told.outcome.order
    met = {each.with_id for each in outcome.conflicts}
    considered = [
        _considered(order, each, sources, met, compare=at < COMPARED_MAX)
        for at, each in enumerate(outcome.neighbours)
    ]
    decided = decided_words(outcome, considered)
    rules = told.rules
    found = Why(
        intent=order.id,
        name=order.name,
        action=order.action.value,
        result=outcome.result.value,
        rule=rule_of(outcome),
        decided=_said(decided),
        began=instant_text(outcome.began_us),
        ended=instant_text(outcome.ended_us),
        rounds=outcome.rounds,
        inputs=_inputs(order, told.before_version),
        rules=None
        if rules is None
        else Rules(
            sorted(rules.same_priority_allowed),
            rules.horizon_days,
            rules.vertices_max,
            rules.rounds_max,
        ),
        conflicts=[_met(each, sources) for each in outcome.conflicts],
        faults=[
            Wrong(each.code, each.rule, each.where, _said(each.message)) for each in outcome.faults
        ],
        considered=considered,
        constraints=list(outcome.constraints),
        attempt=attempt,
        accepted=accepted,
        geometry=drawing(order, outcome.conflicts, outcome.neighbours),
        text=Said("", ""),
    )
    lines = lines_of(found, outcome, decided)
    text = Said("\n".join(each.en for each in lines), "\n".join(each.fr for each in lines))
    return structs.replace(found, text=text)


# --- parts -------------------------------------------------------------------------------------


def _inputs(order: Order, before: int) -> Inputs:
    volumes = order.details.all_volumes
    starts = [each.time_start_us for each in volumes if each.time_start_us is not None]
    ends = [each.time_end_us for each in volumes if each.time_end_us is not None]
    lows = [each.altitude_lower_m for each in volumes if each.altitude_lower_m is not None]
    highs = [each.altitude_upper_m for each in volumes if each.altitude_upper_m is not None]
    return Inputs(
        given=instant_text(order.given_us),
        state=order.state.value,
        priority=order.details.priority,
        operator=order.operator,
        volumes=len(volumes),
        vertices=vertices_of(volumes),
        time_start=instant_text(min(starts, default=None)),
        time_end=instant_text(max(ends, default=None)),
        altitude_lower_m=min(lows, default=None),
        altitude_upper_m=max(highs, default=None),
        before=before,
    )


def _considered(
    order: Order,
    neighbour: Neighbour,
    sources: Mapping[str, Source],
    met: set[str],
    *,
    compare: bool,
) -> Considered:
    of, details = neighbour.reference, neighbour.details
    return Considered(
        id=of.id,
        manager=of.manager,
        exchange=neighbour.exchange,
        state=of.state,
        version=of.version,
        ovn=of.ovn,
        down=neighbour.down,
        priority=None if details is None else details.priority,
        volumes=None if details is None else len(details.all_volumes),
        learnt=neighbour.learnt,
        at=instant_text(neighbour.at_us),
        problem=None if neighbour.problem is None else _said(neighbour.problem),
        met=of.id in met,
        nearest=nearest(order, neighbour) if compare and of.id not in met else None,
        source=sources.get(neighbour.source),
    )


def _met(conflict: Conflict, sources: Mapping[str, Source]) -> Met:
    return Met(
        with_id=conflict.with_id,
        manager=conflict.manager,
        state=conflict.state.value,
        priority=conflict.priority,
        allowed=conflict.allowed,
        existed=conflict.existed,
        rule=conflict.rule,
        reason=_said(conflict.reason),
        time_start=instant_text(conflict.time_start_us),
        time_end=instant_text(conflict.time_end_us),
        altitude_lower_m=conflict.altitude_lower_m,
        altitude_upper_m=conflict.altitude_upper_m,
        lat=conflict.lat_deg,
        lng=conflict.lng_deg,
        pairs=list(conflict.pairs),
        source=sources.get(conflict.source),
    )


def _said(words: Words) -> Said:
    return Said(words.en, words.fr)
