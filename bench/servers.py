"""Instances under measurement: started, watched from outside, ended."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec

from bench.instance import Start
from bench.seeding import CACHE, ORIGIN, copy
from detente.http import TokenSigner, new_key_pair
from detente.record import generate_key, save_key

ROOT = CACHE.parent.parent
AUDIENCE = "localhost"
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_START_MAX_S = 180.0

Scan = Literal["plain", "vectorised"]


class Keys:
    """One authorisation server's key, and tokens of eight USSs signed with it."""

    def __init__(self, directory: Path) -> None:
        private, public = new_key_pair()
        self.public = directory / "token.pem"
        self.public.write_bytes(public)
        signer = TokenSigner(private)
        self.tokens = [
            signer.issue(
                sub=f"uss{number:02}",
                audience=AUDIENCE,
                scopes=["utm.strategic_coordination"],
                now_s=time.time(),
            )
            for number in range(8)
        ]


class Instance:
    """One running exchange."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, start_s: float) -> None:
        self.process = process
        self.port = port
        self.start_s = start_s
        """From the start of the process to its readiness."""

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        """End it at once: what it stored is a copy that nobody needs."""
        self.process.kill()
        self.process.wait()


def cpu_s(pids: Sequence[int]) -> float:
    """User and system time that processes have used so far."""
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/stat").read_text()
        except FileNotFoundError:
            continue
        fields = text.rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total * _TICK_S


def children(pid: int) -> list[int]:
    """A process and its children."""
    found = [pid]
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid:
            found.append(int(path.parent.name))
    return found


def rss_bytes(pid: int) -> int:
    """Memory of a process that is in use now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES


@contextmanager
def embedded(
    keys: Keys,
    source: Path,
    *,
    core: int | None = 0,
    scan: Scan | None = None,
    snapshots: bool = True,
) -> Iterator[Instance]:
    """An instance with a copy of a data directory of its own, with its snapshots or without."""
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="run-") as scratch:
        data = Path(scratch, "data")
        copy(source, data, snapshots=snapshots)
        with _running(keys, Path(scratch), {"data": str(data)}, core, scan) as instance:
            yield instance


@contextmanager
def pooled(keys: Keys, database: str, name: str, *, scan: Scan | None = None) -> Iterator[Instance]:
    """One instance of a pool; bound to no core."""
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="run-") as scratch:
        key = Path(scratch, "log.key")
        save_key(generate_key(ORIGIN), key)
        settings = {"database": database, "log_key": str(key), "instance_name": name}
        with _running(keys, Path(scratch), settings, None, scan) as instance:
            yield instance


@contextmanager
def _running(
    keys: Keys, scratch: Path, settings: dict[str, Any], core: int | None, scan: Scan | None
) -> Iterator[Instance]:
    given = {
        "port": 0,
        "auth_public_key": [str(keys.public)],
        "audience": [AUDIENCE],
        "max_batch": 1 if scan is not None else None,
        # The plain scan of many clients takes longer than any client would wait.
        "request_timeout": 300.0,
        **settings,
    }
    file = scratch / "start.json"
    file.write_bytes(msgspec.json.encode(Start(given, core, scan)))
    with (scratch / "log").open("wb") as log:
        began_s = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.instance", str(file)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                text = (scratch / "log").read_text()
                raise RuntimeError(f"the exchange does not start:\n{text[-4000:]}")
            url: str = msgspec.json.decode(line)["url"]
            start_s = time.perf_counter() - began_s
            yield Instance(process, int(url.rpartition(":")[2]), start_s)
        finally:
            process.kill()
            process.wait()
