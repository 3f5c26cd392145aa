"""A witness: its key and what it remembers, as one object in one file.

Key and memory are never apart: whoever copies the file copies both, and there is no way to use the
key with somebody else's memory. The file is SQLite without a write-ahead log, so that between two
requests all of it is in that one file; a commit is on disk when it returns (synchronous=EXTRA), and
only then a signature leaves.

A file that was restored from a backup cannot be told from one that was merely closed. Hence a
witness signs nothing for a log before `Witness.confirm`; see `decide_confirmation`.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import secrets
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Protocol, Self, cast

import apsw

from detente.errors import DetenteError

from .checkpoint import NoteMalformed, read_checkpoint, split_note
from .cosignature import CosignatureVerifier, cosign
from .keys import Ed25519Signer, Signer, generate_key, sync_directory
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
    decide_confirmation,
    proof_wanted,
    refuse,
)

_APPLICATION_ID = 0x44545753
_SCHEMA_VERSION = 1
_SCHEMA = (
    "CREATE TABLE witness (id INTEGER PRIMARY KEY CHECK (id = 1), secret TEXT NOT NULL) STRICT",
    "CREATE TABLE logs (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, "
    "note TEXT NOT NULL, fork_one TEXT, fork_other TEXT) STRICT",
)

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]


class WitnessFileUnusable(DetenteError):
    """A witness's file is missing, readable by others, damaged, or something else."""

    code: ClassVar[str] = "witness.file"


class WitnessInUse(DetenteError):
    """Another process, or another part of this one, has opened the witness."""

    code: ClassVar[str] = "witness.in_use"


class WitnessUnavailable(DetenteError):
    """The witness could not store what it was about to sign, and so did not sign."""

    code: ClassVar[str] = "witness.unavailable"


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
        _create(path, key, inherit)
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
        return proof_wanted(self._store.load(origin), self._known(origin), self.verifier, notes)

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


class SqliteWitnessStore:
    """Key and memory in an SQLite file, for one owner."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        _check_file(path)
        self._lock = _own(path)
        try:
            with self._translated():
                self._db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
                try:
                    self._signer = self._prepare()
                except BaseException:
                    self._db.close()
                    raise
        except BaseException as error:
            os.close(self._lock)
            if isinstance(error, WitnessUnavailable):
                raise WitnessFileUnusable(error.message, where=error.where) from error
            raise

    @property
    def signer(self) -> Signer:
        """See `WitnessStore.signer`."""
        return self._signer

    def load(self, origin: str) -> WitnessState:
        """See `WitnessStore.load`."""
        with self._guard, self._translated():
            return self._load(origin)

    def swap(self, old: WitnessState, new: WitnessState) -> bool:
        """See `WitnessStore.swap`."""
        with self._guard, self._translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                found = self._load(old.origin)
                same = (found.size, found.root, found.fork) == (old.size, old.root, old.fork)
                if same:
                    _write(self._db, new)
                self._db.execute("COMMIT")
            except BaseException:
                self._undo()
                raise
        return same

    def close(self) -> None:
        """See `WitnessStore.close`."""
        with self._guard:
            with contextlib.suppress(apsw.Error):
                self._db.close()
            if self._lock >= 0:
                os.close(self._lock)
                self._lock = -1

    def _load(self, origin: str) -> WitnessState:
        row = self._db.execute(
            "SELECT size, root, note, fork_one, fork_other FROM logs WHERE origin = ?", (origin,)
        ).fetchone()
        if row is None:
            return WitnessState(origin)
        size, root, note, one, other = cast(tuple[int, bytes, str, str | None, str | None], row)
        fork = None if one is None or other is None else (one, other)
        return WitnessState(origin, size, root, note, fork)

    def _undo(self) -> None:
        with contextlib.suppress(apsw.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def _prepare(self) -> Ed25519Signer:
        db = self._db
        if db.pragma("application_id") != _APPLICATION_ID:
            raise WitnessFileUnusable("It is not a witness of this program.", where=str(self._path))
        if cast(int, db.pragma("user_version")) > _SCHEMA_VERSION:
            raise WitnessFileUnusable(
                "A newer version of the program made it.", where=str(self._path)
            )
        _make_durable(db)
        if db.pragma("integrity_check") != "ok":
            raise WitnessFileUnusable(
                "SQLite finds the file damaged.",
                where=str(self._path),
                advice="Do not repair it: make a new witness, and announce its key.",
            )
        row = db.execute("SELECT secret FROM witness").fetchone()
        if row is None:
            raise WitnessFileUnusable("The key is missing.", where=str(self._path))
        return Ed25519Signer.from_line(cast(tuple[str], row)[0])

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except apsw.Error as error:
            raise WitnessUnavailable(
                f"SQLite reports: {error} ({type(error).__name__}).", where=str(self._path)
            ) from error


def _write(db: apsw.Connection, state: WitnessState) -> None:
    one, other = state.fork or (None, None)
    db.execute(
        "INSERT INTO logs (origin, size, root, note, fork_one, fork_other) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE SET size = excluded.size, "
        "root = excluded.root, note = excluded.note, fork_one = excluded.fork_one, "
        "fork_other = excluded.fork_other",
        (state.origin, state.size, state.root, state.note, one, other),
    )


def _make_durable(db: apsw.Connection) -> None:
    # No write-ahead log: a copy of the file between two requests is then a copy of everything.
    db.pragma("journal_mode", "delete")
    db.pragma("synchronous", "extra")


def _create(path: Path, signer: Ed25519Signer, states: Iterable[WitnessState]) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        os.close(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        try:
            _fill(temporary, signer, states)
            # A link, because a rename would overwrite a witness that is there.
            os.link(temporary, path)
        finally:
            temporary.unlink()
        sync_directory(path.parent)
    except FileExistsError:
        raise WitnessFileUnusable("There is a file already.", where=str(path)) from None
    except (OSError, apsw.Error) as error:
        raise WitnessFileUnusable(f"It cannot be written: {error}.", where=str(path)) from error


def _fill(path: Path, signer: Ed25519Signer, states: Iterable[WitnessState]) -> None:
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        _make_durable(db)
        with db:
            for statement in _SCHEMA:
                db.execute(statement)
            db.execute("INSERT INTO witness (id, secret) VALUES (1, ?)", (signer.to_line(),))
            for state in states:
                _write(db, state)
            db.pragma("application_id", _APPLICATION_ID)
            db.pragma("user_version", _SCHEMA_VERSION)
    finally:
        db.close()


def _check_file(path: Path) -> None:
    # Only looked at, never opened: closing a second descriptor would drop SQLite's own lock.
    where = str(path)
    try:
        status = path.stat()
    except FileNotFoundError:
        raise WitnessFileUnusable("There is no such file.", where=where) from None
    except OSError as error:
        raise WitnessFileUnusable(f"It cannot be read: {error}.", where=where) from error
    mode = stat.S_IMODE(status.st_mode)
    if not stat.S_ISREG(status.st_mode):
        raise WitnessFileUnusable("It is not a regular file.", where=where)
    if mode & 0o077:
        raise WitnessFileUnusable(
            f"Others may use the key in it: its mode is {mode:04o}.",
            where=where,
            advice=f"Run `chmod 600 {path}`, and make a new witness if it may have been read.",
        )
    if status.st_uid not in (0, os.geteuid()):
        raise WitnessFileUnusable(f"It belongs to another user ({status.st_uid}).", where=where)


def _own(path: Path) -> int:
    lock = path.with_name(path.name + ".lock")
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise WitnessFileUnusable(f"It cannot be locked: {error}.", where=str(lock)) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise WitnessInUse(
            "This witness is open elsewhere.",
            where=str(path),
            advice="One witness has one process. Stop the other one; never copy the file for it.",
        ) from None
    return handle
