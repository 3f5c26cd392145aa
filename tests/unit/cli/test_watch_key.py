"""The same question finds its work again, another one never does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.support.watched import SURE, boundary, box, claimed

from detente.boundaries import Boundary, Depth, Kind
from detente.cli.watch_run import Asked, question
from detente.feeds import ArchiveOptions
from detente.watch import WatchSetup

AREA = boundary("A", box(46.0, 7.0, 46.2, 7.3))
MOVED = AREA.polygons[0][0].copy()
MOVED[1:3, 0] += 1e-7
SHARED = ((np.array([True, False, False, False]),),)


def key_of(area: Boundary) -> bytes:
    return question(
        Asked((), (), ()), WatchSetup(boundaries=claimed(area)), ArchiveOptions(columns={})
    )


def test_the_same_boundary_is_the_same_question() -> None:
    assert key_of(boundary("A", box(46.0, 7.0, 46.2, 7.3))) == key_of(AREA)


@pytest.mark.parametrize(
    "other",
    [
        replace(AREA, uncertainty_m=2.0),
        replace(AREA, open_uncertainty_m=2.0),
        replace(AREA, claimant="B"),
        replace(AREA, kind=Kind.ADIZ),
        replace(AREA, depth=Depth.CHORD),
        replace(AREA, source=replace(SURE, judges=False)),
        replace(AREA, source=replace(SURE, uncertainty_by_length_m=((1.0, 2.0),))),
        replace(AREA, shared=SHARED),
        replace(AREA, polygons=((MOVED,),)),
    ],
    ids=lambda each: "",
)
def test_one_that_was_imported_otherwise_is_another_question(other: Boundary) -> None:
    assert key_of(other) != key_of(AREA)
