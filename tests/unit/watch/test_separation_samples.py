"""Two airliners that flew in formation for a photograph, as they were received."""

from __future__ import annotations

import numpy as np
from tests.support.samples import sample

from detente.feeds import joined, read_reports
from detente.watch import (
    Declarations,
    Declared,
    Grade,
    SeparationMonitor,
    SeparationRules,
    Tracks,
)


def test_the_formation_is_told_apart_from_an_approach() -> None:
    reports = joined(list(read_reports(sample("featured/dreamliner_airfrance.json.gz"))))
    # from a while before they part for a minute until they have parted for good
    begin_us = int(reports.time_us.min())
    seconds = (reports.time_us - begin_us) / 1e6
    reports = reports.take((seconds > 6700) & (seconds < 9300))
    reports = reports.take(np.argsort(reports.time_us, kind="stable"))
    parties = Declarations(
        [Declared(aircraft="39c424", party="a"), Declared(aircraft="3900fb", party="b")]
    )
    monitor = SeparationMonitor(SeparationRules(), parties)
    events = [*monitor.take(Tracks().take(reports)), *monitor.close()]
    last = {each.id: each for each in events}
    manners = [each.grounds[0].code for each in last.values()]
    assert manners == ["formation", "joined"]
    assert {each.grade for each in last.values()} == {Grade.SHOWN}
    one, two = last.values()
    # they flew apart for a minute and a half, and came back
    assert one.ended_us is not None
    assert 60e6 < two.began_us - one.ended_us < 120e6
    assert two.distance_m is not None
    assert two.distance_m.value < 100
    assert two.duration_s is not None
    assert two.duration_s.value > 1200
    told = [each.grounds[0].code for each in events if each.id == two.id]
    assert told[0] == "converging", "at first it was one that came"
