"""Alerts: one for each thing, told once a stage, cleared when over; a restart changes nothing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.watch import Event, EventKind, Grade, Interval
from detente.watch.alerts import About, Alert, AlertRules, Alerts, Closing, Stage

NOW_US = 1_000_000_000


def event(
    kind: EventKind, *, ended: bool = False, ahead_s: float | None = None, **more: Any
) -> Event:
    said: dict[str, Any] = {
        "id": f"{kind}-{more.get('began_us', 0)}",
        "grade": Grade.SHOWN,
        "aircraft": "4b1234",
        "boundary": "x/YY",
        "began_us": 0,
        "ended_us": 5 if ended else None,
        "time_to_s": None if ahead_s is None else Interval(ahead_s, ahead_s, ahead_s, "s"),
    }
    return Event(kind=kind, **(said | more))


def told(alerts: Alerts, *events: Event) -> list[tuple[Stage, Closing]]:
    found = [alerts.take([each], NOW_US + number) for number, each in enumerate(events)]
    return [(each.stage, each.closing) for some in found for each in some]


AHEAD = event(EventKind.CROSSING_PREDICTED, ahead_s=60.0)
GONE = event(EventKind.CROSSING_PREDICTED, ended=True)
IN = event(EventKind.CROSSING)
OUT = event(EventKind.CROSSING, ended=True)
NEAR = event(EventKind.APPROACH, ahead_s=30.0, other="4b5678", boundary="")
MET = event(EventKind.APPROACH, other="4b5678", boundary="", ended=True)
MISSED = msgspec.structs.replace(MET, grade=Grade.REFUTED)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([AHEAD, AHEAD, GONE], [(Stage.AHEAD, ""), (Stage.OVER, "turned-away")]),
        (
            [AHEAD, IN, GONE, IN, OUT],
            [(Stage.AHEAD, ""), (Stage.NOW, ""), (Stage.OVER, "ended")],
        ),
        ([AHEAD, GONE, IN, OUT], [
            (Stage.AHEAD, ""), (Stage.OVER, "turned-away"), (Stage.NOW, ""), (Stage.OVER, "ended"),
        ]),
        ([AHEAD, OUT], [(Stage.AHEAD, ""), (Stage.OVER, "ended")]),
        ([OUT], [(Stage.OVER, "ended")]),
        ([GONE], []),
        ([IN, AHEAD, OUT], [(Stage.NOW, ""), (Stage.OVER, "ended")]),
        ([NEAR, MET], [(Stage.AHEAD, ""), (Stage.OVER, "ended")]),
        ([NEAR, MISSED], [(Stage.AHEAD, ""), (Stage.OVER, "turned-away")]),
        ([MISSED], []),
        (
            [IN, msgspec.structs.replace(OUT, grade=Grade.REFUTED)],
            [(Stage.NOW, ""), (Stage.OVER, "refuted")],
        ),
    ],
    ids=["turned away", "predicted and crossed", "predicted again", "over at once", "all at once",
         "never heard of", "late prediction", "met", "missed", "refuted", "refuted later"],
)  # fmt: skip
def test_each_stage_is_told_once(events: list[Event], expected: list[tuple[Stage, str]]) -> None:
    assert told(Alerts(AlertRules()), *events) == expected


def test_a_grade_that_changes_is_told() -> None:
    alerts = Alerts(AlertRules())
    doubtful = msgspec.structs.replace(IN, grade=Grade.CANNOT_BE_TOLD)
    assert told(alerts, doubtful, doubtful, IN, IN) == [(Stage.NOW, ""), (Stage.NOW, "")]
    (standing,) = alerts.open
    assert (standing.id, standing.raised_us, standing.changed_us) == (IN.id, NOW_US, NOW_US + 3)


def test_who_approaches_whom_is_the_same_encounter_either_way() -> None:
    alerts = Alerts(AlertRules())
    other_way = msgspec.structs.replace(NEAR, aircraft="4b5678", other="4b1234")
    assert told(alerts, NEAR, other_way) == [(Stage.AHEAD, "")]


def test_what_was_open_before_a_restart_is_not_told_again() -> None:
    before = Alerts(AlertRules())
    before.take([AHEAD], NOW_US)
    kept = msgspec.json.decode(msgspec.json.encode(before.open), type=list[Alert])
    after = Alerts(AlertRules(), kept, NOW_US + 10)
    anew = event(EventKind.CROSSING_PREDICTED, ahead_s=40.0, began_us=9)
    assert after.take([anew], NOW_US + 20) == []
    (standing,) = after.open
    assert standing.id == AHEAD.id
    assert after.look(NOW_US + 1_000_000_000) == []
    assert [each.stage for each in after.take([IN], NOW_US + 30)] == [Stage.NOW]


def test_what_nothing_is_heard_of_after_a_restart_is_lost() -> None:
    before = Alerts(AlertRules())
    before.take([AHEAD, NEAR], NOW_US)
    after = Alerts(AlertRules(lost_after_s=1.0), before.open, NOW_US)
    after.take([NEAR], NOW_US + 1)
    assert after.look(NOW_US + 999_999) == []
    (lost,) = after.look(NOW_US + 1_000_000)
    assert (lost.about, lost.stage, lost.closing) == (About.CROSSING, Stage.OVER, Closing.LOST)
    assert after.look(NOW_US + 2_000_000) == []
    assert [each.about for each in after.open] == [About.APPROACH]


@pytest.mark.parametrize(
    ("rules", "number"),
    [
        (AlertRules(about=frozenset({About.APPROACH})), 0),
        (AlertRules(parties=frozenset({"party-b"})), 0),
        (AlertRules(parties=frozenset({""})), 1),
        (AlertRules(boundaries=frozenset({"x/ZZ"})), 0),
        (AlertRules(boundaries=frozenset({"x/YY"})), 1),
    ],
    ids=["about", "party", "nobody's", "boundary", "this boundary"],
)
def test_only_what_is_wanted_is_told(rules: AlertRules, number: int) -> None:
    assert len(told(Alerts(rules), IN)) == number


def test_the_uncertain_can_be_left_out_until_it_is_shown() -> None:
    doubtful = msgspec.structs.replace(IN, grade=Grade.CANNOT_BE_TOLD)
    assert told(Alerts(AlertRules(uncertain=False)), doubtful, IN) == [(Stage.NOW, "")]


KINDS = [AHEAD, GONE, IN, OUT, NEAR, MET, MISSED]


@given(st.lists(st.sampled_from(KINDS), max_size=30), st.data())
def test_no_stage_goes_back_and_batches_do_not_matter(
    events: list[Event], data: st.DataObject
) -> None:
    whole, cut = Alerts(AlertRules()), Alerts(AlertRules())
    expected = whole.take(events, NOW_US)
    at = sorted(data.draw(st.lists(st.integers(0, len(events)), max_size=4)))
    found: list[Alert] = []
    for low, high in zip([0, *at], [*at, len(events)], strict=True):
        found += cut.take(events[low:high], NOW_US)
        cut = Alerts(AlertRules(), cut.open, NOW_US)  # stopped and started between
    assert found == expected
    standing: dict[tuple[str, ...], Stage] = {}
    rank = [Stage.AHEAD, Stage.NOW, Stage.OVER]
    for alert in expected:
        before = standing.pop(alert.subject, None)
        assert before is None or rank.index(alert.stage) > rank.index(before)
        if alert.stage is not Stage.OVER:
            standing[alert.subject] = alert.stage
    assert {each.subject: each.stage for each in whole.open} == standing
