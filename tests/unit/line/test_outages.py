"""What each side says of an outage, and what both say together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from detente.line import (
    Outage,
    OutageMalformed,
    State,
    Stated,
    outage_draft,
    own_absences,
    read_outage,
    reconcile,
)
from detente.record import JsonValue

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def outage(
    peer: str, since: float, until: float, seen_as: State = State.PEER_SILENT, own: bool = False
) -> Outage:
    return Outage(peer, after(since), after(until), seen_as, own)


def test_a_statement_says_what_was_seen_and_is_read_back() -> None:
    told = outage("b", 0, 61.5)
    draft = outage_draft(told, "line/b")
    assert (draft.kind, draft.channel, draft.to) == ("outage", "line/b", ("b",))
    assert draft.body == {
        "peer": "b",
        "from": "2026-11-23T12:00:00.000000Z",
        "until": "2026-11-23T12:01:01.500000Z",
        "seen_as": "peer-silent",
        "own": False,
    }
    assert read_outage(dict(draft.body)) == told


def test_what_lasts_is_not_stated() -> None:
    with pytest.raises(ValueError, match="over"):
        outage_draft(Outage("b", NOON, None, State.DOWN_HERE, False), "line/b")


def test_a_clock_that_was_set_back_gives_no_outage_of_negative_length() -> None:
    draft = outage_draft(outage("b", 10, 4), "line/b")
    assert draft.body["until"] == draft.body["from"]


GOOD: dict[str, JsonValue] = {
    "peer": "b",
    "from": "2026-11-23T12:00:00.000000Z",
    "until": "2026-11-23T12:01:00.000000Z",
    "seen_as": "down-there",
    "own": False,
}


@pytest.mark.parametrize(
    "change",
    [
        {"peer": 1},
        {"own": "no"},
        {"from": "yesterday"},
        {"until": "2026-11-23T11:00:00.000000Z"},
        {"seen_as": "up"},
        {"seen_as": "gone"},
        {"seen_as": []},
        {"more": 1},
    ],
)
def test_what_has_another_form_is_refused(change: dict[str, JsonValue]) -> None:
    assert read_outage(dict(GOOD)).peer == "b"
    with pytest.raises(OutageMalformed):
        read_outage({**GOOD, **change})


def test_a_start_states_that_one_was_away_and_what_had_begun_before() -> None:
    lasting = Outage("c", after(-50), None, State.DOWN_THERE, False)
    assert own_absences(("b", "c"), after(0), after(100), [lasting]) == [
        outage("c", -50, 0, State.DOWN_THERE),
        outage("b", 0, 100, State.DOWN_HERE, own=True),
        outage("c", 0, 100, State.DOWN_HERE, own=True),
    ]
    over = outage("c", -50, -20)
    assert own_absences((), after(0), after(100), [over]) == [over]
    assert own_absences(("b", "c"), after(0), after(2)) == []


def test_both_statements_are_one_outage() -> None:
    ours = Stated("a", outage("b", 2, 300))
    theirs = Stated("b", outage("a", -10, 290, State.DOWN_HERE, own=True))
    other = Stated("a", outage("c", 0, 300))
    (shared,) = reconcile(("a", "b"), [ours, other, theirs])
    assert (shared.since, shared.until) == (after(-10), after(300))
    assert shared.stated == (theirs, ours)
    assert shared.away == ("b",)
    assert shared.unstated == ()
    assert shared.words.en == (
        "The line was down from 23 November 2026, 11:59:50 UTC to 23 November 2026, 12:05 UTC. "
        "b: its own node was away. a saw: peer silent."
    )
    assert "son propre nœud était absent" in shared.words.fr


def test_what_one_side_only_has_stated_is_said_so() -> None:
    (shared,) = reconcile(("a", "b"), [Stated("a", outage("b", 0, 60))])
    assert shared.unstated == ("b",)
    assert shared.words.en.endswith("b has stated nothing.")


def test_outages_far_apart_are_two_and_clocks_may_differ() -> None:
    stated = [
        Stated("a", outage("b", 0, 60)),
        Stated("b", outage("a", 85, 120)),
        Stated("a", outage("b", 151, 200)),
    ]
    assert [len(each.stated) for each in reconcile(("a", "b"), stated)] == [2, 1]
