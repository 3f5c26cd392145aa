"""What the desk of constraints does by itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.exported import MINUTE, T0, volume

from detente.f3548 import time_of, volume_on_wire
from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.node.uss.constraint_parts import ConstraintBusy
from detente.node.uss.constraints import FORGET_US, ConstraintDesk
from detente.planning import KnownConstraint, Neighbourhood, OwnConstraint

pytestmark = pytest.mark.anyio
OURS, LATER = "22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333"


def _details(end_us: int) -> uss.ConstraintDetails:
    return uss.ConstraintDetails([volume_on_wire(volume(end_us=end_us))])


def _known(end_us: int) -> KnownConstraint:
    reference = wire.ConstraintReference(
        f"44444444-4444-4444-8444-{end_us:012}"[:36], "b", "Unknown", 1, "x" * 20,
        time_of(T0), time_of(end_us), "https://b.example",
    )  # fmt: skip
    return KnownConstraint("main", reference, _details(end_us), ())


async def test_what_is_over_is_ended_and_what_others_had_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_us = T0 + FORGET_US
    own = {
        OURS: OwnConstraint(OURS, "office", (), _details(now_us - 1)),
        LATER: OwnConstraint(LATER, "office", (), _details(now_us + 1)),
    }
    known = Neighbourhood()
    kept, gone = _known(T0 + 2 * MINUTE), _known(T0 - 1)
    for each in (kept, gone):
        known.learn_constraint(each)
    parts: Any = SimpleNamespace(
        book=SimpleNamespace(constraints=own), known=known, now_us=lambda: now_us, manager="a"
    )
    desk = ConstraintDesk(parts)
    asked: list[str] = []

    async def end(identity: str) -> None:
        asked.append(identity)
        raise ConstraintBusy("not now")  # is tried again later; the rest goes on

    monkeypatch.setattr(desk, "end", end)
    await desk.tidy()
    assert asked == [OURS]
    assert known.constraints() == (kept,)
