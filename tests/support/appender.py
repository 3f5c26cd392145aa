"""A process that appends until it is told to stop, or killed.

    python -m tests.support.appender sqlite:DIRECTORY|postgresql://... NAME BATCHES

Prints a line for each batch when it is durable: the size and the root. Entries say who wrote them
and how long the log was when that was decided, so that a reader can tell whether all took turns.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from tests.support.records import ONE, ORIGIN, TWO, VERIFIERS

from detente.record import Ed25519Signer, Ledger, Log, PostgresLog, SqliteLog, canonical

SIGNERS: dict[str, Ed25519Signer] = {"one": ONE, "two": TWO}


async def open_log(place: str) -> Log:
    """The log that the first argument names."""
    if place.startswith("sqlite:"):
        return await SqliteLog.open(Path(place.removeprefix("sqlite:")))
    return await PostgresLog.open(place)


async def run(place: str, name: str, batches: int) -> None:
    """Append and tell."""
    log = await open_log(place)
    book = Ledger(log, SIGNERS[name], ORIGIN, verifiers=VERIFIERS)
    await book.catch_up()
    print("ready", flush=True)
    for batch in range(batches):
        async with book.writing() as writing:
            seen = writing.head.size
            bodies = [
                canonical({"by": name, "batch": batch, "seen": seen, "n": n})
                for n in range(1 + batch % 7)
            ]
            head = await writing.append(bodies)
        print(head.size, head.root.hex(), flush=True)
    await log.close()


def check_turns(bodies: list[bytes]) -> dict[str, int]:
    """That every batch stands where its writer decided; how many entries each has written."""
    counts: dict[str, int] = {}
    for position, body in enumerate(bodies):
        entry = json.loads(body)
        assert position == entry["seen"] + entry["n"], (position, entry)
        counts[entry["by"]] = counts.get(entry["by"], 0) + 1
    return counts


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], sys.argv[2], int(sys.argv[3])))
