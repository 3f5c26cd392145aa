"""Between the wire and `detente.geo`: volumes, instants and identifiers of F3548-21.

Every refusal names the member it is about, from the root of the body.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from detente import geo
from detente.errors import DetenteError
from detente.f3548 import types as wire

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# Microseconds beyond these years are integers that canonical JSON (RFC 8785) cannot hold.
_FIRST_US: Final = (datetime(1700, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST_US: Final = (datetime(2250, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_UUID4: Final = re.compile(
    r"[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}", re.IGNORECASE
)
_UUID7: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE
)


class InvalidMember(DetenteError):
    """A member of a request is missing or does not mean anything."""

    code = "request.invalid_member"


class InvalidVolume(DetenteError):
    """A volume of a request is not one that F3548-21 allows."""

    code = "request.invalid_volume"


def time_us(time: wire.Time, where: str) -> int:
    """Microseconds since 1970 of an instant on the wire.

    Raises:
        InvalidMember: before 1700 or after 2250, UTC.
    """
    instant = (time.value - _EPOCH) // _MICROSECOND
    if not _FIRST_US <= instant <= _LAST_US:
        raise InvalidMember("the time lies outside the years 1700 to 2250", where=where)
    return instant


def time_of(instant_us: int) -> wire.Time:
    """The wire's form of microseconds since 1970."""
    return wire.Time(_EPOCH + timedelta(microseconds=instant_us))


def entity_id(text: str, where: str) -> str:
    """A version-4 UUID in its canonical lower-case form with hyphens (RFC 9562).

    Raises:
        InvalidMember: for anything else.
    """
    if _UUID4.fullmatch(text) is None or (len(text) != 36 and len(text) != 32):
        raise InvalidMember("this is not a version-4 UUID", where=where)
    if len(text) == 36:
        return text.lower()
    h = text.lower()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def uuid7_time_ms(text: str) -> int | None:
    """Milliseconds since 1970 inside a version-7 UUID, or None when it is not one (RFC 9562)."""
    if _UUID7.fullmatch(text) is None:
        return None
    return int(text[:8] + text[9:13], 16)


def volume_of(
    volume: wire.Volume4D, where: str, *, need_times: bool = False, need_altitudes: bool = False
) -> geo.Volume4D:
    """The volume that a Volume4D of the wire describes, not yet validated.

    Args:
        volume: as received.
        where: path of the volume in the body, e.g. `extents[0]`.
        need_times: both times must be given.
        need_altitudes: both altitudes must be given.

    Raises:
        InvalidMember: an outline, or a member asked for, is missing.
    """
    shape = volume.volume
    outline: geo.Outline
    if shape.outline_polygon is not None:
        if shape.outline_circle is not None:
            raise InvalidMember("give one outline, a circle or a polygon", where=f"{where}.volume")
        outline = geo.Polygon(tuple((p.lat, p.lng) for p in shape.outline_polygon.vertices))
    elif shape.outline_circle is not None:
        circle = shape.outline_circle
        if circle.center is None:
            raise InvalidMember("is missing", where=f"{where}.volume.outline_circle.center")
        if circle.radius is None:
            raise InvalidMember("is missing", where=f"{where}.volume.outline_circle.radius")
        outline = geo.Circle(circle.center.lat, circle.center.lng, circle.radius.value)
    else:
        raise InvalidMember("an outline is missing", where=f"{where}.volume")
    if need_altitudes:
        if shape.altitude_lower is None:
            raise InvalidMember("is missing", where=f"{where}.volume.altitude_lower")
        if shape.altitude_upper is None:
            raise InvalidMember("is missing", where=f"{where}.volume.altitude_upper")
    if need_times:
        if volume.time_start is None:
            raise InvalidMember("is missing", where=f"{where}.time_start")
        if volume.time_end is None:
            raise InvalidMember("is missing", where=f"{where}.time_end")
    return geo.Volume4D(
        outline,
        None if shape.altitude_lower is None else shape.altitude_lower.value,
        None if shape.altitude_upper is None else shape.altitude_upper.value,
        None
        if volume.time_start is None
        else time_us(volume.time_start, f"{where}.time_start.value"),
        None if volume.time_end is None else time_us(volume.time_end, f"{where}.time_end.value"),
    )


def vertices_of(volumes: Iterable[wire.Volume4D]) -> int:
    """How many vertices volumes have together; a circle, or no outline, counts as one."""
    outlines = (each.volume.outline_polygon for each in volumes)
    return sum(1 if each is None else max(1, len(each.vertices)) for each in outlines)


def valid_volumes(
    volumes: Sequence[wire.Volume4D],
    where: str,
    limits: geo.VolumeLimits,
    *,
    need_times: bool = False,
    need_altitudes: bool = False,
    vertices_max: int | None = None,
) -> list[geo.Volume4D]:
    """The volumes of a list member, each validated.

    Args:
        volumes, where: the list and its path in the body.
        limits: of one volume.
        need_times, need_altitudes: as in `volume_of`.
        vertices_max: of all together; looked at before anything is computed.

    Raises:
        InvalidMember: something is missing.
        InvalidVolume: a volume is not one that F3548-21 allows, or they have too many vertices.
    """
    if not volumes:
        raise InvalidMember("at least one volume is needed", where=where)
    vertices = vertices_of(volumes)
    if vertices_max is not None and vertices > vertices_max:
        raise InvalidVolume(
            f"The volumes have {vertices:,} vertices together; the limit is {vertices_max:,}.",
            where=where,
        )
    result = []
    for i, volume in enumerate(volumes):
        result.append(
            valid_volume(
                volume,
                f"{where}[{i}]",
                limits,
                need_times=need_times,
                need_altitudes=need_altitudes,
            )
        )
    return result


def valid_volume(
    volume: wire.Volume4D,
    where: str,
    limits: geo.VolumeLimits,
    *,
    need_times: bool = False,
    need_altitudes: bool = False,
) -> geo.Volume4D:
    """One volume, validated; errors as for `valid_volumes`."""
    result = volume_of(volume, where, need_times=need_times, need_altitudes=need_altitudes)
    try:
        geo.validate_volume(result, limits)
    except geo.VolumeError as error:
        place = f"{where}.{error.where}" if error.where else where
        raise InvalidVolume(error.message, where=place, advice=error.advice) from error
    return result


def volume_on_wire(volume: geo.Volume4D) -> wire.Volume4D:
    """The wire's form of a volume, as a USS publishes it."""
    outline = volume.outline
    lower, upper = volume.altitude_lower_m, volume.altitude_upper_m
    return wire.Volume4D(
        wire.Volume3D(
            outline_circle=wire.CircleOutline(
                wire.LatLngPoint(outline.lat_deg, outline.lng_deg),
                wire.Radius(outline.radius_m, "M"),
            )
            if isinstance(outline, geo.Circle)
            else None,
            outline_polygon=wire.PolygonOutline(
                [wire.LatLngPoint(lat, lng) for lat, lng in outline.vertices]
            )
            if isinstance(outline, geo.Polygon)
            else None,
            altitude_lower=None if lower is None else wire.Altitude(lower, "W84", "M"),
            altitude_upper=None if upper is None else wire.Altitude(upper, "W84", "M"),
        ),
        None if volume.time_start_us is None else time_of(volume.time_start_us),
        None if volume.time_end_us is None else time_of(volume.time_end_us),
    )
