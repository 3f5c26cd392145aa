"""Who is silent is not waited for once for each of its intents."""

from __future__ import annotations

import pytest
from tests.support import planned

from detente.f3548 import scopes
from detente.node.uss.carrying import SILENT_MAX, while_answered
from detente.planning import Errand, FetchIntent, GetIntent, Heard, NoAnswer, Refused

pytestmark = pytest.mark.anyio


def fetch(manager: str) -> FetchIntent:
    return FetchIntent(
        "main", planned.neighbour(manager=manager).reference, scopes.STRATEGIC_COORDINATION
    )


async def test_a_silent_uss_is_asked_a_few_times_only() -> None:
    asked: list[str] = []

    async def perform(errand: Errand) -> Heard:
        if isinstance(errand, GetIntent):
            asked.append("exchange")
            return Heard(NoAnswer("nothing came", sent=True))
        assert isinstance(errand, FetchIntent)
        asked.append(errand.reference.manager)
        if errand.reference.manager == "b":
            return Heard(NoAnswer("nothing came", sent=True))
        return Heard(Refused(404, "not known"))

    ask = while_answered(perform)
    answers = [(await ask(fetch("b"))).answer for _ in range(SILENT_MAX + 5)]
    assert asked == ["b"] * SILENT_MAX
    assert all(isinstance(each, NoAnswer) for each in answers)
    for _ in range(SILENT_MAX + 2):
        assert isinstance((await ask(fetch("c"))).answer, Refused)
        await ask(GetIntent("main", planned.neighbour().id, scopes.STRATEGIC_COORDINATION))
    assert asked.count("c") == asked.count("exchange") == SILENT_MAX + 2
    # Another attempt asks anew.
    await while_answered(perform)(fetch("b"))
    assert asked.count("b") == SILENT_MAX + 1
