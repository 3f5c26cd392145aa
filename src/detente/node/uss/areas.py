"""The exchanges that plans are filed at, with their areas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec

from detente.errors import DetenteError
from detente.geo import Polygon, Volume4D, VolumeError, VolumeLimits, prepare, validate_volume
from detente.planning import ExchangeArea

from .settings import PlanSettings, split_exchange

# An exchange may serve a whole country: only form counts.
_LIMITS: Final = VolumeLimits(max_area_km2=1e9)


class AreaUnusable(DetenteError):
    """A file with the area of an exchange cannot be used."""

    code: ClassVar[str] = "plan.exchange_area"


def exchange_areas(settings: PlanSettings) -> tuple[ExchangeArea, ...]:
    """The exchanges of the settings, in their order.

    If there are several, peers of each call us by a base URL of its own, `<base-url>/<name>`: an
    intent has another OVN at each, and by the path it is known which is asked for.

    Raises:
        AreaUnusable: a file cannot be read, or holds no polygons.
    """
    files: dict[str, list[Path]] = {}
    for text in settings.exchange_area:
        name, _, path = text.partition("=")
        files.setdefault(name, []).append(Path(path))
    found = []
    for text in settings.exchange:
        name, url = split_exchange(text)
        area = tuple(volume for path in files.get(name, ()) for volume in read_area(path))
        base_url = settings.base_url or ""
        if len(settings.exchange) > 1:
            base_url += f"/{name}"
        found.append(ExchangeArea(name, url, base_url, area))
    return tuple(found)


def read_area(path: Path) -> tuple[Volume4D, ...]:
    """Polygons of a GeoJSON file (RFC 7946): a geometry, a Feature, or a collection of them.

    Raises:
        AreaUnusable: see there. Holes are refused: an exchange with a hole is two exchanges.
    """
    where = str(path)
    try:
        document = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise AreaUnusable(f"It cannot be read: {error}", where=where) from None
    volumes = tuple(Volume4D(_ring(rings, where)) for rings in _polygons(document, where))
    if not volumes:
        raise AreaUnusable("There is no polygon in it.", where=where)
    try:
        for volume in volumes:
            validate_volume(volume, _LIMITS)
        prepare(volumes)
    except VolumeError as error:
        raise AreaUnusable(error.message, where=where, advice=error.advice) from None
    except DetenteError as error:
        raise AreaUnusable(str(error), where=where) from None
    return volumes


def _polygons(found: Any, where: str) -> Iterator[Sequence[Any]]:
    kind = found.get("type") if isinstance(found, dict) else None
    if kind == "FeatureCollection":
        for each in found.get("features") or ():
            yield from _polygons(each, where)
    elif kind == "Feature":
        yield from _polygons(found.get("geometry"), where)
    elif kind == "GeometryCollection":
        for each in found.get("geometries") or ():
            yield from _polygons(each, where)
    elif kind == "Polygon":
        yield found.get("coordinates") or ()
    elif kind == "MultiPolygon":
        yield from found.get("coordinates") or ()
    else:
        raise AreaUnusable(
            f"{kind!r} is no area.", where=where, advice="Give polygons and multipolygons only."
        )


def _ring(rings: Sequence[Any], where: str) -> Polygon:
    if len(rings) != 1:
        raise AreaUnusable(
            "A polygon has a hole, or no ring.", where=where, advice="Give it as several polygons."
        )
    try:
        points = msgspec.convert(rings[0], list[list[float]])
        ring = [(point[1], point[0]) for point in points]
    except (msgspec.ValidationError, IndexError) as error:
        raise AreaUnusable(f"A ring is no list of positions: {error}", where=where) from None
    if len(ring) > 1 and ring[0] == ring[-1]:
        ring.pop()
    return Polygon(tuple(ring))
