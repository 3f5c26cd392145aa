"""Data directories with a world stored in them, made once and kept in `.cache/bench`.

    python -m bench.seeding DIRECTORY '{"quiet": 100}'

Every stored intent has its entry in the log, appended through the real ledger; the state after them
lies beside it as a snapshot, so that an instance starts quickly.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from bench import world
from bench.world import World
from detente.exchange import entries as e
from detente.exchange import snapshot
from detente.exchange.airspace import Airspace
from detente.record import Ledger, Log, SqliteLog, generate_key, save_key

ORIGIN = "detente-exchange"
CACHE = Path(__file__).parent.parent / ".cache" / "bench"

_AT_US = world.EPOCH_US - 365 * 86_400_000_000
_BATCH = 5000
_DAR_ID = world.identifier("dar", 0)


def seeded(place: World) -> Path:
    """The directory with this world, made now if it is not there. Not to be written to."""
    directory = CACHE / f"{place.size}-{_fingerprint(place)}"
    if directory.exists():
        return directory
    making = directory.with_name(f"making-{os.getpid()}")
    # In a process of its own: a million entities must not stay in this one.
    subprocess.run(
        [sys.executable, "-m", "bench.seeding", str(making), msgspec.json.encode(place).decode()],
        check=True,
        cwd=CACHE.parent.parent,
    )
    making.rename(directory)
    return directory


def _fingerprint(place: World) -> str:
    """Changes when the world, its making or its spelling in the log does."""
    digest = hashlib.sha256(repr(place).encode() + Path(world.__file__).read_bytes())
    for fact in islice(facts(place), 200):
        digest.update(e.encode_entry(fact))
    intent, subscription = next(place.stored())
    assert subscription is not None
    digest.update(e.encode_image_line(e.IntentLine(intent)))
    digest.update(e.encode_image_line(e.SubscriptionLine(subscription, 1)))
    return digest.hexdigest()[:12]


def copy(source: Path, target: Path, *, snapshots: bool = True) -> None:
    """A copy that an instance may write to, on the disk before this returns."""
    target.mkdir(parents=True)
    for path in source.rglob("*"):
        to = target / path.relative_to(source)
        if path.is_dir():
            to.mkdir(exist_ok=True)
        elif path.suffix == ".snapshot":
            if snapshots:
                os.link(path, to)  # never changed, at most deleted
        elif path.name != "log.lock":
            shutil.copy2(path, to)
            handle = os.open(to, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)


async def copy_log(source: Path, target: Log) -> None:
    """The same log and snapshot in another kind of log."""
    from_log = await SqliteLog.open(source, read_only=True)
    try:
        ledger = Ledger(target, generate_key(ORIGIN), ORIGIN)
        size = (await from_log.head()).size
        while ledger.size < size:
            async with ledger.writing() as writing:
                await writing.append(await from_log.read(ledger.size, _BATCH))
        (info,) = await from_log.snapshots()
        await ledger.save_snapshot(size, ledger.frontier, from_log.load_snapshot(info))
    finally:
        await from_log.close()


def facts(place: World) -> Iterator[e.Entry]:
    """The entries of the log."""
    yield e.LogOpened(_AT_US, _DAR_ID)
    for intent, subscription in place.stored():
        told = () if subscription is None else ((subscription.id, 1),)
        yield e.OperationalIntentPut(_AT_US, intent, subscription, None, told)


def state(place: World) -> Airspace:
    """The state after those entries, without applying one after another."""
    airspace = Airspace()
    intents: list[e.OperationalIntent] = []
    subscriptions: list[e.Subscription] = []
    airspace.take_line(e.ImageStart(_DAR_ID), intents, [], subscriptions)
    for intent, subscription in place.stored():
        airspace.take_line(e.IntentLine(intent), intents, [], subscriptions)
        if subscription is not None:
            airspace.take_line(e.SubscriptionLine(subscription, 1), intents, [], subscriptions)
    airspace.intents.load(intents)
    airspace.subscriptions.load(subscriptions)
    return airspace


async def make(directory: Path, place: World) -> None:
    """Store a world in a new directory."""
    log = await SqliteLog.open(directory)
    try:
        signer = generate_key(ORIGIN)
        save_key(signer, directory / "log.key")
        ledger = Ledger(log, signer, ORIGIN)
        bodies: list[bytes] = []
        for fact in facts(place):
            bodies.append(e.encode_entry(fact))
            if len(bodies) == _BATCH:
                await _append(ledger, bodies)
        if bodies:
            await _append(ledger, bodies)
        await snapshot.save(ledger, state(place))
    finally:
        await log.close()


async def _append(ledger: Ledger, bodies: list[bytes]) -> None:
    async with ledger.writing() as writing:
        await writing.append(bodies)
    bodies.clear()


def main() -> None:
    """See the module's text."""
    directory, text = sys.argv[1:]
    gc.disable()  # nothing here is garbage, and looking through it would take most of the time
    asyncio.run(make(Path(directory), msgspec.json.decode(text, type=World)))


if __name__ == "__main__":
    main()
