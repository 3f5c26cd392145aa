"""The Merkle tree of RFC 9162 (section 2.1) as levels of complete nodes, and its proofs.

Level 0 holds the leaf hashes; node i of level k+1 is made of nodes 2i and 2i+1 of level k. Only
complete nodes are kept, so the root of every earlier size can be had from the same levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

HASH: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """Hash of an entry."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two neighbours."""
    return sha256(b"\x01" + left + right).digest()


def next_level(level: bytes) -> bytes:
    """The parents of a row of hashes; an odd last one has none yet."""
    return b"".join(
        sha256(b"\x01" + level[at : at + 64]).digest() for at in range(0, len(level) // 64 * 64, 64)
    )


def fold(peaks: Sequence[bytes]) -> bytes:
    """The root over complete subtrees, from the largest to the smallest."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


class Tree:
    """All complete nodes over a row of leaf hashes."""

    def __init__(self, leaf_hashes: bytes) -> None:
        self.size = len(leaf_hashes) // HASH
        self.levels = [leaf_hashes]
        while len(self.levels[-1]) >= 2 * HASH:
            self.levels.append(next_level(self.levels[-1]))

    def node(self, level: int, index: int) -> bytes:
        """A complete node: the hash of entries from index << level."""
        return self.levels[level][index * HASH : (index + 1) * HASH]

    def root(self, size: int) -> bytes:
        """Root of the first `size` entries."""
        peaks: list[bytes] = []
        start = 0
        for level in reversed(range(size.bit_length())):
            if size >> level & 1:
                peaks.append(self.node(level, start >> level))
                start += 1 << level
        return fold(peaks)

    def hashes(self, tile_level: int, tile_index: int, width: int) -> bytes:
        """The hashes of a tile (C2SP tlog-tiles): `width` nodes of height 8 times its level."""
        start = tile_index * 256 * HASH
        return self.levels[8 * tile_level][start : start + width * HASH]


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that an inclusion proof leads to (RFC 9162 section 2.1.3.2), None if it cannot.

    Args:
        leaf: leaf hash.
        proof: hashes from the leaf's sibling upwards.
    """
    if not 0 <= index < size:
        return None
    at, last = index, size - 1
    node = leaf
    rest = iter(proof)
    while last:
        # A last node without a sibling moves up as it is.
        if at & 1 or at < last:
            sibling = next(rest, None)
            if sibling is None:
                return None
            node = node_hash(sibling, node) if at & 1 else node_hash(node, sibling)
        at >>= 1
        last >>= 1
    return node if next(rest, None) is None else None


def is_consistent(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the proof shows that the smaller tree is a beginning of the larger one.

    RFC 9162 section 2.1.4. The proof of two equal sizes is empty; size 0 has no proof.
    """
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    at, last = old - 1, new - 1
    # Up to the largest complete subtree that ends where the old tree ends.
    while at & 1:
        at >>= 1
        last >>= 1
    rest = list(proof)
    if at:
        if not rest:
            return False
        start = rest.pop(0)
    else:
        start = old_root
    small = large = start
    for sibling in rest:
        if not last:
            return False
        if at & 1 or at == last:
            small, large = node_hash(sibling, small), node_hash(sibling, large)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            large = node_hash(large, sibling)
        at >>= 1
        last >>= 1
    return not last and small == old_root and large == new_root
