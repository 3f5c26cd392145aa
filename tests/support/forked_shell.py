"""`detente` in a shell script: each command is forked from a process that has its modules.

A few lines of Python without any site stand for the program: they hand on their standard streams,
their arguments and their directory, and end as the command has ended.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from tests.support.forked import become_program, forking
from tests.support.instance import environment

_ASK: Final = """
import json, os, socket, sys
asking = socket.socket(socket.AF_UNIX)
asking.connect(sys.argv[1])
asked = json.dumps([os.getcwd(), sys.argv[2:]]).encode()
socket.send_fds(asking, [len(asked).to_bytes(4, "big")], [0, 1, 2])
asking.sendall(asked)
code = asking.recv(1)
sys.exit(code[0] if code else "the command was lost")
"""


@contextmanager
def forked_program(directory: Path) -> Iterator[str]:
    """What stands for `detente` in a script, good as long as the block runs.

    Args:
        directory: for the socket; not one that the script looks at.
    """
    path, ask = directory / "forked", directory / "ask.py"
    ask.write_text(_ASK)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        threading.Thread(target=_serve, args=(listening,), daemon=True).start()
        yield shlex.join([sys.executable, "-I", "-S", str(ask), str(path)])
        listening.shutdown(socket.SHUT_RDWR)


def _serve(listening: socket.socket) -> None:
    while True:
        try:
            asking, _ = listening.accept()
        except OSError:
            return
        with asking:
            head, streams, _, _ = socket.recv_fds(asking, 4, 3)
            length, asked = int.from_bytes(head, "big"), b""
            while len(asked) < length:
                asked += asking.recv(length - len(asked))
            cwd, arguments = json.loads(asked)
            given = [Connection(stream) for stream in streams]
            process = forking().Process(target=_run, args=(cwd, arguments, given))
            process.start()
            for stream in given:
                stream.close()
            process.join()
            asking.sendall(bytes([(process.exitcode or 0) % 256]))
            process.close()


def _run(cwd: str, arguments: list[str], given: list[Connection]) -> None:
    for number, stream in enumerate(given):
        os.dup2(stream.fileno(), number)
        stream.close()
    become_program(arguments, Path(cwd), environment(None))
