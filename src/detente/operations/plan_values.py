"""Values in the properties of a plan: each is read, or refused with its place and a remedy."""

from __future__ import annotations

import json
import math
from typing import Any, Final, NoReturn

from detente.errors import DetenteError
from detente.operations.instants import parse_instant

MAX_TEXT: Final = 200
FEET_M: Final = 0.3048


class PlanError(DetenteError):
    """A plan that cannot be used; `where` names the feature and the field."""

    code = "plan.invalid"


def fail(where: str, message: str, advice: str | None = None) -> NoReturn:
    """Refuse a plan.

    Raises:
        PlanError: always.
    """
    raise PlanError(message, where=where, advice=advice)


def shown(value: object) -> str:
    """A value as it stands in the file, cut to 80 characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."


def text_of(properties: dict[str, Any], field: str, at: str, default: str) -> str:
    """A text; `default` if it is not given. `at` is where the properties stand.

    Raises:
        PlanError: it is no text, or too long.
    """
    value = properties.get(field)
    if value is None:
        return default
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        fail(f"{at}.{field}", f"It must be text of at most {MAX_TEXT} characters.")
    return value


def whole_of(properties: dict[str, Any], field: str, at: str) -> int:
    """A whole number of 32 bits; 0 if it is not given.

    Raises:
        PlanError: it is something else.
    """
    value = properties.get(field, 0)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > 2**31 - 1:
        fail(f"{at}.{field}", f"It must be a whole number, not {shown(value)}.")
    return value


def number_of(value: Any, where: str, what: str) -> float:
    """A finite number; `what` begins the sentence that refuses it.

    Raises:
        PlanError: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        fail(where, f"{what} must be a number, not {shown(value)}.")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        fail(where, f"{what} is too large a number.")
    return number


def instant_of(properties: dict[str, Any], field: str, at: str) -> int:
    """Microseconds since the Unix epoch.

    Raises:
        PlanError: there is no time, or it is no instant in RFC 3339.
    """
    value = properties.get(field)
    if value is None:
        fail(f"{at}.{field}", "The time is missing.", "Give it like 2026-05-01T09:00:00Z.")
    if isinstance(value, str):
        try:
            return parse_instant(value)
        except ValueError as problem:
            fail(f"{at}.{field}", f"{shown(value)} is {problem}.")
    fail(f"{at}.{field}", f"A time is text like 2026-05-01T09:00:00Z, not {shown(value)}.")


def altitude_of(properties: dict[str, Any], field: str, at: str) -> float:
    """Metres above the WGS-84 ellipsoid.

    Raises:
        PlanError: it is missing, or another reference or unit.
    """
    value = properties.get(field)
    where = f"{at}.{field}"
    example = 'Give it like {"value": 120, "units": "M", "reference": "W84"}.'
    if value is None:
        fail(where, "The altitude is missing.", example)
    if not isinstance(value, dict):
        fail(where, f"The unit and reference of {shown(value)} are not known.", example)
    number = number_of(value.get("value"), f"{where}.value", "The altitude")
    if value.get("reference") != "W84":
        fail(
            f"{where}.reference",
            f"It must be W84, metres or feet above the WGS-84 ellipsoid, not "
            f"{shown(value.get('reference'))}.",
            "Heights above the sea, the ground or a pressure surface must be converted first.",
        )
    units = value.get("units")
    if units not in ("M", "FT"):
        fail(f"{where}.units", f"It must be M or FT, not {shown(units)}.")
    return number * (FEET_M if units == "FT" else 1.0)
