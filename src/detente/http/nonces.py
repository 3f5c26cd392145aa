"""Remembers for how long each nonce must not come again. Pure: the time is passed in."""

from __future__ import annotations

from typing import ClassVar, Final

from detente.errors import DetenteError

NONCES_MAX: Final = 100_000
"""Of one sender. Some 800 requests a second for two minutes."""


class NonceStoreFull(DetenteError):
    """A sender used more nonces than are remembered; nothing is forgotten early to make room."""

    code: ClassVar[str] = "signature.too_many"


class NonceStore:
    """Nonces by sender, each kept until no message that carries it would be accepted anyway.

    Senders have places of their own: one that floods takes none of another's.

    Args:
        most: nonces of one sender that are kept at the same time.
    """

    def __init__(self, most: int = NONCES_MAX) -> None:
        self._most = most
        self._senders: dict[str, _Remembered] = {}

    def spend(self, sender: str, nonce: str, until_s: int, now_s: float) -> bool:
        """Note a nonce. False if it was used before, or may have been.

        Args:
            sender: whose it is.
            nonce: as it stands in the signature.
            until_s: Unix time from which on the message is refused for its age.
            now_s: Unix time. May go back: what was forgotten is then refused, not believed.

        Raises:
            NonceStoreFull: the sender has used up its places for now.
        """
        remembered = self._senders.get(sender)
        if remembered is None:
            remembered = self._senders[sender] = _Remembered()
        return remembered.spend(nonce, until_s, int(now_s), self._most)

    def __len__(self) -> int:
        return sum(len(each.nonces) for each in self._senders.values())


class _Remembered:
    __slots__ = ("by_second", "forgotten_s", "nonces")

    def __init__(self) -> None:
        self.nonces: set[str] = set()
        self.by_second: dict[int, list[str]] = {}
        # Whatever was good until then, or earlier, may have been used and forgotten.
        self.forgotten_s = -1

    def spend(self, nonce: str, until_s: int, now_s: int, most: int) -> bool:
        self._forget(now_s)
        if until_s <= self.forgotten_s or nonce in self.nonces:
            return False
        if len(self.nonces) >= most:
            raise NonceStoreFull(
                f"More than {most} requests in the time for which they are remembered.",
                advice="Send fewer; it passes by itself.",
            )
        self.nonces.add(nonce)
        self.by_second.setdefault(until_s, []).append(nonce)
        return True

    def _forget(self, now_s: int) -> None:
        if now_s - 1 <= self.forgotten_s:
            return
        self.forgotten_s = now_s - 1
        for second in [second for second in self.by_second if second < now_s]:
            self.nonces.difference_update(self.by_second.pop(second))
