"""Where a plan might go, and who could be met there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support import planned
from tests.support.planned import HOUR_US, NOW_US

from detente.geo import Polygon, Volume4D, VolumeLimits, conflicting_pairs, validate_volume
from detente.planning import Limits, in_reach, reach

LIMITS = Limits(delay_max_s=600, advance_max_s=300, shift_max_m=4_000.0, climb_max_m=100.0)
AT_US = NOW_US + HOUR_US
AREA_KM2 = 2_500.0


def corridor(length_deg: float) -> Volume4D:
    """A strip of 2 km to the east, for a quarter of an hour."""
    ring = ((46.0, 7.0), (46.0, 7.0 + length_deg), (46.02, 7.0 + length_deg), (46.02, 7.0))
    return Volume4D(Polygon(ring), 1000.0, 1200.0, AT_US, AT_US + HOUR_US // 4)


def moved(volume: Volume4D, *, north_m: float = 0.0, up_m: float = 0.0, s: int = 0) -> Volume4D:
    outline = volume.outline
    assert isinstance(outline, Polygon)
    return replace(
        volume,
        outline=Polygon(tuple((lat + north_m / 111_200, lng) for lat, lng in outline.vertices)),
        altitude_lower_m=(volume.altitude_lower_m or 0.0) + up_m,
        altitude_upper_m=(volume.altitude_upper_m or 0.0) + up_m,
        time_start_us=(volume.time_start_us or 0) + s * 1_000_000,
        time_end_us=(volume.time_end_us or 0) + s * 1_000_000,
    )


def meets(one: Volume4D, other: Volume4D) -> bool:
    return bool(len(conflicting_pairs((one,), (other,))[0]))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"north_m": 5_900.0}, id="aside"),
        pytest.param({"north_m": -5_900.0}, id="to the other side"),
        pytest.param({"up_m": 290.0}, id="higher"),
        pytest.param({"up_m": -290.0}, id="lower"),
        pytest.param({"s": 1490}, id="later"),
        pytest.param({"s": -1190}, id="earlier"),
    ],
)
def test_what_a_change_could_meet_is_in_reach(change: dict[str, float]) -> None:
    volume = corridor(0.3)
    [wide] = reach([volume], LIMITS, NOW_US, AREA_KM2)
    # Changed as far as it may be, a volume meets what is so far away as this.
    assert meets(wide, moved(volume, **change))  # type: ignore[arg-type]  # names and numbers
    assert not meets(wide, moved(volume, **{k: 2 * v for k, v in change.items()}))  # type: ignore[arg-type]


def test_nothing_begins_before_now() -> None:
    [wide] = reach([corridor(0.3)], LIMITS, AT_US - 1, AREA_KM2)
    assert wide.time_start_us == AT_US - 1


def test_what_would_be_too_large_to_ask_for_is_widened_less() -> None:
    volume = corridor(2.0)
    limits = VolumeLimits(max_area_km2=AREA_KM2)
    far = replace(LIMITS, shift_max_m=20_000.0)
    [wide] = reach([volume], far, NOW_US, AREA_KM2)
    validate_volume(wide, limits)
    assert meets(wide, moved(volume, north_m=6_000.0))
    [same] = reach([volume], far, NOW_US, 330.0)
    assert same.outline == volume.outline
    assert same.time_end_us == (volume.time_end_us or 0) + 600_000_000


def test_a_circle_becomes_a_larger_one() -> None:
    [wide] = reach([planned.circle(radius_m=300.0)], LIMITS, NOW_US, AREA_KM2)
    assert wide.outline == planned.circle(radius_m=4_300.0).outline


def test_what_is_open_to_a_side_could_go_anywhere() -> None:
    assert reach([replace(corridor(0.3), time_end_us=None)], LIMITS, NOW_US, AREA_KM2) == ()


def test_who_stands_at_another_time_is_not_met() -> None:
    volume = corridor(0.3)
    near = planned.neighbour(volumes=[moved(volume, s=1490)])
    before = planned.neighbour(volumes=[moved(volume, s=-1190)])
    always = planned.neighbour(volumes=[replace(volume, time_start_us=None, time_end_us=None)])
    unknown = planned.neighbour(known=False)
    late = planned.neighbour(volumes=[moved(volume, s=1510)])
    early = planned.neighbour(volumes=[moved(volume, s=-1210)])
    everybody = [near, late, before, early, always, unknown]
    assert in_reach(everybody, [volume], LIMITS) == [near, before, always, unknown]
    assert in_reach(everybody, [replace(volume, time_end_us=None)], LIMITS) == everybody
