"""The tables of planning on PostgreSQL: filled, asked and loaded as on SQLite."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from tests.support import planned
from tests.support.postgres import PostgresServer
from tests.support.recording import recording

from detente.f3548 import types as wire
from detente.f3548 import uss_types as uss
from detente.node.approvals import Approvals
from detente.node.uss.conformance_watch import ConformanceWatch, Declares
from detente.node.uss.log_sets import LogSets
from detente.node.uss.whys import why_of
from detente.planning import PLAN_PROJECTION, ExchangeSeen, Flown, Judged

pytestmark = pytest.mark.anyio


async def test_planning_is_recorded_on_postgresql(tmp_path: Path, postgres: PostgresServer) -> None:
    with postgres.database() as url:
        ours = planned.intent()
        async with recording(tmp_path, database=url) as node:
            node.recorder.exchange(ExchangeSeen(f"https://x/{ours.id}", "GET", "Client", 1))
            pending = await node.recorder.pending(planned.order(ours), ["main"])
            outcome = planned.accepted(ours, planned.neighbour())
            await node.recorder.settled(pending, outcome)
            moment = wire.Time(datetime.now(UTC))
            now_us = int(moment.value.timestamp() * 1e6)
            judged = Judged(now_us, uss.VehicleTelemetry(moment), None)
            await node.recorder.positions(ours.id, [judged], Flown(7, 3, 1, 0))
            open_order = await node.recorder.pending(planned.order(planned.intent()), ["main"])
            assert (await why_of(node.record, node.recorder, ours.id)).result == "done"
            logs = LogSets(node.context, node.recorder, cast(Approvals, None))
            made, _ = await logs.of(ours.id)
            assert len(made.messages) == 1
            watch = ConformanceWatch(node.context, node.book, node.recorder, cast(Declares, None))
            assert (await watch.aggregate()).flown.excursions == 1
            assert (await node.record.rebuild(PLAN_PROJECTION)).differing == 0
        async with recording(tmp_path, database=url, again=True) as node:
            assert dict(node.book.intents) == {ours.id: ours}
            assert set(node.book.pending) == {open_order}
            assert node.book.flight(ours.id) is not None
