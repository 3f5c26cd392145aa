"""The newest checkpoint with a witness's cosignature is found, wherever it is."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.witness_world import ORIGIN, WITNESS_KEY

from detente.node import newest_cosigned
from detente.record import CosignatureVerifier, Ed25519Signer, cosign

KEY = CosignatureVerifier.of(WITNESS_KEY)
OTHER = Ed25519Signer("d.example/w", bytes([3]) * 32)


@dataclass
class Held:
    size: int
    note: str


class Record:
    def __init__(self, size: int, cosigned: dict[int, bool]) -> None:
        self.size = size
        self.held = [
            Held(at, self.note(at, WITNESS_KEY if ours else OTHER))
            for at, ours in sorted(cosigned.items())
        ]
        self.pages = 0

    def note(self, size: int, key: Ed25519Signer) -> str:
        text = f"{ORIGIN}\n{size}\n{'A' * 43}=\n"
        return f"{text}\n{cosign(text, key, 1)}"

    async def checkpoint(self) -> Held:
        return Held(self.size, "")

    async def checkpoints(
        self, since: int = 1, limit: int = 100, *, cosigned_only: bool = False
    ) -> list[Held]:
        assert cosigned_only
        self.pages += 1
        return [held for held in self.held if held.size >= since][:limit]


@given(
    st.integers(0, 3000).flatmap(
        lambda size: st.tuples(
            st.just(size),
            st.dictionaries(st.integers(1, size), st.booleans(), max_size=40)
            if size
            else st.just(dict[int, bool]()),
        )
    )
)
@pytest.mark.anyio
async def test_it_is_the_largest_of_ours(case: tuple[int, dict[int, bool]]) -> None:
    size, cosigned = case
    record = Record(size, cosigned)
    expected = max((at for at, ours in cosigned.items() if ours), default=None)
    found = await newest_cosigned(record, KEY)
    assert found == (None if expected is None else record.note(expected, WITNESS_KEY))


@pytest.mark.anyio
async def test_it_turns_pages_and_does_not_read_them_all() -> None:
    record = Record(3000, {at: at < 1200 for at in range(1, 3001)})
    assert await newest_cosigned(record, KEY) == record.note(1199, WITNESS_KEY)
    record = Record(3000, dict.fromkeys(range(1, 3001), True))
    record.pages = 0
    assert await newest_cosigned(record, KEY) == record.note(3000, WITNESS_KEY)
    assert record.pages == 1
