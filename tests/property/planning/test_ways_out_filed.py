"""Every way out, filed unchanged at an exchange where nothing else happens, is accepted."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

import hypothesis.strategies as st
from hypothesis import event, given, settings
from tests.simulation.planning.dss import Dss, No
from tests.support.airspaces import NOW_US, ROOM, along, crossing, flown, uuid4

from detente.f3548 import scopes, volume_on_wire
from detente.f3548 import types as wire
from detente.operations import corridor_volumes
from detente.planning import (
    Details,
    ExchangeArea,
    Neighbour,
    Order,
    Outcome,
    PlanningRules,
    Result,
)
from detente.planning.actions import (
    Answer,
    Conflicted,
    DeleteIntent,
    Errand,
    FetchIntent,
    PutIntent,
    QueryIntents,
    Refused,
)
from detente.planning.attempt import Attempt
from detente.planning.costs import Costs, Limits
from detente.planning.known import Neighbourhood
from detente.planning.told import details_on_wire
from detente.planning.ways_out import ways_out

RULES = PlanningRules()
HOME = ExchangeArea("home", "https://dss.example", "https://own.example")


class Quiet:
    """An exchange with the intents of another USS, which does nothing but answer."""

    def __init__(self, plans: Sequence[Details], rng: random.Random) -> None:
        self.dss = Dss("home")
        self.details: dict[str, Details] = {}
        for each in plans:
            identity = uuid4(rng)
            self.details[identity] = each
            self.dss.put(
                "other",
                identity,
                "",
                wire.PutOperationalIntentReferenceParameters(
                    [volume_on_wire(volume) for volume in each.volumes],
                    "Accepted",
                    "https://other.example",
                    [entity.ovn for entity in self.dss.intents.values()],
                ),
                scopes.STRATEGIC_COORDINATION,
                NOW_US,
            )

    def file(self, order: Order) -> Outcome:
        """Carry an order out as somebody who knows nothing yet."""
        attempt = Attempt(order, RULES, [HOME], Neighbourhood(), own=lambda _: None, now_us=NOW_US)
        while attempt.outcome is None:
            due = attempt.actions()
            assert due
            for pending in due:
                attempt.answered(pending.number, self._answer(pending.errand), NOW_US)
        return attempt.outcome

    def _answer(self, errand: Errand) -> Answer:
        try:
            if isinstance(errand, QueryIntents):
                found = self.dss.query("own", volume_on_wire(errand.area))
                return wire.QueryOperationalIntentReferenceResponse(found)
            if isinstance(errand, FetchIntent):
                shown = self.dss.get("other", errand.reference.id)
                told = details_on_wire(self.details[shown.id])
                return wire.GetOperationalIntentDetailsResponse(wire.OperationalIntent(shown, told))
            if isinstance(errand, PutIntent):
                return self.dss.put(
                    "own", errand.id, errand.ovn, errand.parameters, errand.scope, NOW_US
                )
            assert isinstance(errand, DeleteIntent)
            return self.dss.delete("own", errand.id, errand.ovn, NOW_US)
        except No as no:
            if no.status == 409:
                return Conflicted(no.intents, no.constraints, str(no))
            return Refused(no.status, str(no))

    def neighbours(self) -> tuple[Neighbour, ...]:
        """Everything that there is to be known."""
        known: Mapping[str, Details] = self.details
        return tuple(
            Neighbour("home", self.dss.get("other", identity), details)
            for identity, details in known.items()
        )


@settings(max_examples=12)
@given(st.integers(0, 1 << 32))
def test_a_way_out_filed_unchanged_in_a_quiet_airspace_is_accepted(seed: int) -> None:
    rng = random.Random(seed)
    others = [Details(corridor_volumes(track, ROOM)) for track in crossing(12, rng)]
    quiet = Quiet(others, rng)
    order = along(flown(46.0, 7.0, rng.uniform(0, 360), bend_deg=rng.uniform(-3, 3)))
    limits = Limits(lowest_m=0.0)
    found = ways_out(order, quiet.neighbours(), RULES, limits, Costs(), NOW_US)
    first = quiet.file(order)
    assert first.result is Result.REFUSED or found == ()
    for way in found:
        event(way.kind.value)
        again = replace(order.with_details(way.details), id=uuid4(rng), track=way.track)
        outcome = quiet.file(again)
        assert outcome.result is Result.DONE, (way.kind, outcome.conflicts, outcome.faults)
        assert outcome.intent is not None
        assert outcome.intent.details == way.details
        [filed] = outcome.intent.filed
        quiet.dss.delete("own", again.id, filed.reference.ovn, NOW_US)
