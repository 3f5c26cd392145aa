"""No boundary judges what is finer than its line is known; a picture judges nothing."""

from dataclasses import replace

import pytest

from detente.boundaries import (
    Boundary,
    BoundaryDoesNotJudge,
    BoundarySource,
    Kind,
    Why,
    judges,
    refusal,
    require_judge,
)

SOURCE = BoundarySource("s", "Some source", "1", "CC0-1.0", "00" * 32, 100.0, "stated")
LINE = Boundary(
    "s/A", "A", Kind.LAND, "A", SOURCE, (), uncertainty_m=100.0, open_uncertainty_m=2_000.0
)


def test_a_line_judges_what_is_at_least_as_coarse_as_it() -> None:
    assert judges(LINE, 2_000.0)
    assert judges(LINE, -2_000.0)
    assert not judges(LINE, 1_999.0)


def test_the_stretch_in_question_counts_where_it_is_known() -> None:
    assert judges(LINE, 143.0, uncertainty_m=100.0)
    found = refusal(LINE, 65.0, uncertainty_m=100.0)
    assert found is not None
    assert (found.why, found.uncertainty_m, found.question_m) == (Why.TOO_UNCERTAIN, 100.0, 65.0)


def test_a_picture_judges_nothing_however_coarse_the_question() -> None:
    picture = replace(LINE, source=replace(SOURCE, judges=False))
    found = refusal(picture, 1e7, uncertainty_m=1.0)
    assert found is not None
    assert found.why is Why.PICTURE
    with pytest.raises(BoundaryDoesNotJudge, match="picture"):
        require_judge(picture, 1e7)


def test_an_unknown_uncertainty_or_question_is_no_ground_to_judge() -> None:
    assert not judges(LINE, 1e6, uncertainty_m=float("nan"))
    assert not judges(LINE, float("nan"))


def test_whoever_needs_a_judge_is_told_what_is_missing() -> None:
    require_judge(LINE, 3_000.0)
    with pytest.raises(BoundaryDoesNotJudge, match="2,000 m only") as caught:
        require_judge(LINE, 500.0)
    assert caught.value.where == "s/A"
