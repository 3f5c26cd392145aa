"""What officers type is what the form takes, and comes back as it would be typed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.terminal.fake_node import AREA, LEVELS, TIMES, WARNING

from detente.cli.line import FIELDS as OPTIONS
from detente.line import FIELDS, FORMS, CircleArea, Levels, Times
from detente.record import JsonValue
from detente.terminal import (
    NotUnderstood,
    questions_of,
    read_answers,
    read_back_questions,
    typed,
    typed_places,
    typed_spans,
)
from detente.terminal import retyped as back
from detente.terminal.questions import phrase_shown


@pytest.mark.parametrize(
    ("text", "longitude", "latitude"),
    [
        ("36.718031N 68.862211E", 68.862211, 36.718031),
        ("36.718031° N, 68.862211° E", 68.862211, 36.718031),
        ("36,5N 68,25O", -68.25, 36.5),
        ("-36.5 -68.25", -68.25, -36.5),
        ("36°30'N 068°15'W", -68.25, 36.5),
        ("36°43'05\"S 68°51'44\"E", 68.862222222, -36.718055556),
        ("364305N0685144E", 68.862222222, 36.718055556),
        ("3643N 06851W", -68.85, 36.716666667),
    ],
)
def test_places_are_latitude_first_in_any_usual_way(
    text: str, longitude: float, latitude: float
) -> None:
    assert typed_places.read_position(text) == [longitude, latitude]


@pytest.mark.parametrize(
    "text",
    ["", "36", "36 43 05 N 68", "91N 10E", "10N 181E", "36N 68N", "36°70'N 68E", "36N 68", "x"],
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(NotUnderstood):
        typed_places.read_position(text)


@given(
    st.decimals(-180, 180, allow_nan=False, places=7),
    st.decimals(-90, 90, allow_nan=False, places=7),
)
def test_a_place_comes_back_with_all_its_digits(longitude: object, latitude: object) -> None:
    place: list[JsonValue] = [float(str(longitude)), float(str(latitude))]
    assert typed_places.read_position(back.write_position(place)) == place


@pytest.mark.parametrize(
    "text",
    [
        "circle 5 km 36.718N 68.862E = Kunduz, north",
        "cercle 300 m 36.718N 68.862E",
        "polygon 36N 68E; 36N 69E; 37N 68E",
        "corridor 2 NM 36N 68E; 37N 69E; 37N 70E = route 7",
    ],
)
def test_areas_are_those_of_the_forms(text: str) -> None:
    area = typed_places.read_area(text)
    assert typed_places.read_area(back.write_area(area)) == area
    FORMS["warning"].read({"danger": "debris", "area": area})


def test_a_polygon_is_closed_and_a_name_is_kept() -> None:
    area = typed_places.read_area("polygon 36N 68E; 36N 69E; 37N 68E = Here")
    assert area["name"] == "Here"
    assert area["geometry"] == {
        "type": "Polygon",
        "coordinates": [[[68.0, 36.0], [69.0, 36.0], [68.0, 37.0], [68.0, 36.0]]],
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5 km 36N 68E",
        "circle 36N 68E",
        "circle 5 km 36N 68E; 37N 68E",
        "polygon 36N 68E; 1N 1E",
    ],
)
def test_what_is_no_area_says_what_one_is(text: str) -> None:
    with pytest.raises(NotUnderstood) as caught:
        typed_places.read_area(text)
    assert caught.value.words.en != caught.value.words.fr


def test_levels_keep_unit_and_reference() -> None:
    assert typed_spans.read_levels("1000 ft MSL to 5000 ft MSL") == LEVELS
    assert typed_spans.read_levels("FL100-FL200") == typed_spans.read_levels("FL 100 à FL 200")
    one = typed_spans.read_levels("120 m AGL")
    assert one["lower"] == one["upper"] == {"value": 120, "unit": "m", "reference": "AGL"}
    for text in ("1000 ft", "1000", "FL", "1000 ft MSL to", "1 m MSL to 2 m MSL to 3 m MSL"):
        with pytest.raises(NotUnderstood):
            typed_spans.read_levels(text)


def test_times_are_utc_and_never_without_a_date() -> None:
    assert typed_spans.read_times("2027-01-05 06:00 to 08:00") == TIMES
    assert typed_spans.read_times("2027-01-05T06:00Z / 2027-01-05T08:00:00Z") == TIMES
    for until in ("jusqu'à", "jusqu’à", "à", "until"):
        assert typed_spans.read_times(f"2027-01-05 06:00 {until} 08:00") == TIMES
    for text in (
        "06:00 to 08:00",
        "2027-01-05 06:00",
        "2027-02-30 06:00 to 07:00",
        "2027-01-05 25:00",
    ):
        with pytest.raises(NotUnderstood):
            typed_spans.read_times(text)


def test_aircraft_frequencies_counts_and_texts() -> None:
    assert typed.read_aircraft("2 hélicoptères RESCUE 7") == {
        "count": 2,
        "kind": "helicopter",
        "call_sign": "RESCUE 7",
    }
    assert typed.read_frequencies("121,5 MHz Tower; 4125 kHz") == [
        {"khz": 121500.0, "station": "Tower"},
        {"khz": 4125.0},
    ]
    assert typed.read_text("ru: Внимание", "en") == {"language": "ru", "text": "Внимание"}
    assert typed.read_text("Note: keep clear", "fr") == {
        "language": "fr",
        "text": "Note: keep clear",
    }
    assert typed.read_yes("Oui")
    assert not typed.read_yes("no")
    for reader, text in (
        (typed.read_aircraft, "two saucers"),
        (typed.read_aircraft, "1.5 helicopter"),
        (typed.read_frequencies, "channel 5"),
        (typed.read_yes, "perhaps"),
        (typed.read_count, "many"),
        (typed_places.read_distance, "5"),
        (typed.read_phrase, "  "),
    ):
        with pytest.raises(NotUnderstood):
            reader(text)


def test_every_form_can_be_asked_for_and_typed_again() -> None:
    samples: dict[str, Any] = {
        "area": AREA,
        "levels": LEVELS,
        "times": TIMES,
        "at": "2027-01-05T06:00:30Z",
        "answer_by": "2027-01-05T06:00:00Z",
        "aircraft": {"count": 2, "kind": "unmanned", "call_sign": "B7"},
        "frequencies": [{"khz": 121500.0, "station": "Tower"}, {"khz": 4125.0}],
        "nearest": {"value": 2.5, "unit": "NM"},
        "phrase": ["lake", "apple"],
        "crosses": True,
        "vehicles": 3,
        "persons": 12,
        "organisation": "Relief",
    }
    for form in FORMS.values():
        asked = questions_of(form)
        fields: dict[str, JsonValue] = {}
        for question in asked:
            if question.kind == "choice":
                fields[question.name] = question.choices[-1][0]
            elif question.kind == "text":
                fields[question.name] = {"language": "fr", "text": "Attention"}
            else:
                fields[question.name] = samples[question.name]
        form.read(fields)
        for language in ("en", "fr"):
            answers = {q.name: q.write(fields[q.name], language) for q in asked}
            again, faults = read_answers(asked, answers, language)
            assert faults == {}
            assert form.write(form.read(again)) == form.write(form.read(fields))


def test_what_is_required_is_missed_and_what_is_optional_is_not() -> None:
    asked = questions_of(FORMS["warning"])
    fields, faults = read_answers(asked, {"danger": "falling debris", "area": "x"}, "en")
    assert fields == {"danger": "debris"}
    assert set(faults) == {"area"}
    _, faults = read_answers(asked, {}, "en")
    assert set(faults) == {"danger", "area"}


def test_choices_are_taken_by_number_value_or_words() -> None:
    danger = questions_of(FORMS["warning"])[0]
    values = [value for value, _ in danger.choices]
    assert danger.read(str(values.index("weather") + 1), "en") == "weather"
    assert danger.read("chute de débris", "fr") == "debris"
    assert danger.read("volc", "en") == "volcanic-ash"
    with pytest.raises(NotUnderstood):
        danger.read("x", "en")


def test_only_what_the_message_has_is_read_back() -> None:
    names = [
        q.name
        for q in read_back_questions(FORMS["warning"], {**WARNING, "levels": None, "times": None})
    ]
    assert names == ["area"]


def test_options_are_the_fields() -> None:
    assert set(OPTIONS) == set(FIELDS)


def test_test_words_are_shown_in_the_officers_language() -> None:
    assert phrase_shown(["lake", "apple", "strange"], "fr") == "lac pomme strange"


def test_types_that_fields_are_read_into() -> None:
    msgspec.convert(typed_places.read_area("circle 5 km 36N 68E"), CircleArea)
    msgspec.convert(typed_spans.read_levels("FL 90"), Levels)
    msgspec.convert(typed_spans.read_times("2027-01-05 06:00 to 08:00"), Times)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (59.9, "0:59"), (-65, "-1:05"), (3661, "1:01:01"), (90061, "25:01:01")],
)
def test_durations_are_clocks(seconds: float, text: str) -> None:
    assert back.span_left(seconds) == text
