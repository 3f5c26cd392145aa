"""Host names to IP addresses, without letting a dead name server hold anything else up."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from detente.http.egress_errors import NameNotResolved

_THREADS: Final = 4
_ADDRESSES_MAX: Final = 16
# The name server says that there is none; anything else is our own trouble in asking.
_SAYS_NO: Final = frozenset(
    getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name)
)


class Resolver(Protocol):
    """Turns a name into addresses."""

    async def resolve(self, host: str) -> Sequence[str]:
        """IP addresses as text, the best first.

        Raises:
            NameNotResolved: none is known.
        """


class SystemResolver:
    """`getaddrinfo` in threads of its own, one question per name at a time.

    It cannot be stopped while it waits for a name server, for half a minute perhaps. In the loop's
    common threads that would in time keep the disk waiting as well.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="resolve")
        self._asked: dict[str, asyncio.Future[list[str]]] = {}

    async def resolve(self, host: str) -> Sequence[str]:
        """IP addresses as text, in the system's order (RFC 6724).

        Raises:
            NameNotResolved: see `side` for whose fault it is.
        """
        asked = self._asked.get(host)
        if asked is None:
            loop = asyncio.get_running_loop()
            asked = loop.run_in_executor(self._threads, _look_up, host)
            self._asked[host] = asked
            asked.add_done_callback(lambda done: self._answered(host, done))
        # Whoever stops waiting does not take the answer from others.
        return await asyncio.shield(asked)

    def _answered(self, host: str, done: asyncio.Future[list[str]]) -> None:
        self._asked.pop(host, None)
        if not done.cancelled():
            done.exception()  # looked at, in case nobody waits any more


def _look_up(host: str) -> list[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        failure = NameNotResolved(f"The name is not resolved: {error.strerror}.", where=host)
        failure.side = "unknown" if error.errno in _SAYS_NO else "here"
        raise failure from None
    except (OSError, UnicodeError) as error:
        failure = NameNotResolved(f"The name is not resolved: {error}.", where=host)
        failure.side = "here"
        raise failure from None
    return [str(address[0]) for *_, address in found][:_ADDRESSES_MAX]
