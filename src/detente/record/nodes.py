"""Every hash of a tree in one file, so that proofs are a few small reads.

Hashes stand in the order in which they become known: a leaf, then each perfect subtree that it
completes. A tree of n leaves is therefore a beginning of the file of every larger one. The file is
a projection of the log: when in doubt, it is deleted and made again.

    header, 32 bytes: magic, number of leaves known to be durable, checksum of both
    hashes, 32 bytes each

Whatever lies behind the durable leaves when the file is opened is dropped: after a power cut nobody
knows what is in it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import struct
import weakref
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from detente.errors import DetenteError

from .merkle import EMPTY_ROOT, HASH_SIZE, Frontier, consistency_proof, inclusion_proof, range_root

_MAGIC = b"detente nodes 1\n"
_HEADER_SIZE = 32
_BATCH = 1 << 14
_sha256 = hashlib.sha256


class NodesUnusable(DetenteError):
    """A file of tree hashes cannot be used."""

    code: ClassVar[str] = "record.nodes"


def stored_position(level: int, index: int) -> int:
    """Where the hash of a perfect subtree stands, counted in hashes from 0."""
    last_leaf = ((index + 1) << level) - 1
    return 2 * last_leaf - last_leaf.bit_count() + level


def stored_count(size: int) -> int:
    """How many hashes a tree of `size` leaves has."""
    return 2 * size - size.bit_count()


class NodeFile:
    """All hashes of a tree, appended to and read at random.

    One writer at a time. `read` may be called from other threads. What `extend` adds can be read at
    once and survives the end of the process after `sync`.

    Raises:
        NodesUnusable: there is something else at the path, it is open already, or cannot be
            opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise NodesUnusable(f"It cannot be opened: {error}.", where=str(path)) from error
        # Lets go of the file without `sync` when nobody holds this object any more.
        self._release = weakref.finalize(self, os.close, self._file)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._size = self._recover()
            self._peaks = self._peaks_of(self._size)
        except BlockingIOError:
            self._release()
            raise NodesUnusable(
                "Another process has it open.", where=str(path), advice="Stop that, or wait."
            ) from None
        except OSError as error:
            self._release()
            raise NodesUnusable(f"It cannot be read: {error}.", where=str(path)) from error
        except NodesUnusable:
            self._release()
            raise

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self._size

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._path

    def read(self, level: int, index: int) -> bytes:
        """Hash of the perfect subtree at (level, index); a `NodeReader`.

        Raises:
            ValueError: it is not in the tree.
            NodesUnusable: the file does not give what it should have.
        """
        if level < 0 or index < 0 or (index + 1) << level > self._size:
            raise ValueError(f"a tree of {self._size} leaves has no node ({level}, {index})")
        # stored_position, written out: this is read twenty times for each proof.
        last = ((index + 1) << level) - 1
        at = _HEADER_SIZE + HASH_SIZE * (2 * last - last.bit_count() + level)
        try:
            found = os.pread(self._file, HASH_SIZE, at)
        except OSError as error:
            raise NodesUnusable(f"It cannot be read: {error}.", where=str(self._path)) from error
        if len(found) != HASH_SIZE:
            raise NodesUnusable(
                "The file has become shorter.", where=str(self._path), advice="Delete it."
            )
        return found

    def root(self, size: int | None = None) -> bytes:
        """Tree hash of the first `size` leaves, or of all.

        Raises:
            ValueError: there are not so many.
        """
        count = self._checked(size)
        return range_root(0, count, self.read) if count else EMPTY_ROOT

    def frontier(self, size: int | None = None) -> Frontier:
        """All that is needed to append to the tree of the first `size` leaves, or of all.

        Raises:
            ValueError: there are not so many.
        """
        count = self._checked(size)
        return Frontier.from_bytes(count.to_bytes(8, "big") + b"".join(self._peaks_of(count)))

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """Audit path of a leaf in the tree of the first `size` leaves, or of all.

        Raises:
            ValueError: there is no such leaf or tree.
        """
        return inclusion_proof(index, self._checked(size), self.read)

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """Proof that the tree of `old` leaves is a beginning of that of `new`, or of all.

        Raises:
            ValueError: there are no such trees.
        """
        return consistency_proof(old, self._checked(new), self.read)

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Add leaf hashes, 32 bytes each.

        Raises:
            ValueError: one has another length; those of batches before it may have been added.
            NodesUnusable: the file cannot be written; nothing of the last batch was added.
        """
        leaves = iter(leaf_hashes)
        while batch := list(islice(leaves, _BATCH)):
            self._extend(batch)

    def truncate(self, size: int) -> None:
        """Forget all but the first `size` leaves.

        Raises:
            ValueError: there are not so many.
            NodesUnusable: the file cannot be written.
        """
        peaks = self._peaks_of(self._checked(size))
        # The header first: it must never promise more than there is.
        self._size, self._peaks = size, peaks
        self.sync()
        self._shorten(size)

    def sync(self) -> None:
        """Make everything added so far durable.

        Raises:
            NodesUnusable: the file cannot be written.
        """
        try:
            os.fsync(self._file)
            os.pwrite(self._file, _header(self._size), 0)
            os.fsync(self._file)
        except OSError as error:
            raise NodesUnusable(f"It cannot be written: {error}.", where=str(self._path)) from error

    def close(self) -> None:
        """Make it durable and let go of it. Closing twice does nothing.

        Raises:
            NodesUnusable: the file cannot be written.
        """
        if not self._release.alive:
            return
        try:
            self.sync()
        finally:
            self._file = -1
            self._release()

    def __enter__(self) -> NodeFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _extend(self, batch: list[bytes]) -> None:
        if set(map(len, batch)) != {HASH_SIZE}:
            raise ValueError(f"a leaf hash has {HASH_SIZE} bytes")
        size, peaks, sha256 = self._size, self._peaks.copy(), _sha256
        added: list[bytes] = []
        add = added.append
        for value in batch:
            add(value)
            carry = size
            while carry & 1:
                value = sha256(b"\x01" + peaks.pop() + value).digest()  # noqa: PLW2901
                add(value)
                carry >>= 1
            peaks.append(value)
            size += 1
        try:
            _write(self._file, b"".join(added), _offset(self._size))
        except OSError as error:
            raise NodesUnusable(f"It cannot be written: {error}.", where=str(self._path)) from error
        # Last, so that another thread never reads what is not written.
        self._peaks = peaks
        self._size = size

    def _checked(self, size: int | None) -> int:
        if size is None:
            return self._size
        if not 0 <= size <= self._size:
            raise ValueError(f"the tree has {self._size} leaves, not {size}")
        return size

    def _peaks_of(self, size: int) -> list[bytes]:
        peaks: list[bytes] = []
        begin = 0
        for level in range(size.bit_length() - 1, -1, -1):
            if size >> level & 1:
                peaks.append(os.pread(self._file, HASH_SIZE, _offset_of(level, begin >> level)))
                begin += 1 << level
        return peaks

    def _recover(self) -> int:
        status = os.fstat(self._file)
        if not stat.S_ISREG(status.st_mode):
            raise NodesUnusable("It is not a regular file.", where=str(self._path))
        header = os.pread(self._file, _HEADER_SIZE, 0)
        if not _MAGIC.startswith(header[: len(_MAGIC)]):
            raise NodesUnusable(
                "It is not a file of tree hashes.",
                where=str(self._path),
                advice="Move it away; the file is made again from the log.",
            )
        size = 0
        if len(header) == _HEADER_SIZE:
            size = int.from_bytes(header[len(_MAGIC) : len(_MAGIC) + 8], "big")
            if header != _header(size):
                size = 0
        whole = max(0, status.st_size - _HEADER_SIZE) // HASH_SIZE
        if stored_count(size) > whole:
            size = _size_within(whole)
        if header != _header(size):
            os.pwrite(self._file, _header(size), 0)
        if status.st_size != _offset(size):
            os.ftruncate(self._file, _offset(size))
        return size

    def _shorten(self, size: int) -> None:
        try:
            os.ftruncate(self._file, _offset(size))
        except OSError as error:
            raise NodesUnusable(f"It cannot be written: {error}.", where=str(self._path)) from error


def _header(size: int) -> bytes:
    start = _MAGIC + struct.pack(">Q", size)
    return start + _sha256(start).digest()[:8]


def _offset(size: int) -> int:
    return _HEADER_SIZE + HASH_SIZE * stored_count(size)


def _offset_of(level: int, index: int) -> int:
    return _HEADER_SIZE + HASH_SIZE * stored_position(level, index)


def _size_within(count: int) -> int:
    """The most leaves whose hashes are among the first `count`."""
    size = count // 2
    while stored_count(size + 1) <= count:
        size += 1
    return size


def _write(file: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        done = os.pwrite(file, view, offset)
        view = view[done:]
        offset += done
