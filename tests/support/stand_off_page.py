"""A report page of two aircraft that came nearer to a line than was agreed."""

from __future__ import annotations

from pathlib import Path

from tests.support.archives_made import at_once, in_time
from tests.support.stand_off import LINE, agreement_of, flown

from detente.feeds import Reports
from detente.watch import (
    Declarations,
    Event,
    Report,
    StandOffRules,
    WatchSetup,
    read_declarations,
    stand_off_rules,
    summary_of,
    track_points,
    windows,
)

HELICOPTER, FIGHTER = "71c001", "4b1234"
DECLARED = b"""
[[aircraft]]
aircraft = "71c001"
party = "b"
class = "rotary-wing-unarmed"
[[aircraft]]
aircraft = "4b1234"
party = "a"
class = "fixed-wing-combat"
"""


def stand_off_tracks() -> Reports:
    """One flies over the line and away again; one comes near its eastern part, and stays."""
    over = [(38.0 + 0.005 * i, 126.9) for i in range(100)]
    near = [(38.80 - 0.008 * min(i, 25), 127.8) for i in range(60)]
    return in_time([flown(HELICOPTER, over), flown(FIGHTER, near)])


def rules_of(root: Path) -> StandOffRules:
    """Those of the example with a line."""
    rules = stand_off_rules(agreement_of(LINE, root))
    assert rules is not None
    return rules


def stand_off_events(rules: StandOffRules, tracks: Reports) -> list[Event]:
    """What one engine finds."""
    declared = Declarations(read_declarations(DECLARED).aircraft)
    setup = WatchSetup(stand_off=rules, declarations=declared)
    return at_once(tracks, setup.engine())


def stand_off_report(root: Path) -> Report:
    """The report about both."""
    rules, tracks = rules_of(root), stand_off_tracks()
    summary = summary_of(stand_off_events(rules, tracks))
    wanted = [window for each in summary.shown for window in windows(each)]
    return Report(summary=summary, tracks=track_points([tracks], wanted), stand_off=rules)
