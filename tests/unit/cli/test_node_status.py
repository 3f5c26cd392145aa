"""What `detente node status` tells people."""

from __future__ import annotations

from typing import Any

from detente.cli.node_status import tell


def facts(**planning: Any) -> dict[str, Any]:
    """Of a node that runs and plans."""
    return {
        "running": True,
        "why": None,
        "party": "a",
        "pid": 1,
        "mode": "writing",
        "api": "https://localhost",
        "agreement": "x",
        "agreement_version": 1,
        "record": {"origin": "o", "size": 1, "cosigned": 1, "grade": "single"},
        "disk": {"free": 1 << 30, "total": 1 << 31},
        "planning": {
            "manager": "a",
            "exchanges": {"main": "https://dss.example"},
            "plans": 2,
            "unsettled": 0,
            "unrecorded": 0,
            "test_mode": [],
        }
        | planning,
    }


def test_what_is_amiss_with_planning_is_said() -> None:
    quiet = "\n".join(tell(facts()))
    assert "planning as a at https://dss.example: 2 plans" in quiet
    assert "RECORDED" not in quiet
    assert "TESTS" not in quiet
    told = "\n".join(tell(facts(unsettled=1, unrecorded=7, test_mode=["peer-allow-any"])))
    assert "1 orders not settled" in told
    assert "NOT RECORDED, and lost: 7 exchanges of messages" in told
    assert "FOR TESTS ONLY: peer-allow-any" in told


def test_a_feed_that_fails_is_seen_by_the_operator() -> None:
    feed = {
        "name": "north",
        "state": "failing",
        "reports": 57,
        "last_report": None,
        "dropped": {"no-date": 3},
        "last_failure": "refused",
    }
    watching = {
        "failed": "",
        "boundaries": 251,
        "alerts": 1,
        "taken": 57,
        "behind_ms": 1.7,
        "feeds": [feed],
        "shed": {},
        "tracks": None,
    }
    told = "\n".join(tell(facts() | {"watching": watching}))
    assert "watching 251 areas, 1 alerts open, 57 reports" in told
    assert "feed north: failing, 57 reports" in told
    assert "no-date 3" in told
    assert "refused" in told
    assert "watching" not in "\n".join(tell(facts()))
