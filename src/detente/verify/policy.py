"""C2SP tlog-policy: which cosignatures make a checkpoint good.

A policy is octets: names are compared as bytes, and only tab and newline of the control characters
may occur.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from typing import Final

from detente.formats import ALGORITHM_COSIGNATURE, ALGORITHM_LOG

from .errors import VerifyError
from .keys import PublicKey

LINES_MAX: Final = 1000
BYTES_MAX: Final = 256 * 1024

_FORBIDDEN: Final = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_NUMBER: Final = re.compile(rb"[1-9][0-9]{0,3}")
_NONE: Final = b"none"


@dataclass(frozen=True, slots=True)
class Group:
    """Is satisfied by `needed` of its members."""

    needed: int
    members: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that was read: `quorum` is None for `quorum none`."""

    logs: tuple[PublicKey, ...]
    witnesses: dict[bytes, PublicKey]
    groups: dict[bytes, Group]
    quorum: bytes | None

    def satisfied(self, signers: Container[bytes]) -> bool:
        """Whether cosignatures by the witnesses of these names are enough."""
        if self.quorum is None:
            return True
        good: dict[bytes, bool] = {name: name in signers for name in self.witnesses}
        # Groups name only what stands before them, so one pass in order is enough.
        for name, group in self.groups.items():
            good[name] = sum(good[member] for member in group.members) >= group.needed
        return good[self.quorum]


def read_policy(data: bytes, where: str) -> Policy:
    """Read a policy.

    Raises:
        VerifyError: policy.mismatch, or key.unusable for a vkey in it.
    """
    if len(data) > BYTES_MAX or data.count(b"\n") > LINES_MAX:
        raise _wrong(where, "too large")
    if _FORBIDDEN.search(data):
        raise _wrong(where, "control characters")
    if not data.endswith(b"\n"):
        raise _wrong(where, "the last line does not end")
    reading = _Reading()
    for number, line in enumerate(data[:-1].split(b"\n"), start=1):
        words = line.replace(b"\t", b" ").split(b" ")
        words = [word for word in words if word]
        if words and not words[0].startswith(b"#"):
            reading.take(words, f"{where} line {number}")
    if not reading.has_quorum:
        raise _wrong(where, "no quorum line")
    return Policy(tuple(reading.logs), reading.witnesses, reading.groups, reading.quorum)


def _wrong(where: str, detail: str) -> VerifyError:
    return VerifyError("policy.mismatch", where, detail)


class _Reading:
    def __init__(self) -> None:
        self.logs: list[PublicKey] = []
        self.witnesses: dict[bytes, PublicKey] = {}
        self.groups: dict[bytes, Group] = {}
        self.quorum: bytes | None = None
        self.has_quorum = False

    def take(self, words: list[bytes], where: str) -> None:
        match words:
            case [b"log", vkey] | [b"log", vkey, _]:
                self.logs.append(_key(vkey, ALGORITHM_LOG, self.logs, where))
            case [b"witness", name, vkey] | [b"witness", name, vkey, _]:
                self._new(name, where)
                known = list(self.witnesses.values())
                self.witnesses[name] = _key(vkey, ALGORITHM_COSIGNATURE, known, where)
            case [b"group", name, needed, _, *_]:
                self._new(name, where)
                self.groups[name] = self._group(needed, words[3:], where)
            case [b"quorum", name]:
                if self.has_quorum:
                    raise _wrong(where, "a second quorum")
                self.has_quorum = True
                if name != _NONE:
                    self._known(name, where)
                    self.quorum = name
            case _:
                raise _wrong(where, "not a line of a policy")

    def _group(self, needed: bytes, members: list[bytes], where: str) -> Group:
        for member in members:
            self._known(member, where)
        taken = {name for group in self.groups.values() for name in group.members}
        if len(set(members)) != len(members) or taken.intersection(members):
            raise _wrong(where, "a member of two groups")
        if needed == b"any":
            return Group(1, tuple(members))
        if needed == b"all":
            return Group(len(members), tuple(members))
        if not _NUMBER.fullmatch(needed) or int(needed) > len(members):
            raise _wrong(where, "threshold")
        return Group(int(needed), tuple(members))

    def _new(self, name: bytes, where: str) -> None:
        if name == _NONE or name in self.witnesses or name in self.groups:
            raise _wrong(where, "a name twice")

    def _known(self, name: bytes, where: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise _wrong(where, "a name that is not defined above")


def _key(vkey: bytes, algorithm: int, known: list[PublicKey], where: str) -> PublicKey:
    try:
        text = vkey.decode("utf-8")
    except UnicodeDecodeError:
        raise _wrong(where, "vkey") from None
    key = PublicKey.read(text, where)
    if key.algorithm != algorithm:
        raise _wrong(where, "signature type of the key")
    if any(other.raw == key.raw for other in known):
        raise _wrong(where, "a key twice")
    return key
