"""Grades, and the sentences that say what decided them."""

import re

import pytest
from tests.support.archives_made import at_once, in_time, wandering
from tests.support.watched import PICTURE, boundary, box

from detente.watch import GROUNDS, Grade, Ground, Interval, sentence
from detente.watch.grading import Evidence, decide
from detente.watch.ground_figures import FIGURES

AREA = box(46.0, 7.0, 47.0, 8.0)
SURE = boundary("A", AREA)


def evidence(low: float, value: float, high: float, **changed: object) -> Evidence:
    figures: dict[str, object] = {
        "depth": Interval(value, low, high, "m"), "position_m": 8.0, "between_reports_m": 0.0,
        "boundary_m": 1.0, "reports": 10, "doubtful": 0, "derived": 0, "assumed": 0,
        "distrusted": False, "jump_s": None, "distrust_s": 3600.0, "doubtful_share": 0.5,
    }  # fmt: skip
    return Evidence(**(figures | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("low", "value", "high", "claimed", "grade", "code"),
    [
        (5, 10, 15, None, Grade.SHOWN, "deeper-than-uncertainty"),
        (-5, 10, 15, None, Grade.CANNOT_BE_TOLD, "within-uncertainty"),
        (-15, -10, -5, None, Grade.REFUTED, "outside-beyond-uncertainty"),
        (95, 100, 105, 50, Grade.SHOWN, "as-deep-as-claimed"),
        (95, 100, 105, 110, Grade.REFUTED, "less-deep-than-claimed"),
        (95, 100, 105, 98, Grade.CANNOT_BE_TOLD, "within-uncertainty"),
    ],
)
def test_low_and_high_end_decide(
    low: float, value: float, high: float, claimed: float | None, grade: Grade, code: str
) -> None:
    told, grounds = decide(evidence(low, value, high), SURE, claimed)
    assert told is grade
    assert grounds[0].code == code


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"distrusted": True, "jump_s": 12.0}, "positions-inconsistent"),
        ({"doubtful": 6}, "positions-doubtful"),
        ({"boundary_m": 600.0}, "boundary-too-uncertain"),
    ],
)
def test_what_forbids_a_verdict(changed: dict[str, object], code: str) -> None:
    told, grounds = decide(evidence(400, 500, 600, **changed), SURE)
    assert told is Grade.CANNOT_BE_TOLD
    assert grounds[0].code == code


def test_a_picture_decides_nothing() -> None:
    told, grounds = decide(evidence(4e4, 5e4, 6e4), boundary("A", AREA, source=PICTURE))
    assert told is Grade.CANNOT_BE_TOLD
    assert grounds[0].code == "boundary-does-not-judge"


@pytest.mark.parametrize("code", sorted(GROUNDS))
def test_each_ground_has_two_sentences(code: str) -> None:
    words = GROUNDS[code]
    assert words.en.endswith(".")
    assert words.fr.endswith(".")
    assert "'" not in words.fr
    assert not re.search(r" [:;!?]", words.fr)


def test_figures_are_told_with_their_units() -> None:
    ground = Ground("within-uncertainty", {"position_m": 148.3, "boundary_m": 1.25})
    words = sentence(ground)
    assert "the position may be 148 m off" in words.en
    assert "la limite peut être fausse de 1,25\u202fm" in words.fr
    assert "may be 0 m off" in sentence(Ground("within-uncertainty", {"boundary_m": 0.0})).en


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_each_figure_is_called_by_plain_words_in_both_languages(name: str) -> None:
    words = FIGURES[name]
    for text in words:
        assert text.count("{}") == 1
        assert "_" not in text
    assert "'" not in words.fr
    assert not re.search(r" [:;!?]", words.fr)


def test_figures_of_findings_have_plain_names() -> None:
    every = evidence(-5, 10, 15, distrusted=True, jump_s=3.0, doubtful=6, assumed=2)
    _, grounds = decide(every, SURE, 8.0)
    named = {name for ground in grounds for name in ground.figures}
    named |= {
        name
        for event in at_once(in_time(wandering(1, 4, 60)))
        for ground in event.grounds
        for name in ground.figures
    }
    assert {"between_reports_m", "claimed_m", "doubtful", "nearest_jump_s"} <= named
    assert named <= FIGURES.keys()


def test_a_moment_and_what_a_source_says_are_told_in_words() -> None:
    moment = sentence(Ground("measured", {"closest_us": "1600000000000000"}))
    assert "closest at 12:26:40 UTC" in moment.en
    told = sentence(Ground("depends-on-border-data", {"own": "cannot-be-told"}))
    assert told.en.endswith("(own: cannot be told)")
    assert told.fr.endswith("(own\u202f: indécidable)")
