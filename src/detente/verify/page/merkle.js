// The Merkle tree of RFC 9162 in tiles (C2SP tlog-tiles). Sizes stay below 2^53, so arithmetic is
// by division: JavaScript's bit operators end at 32 bits.

const TILE = 256;
const leafHash = (data) => sha256(joined(Uint8Array.of(0), data));
const pairBuffer = new Uint8Array(65);
pairBuffer[0] = 1;
/** @param {Uint8Array} left @param {Uint8Array} right */
function nodeHash(left, right) { pairBuffer.set(left, 1); pairBuffer.set(right, 33); return sha256(pairBuffer); }
const half = (n) => Math.floor(n / 2);

/** RFC 9162, section 2.1.3.2. @param {number} index @param {number} size @param {Uint8Array} leaf @param {Uint8Array[]} proof
 * @returns {Uint8Array | null} the root that follows; null if the proof's length does not fit */
function rootFromInclusion(index, size, leaf, proof) {
  if (index >= size) return null;
  let at = index, last = size - 1, value = leaf;
  for (const sibling of proof) {
    if (last === 0) return null;
    if (at % 2 || at === last) {
      value = nodeHash(sibling, value);
      while (at && at % 2 === 0) { at = half(at); last = half(last); }
    } else value = nodeHash(value, sibling);
    at = half(at); last = half(last);
  }
  return last === 0 ? value : null;
}
/** RFC 9162, section 2.1.4.2. */
function isConsistent(first, second, firstRoot, secondRoot, proof) {
  if (first > second) return false;
  if (first === second) return !proof.length && same(firstRoot, secondRoot);
  if (first === 0) return !proof.length && same(firstRoot, sha256(new Uint8Array(0)));
  const nodes = Number.isInteger(Math.log2(first)) ? [firstRoot, ...proof] : proof;
  if (!nodes.length) return false;
  let at = first - 1, last = second - 1;
  while (at % 2) { at = half(at); last = half(last); }
  let older = nodes[0], newer = nodes[0];
  for (const sibling of nodes.slice(1)) {
    if (last === 0) return false;
    if (at % 2 || at === last) {
      older = nodeHash(sibling, older); newer = nodeHash(sibling, newer);
      while (at && at % 2 === 0) { at = half(at); last = half(last); }
    } else newer = nodeHash(newer, sibling);
    at = half(at); last = half(last);
  }
  return last === 0 && same(older, firstRoot) && same(newer, secondRoot);
}

/** 1234067 -> x001/x234/067. @param {number} index */
function groupedName(index) {
  let name = String(index % 1000).padStart(3, "0");
  for (let rest = Math.floor(index / 1000); rest; rest = Math.floor(rest / 1000)) name = `x${String(rest % 1000).padStart(3, "0")}/${name}`;
  return name;
}
/** @param {number | "entries"} level @param {number} index @param {number} width */
const tilePath = (level, index, width) => `tile/${level}/${groupedName(index)}${width < TILE ? `.p/${width}` : ""}`;

/** Hashes of the tree of one size, read from its tiles. */
class TileTree {
  /** @param {Archive} archive @param {number} size */
  constructor(archive, size) {
    this.archive = archive; this.size = size;
    /** @type {Map<string, Uint8Array[]>} */ this.tiles = new Map();
  }
  /** How many hashes a level of tiles has. @param {number} level */
  length(level) { return Math.floor(this.size / TILE ** level); }
  /** @param {number} level @param {number} index */
  path(level, index) { return tilePath(level, index, Math.min(TILE, this.length(level) - index * TILE)); }
  /** @returns {string[]} every tile of hashes of this tree */
  allPaths() {
    const paths = [];
    for (let level = 0; this.length(level) > 0; level++) {
      for (let index = 0; index * TILE < this.length(level); index++) paths.push(this.path(level, index));
    }
    return paths;
  }
  /** @param {Set<number>} entryTiles @returns {string[]} those up to the root, and the right edge */
  neededPaths(entryTiles) {
    const paths = new Set();
    for (let level = 0, wanted = entryTiles; this.length(level) > 0; level++, wanted = new Set([...wanted].map((index) => Math.floor(index / TILE)))) {
      for (const index of wanted) if (index * TILE < this.length(level)) paths.add(this.path(level, index));
      paths.add(this.path(level, Math.floor((this.length(level) - 1) / TILE)));
    }
    return [...paths];
  }
  /** @param {Set<string>} expected @param {Findings} findings */
  async load(expected, findings) {
    for (const path of this.archive.under("tile/")) {
      if (path.startsWith("tile/entries/") || !expected.has(path)) continue;
      const data = await this.archive.read(path), hashes = [], width = /\.p\/([0-9]+)$/.exec(path);
      if (data.length !== 32 * (width ? +width[1] : TILE)) { findings.add("tree.tile", path, "its length"); continue; }
      for (let at = 0; at < data.length; at += 32) hashes.push(data.slice(at, at + 32));
      this.tiles.set(path, hashes);
    }
  }
  /** The perfect subtree over 2^level leaves from index * 2^level on. @returns {Uint8Array} */
  node(level, index) {
    const row = Math.floor(level / 8), step = level % 8, from = index * 2 ** step;
    const tile = this.tiles.get(this.path(row, Math.floor(from / TILE)));
    if (!tile) throw new Refusal("file.missing", this.path(row, Math.floor(from / TILE)));
    return perfectRoot(tile, from % TILE, 2 ** step);
  }
  /** Root of the first `size` leaves. */
  root(size = this.size) {
    if (size === 0) return sha256(new Uint8Array(0));
    let made = null, rest = size;
    for (let level = 0; rest > 0; level++, rest = half(rest)) {
      if (rest % 2 === 0) continue;
      const peak = this.node(level, rest - 1);
      made = made ? nodeHash(peak, made) : peak;
    }
    return /** @type {Uint8Array} */ (made);
  }
  /** Every full tile's root must stand in the tile above; partial ones are part of the root itself.
   * @returns {string[]} tiles that are not as the tree says */
  wrongTiles() {
    const wrong = [];
    for (const [path, hashes] of this.tiles) {
      const found = /^tile\/([0-9]+)\/((?:x[0-9]{3}\/)*[0-9]{3})$/.exec(path);
      if (!found) continue;
      const level = +found[1], index = +found[2].replace(/[x/]/g, "");
      const above = this.tiles.get(this.path(level + 1, Math.floor(index / TILE)));
      if (above && !same(above[index % TILE] ?? new Uint8Array(0), perfectRoot(hashes, 0, TILE))) wrong.push(path);
    }
    return wrong;
  }
}
/** @param {Uint8Array[]} hashes @param {number} from @param {number} width a power of two */
function perfectRoot(hashes, from, width) {
  let row = hashes.slice(from, from + width);
  while (row.length > 1) row = Array.from({ length: row.length / 2 }, (_, i) => nodeHash(row[2 * i], row[2 * i + 1]));
  return row[0];
}
/** An entries tile: each entry after its length in two bytes. @param {Uint8Array} data @param {string} path @param {number} width */
function entriesOf(data, path, width) {
  const entries = [];
  let at = 0;
  while (at + 2 <= data.length) {
    const length = data[at] * 256 + data[at + 1];
    if (at + 2 + length > data.length) break;
    entries.push(data.slice(at + 2, at + 2 + length));
    at += 2 + length;
  }
  if (at !== data.length || entries.length !== width) throw new Refusal("tree.tile", path, "its entries");
  return entries;
}
