"""Kills a process that keeps a party's record at each of its writes, and looks at what is left.

    python -m tests.support.party_crasher DIRECTORY FIRST STEP

Forks a child for every write that the work below makes, FIRST + STEP * n: the child is ended by
SIGKILL right before it. Another child opens what is left. Prints a line for each, and `complete`
when the work came to its end. Works on a copy of one record each time.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
from tests.support.party_records import A, B, create, draft, reopen

from detente.record import Blob, Draft, PartyRecord, RecordPlace

BLOB = b"a picture" * 2000
SECRET = "what must go"


class Countdown:
    """Ends this process at the write of that number."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def watch(countdown: Countdown) -> None:
    """Count what SQLite writes, and what is written to other files."""

    class File(apsw.VFSFile):
        def __init__(self, name: Any, flags: Any) -> None:
            super().__init__("unix", name, flags)

        def xWrite(self, *args: Any) -> None:  # SQLite's name
            countdown()
            super().xWrite(*args)

        def xTruncate(self, *args: Any) -> None:
            countdown()
            super().xTruncate(*args)

        def xSync(self, *args: Any) -> None:
            countdown()
            super().xSync(*args)

    class System(apsw.VFS):
        def __init__(self) -> None:
            super().__init__("counted", "unix", makedefault=True)

        def xOpen(self, name: Any, flags: Any) -> File:
            return File(name, flags)

        def xDelete(self, *args: Any) -> None:
            countdown()
            super().xDelete(*args)

    global _system  # SQLite has it as long as the process lives
    _system = System()
    for name in ("pwrite", "fsync", "rename", "unlink", "ftruncate"):
        setattr(os, name, _counted(getattr(os, name), countdown))


_system: apsw.VFS | None = None


def _counted(real: Callable[..., Any], countdown: Countdown) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        countdown()
        return real(*args, **kwargs)

    return call


async def prepare(directory: Path) -> None:
    """A record of A, and envelopes of B that A has not got yet."""
    for party in (A, B):
        record = await create(RecordPlace(directory / party.id), party)
        sha256 = record.blobs.put(BLOB)
        blob = Blob(bytes.fromhex(sha256), len(BLOB), "image/png")
        secret = Draft("message", "line", (), {"text": f"{SECRET} from {party.id}"}, blobs=(blob,))
        entries = await record.append([(secret, None), (draft("kept", to=()), None)])
        if party is B:
            envelopes = [entry.envelope.to_json() for entry in entries if entry.envelope]
            (directory / "from-b").write_bytes(b"\n".join(envelopes))
        await record.close()


async def work(directory: Path, done: int) -> None:
    """Open, append twice, receive, erase. Tells each step to the file descriptor."""
    record = await reopen(RecordPlace(directory / "a"))
    await record.append([(draft(f"first {number}", to=()), None) for number in range(3)])
    os.write(done, b"1")
    await record.receive((directory / "from-b").read_bytes().split(b"\n"))
    os.write(done, b"2")
    await record.erase(1, "a court's order")
    os.write(done, b"3")
    await record.append([(draft(f"last {number}", to=()), None) for number in range(3)])
    os.write(done, b"4")
    await record.close()


async def look(directory: Path, steps: int) -> None:
    """What was acknowledged is there; what was not is there whole or not at all."""
    place = RecordPlace(directory / "a")
    record = await reopen(place)
    faults = await record.verify()
    assert not faults, faults
    size = record.head.size
    sizes = (3, 6, 10, 11, 14)
    assert size in sizes[steps : steps + 2], (size, steps)
    erased = (await record.entry(1)).erased_by is not None
    assert erased == (size >= 11)
    if erased:
        for path in sorted(place.directory.rglob("*")):
            if path.is_file():
                assert f"{SECRET} from a".encode() not in path.read_bytes(), path
    # B's message names the same picture: it stays once that is there.
    needed = size >= 10 or not erased
    assert not needed or record.blobs.size(hashlib.sha256(BLOB).hexdigest()) == len(BLOB)
    proof = record.inclusion(2, size)
    assert proof
    await _goes_on(record, directory)


async def _goes_on(record: PartyRecord, directory: Path) -> None:
    envelopes = (directory / "from-b").read_bytes().split(b"\n")
    received = await record.receive(envelopes)
    assert all(each.receipt is not None for each in received)
    size = record.head.size
    again = await record.receive(envelopes)
    assert all(each.known for each in again)
    assert record.head.size == size
    await record.append([(draft("afterwards", to=()), None)])
    assert not await record.verify()
    await record.close()


def child(run: Callable[[], None]) -> int:
    """The status of a forked process that does this."""
    pid = os.fork()
    if pid == 0:
        try:
            run()
        except BaseException:  # noqa: BLE001  # told, and the process ends
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def main() -> int:
    directory = Path(sys.argv[1])
    at, step = int(sys.argv[2]), int(sys.argv[3])
    template, copy = directory / "template", directory / "copy"
    if child(lambda: asyncio.run(prepare(template))):
        return 1
    while True:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(template, copy)
        inside, outside = os.pipe()

        def killed(at: int = at, outside: int = outside) -> None:
            watch(Countdown(at))
            asyncio.run(work(copy, outside))

        status = child(killed)
        os.close(outside)
        steps = len(os.read(inside, 10))
        os.close(inside)
        if status not in (0, signal.SIGKILL):
            return 1
        if child(lambda steps=steps: asyncio.run(look(copy, steps))):  # type: ignore[misc]
            print(f"write {at}: after {steps} steps", flush=True)
            return 1
        if status == 0:
            print(f"complete after {at} writes", flush=True)
            return 0
        at += step


if __name__ == "__main__":
    sys.exit(main())
