"""The file of a witness: key and memory in SQLite, for one owner.

There is no write-ahead log, so that between two requests all of it is in that one file; a commit is
on disk when it returns (synchronous=EXTRA).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import stat
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, cast

import apsw

from detente.errors import DetenteError

from .keys import Ed25519Signer, Signer, sync_directory
from .witness import WitnessState

_APPLICATION_ID = 0x44545753
_SCHEMA_VERSION = 1
_SCHEMA = (
    "CREATE TABLE witness (id INTEGER PRIMARY KEY CHECK (id = 1), secret TEXT NOT NULL) STRICT",
    "CREATE TABLE logs (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, "
    "note TEXT NOT NULL, fork_one TEXT, fork_other TEXT) STRICT",
)


class WitnessFileUnusable(DetenteError):
    """A witness's file is missing, readable by others, damaged, or something else."""

    code: ClassVar[str] = "witness.file"


class WitnessInUse(DetenteError):
    """Another process, or another part of this one, has opened the witness."""

    code: ClassVar[str] = "witness.in_use"


class WitnessUnavailable(DetenteError):
    """The witness could not store what it was about to sign, and so did not sign."""

    code: ClassVar[str] = "witness.unavailable"


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


def create_witness_file(path: Path, signer: Ed25519Signer, states: Iterable[WitnessState]) -> None:
    """Write a new file with a key and what is remembered, whole or not at all.

    Raises:
        WitnessFileUnusable: there is a file already, or it cannot be written.
    """
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
