"""A witness: its key and what it remembers, as one object.

Key and memory are never apart: whoever copies the file copies both, and there is no way to use the
key with somebody else's memory. A signature leaves after what it is on has been stored.

A file that was restored from a backup cannot be told from one that was merely closed. Hence a
witness signs nothing for a log before `Witness.confirm`; see `decide_confirmation`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol, Self

from .checkpoint import NoteMalformed, read_checkpoint, split_note
from .cosignature import CosignatureVerifier, cosign
from .keys import Ed25519Signer, Signer, generate_key
from .witness import (
    Accepted,
    AddCheckpoint,
    Answer,
    KnownLog,
    WitnessForked,
    WitnessRequestMalformed,
    WitnessState,
    WitnessUnconvinced,
    decide_add_checkpoint,
    refuse,
)
from .witness_confirm import decide_confirmation, proof_wanted
from .witness_file import SqliteWitnessStore, WitnessFileUnusable, create_witness_file

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]


class WitnessStore(Protocol):
    """What a witness remembers. A call may come from any thread."""

    @property
    def signer(self) -> Signer:
        """The key that lives with this memory."""

    def load(self, origin: str) -> WitnessState:
        """What is remembered of a log; size 0 if nothing is."""

    def swap(self, old: WitnessState, new: WitnessState) -> bool:
        """Store `new` durably if what is stored still has the size, root and fork of `old`.

        Raises:
            WitnessUnavailable: it could not be stored, or it is not known whether it was.
        """

    def close(self) -> None:
        """Let go of the file."""


class Witness:
    """Signs checkpoints of other people's logs, as long as those only grow.

    Made by `create` and `open`. Which logs it signs for is told by `trust` after every opening: the
    agreement says it, not the file.
    """

    def __init__(self, store: WitnessStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._logs: dict[str, KnownLog] = {}
        self._confirmed: set[str] = set()
        self._predecessors: tuple[CosignatureVerifier, ...] = ()
        self.verifier = CosignatureVerifier(store.signer.name, store.signer.public_key)

    @classmethod
    def create(
        cls,
        path: Path,
        name: str,
        *,
        clock: Clock,
        signer: Ed25519Signer | None = None,
        inherit: Iterable[WitnessState] = (),
    ) -> Self:
        """A new witness, in a file that does not exist yet.

        Args:
            path: the file; its directory must exist.
            name: key name of its cosignatures.
            clock: the time that cosignatures state, in UTC.
            signer: its key; a new one from the system's random numbers by default.
            inherit: what its predecessor remembered (`Witness.states`), when a key is replaced:
                without it the new key would sign what the old one has refused.

        Raises:
            KeyInvalid: the name cannot be used.
            WitnessFileUnusable: there is a file already, or it cannot be written.
        """
        key = signer or generate_key(name)
        if key.name != name:
            raise WitnessFileUnusable(f"The key is called {key.name}, not {name}.", where=str(path))
        create_witness_file(path, key, inherit)
        return cls.open(path, clock=clock)

    @classmethod
    def open(cls, path: Path, *, clock: Clock) -> Self:
        """Open a witness; it is unconfirmed for every log.

        Raises:
            WitnessFileUnusable: missing, readable by others, damaged, or not a witness.
            WitnessInUse: it is open elsewhere.
        """
        return cls(SqliteWitnessStore(path), clock)

    def trust(self, log: KnownLog) -> None:
        """Sign for a log from now on, or believe other keys of one: both while it changes keys."""
        self._logs[log.origin] = log

    def succeed(self, keys: Iterable[CosignatureVerifier]) -> None:
        """Take over what was inherited from these keys, which our own has replaced."""
        own = self.verifier.public_key
        self._predecessors = tuple(key for key in keys if key.public_key != own)

    @property
    def predecessors(self) -> tuple[CosignatureVerifier, ...]:
        """Keys that our own has replaced."""
        return self._predecessors

    def distrust(self, origin: str) -> None:
        """Sign nothing more for a log; what is remembered of it stays."""
        self._logs.pop(origin, None)
        self._confirmed.discard(origin)

    @property
    def origins(self) -> tuple[str, ...]:
        """The logs that it signs for."""
        return tuple(self._logs)

    def state(self, origin: str) -> WitnessState:
        """What is remembered of a log. `note` must not leave; see `last_signed`.

        Raises:
            WitnessUnavailable: the file cannot be read.
        """
        return self._store.load(origin)

    def last_signed(self, origin: str) -> str | None:
        """The checkpoint that was signed last, with our cosignature, for the log's owner.

        It may never have left: then it is as new as a signature that is made now, and like that it
        does not leave an unconfirmed witness.

        Raises:
            WitnessUnconvinced: the witness is unconfirmed for this log.
            WitnessUnavailable: the file cannot be read.
        """
        state = self._store.load(origin)
        if state.fork is not None or origin not in self._confirmed:
            raise WitnessUnconvinced("This witness is not confirmed for this log.", where=origin)
        return state.note or None

    def states(self) -> list[WitnessState]:
        """What is remembered of every log that it signs for."""
        return [self._store.load(origin) for origin in self._logs]

    def is_confirmed(self, origin: str) -> bool:
        """Whether `confirm` has been passed since the witness was opened."""
        return origin in self._confirmed

    def confirm(
        self,
        origin: str,
        shown: Sequence[str],
        anchors: Sequence[str] = (),
        *,
        proof: Sequence[bytes] = (),
        first_contact: bool = False,
    ) -> WitnessState:
        """Begin to sign for a log; see `decide_confirmation` for what must be shown.

        Returns:
            What is remembered now.

        Raises:
            WitnessUnconvinced: not with what was shown, or the log is not known.
            WitnessForked: our own key signed two roots of one size. It is stored, and this log is
                refused for good.
            WitnessUnavailable: it could not be stored.
        """
        while True:
            state = self._store.load(origin)
            log = self._known(origin)
            try:
                new = decide_confirmation(
                    state,
                    log,
                    self.verifier,
                    shown,
                    anchors,
                    proof=proof,
                    first_contact=first_contact,
                    predecessors=self._predecessors,
                )
            except WitnessForked as error:
                self._confirmed.discard(origin)
                logger.critical("witness %s: %s", self.verifier.name, error)
                forked = replace(state, fork=error.evidence)
                if state.fork is None and not self._store.swap(state, forked):
                    continue
                raise
            if new is state or self._store.swap(state, new):
                self._confirmed.add(origin)
                return new

    def proof_wanted(self, origin: str, notes: Sequence[str]) -> tuple[int, int] | None:
        """The sizes between which `confirm` wants a consistency proof for these notes, if it does.

        Raises:
            WitnessUnconvinced: a note cannot be believed, or the log is not known.
            WitnessForked: as `confirm`, but nothing is stored yet.
        """
        state, log = self._store.load(origin), self._known(origin)
        return proof_wanted(state, log, self.verifier, notes, self._predecessors)

    def add_checkpoint(self, data: bytes) -> Answer:
        """Answer a request for a cosignature (C2SP tlog-witness, add-checkpoint).

        Raises:
            WitnessUnavailable: what was to be signed could not be stored; nothing was signed.
        """
        try:
            request = AddCheckpoint.parse(data)
            origin = read_checkpoint(request.note).origin
        except (WitnessRequestMalformed, NoteMalformed) as error:
            return refuse(400, str(error))
        while True:
            state = self._store.load(origin)
            decision = decide_add_checkpoint(
                request, self._logs.get(origin), state, confirmed=origin in self._confirmed
            )
            if isinstance(decision, Answer):
                return decision
            new, line = self._sign(decision)
            # Whoever was faster has changed what the decision rests on: decide again.
            if self._store.swap(state, new):
                return Answer(200, line.encode(), origin=origin, size=new.size, note=new.note)

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _known(self, origin: str) -> KnownLog:
        log = self._logs.get(origin)
        if log is None:
            raise WitnessUnconvinced("This witness does not sign for this log.", where=origin)
        return log

    def _sign(self, accepted: Accepted) -> tuple[WitnessState, str]:
        note = accepted.state.note
        text, _ = split_note(note)
        line = cosign(text, self._store.signer, int(self._clock().timestamp()))
        return replace(accepted.state, note=note + line), line
