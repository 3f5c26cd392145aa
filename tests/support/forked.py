"""Commands in processes of their own, forked from one that has the program's modules already.

What is run is the same `main` with the same arguments; only the import, which costs more than most
commands do, is made once for a whole session of tests.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import NoReturn

_PRELOADED = [
    "detente.cli.root",
    "detente.cli.node",
    "detente.cli.record",
    "detente.line.area_compare",
    "detente.node.app",
    "detente.node.home",
    "detente.cli.record_transfers",
    "detente.cli.line_send",
    "detente.terminal.drafting",
    "detente.cli.verify",
    "detente.agreement",
    "detente.evidence",
    "detente.exchange.app",
    "detente.exchange.wiring",
    # What numba loads when the first kernel is called.
    "numba.cpython.printimpl",
    "numba.experimental.function_type",
    "numba.misc.cffiimpl",
    "numba.np.linalg",
    "numba.np.npyimpl",
    "numba.np.polynomial",
    "numba.typed.typedlist",
    "numba.typed.typedset",
    "detente.cli.node_settings",
    "detente.node.beginning",
    "detente.record",
    "detente.verify.bundle",
    "detente.watch",
    # What the first request of a client loads.
    "anyio._backends._asyncio",
    "encodings.idna",
    "h11",
    "httpcore",
    "stringprep",
    "uvicorn.lifespan.off",
    # The last one: it has done with loading.
    "tests.support.preloaded",
]
_STILL_RUNNING = 1000


@cache
def forking() -> ForkServerContext:
    """Where processes come from; there is one process to fork from for everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def run_forked(
    arguments: Sequence[str], cwd: Path | None, variables: Mapping[str, str], timeout_s: float
) -> tuple[int, bytes, bytes]:
    """Run a command to its end: exit code, standard output, standard error.

    Raises:
        TimeoutError: it did not end; it was killed.
    """
    with tempfile.TemporaryDirectory() as directory:
        out, err = Path(directory, "out"), Path(directory, "err")
        process = forking().Process(
            target=_command, args=(list(arguments), cwd, dict(variables), str(out), str(err))
        )
        process.start()
        process.join(timeout_s)
        code = _STILL_RUNNING if process.exitcode is None else process.exitcode
        if code == _STILL_RUNNING:
            process.kill()
            process.join()
        process.close()
        if code == _STILL_RUNNING:
            raise TimeoutError(f"detente {' '.join(arguments)}")
        return code, out.read_bytes(), err.read_bytes()


def _command(
    arguments: list[str], cwd: Path | None, variables: dict[str, str], out: str, err: str
) -> None:
    for path, number in ((os.devnull, 0), (out, 1), (err, 2)):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(handle, number)
        os.close(handle)
    become_program(arguments, cwd, variables)


def become_program(
    arguments: list[str], cwd: Path | None, variables: Mapping[str, str]
) -> NoReturn:
    """Be `detente` with these arguments from here on; the standard streams are in place."""
    # Line buffers and encodings as a fresh interpreter has them for a file.
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(variables)
    sys.path[:0] = filter(None, variables.get("PYTHONPATH", "").split(os.pathsep))
    if cwd is not None:
        os.chdir(cwd)
    from detente.cli.root import main

    code = 0
    try:
        main(arguments)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
