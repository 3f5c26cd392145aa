"""Agreements with stand-off rules for tests: the examples of the documents, with keys."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tests.support.agreements import EXAMPLE, World, enrolled

from detente.agreement import Agreement, load_agreement
from detente.feeds import Reports, Source, of_columns

AIRSPACE = EXAMPLE.parent / "stand-off-airspace"
LINE = EXAMPLE.parent / "stand-off-line"
_IDS = ('id = "ab-airspace-2026"', 'id = "ab-line-2026"')


def world_of(example: Path, root: Path, change: tuple[str, str] = ("", "")) -> World:
    """An example, with a change to its document; its keys are those of the example agreement."""
    world = enrolled(root)
    for file in example.iterdir():
        text = file.read_text(encoding="utf-8")
        if file.name == world.document.name:
            for identity in _IDS:
                text = text.replace(identity, 'id = "ab-2026"')
            assert change[0] in text
            text = text.replace(*change) if change[0] else text
        (world.agreement / file.name).write_text(text, encoding="utf-8")
    return world


def agreement_of(example: Path, root: Path, change: tuple[str, str] = ("", "")) -> Agreement:
    """The same, read."""
    return load_agreement(world_of(example, root, change).agreement)


def flown(
    identity: str,
    places: list[tuple[float, float]],
    *,
    begin_us: int = 1_800_000_000_000_000,
    step_s: float = 10.0,
    accuracy_m: float = 10.0,
    altitude_m: float = 5000.0,
    speed_m_s: float = 0.0,
) -> Reports:
    """Positions of one aircraft, latitude and longitude, one every step; it stands by default."""
    count = len(places)
    lat, lng = np.array(places, dtype=np.float64).T
    time_us = begin_us + np.arange(count) * round(step_s * 1e6)
    return of_columns(
        count,
        (identity,),
        ("",),
        (Source("test", "test"),),
        time_us=time_us,
        received_us=time_us,
        lat_deg=lat,
        lng_deg=lng,
        altitude_m=np.full(count, altitude_m),
        speed_m_s=np.full(count, speed_m_s),
        horizontal_m=np.full(count, accuracy_m),
        vertical_m=np.full(count, 10.0),
        on_ground=np.zeros(count, dtype=np.uint8),
    )
