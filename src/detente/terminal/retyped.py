"""A field as an officer would type it: what `typed` reads. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import cast

from detente.record import JsonValue
from detente.words import Language

from .typed import JsonObject

Writer = Callable[[JsonValue], str]


def write_number(value: JsonValue) -> str:
    """A number as it is typed, all digits."""
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(int(cast(int, value)))
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def write_distance(value: JsonObject) -> str:
    """What `read_distance` reads."""
    return f"{write_number(value['value'])} {value['unit']}"


def write_position(value: list[JsonValue]) -> str:
    """What `read_position` reads."""
    longitude, latitude = (Decimal(write_number(each)) for each in value)
    north, east = "S" if latitude < 0 else "N", "W" if longitude < 0 else "E"
    return f"{abs(latitude):f}{north} {abs(longitude):f}{east}"


def write_area(value: JsonObject) -> str:
    """What `read_area` reads."""
    geometry = cast(JsonObject, value["geometry"])
    places = cast(list[JsonValue], geometry["coordinates"])
    name = f" = {value['name']}" if value.get("name") else ""
    if value["shape"] == "circle":
        radius = write_distance(cast(JsonObject, value["radius"]))
        return f"circle {radius} {write_position(places)}{name}"
    if value["shape"] == "corridor":
        width = write_distance(cast(JsonObject, value["width"]))
        return f"corridor {width} {_places(places)}{name}"
    ring = cast(list[JsonValue], places[0])
    return f"polygon {_places(ring[:-1])}{name}"


def write_level(value: JsonObject) -> str:
    """What `read_level` reads."""
    number = write_number(value["value"])
    return (
        f"FL {number}"
        if value["unit"] == "FL"
        else (f"{number} {value['unit']} {value['reference']}")
    )


def write_levels(value: JsonObject) -> str:
    """What `read_levels` reads."""
    lower, upper = (write_level(cast(JsonObject, value[end])) for end in ("lower", "upper"))
    return f"{lower} to {upper}"


def write_instant(value: JsonValue) -> str:
    """What `read_instant` reads."""
    return str(value).replace("T", " ").removesuffix("Z").removesuffix(":00")


def write_times(value: JsonObject) -> str:
    """What `read_times` reads."""
    return f"{write_instant(value['from'])} to {write_instant(value['until'])}"


def write_aircraft(value: JsonObject) -> str:
    """What `read_aircraft` reads."""
    sign = f" {value['call_sign']}" if value.get("call_sign") else ""
    return f"{value['count']} {value['kind']}{sign}"


def write_frequencies(value: list[JsonValue]) -> str:
    """What `read_frequencies` reads."""
    said = [cast(JsonObject, each) for each in value]
    return "; ".join(
        f"{write_number(each['khz'])} kHz {each.get('station') or ''}".strip() for each in said
    )


def write_text(value: JsonObject, language: Language) -> str:
    """What `read_text` reads."""
    text = str(value["text"])
    return text if value["language"] == language else f"{value['language']}: {text}"


def _places(line: list[JsonValue]) -> str:
    return "; ".join(write_position(cast(list[JsonValue], each)) for each in line)


def span_left(seconds: float) -> str:
    """A duration as a clock shows it: `4:05`, `1:02:03`; with a minus when it is over."""
    whole = int(abs(seconds))
    clock = timedelta(seconds=whole)
    hours, rest = divmod(clock.seconds, 3600)
    hours += clock.days * 24
    minutes, left = divmod(rest, 60)
    text = f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
    return f"-{text}" if seconds < 0 else text
