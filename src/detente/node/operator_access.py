"""The operator on the node's own machine: a token in a file that only the node's user can read.

Whoever can read the directory can read the record as well; the token shows how the node is, and
nothing that is said on the line. Each start has another one.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final, Protocol

import msgspec

from detente.http import Caller, RequestHead

RUN_FILE: Final = "run.json"
OPERATOR: Final = "operator"
_LENGTH: Final = 512
OPERATOR_SCOPES: Final = frozenset({"node.read", "peers.read"})


class Running(msgspec.Struct, frozen=True):
    """`run.json`: a node that runs, as commands on its machine find it.

    Attributes:
        pid: of its process.
        boot: random id of this start.
        api: base URL of the officers' interface, on this machine.
        token: secret; for `Authorization: Bearer`.
    """

    pid: int
    boot: str
    api: str
    token: str


class RunFile:
    """Says that a node runs, and where.

    It is written in place, always with the same length, and stays when the node has stopped: so it
    can be written when the disk is full.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / RUN_FILE

    def write(self, running: Running) -> None:
        """Tell that the node runs.

        Raises:
            OSError: there is no room even for this, or no permission.
        """
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(handle, msgspec.json.encode(running).ljust(_LENGTH), 0)
            os.fsync(handle)
        finally:
            os.close(handle)

    def read(self) -> Running | None:
        """The node that runs, or ran when it was killed; None if there is none."""
        try:
            found = msgspec.json.decode(self._path.read_bytes(), type=Running)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return found if found.pid else None

    def remove(self) -> None:
        """The node has ended."""
        with contextlib.suppress(OSError):
            self.write(Running(0, "", "", ""))


class Authenticates(Protocol):
    """An authenticator of the officers' interface."""

    async def authenticate(self, request: RequestHead, now_us: int) -> Caller:
        """Who is calling."""


class OperatorOr:
    """Lets the operator's token through, and leaves everybody else to another authenticator."""

    def __init__(self, officers: Authenticates) -> None:
        self._officers = officers
        self.token: Final = secrets.token_urlsafe(32)
        self._header = b"Bearer " + self.token.encode()

    async def authenticate(self, request: RequestHead, now_us: int) -> Caller:
        """Who is calling.

        Raises:
            Unauthorized: see the other authenticator.
        """
        given = request.authorization
        if given is not None and hmac.compare_digest(given, self._header):
            return Caller(OPERATOR, OPERATOR_SCOPES, "node", 0)
        return await self._officers.authenticate(request, now_us)
