"""What a record takes of a peer, whether the peer brings it or we fetch it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.two_records import begun

from detente.line import outcomes as o
from detente.node.line_store import LineStore
from detente.record import Draft

pytestmark = pytest.mark.anyio


async def test_a_routine_message_in_an_emergency_channel_is_refused_and_holds_nothing_else_up(
    tmp_path: Path,
) -> None:
    two = await begun(tmp_path)
    said = [
        ("line/b/emergency", "routine"),
        ("line/b/emergency", "urgent"),
        ("line/b", "routine"),
        ("line/b", "urgent"),
    ]
    async with two.opened("a") as record:
        entries = await record.append(
            [(Draft("message", name, ("b",), {"urgency": how}), None) for name, how in said]
        )
    sealed = [entry.envelope.to_json() for entry in entries if entry.envelope is not None]
    async with two.opened("b") as record:
        store = LineStore(record, "a")
        refused = await store.take([sealed[2], sealed[0]])
        assert isinstance(refused, o.EnvelopeRefused)
        assert (refused.number, refused.code) == (1, "line.not_urgent")
        assert "'routine'" in refused.message
        assert record.head.size == 1
        # Its channel stands still by that; what came late only, by an ordinary one, does not.
        assert await store.take(sealed[2:]) == o.Stored(2)
