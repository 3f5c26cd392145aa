"""What the page is told of volumes that an aircraft declared and left."""

from __future__ import annotations

import json
from dataclasses import replace as changed

import pytest
from tests.support.archives_made import at_once
from tests.support.watched import T0_US
from tests.unit.watch.test_conformance import OWN, VOLUME, S, along
from tests.unit.watch.test_report import data_of

from detente.watch import Report, WatchSetup, report_page, summary_of, track_points, windows
from detente.watch.report_volumes import volumes_data

TRACK = along([0.0, 500.0, *(1_000.0 + 100.0 * i for i in range(30)), 500.0])
(EVENT,) = at_once(TRACK, WatchSetup(own_volumes=OWN).engine())
UNTIL_US = EVENT.ended_us or EVENT.began_us


def left_report() -> Report:
    summary = summary_of([EVENT])
    return Report(
        summary=summary,
        tracks=track_points([TRACK], list(windows(EVENT))),
        own_volumes=[*OWN, changed(OWN[0], aircraft="3c0002")],
    )


def test_the_page_has_the_volumes_that_were_left() -> None:
    (told,) = data_of(report_page(left_report()))["events"]
    (volume,) = told["volumes"]
    assert volume[:4] == [T0_US / 1e6 - 60, T0_US / 1e6 + 3_600, 100.0, 500.0]
    assert len(volume[4]) > 20, "a circle has many corners"
    assert json.dumps(volume)


@pytest.mark.parametrize(
    ("begins_s", "ends_s", "shown"),
    [(-4_000, -1_000, False), (-4_000, -800, True), (2_000, 3_000, False), (600, 3_000, True)],
)
def test_those_that_are_meant_for_another_time_are_left_out(
    begins_s: int, ends_s: int, shown: bool
) -> None:
    other = changed(VOLUME, time_start_us=T0_US + begins_s * S, time_end_us=T0_US + ends_s * S)
    own = [changed(OWN[0], volumes=(VOLUME, other))]
    assert len(volumes_data(EVENT, UNTIL_US, own)) == 1 + shown
    if not shown:
        alone = [changed(OWN[0], volumes=(other,))]
        assert len(volumes_data(EVENT, UNTIL_US, alone)) == 1, "there is no other to be shown"


def test_of_other_operations_nothing_is_told() -> None:
    assert volumes_data(EVENT, UNTIL_US, [changed(OWN[0], operation="plan-2")]) == []
