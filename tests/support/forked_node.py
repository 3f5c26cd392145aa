"""A node or an exchange that was forked instead of started: the import is most of a start."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.support.forked import become_program, forking


class ForkedNode:
    """As much of `asyncio.subprocess.Process` as tests use."""

    def __init__(self, process: ForkServerProcess, stdout: asyncio.StreamReader) -> None:
        self.stdout = stdout
        self._process = process
        assert process.pid is not None
        self.pid = process.pid

    @classmethod
    async def start(
        cls, arguments: Sequence[str], variables: Mapping[str, str], log: Path
    ) -> ForkedNode:
        """`detente` with these arguments; what it logs is appended to a file."""
        reading, writing = Pipe(duplex=False)
        process = forking().Process(
            target=_run, args=(list(arguments), dict(variables), writing, str(log))
        )
        starting = asyncio.ensure_future(asyncio.to_thread(process.start))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            # Nobody would know of it: it ends as soon as it has begun.
            starting.add_done_callback(lambda begun: None if begun.exception() else process.kill())
            raise
        writing.close()
        reader = asyncio.StreamReader()
        file = os.fdopen(os.dup(reading.fileno()), "rb", buffering=0)
        reading.close()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
        return cls(process, reader)

    @property
    def returncode(self) -> int | None:
        """Its exit code, if it has ended."""
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it is still there."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        """Wait until it has ended; gives the exit code."""
        if self.returncode is None:
            loop = asyncio.get_running_loop()
            ended = asyncio.Event()
            loop.add_reader(self._process.sentinel, ended.set)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(self._process.sentinel)
        self._process.join()
        code = self._process.exitcode
        assert code is not None
        return code


def _run(arguments: list[str], variables: dict[str, str], out: Connection, log: str) -> None:
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, here in ((nothing, 0), (out.fileno(), 1), (handle, 2)):
        os.dup2(number, here)
    out.close()
    os.close(handle)
    os.close(nothing)
    become_program(arguments, None, variables)
