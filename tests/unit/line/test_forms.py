"""Forms: what they take, what they refuse, and that they go out and come back the same."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from tests.support.line_messages import CIRCLE, LEVELS, NOTICE, TIMES

from detente.line import FORMS, FieldsUnusable, form_of
from detente.record import canonical_json, parse_object

AREA_LINE: dict[str, Any] = {
    "shape": "corridor",
    "geometry": {"type": "LineString", "coordinates": [[40.0, 35.0], [40.5, 35.25]]},
    "width": {"value": 4, "unit": "NM"},
    "name": "Route 7",
}
AREA_POLYGON: dict[str, Any] = {
    "shape": "polygon",
    "geometry": {
        "type": "Polygon",
        "coordinates": [[[40.0, 35.0], [40.5, 35.0], [40.5, 35.5], [40.0, 35.0]]],
    },
}
AIRCRAFT: dict[str, Any] = {"count": 2, "kind": "helicopter", "call_sign": "MERCY 1"}
FREQUENCIES: list[Any] = [{"khz": 121500, "station": "guard"}, {"khz": 4125}]
REMARKS: dict[str, Any] = {"language": "fr", "text": "Vol de jour.\nSans escale."}
AT = "2027-01-01T06:00:05Z"

FULL: dict[str, dict[str, Any]] = {
    "activity-notice": {
        **NOTICE,
        "area": AREA_POLYGON,
        "aircraft": AIRCRAFT,
        "frequencies": FREQUENCIES,
        "remarks": REMARKS,
    },
    "warning": {
        "danger": "debris",
        "area": CIRCLE,
        "levels": LEVELS,
        "times": TIMES,
        "advice": REMARKS,
    },
    "safety-of-flight": {
        "situation": "aircraft-in-distress",
        "area": CIRCLE,
        "levels": LEVELS,
        "at": AT,
        "aircraft": AIRCRAFT,
        "frequencies": FREQUENCIES,
        "persons": 14,
        "text": REMARKS,
    },
    "border-notice": {
        "purpose": "medical-evacuation",
        "crosses": False,
        "nearest": {"value": 1.5, "unit": "km"},
        "area": AREA_LINE,
        "levels": LEVELS,
        "times": TIMES,
        "aircraft": AIRCRAFT,
        "frequencies": FREQUENCIES,
        "remarks": REMARKS,
    },
    "humanitarian-movement": {
        "movement": "convoy",
        "organisation": "Relief Society",
        "area": AREA_LINE,
        "times": TIMES,
        "levels": LEVELS,
        "vehicles": 12,
        "aircraft": AIRCRAFT,
        "persons": 40,
        "marking": REMARKS,
        "contact": REMARKS,
        "remarks": REMARKS,
    },
    "incident-notice": {
        "incident": "near-miss",
        "area": CIRCLE,
        "levels": LEVELS,
        "times": TIMES,
        "aircraft": AIRCRAFT,
        "text": REMARKS,
    },
    "request": {
        "asks_for": "clarification",
        "text": REMARKS,
        "area": CIRCLE,
        "levels": LEVELS,
        "times": TIMES,
        "answer_by": AT,
    },
    "reply": {"answer": "in-part", "text": REMARKS},
    "cancellation": {"reason": "ended-early", "text": REMARKS},
    "text": {"text": REMARKS},
    "test-call": {"phrase": ["river", "lamp"]},
    "test-answer": {"phrase": ["river", "lamp"]},
}
"""Each form with every field that it has."""


def test_the_examples_have_every_field_of_every_form() -> None:
    assert set(FULL) == set(FORMS)
    for identity, fields in FULL.items():
        names = {info.encode_name for info in msgspec.structs.fields(FORMS[identity].schema)}
        assert set(fields) == names, identity


@pytest.mark.parametrize("form", FULL)
def test_fields_come_back_from_the_record_as_they_went_in(form: str) -> None:
    read = FORMS[form].read(FULL[form])
    stored = canonical_json(FORMS[form].write(read))
    assert json.loads(stored) == FULL[form]
    assert FORMS[form].read(parse_object(stored)) == read


@pytest.mark.parametrize("form", FULL)
def test_only_fields_of_the_form_are_taken(form: str) -> None:
    with pytest.raises(FieldsUnusable, match="target"):
        FORMS[form].read({**FULL[form], "target": "x"})
    for name in FULL[form]:
        wrong = {**FULL[form], name: {"odd": []}}
        with pytest.raises(FieldsUnusable) as caught:
            FORMS[form].read(wrong)
        assert caught.value.where is not None
        assert caught.value.where.startswith(f"fields.{name}")


def changed(path: str, value: object) -> dict[str, Any]:
    """The notice with one value replaced."""
    fields: dict[str, Any] = json.loads(json.dumps(NOTICE))
    place: Any = fields
    *way, last = path.split(".")
    for step in way:
        place = place[int(step)] if step.isdigit() else place[step]
    place[int(last) if last.isdigit() else last] = value
    return fields


def polygon(*ring: tuple[float, float]) -> dict[str, Any]:
    return {"shape": "polygon", "geometry": {"type": "Polygon", "coordinates": [list(ring)]}}


@pytest.mark.parametrize(
    ("path", "value", "where", "what"),
    [
        ("times.from", "2027-01-01T07:00:00+02:00", "times.from", "not in UTC"),
        ("times.from", "2027-01-01T06:00:00.5Z", "times.from", "whole seconds"),
        ("times.from", "2027-01-01T06:00:00", "times.from", "timezone"),
        ("times.until", "2027-01-01T05:59:59Z", "times", "ends before it begins"),
        ("levels.lower.value", 20000, "levels", None),
        ("levels.upper.unit", "FL", "levels.upper", "1013.25"),
        ("levels.upper.reference", "STD", "levels.upper", "1013.25"),
        ("levels.upper.unit", "yd", "levels.upper.unit", "yd"),
        ("levels.upper.value", "19000", "levels.upper.value", "float"),
        ("area.geometry.coordinates", [40.0, 95.0], "area.geometry.coordinates[1]", "<= 90"),
        ("area.radius.value", 0, "area.radius.value", "> 0"),
        ("area.radius.unit", "mi", "area.radius.unit", "mi"),
        ("area.name", "a\u202eb", "area.name", "cannot be shown"),
        ("area.shape", "blob", "area.shape", "blob"),
        ("area", polygon((0, 0), (1, 0), (1, 1), (0, 1)), "area.geometry.coordinates", "closed"),
        ("area", polygon((0, 0), (1, 1), (1, 0), (0, 1), (0, 0)), "area.geometry", "cross"),
        (
            "area",
            {**AREA_LINE, "geometry": {"type": "LineString", "coordinates": [[1, 1], [1, 1]]}},
            "area.geometry.coordinates[1]",
            "twice",
        ),
        ("aircraft", {"count": 0, "kind": "aeroplane"}, "aircraft.count", ">= 1"),
    ],
)
def test_what_cannot_be_is_refused_and_where(
    path: str, value: object, where: str, what: str | None
) -> None:
    fields = changed(path, value)
    if what is None:
        # Two ends in different units are not compared: nothing is converted.
        FORMS["activity-notice"].read(fields)
        fields = changed(path, value)
        fields["levels"]["upper"] = {"value": 100, "unit": "m", "reference": "AGL"}
        what = "above"
    with pytest.raises(FieldsUnusable, match=what) as caught:
        FORMS["activity-notice"].read(fields)
    assert caught.value.where == f"fields.{where}"


def test_what_must_be_read_back_is_what_the_message_has() -> None:
    warning = FORMS["warning"]
    assert warning.must_be_read_back(warning.read(FULL["warning"])) == ("area", "levels", "times")
    short = warning.read({"danger": "traffic", "area": CIRCLE})
    assert warning.must_be_read_back(short) == ("area",)


def test_a_form_that_does_not_exist() -> None:
    with pytest.raises(FieldsUnusable, match="no such form"):
        form_of("order-of-battle")


def test_no_form_has_room_for_weapons_or_targets() -> None:
    for form in FORMS.values():
        for info in msgspec.structs.fields(form.schema):
            assert not {"target", "weapon", "ordnance"} & set(info.encode_name.split("_"))
