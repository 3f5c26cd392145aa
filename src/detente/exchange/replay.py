"""Replaying the log: its entries become true again, in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from detente.record import Ledger


async def replay(ledger: Ledger, apply_all: Callable[[Sequence[bytes], int], None]) -> None:
    """Apply every entry that the ledger has not handed out.

    Args:
        ledger: stands where the state stands.
        apply_all: makes a page of entries true; the second argument is the position of the first.

    Raises:
        LogUnavailable, LogDamaged: the log cannot be read or believed.
        Exception: what `apply_all` raised, if the log is as it was written.
    """
    position = ledger.size
    failure: Exception | None = None
    async for page in ledger.replay():
        if failure is None:
            try:
                apply_all(page, position)
            except Exception as error:  # noqa: BLE001 - what damaged bytes do, nobody can foresee
                # Only the end of the replay tells whether these are the bytes that were written.
                failure = error
        position += len(page)
    if failure is not None:
        raise failure
