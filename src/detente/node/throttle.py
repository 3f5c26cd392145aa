"""Guessing made slow: growing delays after failures, by who is tried, from where, and both.

Nobody can shut an officer out. A stranger's failures count for the stranger's address, for the pair
of account and address, and, with a delay that stays short, for the account. A browser in which the
officer has logged in before holds a mark of that (`Vault.device`), and its failures count alone.

Pure: time is passed in. Attempts count when they begin, and are given back when they succeed, so
that many at once are no way around it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import ClassVar, Final

from detente.http import RateLimited, network_of

FORGET_S: Final = 3600.0
KEYS_MAX: Final = 20_000


class LoginThrottled(RateLimited):
    """Too many attempts have failed; `Retry-After` says when the next one is taken: 429."""

    code: ClassVar[str] = "auth.throttled"


@dataclass(frozen=True, slots=True)
class Delay:
    """How attempts under one kind of key are slowed down.

    Attributes:
        free: failures without delay.
        most_s: longest delay; it doubles from one second on.
    """

    free: int
    most_s: float

    def after(self, failures: int) -> float:
        """Seconds to wait after so many failures."""
        beyond = failures - self.free
        return 0.0 if beyond < 0 else min(self.most_s, 2.0 ** min(beyond, 30))


DELAYS: Final = {
    "device": Delay(5, 300.0),
    "pair": Delay(3, 900.0),
    "address": Delay(20, 900.0),
    "account": Delay(10, 30.0),
}
"""By kind of key."""


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last_s: float = 0.0


class Throttle:
    """Failures by key, at most `KEYS_MAX`; those that failed longest ago are forgotten first."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def wait_s(self, keys: Sequence[str], now_s: float) -> float:
        """How long until the next attempt under these keys is taken."""
        return max((self._wait(key, now_s) for key in keys), default=0.0)

    def begin(self, keys: Sequence[str], now_s: float) -> int:
        """An attempt begins; tells how many have failed under the first of the keys, this one in.

        Raises:
            LoginThrottled: not yet.
        """
        wait_s = self.wait_s(keys, now_s)
        if wait_s > 0:
            raise LoginThrottled(
                "Too many attempts have failed. Wait before the next one.",
                retry_after_s=ceil(wait_s),
            )
        for key in keys:
            found = self._failures.setdefault(key, _Failures())
            if now_s - found.last_s > FORGET_S:
                found.count = 0
            found.count += 1
            found.last_s = now_s
            self._failures.move_to_end(key)
        while len(self._failures) > KEYS_MAX:
            self._failures.popitem(last=False)
        return self._failures[keys[0]].count

    def succeed(self, keys: Sequence[str]) -> None:
        """The attempt was good: its own key begins anew, the others get it back."""
        self._failures.pop(keys[0], None)
        self.give_back(keys[1:])

    def give_back(self, keys: Sequence[str]) -> None:
        """The attempt was not judged: it counts for nothing."""
        for key in keys:
            found = self._failures.get(key)
            if found is not None:
                found.count -= 1
                if found.count <= 0:
                    del self._failures[key]

    def _wait(self, key: str, now_s: float) -> float:
        found = self._failures.get(key)
        if found is None or now_s - found.last_s > FORGET_S:
            return 0.0
        delay = DELAYS[key.partition(":")[0]].after(found.count)
        return max(0.0, found.last_s + delay - now_s)


def login_keys(account: str, address: str, device: str | None) -> list[str]:
    """The keys under which an attempt counts, the most particular one first.

    Args:
        account: as typed.
        address: where it comes from; of IPv6 the first 64 bits count.
        device: the browser's mark, if it has one for this account.
    """
    if device is not None:
        return [f"device:{device}"]
    place = network_of(address)
    name = account[:100]
    return [f"pair:{len(name)}:{name}:{place}", f"address:{place}", f"account:{name}"]
