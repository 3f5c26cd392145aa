"""The phrasebook: everything has words in both languages, and the words lose nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from tests.unit.line.test_forms import FULL

from detente.line import CHOICES, FIELDS, FORMS, MessageState, render
from detente.line.form_fields import AircraftKind, LevelReference
from detente.line.phrasebook import exact
from detente.line.phrases import AIRCRAFT, LANGUAGES, REFERENCES, STATUSES, TEST_WORDS, URGENCIES
from detente.words import Words


def all_words(value: object) -> Iterator[Words]:
    if isinstance(value, Words):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from all_words(each)
    elif isinstance(value, tuple):
        for each in value:
            yield from all_words(each)


def test_every_field_and_choice_has_words() -> None:
    fields: set[str] = set()
    for form in FORMS.values():
        for info in msgspec.structs.fields(form.schema):
            fields.add(info.encode_name)
            hint = get_type_hints(form.schema)[info.name]
            values = [each for each in get_args(hint) if isinstance(each, str)]
            if values:
                assert list(CHOICES[info.encode_name]) == values, (form.id, info.name)
    assert set(FIELDS) == fields
    assert set(AIRCRAFT) == set(get_args(AircraftKind))
    assert set(REFERENCES) == set(get_args(LevelReference))


def test_words_are_there_in_both_languages_and_french_is_set_as_french_is() -> None:
    tables = (FIELDS, CHOICES, AIRCRAFT, REFERENCES, LANGUAGES, URGENCIES, STATUSES, TEST_WORDS)
    found = [each for table in tables for each in all_words(dict(table))]
    found += [each for form in FORMS.values() for each in (form.title, form.help)]
    found += [state.words for state in MessageState]
    assert len(found) > 200
    for words in found:
        assert words.en.strip()
        assert words.fr.strip()
        for sign in ":;!?":
            assert f" {sign}" not in words.fr, words.fr
        assert "'" not in words.en + words.fr, words


def test_choices_of_a_field_can_be_told_apart() -> None:
    for name, choices in CHOICES.items():
        assert len({each.en for each in choices.values()}) == len(choices), name
        assert len({each.fr for each in choices.values()}) == len(choices), name


def test_words_of_test_calls_can_be_told_apart_in_any_language() -> None:
    meant: dict[str, str] = {}
    for key, words in TEST_WORDS.items():
        for word in {words.en, words.fr}:
            assert meant.setdefault(word, key) == key, word
    assert len(TEST_WORDS) >= 60


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where each single value of some fields stands."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from leaves(each, (*path, name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from leaves(each, (*path, number))
    else:
        yield path


OTHER: dict[str, Any] = {
    "language": "ru",
    "reference": "W84",
    "kind": "balloon",
    "phrase": "moon",
    "call_sign": "OTHER",
    "organisation": "Others",
    "station": "tower",
    "name": "Elsewhere",
    "text": "Another text.",
    "at": "2027-01-01T06:00:06Z",
    "answer_by": "2027-01-01T06:00:06Z",
    "from": "2027-01-01T05:59:59Z",
    "until": "2027-01-01T07:30:01Z",
}


def altered(value: Any, path: tuple[str | int, ...]) -> Any:
    """Another value that may stand there; None if there is no other."""
    name = str(next(step for step in reversed(path) if isinstance(step, str)))
    if name in ("type", "shape"):
        return None
    if name == "unit":
        return {"km": "NM", "NM": "km", "ft": "m", "m": "ft"}[value]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        # The smallest change that a message can hold of a place: a tenth of a millimetre.
        return value + 1e-9 if name == "coordinates" else value + 1
    if name in CHOICES and value in CHOICES[name]:
        return next(each for each in CHOICES[name] if each != value)
    return OTHER[name]


@pytest.mark.parametrize("form", FULL)
def test_whatever_changes_in_a_message_changes_what_is_read_in_either_language(form: str) -> None:
    before = render(FORMS[form].read(FULL[form]))
    tried = 0
    for path in leaves(FULL[form]):
        fields = json.loads(json.dumps(FULL[form]))
        place = fields
        for step in path[:-1]:
            place = place[step]
        value = altered(place[path[-1]], path)
        if value is None:
            continue
        place[path[-1]] = value
        if path[-3:] == ("coordinates", 0, 0) or path[-3:-1] == (0, 0):
            ring = fields["area"]["geometry"]["coordinates"]
            if fields["area"]["shape"] == "polygon":
                ring[0][-1] = ring[0][0]
        elif path[-2:-1] == (3,):
            continue  # the closing position: the first one again
        after = render(FORMS[form].read(fields))
        assert [row.value.en for row in after] != [row.value.en for row in before], path
        assert [row.value.fr for row in after] != [row.value.fr for row in before], path
        tried += 1
    assert tried >= 2


@pytest.mark.parametrize("form", FULL)
def test_fields_that_are_not_given_are_not_read(form: str) -> None:
    schema = FORMS[form].schema
    needed = {
        info.encode_name: FULL[form][info.encode_name]
        for info in msgspec.structs.fields(schema)
        if info.required
    }
    assert len(render(FORMS[form].read(needed))) == len(needed)
    assert len(render(FORMS[form].read(FULL[form]))) == len(FULL[form])


def test_a_notice_as_officers_read_it() -> None:
    rows = {
        row.label.en: row.value
        for row in render(FORMS["border-notice"].read(FULL["border-notice"]))
    }
    assert rows["Area"].en == (
        "corridor, 4 NM wide in all, along 35° N, 40° E; 35.25° N, 40.5° E – Route 7"
    )
    assert rows["Area"].fr == (
        "couloir, large de 4\u00a0NM en tout, "
        "le long de 35° N 40° E\u202f; 35,25° N 40,5° E – Route 7"
    )
    assert rows["Levels"].en == "from 0 m above the ground to 19,000 ft above mean sea level"
    assert rows["Levels"].fr == (
        "de 0\u00a0m au-dessus du sol à 19\u202f000\u00a0ft au-dessus du niveau moyen de la mer"
    )
    assert rows["Times"].en == "from 1 January 2027, 06:00 UTC until 1 January 2027, 07:30 UTC"
    assert rows["Aircraft"].fr == "2\u00a0hélicoptères – MERCY 1"
    assert rows["Frequencies"].en == "121.5 MHz – guard, 4,125 kHz"
    assert rows["Remarks"].en == "“Vol de jour.\nSans escale.” (in French)"
    assert rows["Crosses the border"].fr == "non"


@pytest.mark.parametrize(
    ("value", "en", "fr"),
    [
        (5.0, "5", "5"),
        (19000.0, "19,000", "19\u202f000"),
        (0.1 + 0.2, "0.30000000000000004", "0,30000000000000004"),
        (-1e-9, "-0.000000001", "-0,000000001"),
        (1e6, "1,000,000", "1\u202f000\u202f000"),
    ],
)
def test_numbers_keep_all_their_digits(value: float, en: str, fr: str) -> None:
    assert exact(value) == Words(en, fr)
