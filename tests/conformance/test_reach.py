"""Nobody claims the Earth with two small circles."""

from __future__ import annotations

import copy

from tests.conformance.shapes import ID_A, area, box4d
from tests.model.client import Uss, refused
from tests.model.driver import Driver
from tests.model.wire import OIR, circle, intent


def test_volumes_that_are_far_apart_are_refused(exchange: Driver) -> None:
    uss = Uss(exchange, "uss_a")
    body = intent(box4d(circle(0.0, 0.0, 1.0)))
    body["extents"] += copy.deepcopy(body["extents"])
    body["extents"][1]["volume"]["outline_circle"]["center"] = {"lat": 0.0, "lng": 179.0}
    refused(uss.put_intent(ID_A, body), 400)
    assert uss.found(OIR, area(circle(40.0, 7.0, 100.0))) == []
