"""Passwords: what is accepted as one, and argon2id (RFC 9106) in threads, few at a time.

A guess costs this node what it costs the guesser. So few hashes are computed at a time, few wait,
and whoever comes beyond that is told to come again: logins cannot starve the line.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import ClassVar, Final, ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from detente.http import BadRequest, Busy

P = ParamSpec("P")
T = TypeVar("T")

LENGTH_MIN: Final = 12
LENGTH_MAX: Final = 256
"""In characters. Longer ones would let a stranger choose how much is hashed."""

_DIFFERENT_MIN: Final = 5
_COMMON: Final = (
    "password",
    "passwort",
    "motdepasse",
    "mot de passe",
    "qwerty",
    "azerty",
    "123456789",
    "987654321",
    "abcdefgh",
    "iloveyou",
    "letmein",
    "welcome",
    "bienvenue",
    "administrator",
    "changeme",
    "correcthorsebatterystaple",
)


class PasswordRefused(BadRequest):
    """A new password is too short, too long, or among the first that are guessed: 400."""

    code: ClassVar[str] = "password.weak"


def normal(password: str) -> str:
    """The same characters however they were typed (NFKC, as NIST SP 800-63B 3.1.1.2 says)."""
    return unicodedata.normalize("NFKC", password)


def check_new(password: str, *names: str) -> str:
    """A new password, normalised.

    Length is what counts; no mixture of kinds of characters is asked for. What is left of it when
    names and the commonest passwords are taken out must still be long enough to be one.

    Args:
        password: as typed.
        names: the officer's own, and the party's.

    Raises:
        PasswordRefused: it is not to be used.
    """
    text = normal(password)
    if not LENGTH_MIN <= len(text) <= LENGTH_MAX:
        raise PasswordRefused(
            f"A password has {LENGTH_MIN} to {LENGTH_MAX} characters.",
            where="password",
            advice="Some words that do not belong together are easy to keep.",
        )
    rest = text.casefold()
    for known in sorted((*_COMMON, *(name.casefold() for name in names if len(name) > 2)), key=len):
        rest = rest.replace(known, "")
    if len(set(rest)) < _DIFFERENT_MIN or _is_run(rest):
        raise PasswordRefused(
            "This is among the first that are tried: a name, a common password, or a row of keys.",
            where="password",
        )
    return text


def _is_run(text: str) -> bool:
    """Whether each character follows the one before it, up or down."""
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return len(steps) == 1 and steps <= {-1, 0, 1}


def _base64(data: bytes) -> str:
    """As the text of a hash has it: without padding."""
    return base64.b64encode(data).decode().rstrip("=")


class Passwords:
    """Hashes and verifies in threads.

    Args:
        time_cost: passes.
        memory_kib: memory of one hash, in KiB.
        at_once: hashes computed at one time.
        waiting: more that may wait.
    """

    def __init__(
        self,
        *,
        time_cost: int = 3,
        memory_kib: int = 64 * 1024,
        at_once: int = 2,
        waiting: int = 16,
    ) -> None:
        # One lane: more would take more cores for one guess, not more time from the guesser.
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        # A hash that was begun is computed to its end, even if whoever asked has gone: the place is
        # the thread's, or those who hang up would have any number computed at one time.
        self._threads = ThreadPoolExecutor(at_once, "passwords")
        self._counting = threading.Lock()
        self._room = at_once + waiting
        self._inside = 0
        # Of nobody: as much work for an account that is not there. No password is known to have it;
        # so it need not be computed, which takes a quarter of a second at each start of a node.
        self._nobody = (
            f"$argon2id$v={ARGON2_VERSION}$m={memory_kib},t={time_cost},p=1"
            f"${_base64(secrets.token_bytes(16))}${_base64(secrets.token_bytes(32))}"
        )

    async def hash(self, password: str) -> str:
        """The hash of a normalised password, with its salt and parameters.

        Raises:
            Busy: too many are at it.
        """
        return await self._compute(self._hasher.hash, password)

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Whether a password is that of the hash; as slow if there is none.

        Raises:
            Busy: too many are at it.
        """
        good = await self._compute(
            self._verify, hashed or self._nobody, normal(password[: LENGTH_MAX + 1])
        )
        return good and bool(hashed) and len(password) <= LENGTH_MAX

    def outdated(self, hashed: str) -> bool:
        """Whether the hash was made with other parameters than are used now."""
        return self._hasher.check_needs_rehash(hashed)

    async def _compute(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        with self._counting:
            if self._inside >= self._room:
                raise Busy("Too many are logging in; try again in a moment.", retry_after_s=2)
            self._inside += 1
        begun = self._threads.submit(work, *args, **kwargs)
        begun.add_done_callback(self._leave)
        return await asyncio.wrap_future(begun)

    def _leave(self, _: Future[T]) -> None:
        with self._counting:
            self._inside -= 1

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False
