"""How one distance is judged: in whole decimetres, with what is not sure and what is announced."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.agreements import enrolled
from tests.support.stand_off import AIRSPACE, LINE, agreement_of, flown

import detente.watch.monitors._breaches as breaches
import detente.watch.monitors._encounters as encounters
from detente.agreement import AgreementUnusable, Purpose, load_agreement, sections
from detente.watch import (
    GROUNDS,
    BorderUnusable,
    Breach,
    Declarations,
    Declared,
    Exemption,
    Grade,
    Limit,
    StandOffMonitor,
    Tracks,
    stand_off_rules,
)
from detente.watch.monitors._encounters import Manner
from detente.watch.stand_off_rules import decimetres, grade_of, spread_decimetres, too_near
from detente.words import same

LIMIT = Limit(
    rule="stand-off/x",
    sentence=same("x"),
    classes=frozenset(),
    parties=frozenset(),
    line=0,
    inside=-1,
    border="x",
    claimant="",
    distance_dm=100_000,
    uncertainty_dm=0,
    exempt=frozenset({Purpose.RESCUE}),
    notice_us=0,
    exempt_to_dm=0,
)


@pytest.mark.parametrize(
    ("distance_m", "near"),
    [(10_000.0, False), (9_999.96, False), (9_999.94, True), (10_000.04, False), (-3.0, True)],
)
def test_equal_is_far_enough_and_half_a_decimetre_is_the_same_distance(
    distance_m: float, near: bool
) -> None:
    assert too_near(LIMIT, decimetres(distance_m)) is near


@given(st.floats(-1e6, 1e6), st.floats(-1e-7, 1e-7), st.floats(0, 1e5))
def test_last_digits_decide_nothing_but_at_the_very_middle_of_a_decimetre(
    distance_m: float, noise_m: float, spread_m: float
) -> None:
    off = abs(distance_m * 10 % 1 - 0.5)
    if off > 1e-5:
        assert decimetres(distance_m + noise_m) == decimetres(distance_m)
    assert spread_decimetres(spread_m) >= spread_m * 10


@pytest.mark.parametrize(
    ("surest_dm", "excused", "grade"),
    [
        (99_999, Exemption.NONE, Grade.SHOWN),
        (100_000, Exemption.NONE, Grade.CANNOT_BE_TOLD),
        (99_999, Exemption.EXEMPT, Grade.REFUTED),
    ],
)
def test_a_breach_is_shown_where_even_the_uncertainty_is_too_near(
    surest_dm: int, excused: Exemption, grade: Grade
) -> None:
    assert grade_of(LIMIT, Breach(0, 1, 99_000, surest_dm), excused) is grade


def test_rules_stand_in_the_agreement_as_sentences_in_both_languages(tmp_path: Path) -> None:
    agreement = agreement_of(AIRSPACE, tmp_path)
    (section,) = [each for each in sections(agreement) if "Stand-off" in each.title.en]
    unarmed = next(each.value for each in section.rows if each.label.en == "unarmed")
    assert unarmed.en == (
        "Unarmed fixed-wing aircraft and unarmed helicopters of every party stay at least 1,000 m "
        "from the airspace of every other party. Flights for survey, supply, mercy and rescue that "
        "were announced 24 hours before may come closer, up to the line itself."
    )
    assert unarmed.fr == (
        "Avions non armés et hélicoptères non armés de toutes les parties restent à au moins "
        "1\u202f000\u00a0m de l’espace aérien des autres parties. Les vols de relevé, de "
        "ravitaillement, humanitaires et de sauvetage annoncés 24\u00a0heures auparavant peuvent "
        "s’approcher davantage, jusqu’à la ligne même."
    )
    rules = stand_off_rules(agreement)
    assert rules is not None
    assert {each.sentence.en for each in rules.limits} <= {each.value.en for each in section.rows}


def test_a_stretch_is_told_by_its_marker(tmp_path: Path) -> None:
    rules = stand_off_rules(agreement_of(LINE, tmp_path))
    assert rules is not None
    east = next(each for each in rules.limits if each.rule == "stand-off/fixed-wing-east")
    assert east.sentence.en.startswith(
        "Fixed-wing aircraft of every party stay at least 40 km from “the line”, as far as it "
        "runs east of “marker 0646”."
    )
    assert east.sentence.fr.startswith(
        "Avions de toutes les parties restent à au moins 40\u00a0km de «\u00a0la ligne\u00a0», "
        "dans sa partie à l’est de «\u00a0borne 0646\u00a0»."
    )


@pytest.mark.parametrize(
    ("example", "change", "message"),
    [
        (AIRSPACE, ('from = "other"', 'from = "moon"'), "no border moon"),
        (AIRSPACE, ("value = 10,", "value = 10.00001,"), "no whole number of decimetres"),
        (AIRSPACE, ('unit = "km"', 'unit = "mi"'), "unit"),
        (AIRSPACE, ('id = "unarmed"', 'id = "combat"'), "combat is named twice"),
        (AIRSPACE, ('party = "b"\nfile', 'party = "z"\nfile'), "z is no party"),
        (AIRSPACE, ('file = "airspace-b.geojson"\n\n[[rules.stand-off.rules]]',
                    'file = "area.geojson"\n\n[[rules.stand-off.rules]]'), "is no annex"),
        (AIRSPACE, ("notice_min = 1440", 'exempt_to = { value = 2, unit = "km" }'), "no closer"),
        (LINE, ('east_of = "marker-0646"', 'east_of = "marker-1"'), "no marker marker-1"),
        (LINE, ('exempt = ["fire', 'exempt_to = { value = 1, unit = "km" }\n#'), "No errand"),
    ],
)  # fmt: skip
def test_rules_that_cannot_be_meant_are_faults(
    tmp_path: Path, example: Path, change: tuple[str, str], message: str
) -> None:
    with pytest.raises(AgreementUnusable) as refused:
        agreement_of(example, tmp_path, change)
    assert any(message in f"{each}" for each in refused.value.faults)


def test_a_stretch_of_which_nothing_is_left_is_said(tmp_path: Path) -> None:
    with pytest.raises(BorderUnusable, match="stand-off/fixed-wing-east: Nothing of the border"):
        stand_off_rules(agreement_of(LINE, tmp_path, ("lng_deg = 127.42", "lng_deg = 150.0")))


def test_without_the_section_there_is_nothing_to_judge(tmp_path: Path) -> None:
    assert stand_off_rules(load_agreement(enrolled(tmp_path).agreement)) is None


def test_deep_inside_it_is_so_deep_at_least(tmp_path: Path) -> None:
    rules = stand_off_rules(agreement_of(AIRSPACE, tmp_path))
    assert rules is not None
    kinds = Declarations(
        [Declared(aircraft="4b1234", party="a", kind=next(iter(rules.limits[0].classes)))]
    )
    monitor = StandOffMonitor(rules, kinds)
    events = monitor.take(Tracks().take(flown("4b1234", [(45.4, 8.2)] * 4)))
    assert events[0].grade is Grade.SHOWN
    assert events[0].distance_m is not None
    assert events[0].distance_m.value == -35_000
    assert events[0].distance_m.low == -float("inf")
    assert "deeper-than-told" in [each.code for each in events[0].grounds]


def test_every_ground_has_its_sentence() -> None:
    told = {each.value for each in (*Manner, *Exemption)} - {Exemption.NOT_FORESEEN.value}
    for module in (breaches, encounters):
        source = Path(str(module.__file__)).read_text()
        told |= set(re.findall(r'Ground\("([a-z-]+)"', source))
    told |= {"too-near-beyond-uncertainty", "too-near-within-uncertainty"}
    assert told <= set(GROUNDS)
