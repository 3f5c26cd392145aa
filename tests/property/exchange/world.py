"""The small world of the random tests: few places, shapes and times, so that things meet.

All shapes of a spot meet clearly or miss clearly, so that the model's rough geometry may judge.
"""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st
from tests.model.geometry import EARTH_RADIUS_M, Circle, offset, unit_vector
from tests.model.reading import Space, space
from tests.model.wire import (
    HOUR_US,
    NOW_US,
    circle,
    entity_id,
    polygon,
    volume,
)

OWNERS = ("alpha", "bravo", "charlie")
INTENT_IDS = tuple(entity_id(0xA0 + number) for number in range(6))
CONSTRAINT_IDS = tuple(entity_id(0xC0 + number) for number in range(3))
SUBSCRIPTION_IDS = tuple(entity_id(0x50 + number) for number in range(4))
UNKNOWN_ID = entity_id(0xFFFF)

# The first place comes up more often than the others: there things shall meet.
SPOTS = ((47.4, 8.5), (90.0, 0.0), (-89.9995, 30.0), (10.0, 180.0), (0.0, -0.001))
spots = st.sampled_from((SPOTS[0],) * 4 + SPOTS[1:])


def _ring(spot: tuple[float, float], *corners_m: tuple[float, float]) -> dict[str, Any]:
    return polygon([offset(*spot, east_m, north_m) for east_m, north_m in corners_m])


def shapes(spot: tuple[float, float]) -> dict[str, dict[str, Any]]:
    """Outlines around a spot, by name."""
    return {
        "dot": circle(*spot, 200),
        "yard": _ring(spot, (-400, -400), (400, -400), (400, 400), (-400, 400)),
        "beside": circle(*offset(*spot, 1000, 0), 250),
        "far": circle(*offset(*spot, 2400, 900), 200),
        # Open to the north: its hull holds "dot", "yard" and "beside", itself touches none.
        "bend": _ring(
            spot,
            *[(-700, -800), (1900, -800), (1900, 800), (1600, 800)],
            *[(1600, -600), (-550, -600), (-550, 800), (-700, 800)],
        ),
        "wide": _ring(spot, (4000, 4000), (4000, -4000), (-4000, -4000), (-4000, 4000)),
    }


SHAPE_NAMES = ("dot", "yard", "wide", "beside", "far", "bend", "wide")
BANDS_M = ((0.0, 120.0), (120.0, 180.0), (100.0, 200.0), (300.0, 420.5), (50.0, 350.0))
HOURS = ((0.0, 23.0), (0.0, 23.0), (-1.0, 7.0), (0.0, 2.0), (1.5, 3.0), (2.0, 12.0), (12.0, 22.5))
LONG_AGO = (-500_000.0, -400_000.0)  # some decades before the tests' day

bands = st.sampled_from(BANDS_M)
open_bands = st.sampled_from((*BANDS_M, (None, None), (110.0, None), (None, 310.0)))
spans = st.sampled_from(HOURS)
open_spans = st.sampled_from((*HOURS, (None, None), (1.0, None), (None, 4.0), (-9.0, -8.0)))


def _at(hours: float | None) -> int | None:
    """A moment some hours from the tests' beginning, on no round microsecond."""
    return None if hours is None else NOW_US + 7 + round(hours * HOUR_US)


@st.composite
def volumes(
    draw: st.DrawFn,
    spot: tuple[float, float],
    band: st.SearchStrategy[Any] = bands,
    span: st.SearchStrategy[Any] = spans,
) -> dict[str, Any]:
    """One Volume4D at a spot."""
    outline = shapes(spot)[draw(st.sampled_from(SHAPE_NAMES))]
    start, end = draw(span)
    return volume(outline, draw(band), (_at(start), _at(end)))


def open_volumes(spot: tuple[float, float]) -> st.SearchStrategy[dict[str, Any]]:
    """A Volume4D whose altitudes and times may be missing."""
    return volumes(spot, open_bands, open_spans)


def watched_volumes(spot: tuple[float, float]) -> st.SearchStrategy[dict[str, Any]]:
    """A Volume4D for a subscription: most begin now, as the past is refused."""
    long_enough = ((None, None), (None, 1.0), (None, 23.0), (None, 2.5))
    span = st.sampled_from((*long_enough, (2.0, 12.0), (12.0, 23.0), (0.0, 23.0), (None, -9.0)))
    band = st.sampled_from(((None, None), (None, None), *BANDS_M, (0.0, 500.0)))
    return volumes(spot, band, span)


@st.composite
def extents(draw: st.DrawFn, spot: tuple[float, float]) -> list[dict[str, Any]]:
    """One volume, sometimes two, at times together with one that ended decades ago."""
    result = [draw(volumes(spot))]
    if draw(st.integers(0, 3)) == 0:
        result.append(draw(volumes(spot)))
    if draw(st.integers(0, 15)) == 0:
        result.append(draw(volumes(spot, span=st.just(LONG_AGO))))
    return result


def near(area: Space, spot: tuple[float, float]) -> bool:
    """Whether a space lies around this spot: only then may the two be joined to one hull."""
    outline = area.outlines[0]
    place = (outline.lat, outline.lng) if isinstance(outline, Circle) else outline.vertices[0]
    gap = unit_vector(*place) - unit_vector(*spot)
    return math.sqrt(float(gap @ gap)) * EARTH_RADIUS_M < 20_000


def outline_of(shape: dict[str, Any]) -> Space:
    return space(volume(shape), "shape")


# Ways to spoil a body: each must be refused whatever else it says.
SPOILERS: tuple[tuple[str, Any], ...] = (
    ("extents", None),
    ("extents", []),
    ("extents", "here"),
    ("uss_base_url", None),
    ("uss_base_url", "http://plain.example"),
    ("uss_base_url", 5),
)
