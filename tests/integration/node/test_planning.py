"""Two nodes plan against each other through a real exchange, from filing to the end."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.planners import circle, details, planners

pytestmark = pytest.mark.anyio


async def test_a_plan_is_accepted_and_told_to_who_asks(tmp_path: Path) -> None:
    async with planners(tmp_path, start=("a",)) as there:
        a = there["a"]
        volume = circle(47.0, 8.0)
        done = await a.file([volume], name="first")
        assert done["result"] == "done", done
        assert done["plan"]["state"] == "Accepted"
        (reference,) = await there.references(volume)
        assert reference["id"] == done["id"]
        assert reference["manager"] == "a"
        told = await details(a, done["id"])
        assert told.status_code == 200, told.text
        intent = told.json()["operational_intent"]
        assert intent["reference"]["version"] == reference["version"]
        assert intent["reference"]["ovn"] == done["plan"]["filed"][0]["ovn"]
        assert [each["id"] for each in await a.plans()] == [done["id"]]
