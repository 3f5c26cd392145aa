"""Alerts: one for each thing, told once a stage, cleared when over; a restart changes nothing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.watched import boundary, box, claimed, flight

from detente.watch import (
    CrossingMonitor,
    Event,
    EventKind,
    Grade,
    Interval,
    Proposal,
    Proposed,
    Tracks,
)
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


def test_a_crossing_that_was_predicted_is_the_same_alert_as_monitors_tell_it() -> None:
    monitor = CrossingMonitor(claimed(boundary("A", box(46, 7, 47, 8))))
    tracks, alerts = Tracks(), Alerts(AlertRules())
    track = flight([(i, 46.5, 6.99 + i * 0.001) for i in range(20)], speed_m_s=77.0, track_deg=90.0)
    found = []
    for i in range(20):
        events = monitor.take(tracks.take(track.take(slice(i, i + 1))))
        found += alerts.take(events, NOW_US + i)
    assert [each.stage for each in found][:2] == [Stage.AHEAD, Stage.NOW]
    assert {each.stage for each in found} == {Stage.AHEAD, Stage.NOW}
    assert len({each.id for each in found}) == 1


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


S = 1_000_000
BREACH = event(EventKind.STAND_OFF, rule="pass-10-km")
AWAY = msgspec.structs.replace(BREACH, ended_us=7)


def test_an_aircraft_that_vanished_does_not_stand_too_near_for_ever() -> None:
    alerts = Alerts(AlertRules(silent_s=60.0))
    last_us = NOW_US + 100 * S
    alerts.take([BREACH], NOW_US)

    def heard(identity: str) -> int:
        assert identity == "4b1234"
        return last_us

    assert alerts.look(NOW_US + 159 * S, heard) == []
    (lost,) = alerts.look(NOW_US + 160 * S, heard)
    assert (lost.id, lost.stage, lost.closing) == (BREACH.id, Stage.OVER, Closing.LOST)
    assert alerts.look(NOW_US + 200 * S, heard) == []
    assert not alerts.open

    # Heard again: as long as nobody says that it has ended, it goes on; once more it is told.
    last_us = NOW_US + 300 * S
    (again,) = alerts.look(NOW_US + 301 * S, heard)
    assert (again.id, again.stage, again.closing) == (BREACH.id, Stage.NOW, Closing.OPEN)
    assert [each.closing for each in alerts.take([AWAY], NOW_US + 302 * S)] == [Closing.ENDED]


@pytest.mark.parametrize(
    ("back", "expected"),
    [
        ([AWAY], []),
        ([BREACH], [(BREACH.id, Stage.NOW)]),
        ([AWAY, msgspec.structs.replace(BREACH, id="later")], [("later", Stage.NOW)]),
    ],
    ids=["had ended", "goes on", "a new one"],
)
def test_who_comes_back_after_a_silence(
    back: list[Event], expected: list[tuple[str, Stage]]
) -> None:
    alerts = Alerts(AlertRules(silent_s=60.0))
    alerts.take([BREACH], NOW_US)
    assert len(alerts.look(NOW_US + 60 * S, lambda _: None)) == 1
    told = alerts.take(back, NOW_US + 70 * S)
    assert [(each.id, each.stage) for each in told] == expected
    assert alerts.look(NOW_US + 80 * S, lambda _: NOW_US + 70 * S) == []


def test_after_a_start_nobody_is_silent_yet() -> None:
    before = Alerts(AlertRules())
    before.take([BREACH], NOW_US)
    rules = AlertRules(lost_after_s=120.0, silent_s=60.0)
    after = Alerts(rules, before.open, NOW_US + 100 * S)
    assert after.look(NOW_US + 219 * S, lambda _: None) == []
    assert len(after.look(NOW_US + 220 * S, lambda _: None)) == 1


def test_of_two_aircraft_one_that_is_silent_is_enough() -> None:
    alerts = Alerts(AlertRules(silent_s=60.0))
    alerts.take([NEAR], NOW_US)
    at_us = {"4b1234": NOW_US + 90 * S, "4b5678": NOW_US}
    (lost,) = alerts.look(NOW_US + 90 * S, at_us.get)
    assert lost.closing is Closing.LOST


STRAYED = event(EventKind.OUTSIDE_VOLUMES, boundary="", rule="plan-1")
RETURNED = msgspec.structs.replace(STRAYED, ended_us=9)
AGAIN = msgspec.structs.replace(STRAYED, id="again", began_us=20)


def proposal(state: Proposed) -> Proposal:
    return Proposal("4b1234", "plan-1", state, 0, Grade.SHOWN, "")


class TestWhatIsToBeDeclared:
    def told(self, alerts: Alerts, *what: Event | Proposed) -> list[tuple[Stage, str | None]]:
        found: list[Alert] = []
        for each in what:
            if isinstance(each, Proposed):
                found += alerts.take([], NOW_US, [proposal(each)])
            else:
                found += alerts.take([each], NOW_US)
        return [(each.stage, each.proposed) for each in found]

    def test_each_transition_is_told_once(self) -> None:
        alerts = Alerts(AlertRules())
        (both,) = alerts.take([STRAYED], NOW_US, [proposal(Proposed.NONCONFORMING)])
        assert (both.stage, both.proposed) == (Stage.NOW, Proposed.NONCONFORMING)
        assert self.told(
            alerts,
            Proposed.NONCONFORMING,
            RETURNED,
            Proposed.ACTIVATED,
            Proposed.ACTIVATED,
            AGAIN,
            Proposed.NONCONFORMING,
            Proposed.CONTINGENT,
            Proposed.CONTINGENT,
        ) == [
            (Stage.OVER, "Nonconforming"),
            (Stage.OVER, "Activated"),
            (Stage.NOW, None),
            (Stage.NOW, "Nonconforming"),
            (Stage.NOW, "Contingent"),
        ]

    def test_out_again_before_it_conforms(self) -> None:
        alerts = Alerts(AlertRules())
        alerts.take([STRAYED], NOW_US, [proposal(Proposed.NONCONFORMING)])
        assert self.told(alerts, RETURNED, AGAIN) == [
            (Stage.OVER, "Nonconforming"), (Stage.NOW, "Nonconforming"),
        ]  # fmt: skip

    def test_out_and_back_between_two_looks(self) -> None:
        alerts = Alerts(AlertRules())
        found = alerts.take([STRAYED, RETURNED], NOW_US, [proposal(Proposed.NONCONFORMING)])
        assert [(each.stage, each.proposed) for each in found] == [
            (Stage.NOW, None), (Stage.OVER, "Nonconforming"),
        ]  # fmt: skip
        assert self.told(alerts, Proposed.ACTIVATED) == [(Stage.OVER, "Activated")]

    def test_nothing_is_said_of_what_nobody_wanted(self) -> None:
        alerts = Alerts(AlertRules(about=frozenset({About.CROSSING})))
        assert not alerts.take([STRAYED], NOW_US, [proposal(Proposed.NONCONFORMING)])

    def test_what_nobody_wanted_is_not_told_of_an_alert_of_before(self) -> None:
        alerts = Alerts(AlertRules(uncertain=False))
        alerts.take([STRAYED, RETURNED], NOW_US, [proposal(Proposed.NONCONFORMING)])
        alerts.take([], NOW_US, [proposal(Proposed.ACTIVATED)])
        doubtful = msgspec.structs.replace(AGAIN, grade=Grade.CANNOT_BE_TOLD)
        assert self.told(alerts, doubtful, Proposed.NONCONFORMING) == []

    def test_a_restart_forgets_nothing_and_tells_nothing(self) -> None:
        before = Alerts(AlertRules())
        before.take([STRAYED], NOW_US, [proposal(Proposed.NONCONFORMING)])
        kept = msgspec.json.decode(msgspec.json.encode(before.open), type=list[Alert])
        after = Alerts(AlertRules(), kept, NOW_US + 10)
        assert after.proposed == {"plan-1": Proposed.NONCONFORMING}
        assert self.told(after, AGAIN, Proposed.NONCONFORMING) == []
        assert self.told(after, Proposed.CONTINGENT) == [(Stage.NOW, "Contingent")]


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
