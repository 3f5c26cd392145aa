"""Builders of wire values (F3548-21) for tests. All times are microseconds since the epoch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

SC = "utm.strategic_coordination"
CM = "utm.constraint_management"
CP = "utm.constraint_processing"
CMSA = "utm.conformance_monitoring_sa"
AA = "utm.availability_arbitration"
EVERY_SCOPE = frozenset({SC, CM, CP, CMSA, AA})

OIR = "/dss/v1/operational_intent_references"
CR = "/dss/v1/constraint_references"
SUB = "/dss/v1/subscriptions"
REPORTS = "/dss/v1/reports"
AVAILABILITY = "/dss/v1/uss_availability"

NO_SUBSCRIPTION = "00000000-0000-4000-8000-000000000000"
REDACTED = "Available from USS"

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
NOW_US = 1_893_495_600 * SECOND_US + 123_456  # 2030-01-01T11:00:00.123456Z, when tests begin

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII)


def rfc3339(us: int) -> str:
    """UTC text with microseconds and Z, as most clients send it."""
    moment = _EPOCH + timedelta(microseconds=us)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


def instant(text: str) -> int:
    """Microseconds since the epoch of an RFC 3339 text; ValueError if it is none."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not RFC 3339")
    day, clock, fraction, zone = found.groups()
    moment = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone == 'Z' else zone}")
    micros = int((fraction or "0").ljust(6, "0")[:6])
    return (moment - _EPOCH) // timedelta(microseconds=1) + micros


def entity_id(number: int) -> str:
    """A version 4 UUID that a reader can tell from another one."""
    return f"{number:08x}-0000-4000-8000-{number:012x}"


def uuid7(at_us: int, salt: int = 0) -> str:
    """A version 7 UUID (RFC 9562) that carries the time `at_us`."""
    digits = f"{at_us // 1000:012x}"
    return f"{digits[:8]}-{digits[8:]}-7abc-9def-{salt:012x}"


def time(us: int) -> dict[str, Any]:
    return {"value": rfc3339(us), "format": "RFC3339"}


def altitude(metres: float) -> dict[str, Any]:
    return {"value": metres, "reference": "W84", "units": "M"}


def circle(lat: float, lng: float, radius_m: float) -> dict[str, Any]:
    center = {"lat": lat, "lng": lng}
    return {"outline_circle": {"center": center, "radius": {"value": radius_m, "units": "M"}}}


def polygon(vertices: Iterable[Sequence[float]]) -> dict[str, Any]:
    points = [{"lat": lat, "lng": lng} for lat, lng in vertices]
    return {"outline_polygon": {"vertices": points}}


def box(south: float, west: float, north: float, east: float) -> dict[str, Any]:
    return polygon([(south, west), (south, east), (north, east), (north, west)])


def volume(
    outline: dict[str, Any],
    altitudes_m: tuple[float | None, float | None] = (None, None),
    times_us: tuple[int | None, int | None] = (None, None),
) -> dict[str, Any]:
    """A Volume4D; a None bound is left out of the JSON."""
    solid = dict(outline)
    for name, metres in zip(("altitude_lower", "altitude_upper"), altitudes_m, strict=True):
        if metres is not None:
            solid[name] = altitude(metres)
    result: dict[str, Any] = {"volume": solid}
    for name, us in zip(("time_start", "time_end"), times_us, strict=True):
        if us is not None:
            result[name] = time(us)
    return result


def intent(
    *extents: dict[str, Any],
    state: str = "Accepted",
    key: Sequence[str] = (),
    url: str = "https://uss-a.example/utm",
    **more: Any,
) -> dict[str, Any]:
    """PutOperationalIntentReferenceParameters; `more` adds members such as subscription_id."""
    return {
        "extents": list(extents),
        "key": list(key),
        "state": state,
        "uss_base_url": url,
        **more,
    }


def implicit(
    url: str = "https://uss-a.example/utm", *, constraints: bool | None = None
) -> dict[str, Any]:
    """ImplicitSubscriptionParameters."""
    result: dict[str, Any] = {"uss_base_url": url}
    if constraints is not None:
        result["notify_for_constraints"] = constraints
    return result


def constraint(*extents: dict[str, Any], url: str = "https://uss-a.example/utm") -> dict[str, Any]:
    return {"extents": list(extents), "uss_base_url": url}


def subscription(
    extents: dict[str, Any],
    *,
    intents: bool | None = True,
    constraints: bool | None = None,
    url: str = "https://uss-a.example/utm",
) -> dict[str, Any]:
    """PutSubscriptionParameters; a flag of None is left out."""
    result: dict[str, Any] = {"extents": extents, "uss_base_url": url}
    if intents is not None:
        result["notify_for_operational_intents"] = intents
    if constraints is not None:
        result["notify_for_constraints"] = constraints
    return result
