"""A witness that is killed (SIGKILL) just before its n-th write, sync or deletion, for every n.

`python -m tests.support.witness_victim DIRECTORY`: `base` is a witness, `shown` the note that
confirms it, `request` what it is then asked. For n from 0 on, `n` is what the witness's file was
when it died, and `n.answer` what it had answered, if it had. Ends with the first n that survives,
and prints it.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
from pathlib import Path

import apsw
from tests.support.witness_world import LOG_KEYS, ORIGIN, clock, known

from detente.record import Witness


class Fate:
    """Counts what touches the disk."""

    def __init__(self, deadly: int) -> None:
        self.left = deadly

    def touch(self) -> None:
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1


class DeadlyFile(apsw.VFSFile):
    """A file of SQLite's."""

    def __init__(self, fate: Fate, name: apsw.URIFilename | str | None, flags: list[int]) -> None:
        self._fate = fate
        super().__init__("unix", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._fate.touch()
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        self._fate.touch()
        super().xSync(flags)

    def xTruncate(self, size: int) -> None:
        self._fate.touch()
        super().xTruncate(size)


class DeadlyVFS(apsw.VFS):
    """What SQLite takes for the disk."""

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        super().__init__("deadly", "unix", makedefault=True)

    def xOpen(self, name: apsw.URIFilename | str | None, flags: list[int]) -> DeadlyFile:
        return DeadlyFile(self._fate, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self._fate.touch()
        super().xDelete(filename, syncdir)


def live(directory: Path, deadly: int) -> None:
    """One life, in a process of its own."""
    fate = Fate(1 << 30)
    vfs = DeadlyVFS(fate)
    witness = Witness.open(directory / str(deadly), clock=clock)
    witness.trust(known(LOG_KEYS[:1]))
    witness.confirm(ORIGIN, [(directory / "shown").read_text()])
    fate.left = deadly
    answer = witness.add_checkpoint((directory / "request").read_bytes())
    (directory / f"{deadly}.answer").write_bytes(answer.format())
    del vfs


def main(directory: Path) -> None:
    for deadly in itertools.count():
        shutil.copy(directory / "base", directory / str(deadly))
        child = os.fork()
        if child == 0:
            try:
                live(directory, deadly)
            except BaseException:  # noqa: BLE001 - a forked child must not go on as its parent
                sys.excepthook(*sys.exc_info())
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status == 0:
            print(deadly)
            return
        if os.WTERMSIG(status) != signal.SIGKILL:
            sys.exit(f"it did not die as it should: {status}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
