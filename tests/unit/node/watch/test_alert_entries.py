"""Entries of alerts: what is written is read back, with bounds that are not known."""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf
from uuid import UUID

import pytest

from detente.node.watch.alert_entries import AlertUnreadable, alert_draft, alert_told
from detente.record import JsonValue, Payload
from detente.watch import Alert, AlertRules, Alerts, Event, EventKind, Grade, Ground, Interval

IDENTITY = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
EVENT = Event(
    id="0" * 64,
    kind=EventKind.CROSSING,
    grade=Grade.CANNOT_BE_TOLD,
    aircraft="4b1234",
    boundary="x/YY",
    began_us=5,
    depth_nearest_m=Interval(40_000.0, 39_000.0, inf, "m"),
    depth_chord_m=Interval(1.0, -inf, 2.0, "m"),
    grounds=(Ground("boundary-too-uncertain", {"uncertainty_m": 3000.0}),),
)


def standing() -> Alert:
    (alert,) = Alerts(AlertRules()).take([EVENT], 7)
    return alert


def payload(body: dict[str, JsonValue], kind: str = "watch-alert") -> Payload:
    return Payload(
        kind=kind,
        sha256=b"",
        agreement="",
        author="",
        sender="party-a",
        channel="own/watch",
        seq=1,
        prev=None,
        created=datetime(2027, 1, 1, tzinfo=UTC),
        id=IDENTITY,
        salt=b"",
        status="actual",
        to=(),
        refs=(),
        blobs=(),
        body=body,
    )


def test_an_alert_is_read_back_as_it_was() -> None:
    draft = alert_draft(standing(), identity=IDENTITY)
    assert draft.to == ()
    assert alert_told(payload(dict(draft.body))) == standing()


@pytest.mark.parametrize(
    "finding",
    [None, 5, "", "{}", "[1", "[" * 100_000, '{"id": 1}'],
    ids=["none", "number", "empty", "nothing in it", "cut", "deep", "another"],
)
def test_what_is_no_alert_is_refused(finding: JsonValue) -> None:
    with pytest.raises(AlertUnreadable):
        alert_told(payload({"finding": finding}))


def test_an_entry_of_another_kind_is_refused() -> None:
    with pytest.raises(AlertUnreadable):
        alert_told(payload(dict(alert_draft(standing(), identity=IDENTITY).body), "message"))
