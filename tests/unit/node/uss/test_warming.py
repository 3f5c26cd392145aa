"""A node that plans loads its compiled geometry before anybody waits for it."""

from __future__ import annotations

import gc
from types import SimpleNamespace
from typing import cast

import pytest

from detente.node.uss import assembly

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("writing", [True, False])
async def test_what_is_compiled_is_loaded_once_and_left_alone_by_the_collector(
    monkeypatch: pytest.MonkeyPatch, *, writing: bool
) -> None:
    loaded: list[int] = []
    monkeypatch.setattr(assembly, "warm_up", lambda: loaded.append(gc.get_freeze_count()))
    work = SimpleNamespace(run=None)
    parts = {"jwks": None, "settling": work, "conformance": work, "constraints": work}
    parts |= {"book": None, "known": None, "now_us": None}
    uss = cast(assembly.Uss, SimpleNamespace(**parts))
    tasks = assembly.Uss.tasks(uss, writing=writing)
    before = gc.get_freeze_count()
    try:
        await tasks["geometry"]()
        assert loaded == [before]
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()
