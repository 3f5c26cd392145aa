"""`detente node watch` at a node that answers as the test has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.fake_node import Command, FakeNode, fake_node

pytestmark = pytest.mark.anyio
ID = "ab" * 32
ALERT: dict[str, Any] = {
    "id": ID,
    "headline": {"en": "HELI1: border (x/FR)", "fr": "HELI1 : frontière (x/FR)"},
    "now": {"words": {"en": "It is ahead.", "fr": "Cela va se produire."}},
}
HISTORY = {
    "alert": ALERT,
    "stages": [
        {
            "words": ALERT["now"]["words"],
            "figures": {"time_to_s": {"value": 90.0, "low": 80.0, "high": None, "unit": "s"}},
            "grounds": [{"en": "Well inside.", "fr": "Nettement dedans."}],
        }
    ],
    "announcements": [{"party": "b", "stage": "ahead", "message": None, "why": "not\nagreed"}],
    "seen": [{"officer": "durand", "note": "called", "at": "2026-05-04T12:00:00.000000Z"}],
}
SEGMENT = {
    "index": 7,
    "first": "2026-05-04T12:00:00.000000Z",
    "last": "2026-05-04T12:10:00.000000Z",
    "rows": 10,
    "aircraft": 2,
    "bytes": 1_500_000,
    "shed": 3,
    "recovered": True,
    "held": ["h1"],
}
HOLD = {
    "since": "2026-05-04T12:00:00.000000Z",
    "until": "2026-05-04T13:00:00.000000Z",
    "aircraft": "",
    "ground": "inquiry 7",
}


def at(node: FakeNode, root: Path) -> Command:
    return Command(node, root, "node")


async def test_feeds_are_told_in_both_languages(tmp_path: Path) -> None:
    feed = {
        "name": "north",
        "state": "fresh",
        "reports": 9,
        "last_report": None,
        "dropped": {"framing": 4},
        "last_failure": "",
    }
    watching = {"failed": "", "boundaries": 2, "alerts": 1, "taken": 9, "behind_ms": 3.4}
    watching |= {"feeds": [feed], "shed": {}, "tracks": None, "own_flights": 3}
    for language, words in (("en", "feed north: fresh, 9 reports"), ("fr", "9 positions")):
        with fake_node(language) as node:
            node.says("GET watch", watching)
            told = await at(node, tmp_path)("watch", "status")
            assert told.code == 0, told.err
            assert words in told.out
            assert "framing 4" in told.out
            assert told.out.splitlines()[1].endswith(": 3")


async def test_alerts_are_listed_shown_and_noted(tmp_path: Path) -> None:
    with fake_node() as node:
        node.says("GET watch/alerts", {"alerts": [ALERT]})
        node.says(f"GET watch/alerts/{ID}", HISTORY)
        node.says(f"POST watch/alerts/{ID}/seen", HISTORY)
        call = at(node, tmp_path)
        listed = await call("watch", "alerts", "--open", "--about", "crossing")
        assert listed.out.splitlines() == ["abababab  HELI1: border (x/FR)", "    It is ahead."]
        assert node.asked[0][2] == {"limit": "50", "open": "1", "about": "crossing"}
        shown = await call("watch", "show", "abab")
        assert "time_to_s: 90.0 [80.0, ?] s" in shown.out
        assert "told b (ahead): not\\nagreed" in shown.out
        noted = await call("watch", "note", ID, "--text", "called")
        assert "noted by durand" in noted.out
        assert node.bodies(f"POST watch/alerts/{ID}/seen") == [{"note": "called"}]
        assert (await call("watch", "show", "cd")).code == 2


async def test_raw_tracks_are_listed_held_and_released_by_two(tmp_path: Path) -> None:
    with fake_node() as node:
        hold = {**HOLD, "id": "h1", "officer": "durand"}
        node.says("GET watch/segments", {"segments": [SEGMENT], "before": None})
        node.says("GET watch/holds", {"holds": [hold]})
        node.says("POST approvals", {"id": "r1"})
        node.says("GET approvals/r1", {"kind": "tracks", "action": {"do": "hold", **HOLD}})
        released = {"do": "release", "hold": "h1", "ground": "closed"}
        node.says("GET approvals/r2", {"kind": "tracks", "action": released})
        node.says("POST watch/holds", (201, {"id": "h1", "index": 9}))
        node.says("POST watch/holds/h1/release", (201, {"id": "x", "index": 10}))
        call = at(node, tmp_path)
        listed = await call("watch", "segments")
        assert "10 reports of 2 aircraft, 1.5 MB" in listed.out
        assert "held by h1" in listed.out
        assert "all aircraft; inquiry 7 (durand)" in listed.out
        window = ("--since", "2026-05-04T12:00:00Z", "--until", "2026-05-04T13:00:00Z")
        asked = await call("watch", "hold", *window, "--ground", "inquiry 7")
        assert "detente node watch hold --approval r1" in asked.out
        assert node.bodies("POST approvals")[0]["action"] == {"do": "hold", **HOLD}
        done = await call("watch", "hold", "--approval", "r1")
        assert "stated in entry 9: h1" in done.out
        assert node.bodies("POST watch/holds") == [{**HOLD, "approval": "r1"}]
        let_go = await call("watch", "release", "--approval", "r2")
        assert let_go.code == 0, let_go.err
        assert node.bodies("POST watch/holds/h1/release") == [
            {"ground": "closed", "approval": "r2"}
        ]
        assert (await call("watch", "release", "h1")).code == 2
        assert (await call("watch", "hold", *window)).code == 2
