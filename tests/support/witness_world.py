"""A log whose owner may cheat, and the memory of a witness that may die, be copied and set back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from detente.record import (
    AddCheckpoint,
    Checkpoint,
    Ed25519Signer,
    Frontier,
    KnownLog,
    Signer,
    SqliteWitnessStore,
    Witness,
    WitnessState,
    WitnessStore,
    consistency_proof,
    leaf_hash,
    sign_checkpoint,
)
from detente.record.merkle import reader_of

ORIGIN = "a.example/log/test"
WITNESS_KEY = Ed25519Signer("b.example/witness", bytes([7]) * 32)
LOG_KEYS = [Ed25519Signer(ORIGIN, bytes([1, number]) * 16) for number in range(3)]
STRANGER = Ed25519Signer(ORIGIN, bytes([9]) * 32)

Leaves = tuple[int, ...]
"""A history of a log: what its entries are. It is a beginning of another iff the log only grew."""


def clock() -> datetime:
    return datetime(2026, 11, 22, 20, 0, 0, tzinfo=UTC)


def hashes(leaves: Sequence[int]) -> list[bytes]:
    return [leaf_hash(b"%d" % leaf) for leaf in leaves]


def note_of(leaves: Leaves, key: Signer = LOG_KEYS[0], origin: str = ORIGIN) -> str:
    tree = Frontier()
    tree.extend(hashes(leaves))
    return sign_checkpoint(Checkpoint(origin, tree.size, tree.root()), key)


@dataclass(frozen=True)
class Submission:
    """A request, with what the test knows of it."""

    leaves: Leaves
    old_size: int
    key: Ed25519Signer = LOG_KEYS[0]
    spoiled: bool = False
    origin: str = ORIGIN

    def request(self) -> AddCheckpoint:
        size = len(self.leaves)
        proof: list[bytes] = []
        if self.old_size <= size:
            proof = consistency_proof(self.old_size, size, reader_of(hashes(self.leaves)))
        if self.spoiled:
            proof = [*proof[:-1], bytes(32)] if proof else [bytes(32)]
        return AddCheckpoint(
            self.old_size, tuple(proof), note_of(self.leaves, self.key, self.origin)
        )

    def bytes(self) -> bytes:
        return self.request().format()


class Died(BaseException):
    """The process is no more. Not an Exception: nothing may catch it."""


class MemoryWitnessStore:
    """The same promises as the file, for as long as the test runs."""

    def __init__(self, states: dict[str, WitnessState]) -> None:
        self.states = states
        self.signer: Signer = WITNESS_KEY

    def load(self, origin: str) -> WitnessState:
        return self.states.get(origin, WitnessState(origin))

    def swap(self, old: WitnessState, new: WitnessState) -> bool:
        found = self.load(old.origin)
        if (found.size, found.root, found.fork) != (old.size, old.root, old.fork):
            return False
        self.states[old.origin] = new
        return True

    def close(self) -> None:
        pass


class MortalStore:
    """Dies before or after the next write, or lets something else happen just before it."""

    def __init__(self, inner: WitnessStore) -> None:
        self.inner = inner
        self.die: str = ""
        self.meanwhile: Callable[[], None] | None = None

    @property
    def signer(self) -> Signer:
        return self.inner.signer

    def load(self, origin: str) -> WitnessState:
        return self.inner.load(origin)

    def swap(self, old: WitnessState, new: WitnessState) -> bool:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        if self.die == "before":
            raise Died
        swapped = self.inner.swap(old, new)
        if self.die == "after":
            raise Died
        return swapped

    def close(self) -> None:
        self.inner.close()


class MemoryPlace:
    """Where a witness's memory is kept: here, in a dictionary."""

    def __init__(self) -> None:
        self._states: dict[str, WitnessState] = {}

    def open(self) -> WitnessStore:
        return MemoryWitnessStore(self._states)

    def back_up(self) -> dict[str, WitnessState]:
        return dict(self._states)

    def restore(self, copy: dict[str, WitnessState]) -> None:
        self._states = dict(copy)


class FilePlace:
    """Where a witness's memory is kept: in its file."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "witness.sqlite"
        self._copies = 0
        Witness.create(self._path, WITNESS_KEY.name, clock=clock, signer=WITNESS_KEY).close()

    def open(self) -> WitnessStore:
        return SqliteWitnessStore(self._path)

    def back_up(self) -> Path:
        self._copies += 1
        return Path(shutil.copy(self._path, self._path.with_name(f"copy-{self._copies}")))

    def restore(self, copy: Path) -> None:
        shutil.copy(copy, self._path)


def known(keys: Sequence[Ed25519Signer]) -> KnownLog:
    return KnownLog(ORIGIN, tuple(key.verifier for key in keys))


def opened(store: WitnessStore, keys: Sequence[Ed25519Signer] = LOG_KEYS[:1]) -> Witness:
    witness = Witness(store, clock)
    witness.trust(known(keys))
    return witness


def spoil(submission: Submission) -> Submission:
    return replace(submission, spoiled=True)
