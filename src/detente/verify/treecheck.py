"""Whether the tiles of a bundle are those of the tree that its checkpoint names."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from detente.formats import BUNDLE_MEMBERS_MAX, TILE_WIDTH

from .errors import Findings
from .tiles import ENTRIES, TileRef, all_tiles, needed_tiles, parse_path, root_of_edge, tile_at, top
from .tree import HASH, Tree, root_from_inclusion

Read = Callable[[str], bytes | None]


class TreeCheck:
    """The tree as far as the bundle holds it.

    Attributes:
        root: computed from the bundle; None if tiles are missing.
        tree: every node, for full bundles.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.root: bytes | None = None
        self.tree: Tree | None = None
        self.tiles: dict[tuple[int, int], bytes] = {}

    def expected(self, full: bool, indices: list[int], findings: Findings) -> set[TileRef]:
        """The tiles that must be there."""
        if full and self.size > BUNDLE_MEMBERS_MAX * TILE_WIDTH:
            findings.add("file.missing", "tile/", "fewer tiles than the size demands")
            return set()
        return set(all_tiles(self.size)) if full else needed_tiles(self.size, indices)

    def check(
        self,
        found: list[str],
        expected: set[TileRef],
        read: Read,
        leaf_hashes: Mapping[int, bytes],
        findings: Findings,
    ) -> None:
        """Read the hash tiles, and compare each with what is below and above it.

        Args:
            found: paths of all members below `tile/`.
            leaf_hashes: of each entry tile that was read, by its index.

        Adds file.missing, file.extra, tree.tile.
        """
        refs: set[TileRef] = set()
        for path in found:
            ref = parse_path(path)
            if ref is None or ref not in expected:
                findings.add("file.extra", path, "no tile of this tree that belongs here")
            else:
                refs.add(ref)
        for ref in sorted(expected - refs):
            findings.add("file.missing", ref.path)
        for ref in sorted(refs):
            if ref.level == ENTRIES:
                continue
            data = read(ref.path) or b""
            if len(data) != ref.width * HASH:
                findings.add("tree.tile", ref.path, f"not {ref.width} hashes")
                continue
            self.tiles[ref.level, ref.index] = data
        for index, hashes in leaf_hashes.items():
            if hashes and self.tiles.get((0, index), hashes) != hashes:
                findings.add("tree.tile", f"tile 0/{index}", "not the hashes of its entries")
        self._check_parents(findings)
        self.root = root_of_edge(self.size, self.tiles)

    def _check_parents(self, findings: Findings) -> None:
        for (level, index), data in self.tiles.items():
            parent = self.tiles.get((level + 1, index // TILE_WIDTH))
            if len(data) < TILE_WIDTH * HASH or parent is None:
                continue
            at = index % TILE_WIDTH * HASH
            if parent[at : at + HASH] != top(data):
                findings.add("tree.tile", f"tile {level}/{index}", "not in the tile above it")

    def grow(self, leaf_hashes: Mapping[int, bytes]) -> None:
        """Build the whole tree from the entries of a full bundle, if all are there."""
        groups = (self.size + TILE_WIDTH - 1) // TILE_WIDTH
        if len(leaf_hashes) == groups:
            row = b"".join(leaf_hashes[number] for number in range(groups))
            if len(row) == self.size * HASH:
                self.tree = Tree(row)

    def root_at(self, size: int) -> bytes | None:
        """The root of an earlier size, None if the bundle does not hold enough."""
        if self.tree is not None and size <= self.size:
            return self.tree.root(size)
        return self.root if size == self.size else None

    def leaf_hash(self, position: int) -> bytes | None:
        """The leaf hash of an entry as its tile has it."""
        tile = self.tiles.get((0, position // TILE_WIDTH))
        at = position % TILE_WIDTH * HASH
        return None if tile is None else tile[at : at + HASH]

    def includes(self, position: int, size: int, root: bytes, proof: list[bytes]) -> bool:
        """Whether the proof leads from the entry's hash to the root."""
        leaf = self.leaf_hash(position)
        return leaf is not None and root_from_inclusion(leaf, position, size, proof) == root


def entries_tile(number: int, size: int) -> TileRef | None:
    """The entry tile of a group."""
    return tile_at(ENTRIES, number, size)
