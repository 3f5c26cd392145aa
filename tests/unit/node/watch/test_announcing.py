"""What a node says on the line of an alert: to whom, in which form, once."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from detente import line
from detente.agreement import AircraftClass
from detente.node.watch.announcing import Announcing, Said
from detente.node.watching_rules import ClaimedBoundaries, WatchSection
from detente.watch import (
    Alert,
    AlertRules,
    Alerts,
    Declarations,
    Declared,
    Event,
    EventKind,
    Grade,
    Interval,
    Place,
    Stage,
)

NOW_US = 1_800_000_000_000_000
S = 1_000_000
OURS = Declared(aircraft="4b1234", party="party-a", kind=AircraftClass.ROTARY_WING_UNARMED)
THEIRS = Declared(aircraft="4b5678", party="party-b")
RULES = WatchSection(claims=(ClaimedBoundaries(party="party-b", boundaries=("x/B*",)),))
HERE = Place(46.5, 7.25, 1500.0, NOW_US, 90.0, 0.0)


def announcing(where: Place | None = HERE) -> Announcing:
    declared = Declarations([OURS, THEIRS])
    return Announcing("party-a", ["party-a", "party-b", "party-c"], declared.of, lambda _: where)


def event(kind: EventKind, **more: Any) -> Event:
    said: dict[str, Any] = {
        "id": f"{kind}",
        "grade": Grade.SHOWN,
        "aircraft": "4b1234",
        "boundary": "x/BB",
        "began_us": NOW_US,
    }
    return Event(kind=kind, **(said | more))


def ahead(seconds: float, **more: Any) -> Event:
    at = structs.replace(HERE, time_us=NOW_US + round(seconds * S), spread_s=10.0, radius_m=720.0)
    time = Interval(seconds, seconds - 10, seconds + 10, "s")
    return event(EventKind.CROSSING_PREDICTED, entry=at, time_to_s=time, **more)


NEAR = event(
    EventKind.APPROACH, boundary="", other="4b5678", time_to_s=Interval(40.0, 30.0, 50.0, "s")
)


def alerts(*events: Event) -> list[Alert]:
    return Alerts(AlertRules()).take(events, NOW_US)


def drafted(said: Any) -> Any:
    """As a draft: the line takes it."""
    return line.message_draft(
        said.form,
        said.fields,
        sender="party-a",
        to=(said.party,),
        language="en",
        urgency=said.urgency,
    )


def test_who_claims_the_border_is_told_before_it_is_crossed() -> None:
    (said,) = announcing().take(alerts(ahead(120.0)), RULES, NOW_US)
    assert (said.party, said.form, said.urgency) == ("party-b", "border-notice", "urgent")
    body = drafted(said).body["fields"]
    assert body["crosses"] is True
    assert body["aircraft"] == {"count": 1, "kind": "helicopter", "call_sign": "4b1234"}
    assert body["area"]["geometry"]["coordinates"] == (7.25, 46.5)
    assert body["area"]["radius"] == {"value": 800.0, "unit": "m"}
    assert (body["levels"]["lower"]["value"], body["levels"]["upper"]["value"]) == (1350, 1650)
    assert body["times"] == {"from": "2027-01-15T08:01:50Z", "until": "2027-01-15T08:07:10Z"}
    assert "no officer" in body["remarks"]["text"]


def test_what_is_far_ahead_waits_until_it_is_near() -> None:
    telling = announcing()
    assert telling.take(alerts(ahead(900.0)), RULES, NOW_US) == []
    assert telling.look(RULES, NOW_US + 289 * S) == []
    (said,) = telling.look(RULES, NOW_US + 290 * S)
    assert said.form == "border-notice"
    assert telling.look(RULES, NOW_US + 300 * S) == []


def test_each_stage_is_said_once_and_the_end_takes_it_back() -> None:
    telling, watching = announcing(), Alerts(AlertRules())
    crossing = event(EventKind.CROSSING)
    over = structs.replace(crossing, ended_us=NOW_US + S)
    forms = []
    for number, each in enumerate([ahead(60.0), ahead(50.0), crossing, crossing, over]):
        for said in telling.take(watching.take([each], NOW_US), RULES, NOW_US):
            drafted(said) if said.form != "cancellation" else None
            forms.append((said.form, said.corrects))
            telling.said(said.alert.id, said.party, Said(said.alert.stage, f"m{number}"))
    assert forms == [("border-notice", ""), ("incident-notice", ""), ("cancellation", "m2")]


def test_what_does_not_come_about_is_taken_back_as_that() -> None:
    telling, watching = announcing(), Alerts(AlertRules())
    telling.take(watching.take([ahead(60.0)], NOW_US), RULES, NOW_US)
    telling.said("crossing-predicted", "party-b", Said(Stage.AHEAD, "m"))
    gone = structs.replace(ahead(60.0), ended_us=NOW_US)
    (said,) = telling.take(watching.take([gone], NOW_US), RULES, NOW_US)
    assert (said.form, said.fields["reason"]) == ("cancellation", "does-not-take-place")


def test_after_a_restart_what_was_said_is_not_said_again() -> None:
    telling = announcing()
    telling.said("crossing-predicted", "party-b", Said(Stage.AHEAD, "m"))
    assert telling.take(alerts(ahead(60.0)), RULES, NOW_US) == []


def test_two_aircraft_too_close_are_told_to_the_other_ones_party() -> None:
    (said,) = announcing().take(alerts(NEAR), RULES, NOW_US)
    assert (said.party, said.form, said.urgency) == ("party-b", "safety-of-flight", "distress")
    assert drafted(said).body["fields"]["aircraft"]["count"] == 2


def test_what_cannot_be_placed_is_not_said_but_stands_with_its_reason() -> None:
    (said,) = announcing(None).take(alerts(NEAR), RULES, NOW_US)
    assert (said.form, said.why) == ("", "where it is is not known")


def test_an_unknown_height_is_said_to_be_unknown() -> None:
    coming = ahead(60.0)
    assert coming.entry is not None
    nowhere = structs.replace(coming.entry, altitude_m=None)
    (said,) = announcing().take(alerts(structs.replace(coming, entry=nowhere)), RULES, NOW_US)
    body = drafted(said).body["fields"]
    assert (body["levels"]["lower"]["value"], body["levels"]["upper"]["value"]) == (0, 20_000)
    assert "Height not known" in body["remarks"]["text"]


@pytest.mark.parametrize(
    ("rules", "events"),
    [
        (None, [ahead(60.0)]),
        (structs.replace(RULES, tell=("approach",)), [ahead(60.0)]),
        (RULES, [ahead(60.0, boundary="y/CC")]),
        (RULES, [ahead(60.0, aircraft="4b5678")]),
        (RULES, [ahead(60.0, aircraft="4baaaa")]),
        (structs.replace(RULES, uncertain=False), [ahead(60.0, grade=Grade.CANNOT_BE_TOLD)]),
        (RULES, [event(EventKind.OUTSIDE_VOLUMES)]),
    ],
    ids=["no rules", "not of crossings", "nobody's border", "not ours", "nobody's", "uncertain",
         "volumes"],
)  # fmt: skip
def test_nothing_more_is_said_than_was_agreed(
    rules: WatchSection | None, events: list[Event]
) -> None:
    assert announcing().take(alerts(*events), rules, NOW_US) == []


def test_of_anybodys_aircraft_if_that_was_agreed() -> None:
    rules = structs.replace(RULES, own_aircraft_only=False)
    (said,) = announcing().take(alerts(ahead(60.0, aircraft="4baaaa")), rules, NOW_US)
    assert said.fields["aircraft"] == {"count": 1, "kind": "mixed", "call_sign": "4baaaa"}
