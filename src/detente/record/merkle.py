"""The Merkle tree of RFC 9162, section 2.1, with SHA-256.

Three parts that share nothing but the two hash formulas, so that a mistake in one shows in another:
the `Frontier` that grows a tree entry by entry, the makers of proofs, and the checkers of proofs.
All hashes are 32 bytes. Positions count from 0.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

NodeReader = Callable[[int, int], bytes]
"""Gives the hash of the perfect subtree at (level, index): leaves are level 0, and (level, index)
covers the leaves from index * 2**level on, 2**level of them."""

_sha256 = hashlib.sha256


def leaf_hash(data: bytes) -> bytes:
    """Hash of an entry: SHA-256(0x00 || data)."""
    return _sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256(0x01 || left || right)."""
    return _sha256(b"\x01" + left + right).digest()


# --- growing -----------------------------------------------------------------------------------


class Frontier:
    """All that is needed of a tree to append to it and to know its root.

    It holds the roots of the perfect subtrees that make up the tree, largest and leftmost first:
    one for each bit that is set in `size`.

    >>> tree = Frontier()
    >>> tree.append(leaf_hash(b"first"))
    >>> tree.size, tree.root() == leaf_hash(b"first")
    (1, True)
    """

    __slots__ = ("_peaks", "_size")

    def __init__(self) -> None:
        self._size = 0
        self._peaks: list[bytes] = []

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self._size

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaf hashes in order."""
        peaks = self._peaks
        size = self._size
        for peak in leaves:
            if len(peak) != HASH_SIZE:
                raise ValueError(f"a leaf hash has {HASH_SIZE} bytes, not {len(peak)}")
            carry = size
            while carry & 1:
                peak = _sha256(b"\x01" + peaks.pop() + peak).digest()  # noqa: PLW2901
                carry >>= 1
            peaks.append(peak)
            size += 1
            self._size = size

    def root(self) -> bytes:
        """Tree hash over all leaves; SHA-256 of nothing while there are none."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def copy(self) -> Frontier:
        """An independent copy."""
        twin = Frontier()
        twin._size = self._size
        twin._peaks = self._peaks.copy()
        return twin

    def to_bytes(self) -> bytes:
        """Size as 8 bytes, most significant first, then the subtree roots, largest first."""
        return self._size.to_bytes(8, "big") + b"".join(self._peaks)

    @classmethod
    def from_bytes(cls, data: bytes) -> Frontier:
        """Inverse of `to_bytes`.

        Raises:
            ValueError: the length does not fit the size that it begins with.
        """
        if len(data) < 8:
            raise ValueError("a frontier has at least 8 bytes")
        size = int.from_bytes(data[:8], "big")
        if len(data) != 8 + size.bit_count() * HASH_SIZE:
            raise ValueError(f"{len(data)} bytes cannot be the frontier of {size} leaves")
        made = cls()
        made._size = size
        made._peaks = [data[at : at + HASH_SIZE] for at in range(8, len(data), HASH_SIZE)]
        return made

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Frontier):
            return NotImplemented
        return self._size == other._size and self._peaks == other._peaks

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"Frontier(size={self._size}, root={self.root().hex()})"


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Tree hash over a list of leaf hashes."""
    tree = Frontier()
    tree.extend(leaves)
    return tree.root()


# --- making proofs -----------------------------------------------------------------------------


def reader_of(leaves: Sequence[bytes]) -> NodeReader:
    """A node reader over leaf hashes kept in memory; inner nodes are computed on demand and
    kept."""
    known: dict[tuple[int, int], bytes] = {}

    def read(level: int, index: int) -> bytes:
        if level == 0:
            return leaves[index]
        found = known.get((level, index))
        if found is None:
            found = node_hash(read(level - 1, 2 * index), read(level - 1, 2 * index + 1))
            known[level, index] = found
        return found

    return read


def range_root(begin: int, end: int, read: NodeReader) -> bytes:
    """Tree hash over the leaves from `begin` up to `end`, not included, where `begin` is where a
    subtree of the RFC's recursion can begin: a multiple of the largest power of two below the
    width.
    """
    width = end - begin
    if width <= 0:
        raise ValueError("an empty range has no root")
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return read(level, begin >> level)
    split = begin + _split(width)
    return node_hash(range_root(begin, split, read), range_root(split, end, read))


def inclusion_proof(position: int, size: int, read: NodeReader) -> list[bytes]:
    """Audit path of the leaf at `position` in the tree of the first `size` leaves (RFC 9162
    2.1.3.1).

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= position < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {position}")
    begin, end = 0, size
    path: list[bytes] = []
    while end - begin > 1:
        split = begin + _split(end - begin)
        if position < split:
            path.append(range_root(split, end, read))
            end = split
        else:
            path.append(range_root(begin, split, read))
            begin = split
    path.reverse()
    return path


def consistency_proof(first: int, second: int, read: NodeReader) -> list[bytes]:
    """Proof that the tree of `first` leaves is a beginning of that of `second` (RFC 9162 2.1.4.1).

    Raises:
        ValueError: unless 0 <= first <= second.
    """
    if not 0 <= first <= second:
        raise ValueError(f"no consistency proof leads from {first} to {second} leaves")
    if first in (0, second):
        return []
    begin, end = 0, second
    path: list[bytes] = []
    whole = True
    while first != end:
        split = begin + _split(end - begin)
        if first <= split:
            path.append(range_root(split, end, read))
            end = split
        else:
            path.append(range_root(begin, split, read))
            begin = split
            whole = False
    if not whole:
        path.append(range_root(begin, end, read))
    path.reverse()
    return path


def _split(width: int) -> int:
    """The largest power of two below `width`, for widths from 2 on."""
    return 1 << ((width - 1).bit_length() - 1)


# --- checking proofs ---------------------------------------------------------------------------


def verify_inclusion(
    position: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether `proof` shows `leaf` at `position` in the tree with this size and root.

    Follows RFC 9162, section 2.1.3.2.
    """
    if not 0 <= position < size or not _hashes([leaf, root, *proof]):
        return False
    index, last = position, size - 1
    value = leaf
    for sibling in proof:
        if last == 0:
            return False
        if index & 1 or index == last:
            value = node_hash(sibling, value)
            while index and not index & 1:
                index >>= 1
                last >>= 1
        else:
            value = node_hash(value, sibling)
        index >>= 1
        last >>= 1
    return last == 0 and value == root


def verify_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether `proof` shows the first tree to be a beginning of the second.

    Follows RFC 9162, section 2.1.4.2; the empty tree is a beginning of every tree.
    """
    if not 0 <= first <= second or not _hashes([first_root, second_root, *proof]):
        return False
    if first == second:
        return not proof and first_root == second_root
    if first == 0:
        return not proof and first_root == EMPTY_ROOT
    nodes = list(proof)
    if first & (first - 1) == 0:
        nodes.insert(0, first_root)
    if not nodes:
        return False
    index, last = first - 1, second - 1
    while index & 1:
        index >>= 1
        last >>= 1
    old = new = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            old = node_hash(sibling, old)
            new = node_hash(sibling, new)
            while index and not index & 1:
                index >>= 1
                last >>= 1
        else:
            new = node_hash(new, sibling)
        index >>= 1
        last >>= 1
    return last == 0 and old == first_root and new == second_root


def _hashes(values: Iterable[bytes]) -> bool:
    return all(len(value) == HASH_SIZE for value in values)
