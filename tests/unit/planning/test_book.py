"""What the node knows of itself: what has been over for long enough is forgotten."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.support import planned
from tests.support.recording import recording

from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.f3548 import volume_on_wire
from detente.planning import Order, OwnConstraint
from detente.planning import book as module

pytestmark = pytest.mark.anyio


def constraint(*, version: int, ended: bool) -> OwnConstraint:
    reference = planned.reference("00000000-0000-4000-8000-00000000000c")
    told = msgspec.convert(msgspec.to_builtins(reference), wire.ConstraintReference)
    volume = volume_on_wire(planned.circle())
    details = uss.ConstraintDetails([volume], "closed")
    return OwnConstraint(told.id, "office", (("main", told),), details, version, ended)


async def test_what_is_over_is_forgotten_after_its_last_volume(tmp_path: Path) -> None:
    end_us = planned.circle().time_end_us
    assert end_us is not None
    async with recording(tmp_path) as node:
        book, recorder = node.book, node.recorder
        flight = planned.intent(volumes=[planned.circle()])
        closed = constraint(version=1, ended=False)
        for ended in (False, True):
            await recorder.constraint(constraint(version=1 + ended, ended=ended))
            now = planned.after(flight, ended=True) if ended else flight
            await recorder.settled(None, planned.accepted(now))
            book.drop_ended(end_us + 1 if not ended else end_us)
            assert len(book.constraints) + len(book.ended_constraints) == 1
            assert len(book.intents) + len(book.ended) == 1
            assert book.entry_of(closed.id)
        book.drop_ended(end_us + 1)
        assert not book.ended_constraints
        assert not book.ended
        assert book.entry_of(closed.id) == book.entry_of(flight.id) == ""


async def test_only_so_many_orders_are_remembered_to_have_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETTLED_MAX", 2)
    async with recording(tmp_path) as node:
        opened = []
        for _ in range(3):
            order: Order = planned.order(planned.intent())
            pending = await node.recorder.pending(order, ["main"])
            opened.append(pending)
            await node.recorder.settled(pending, planned.accepted(planned.intent(order.id)))
        assert not node.book.pending
        again = [await node.record.by_id(each) for each in opened]
        node.book.apply_all(each for each in again if each is not None)
        # The newest two are known to be over, whenever their first entries come.
        assert set(node.book.pending) == {opened[0]}
