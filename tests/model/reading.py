"""The model's reading of request bodies: JSON in, values out, or `Bad` with the member's path."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from tests.model.driver import Json
from tests.model.geometry import Circle, Outline, Polygon, area_km2, edges_cross, unit_vector
from tests.model.wire import instant

MAX_VERTICES = 10_000
MAX_AREA_KM2 = 2_500.0
UUID_V4 = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    r"|[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}",
    re.IGNORECASE | re.ASCII,
)
UUID_V7 = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    re.IGNORECASE | re.ASCII,
)
STATES = ("Accepted", "Activated", "Nonconforming", "Contingent")

T = TypeVar("T")


class Bad(Exception):
    """The body breaks a rule of form: answer 400 and name the member."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where


@dataclass(frozen=True, slots=True)
class Space:
    """Outlines, one altitude band (m), one time span (us): an entity's overall extents."""

    outlines: tuple[Outline, ...]
    low_m: float | None
    high_m: float | None
    start_us: int | None
    end_us: int | None


def entity_uuid(text: Json, where: str) -> str:
    """Version 4 UUID, hyphens optional, upper case accepted; comes back in lower case."""
    if not isinstance(text, str) or not UUID_V4.fullmatch(text):
        raise Bad(where, "not a version 4 UUID")
    digits = text.lower().replace("-", "")
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _kind(value: Json) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    names: dict[type, str] = {str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def member(body: Json, name: str, kind: str, where: str, *, needed: bool = True) -> Json:
    """A member of the given JSON kind. null means the same as a missing member."""
    if _kind(body) != "object":
        raise Bad(where or "body", "must be an object")
    path = f"{where}.{name}" if where else name
    value = body.get(name)
    if value is None:
        if needed:
            raise Bad(path, "missing")
        return None
    if _kind(value) != kind:
        raise Bad(path, f"must be of type {kind}")
    return value


def number(body: Json, name: str, where: str) -> float:
    value = float(member(body, name, "number", where))
    if not math.isfinite(value):
        raise Bad(f"{where}.{name}", "not a finite number")
    return value


def within(value: float, least: float, most: float, where: str) -> float:
    if not least <= value <= most:
        raise Bad(where, f"outside {least}..{most}")
    return value


def base_url(body: Json, where: str, *, allow_http: bool) -> str:
    """https with a host; plain http only where the operator says so."""
    path = f"{where}.uss_base_url" if where else "uss_base_url"
    text: str = member(body, "uss_base_url", "string", where)
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise Bad(path, "not a URL") from error
    if parts.scheme != "https" and not (allow_http and parts.scheme == "http"):
        raise Bad(path, "must be https")
    if not parts.hostname:
        raise Bad(path, "has no host")
    return text


def _time(body: Json, name: str, where: str, *, needed: bool) -> int | None:
    value = member(body, name, "object", where, needed=needed)
    if value is None:
        return None
    path = f"{where}.{name}" if where else name
    text = member(value, "value", "string", path)
    member(value, "format", "string", path)
    try:
        return instant(text)
    except ValueError as error:
        raise Bad(f"{path}.value", "not RFC 3339") from error


def _altitude(solid: Json, name: str, where: str, *, needed: bool) -> float | None:
    value = member(solid, name, "object", where, needed=needed)
    if value is None:
        return None
    path = f"{where}.{name}"
    metres = within(number(value, "value", path), -8000, 100_000, f"{path}.value")
    if member(value, "reference", "string", path) != "W84":
        raise Bad(f"{path}.reference", "must be W84")
    if member(value, "units", "string", path) != "M":
        raise Bad(f"{path}.units", "must be M")
    return metres


def _point(value: Json, where: str) -> tuple[float, float]:
    lat = within(number(value, "lat", where), -90, 90, f"{where}.lat")
    lng = within(number(value, "lng", where), -180, 180, f"{where}.lng")
    return lat, lng


def _circle(value: Json, where: str) -> Circle:
    lat, lng = _point(member(value, "center", "object", where), f"{where}.center")
    radius = member(value, "radius", "object", where)
    radius_m = number(radius, "value", f"{where}.radius")
    if radius_m <= 0:
        raise Bad(f"{where}.radius.value", "must be positive")
    if member(radius, "units", "string", f"{where}.radius") != "M":
        raise Bad(f"{where}.radius.units", "must be M")
    return Circle(lat, lng, radius_m)


def _polygon(value: Json, where: str) -> Polygon:
    path = f"{where}.vertices"
    points = member(value, "vertices", "array", where)
    if not 3 <= len(points) <= MAX_VERTICES:
        raise Bad(path, f"needs 3..{MAX_VERTICES} vertices")
    corners = tuple(_point(point, f"{path}[{i}]") for i, point in enumerate(points))
    vectors = {tuple(unit_vector(lat, lng).round(12)) for lat, lng in corners}
    if len(vectors) < len(corners):
        raise Bad(path, "a vertex is repeated")
    polygon = Polygon(corners)
    if edges_cross(polygon):
        raise Bad(path, "edges cross")
    if area_km2(polygon) < 1e-9:
        raise Bad(path, "no area")
    return polygon


def space(
    value: Json, where: str, *, need_altitudes: bool = False, need_times: bool = False
) -> Space:
    """One Volume4D."""
    if _kind(value) != "object":
        raise Bad(where, "must be an object")
    solid = member(value, "volume", "object", where)
    inside = f"{where}.volume"
    round_ = member(solid, "outline_circle", "object", inside, needed=False)
    edged = member(solid, "outline_polygon", "object", inside, needed=False)
    if (round_ is None) == (edged is None):
        raise Bad(inside, "needs exactly one outline")
    outline: Outline = (
        _polygon(edged, f"{inside}.outline_polygon")
        if round_ is None
        else _circle(round_, f"{inside}.outline_circle")
    )
    if area_km2(outline) > MAX_AREA_KM2:
        raise Bad(inside, f"more than {MAX_AREA_KM2} km2")
    low_m = _altitude(solid, "altitude_lower", inside, needed=need_altitudes)
    high_m = _altitude(solid, "altitude_upper", inside, needed=need_altitudes)
    if low_m is not None and high_m is not None and low_m > high_m:
        raise Bad(f"{inside}.altitude_lower", "above altitude_upper")
    start_us = _time(value, "time_start", where, needed=need_times)
    end_us = _time(value, "time_end", where, needed=need_times)
    if start_us is not None and end_us is not None and start_us > end_us:
        raise Bad(f"{where}.time_start", "after time_end")
    return Space((outline,), low_m, high_m, start_us, end_us)


def extents(body: Json, *, need_altitudes: bool) -> Space:
    """An entity's extents: an array of volumes, taken together."""
    volumes = member(body, "extents", "array", "")
    if not volumes:
        raise Bad("extents", "empty")
    whole = None
    for i, value in enumerate(volumes):
        one = space(value, f"extents[{i}]", need_altitudes=need_altitudes, need_times=True)
        whole = one if whole is None else join(whole, one)
    assert whole is not None
    return whole


def is_over(whole: Space, now_us: int) -> bool:
    """Of an entity's volumes some may lie in the past, the whole may not."""
    return whole.end_us is not None and whole.end_us < now_us


def _outer(pick: Callable[[T, T], T], one: T | None, two: T | None) -> T | None:
    return None if one is None or two is None else pick(one, two)


def join(one: Space, two: Space) -> Space:
    """Overall extents of both: a missing bound stays missing."""
    return Space(
        (*one.outlines, *two.outlines),
        _outer(min, one.low_m, two.low_m),
        _outer(max, one.high_m, two.high_m),
        _outer(min, one.start_us, two.start_us),
        _outer(max, one.end_us, two.end_us),
    )
