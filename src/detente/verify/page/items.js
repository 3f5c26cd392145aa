// The entries in groups of 256: leaf, envelope, payload and signature of each. The costly part.

/** @typedef {{ index: number, by: number, sha256: string, key: string }} Erased */
/** @typedef {{ leafHashes: Map<number, Uint8Array[]>, shown: number[], items: Item[], erased: Erased[] }} Gathered */

/** @param {Archive} archive @param {number} size @param {Findings} findings @param {(done: number, all: number) => void} progress
 * @returns {Promise<Gathered>} */
async function gather(archive, size, findings, progress) {
  const gathered = { leafHashes: new Map(), shown: [], items: [], erased: [] }, groups = new Map();
  for (const path of archive.under("envelopes/")) {
    const found = /^envelopes\/((?:x[0-9]{3}\/)*[0-9]{3})\.jsonl$/.exec(path), number = found ? +found[1].replace(/[x/]/g, "") : -1;
    if (!found || groupedName(number) !== found[1] || number * TILE >= size) findings.add("file.extra", path, "no file of envelopes");
    else groups.set(number, path);
  }
  for (let number = 0; number * TILE < size; number++) if (archive.has(tilePath("entries", number, Math.min(TILE, size - number * TILE))) && !groups.has(number)) groups.set(number, null);
  let done = 0;
  for (const number of [...groups.keys()].sort((a, b) => a - b)) {
    await findings.during(() => gatherGroup(archive, size, number, groups.get(number), gathered, findings));
    progress(++done, groups.size);
  }
  return gathered;
}

async function gatherGroup(archive, size, number, path, gathered, findings) {
  const first = number * TILE, width = Math.min(TILE, size - first), entriesPath = tilePath("entries", number, width);
  let entries = null;
  if (archive.has(entriesPath)) {
    entries = entriesOf(await archive.read(entriesPath), entriesPath, width);
    gathered.leafHashes.set(number, entries.map(leafHash));
  }
  if (!path) return;
  const data = (await archive.read(path)).slice(), waiting = [];
  if (data[data.length - 1] !== 10) throw new Refusal("envelope.malformed", path, "the last line does not end");
  let last = -1;
  for (let at = 0, line = 1; at < data.length; line++) {
    const end = data.indexOf(10, at), part = data.subarray(at, end);
    at = end + 1;
    await findings.during(() => {
      const shape = new Shape("envelope.malformed", `${path} line ${line}`), map = shape.map(readCanonical(part, shape.code, shape.where)), index = shape.integer(map.get("index"), first);
      if (index >= first + width) shape.fail("an index of another group");
      if (index <= last) shape.fail("not in order, or twice");
      last = index;
      gathered.shown.push(index);
      shape.where = `entry ${index}`;
      const leaf = entries ? entries[index - first] : null;
      if (map.size === 2 && map.has("envelope")) waiting.push(beginEntry(map.get("envelope"), leaf, index, shape));
      else if (map.size === 2 && map.has("erased")) gathered.erased.push(erasedEntry(map.get("erased"), leaf, index, shape));
      else shape.fail("neither an envelope nor erased");
    });
  }
  // The browser checks signatures on other threads: asked for together.
  const good = await Promise.all(waiting.map((entry) => isSignature(entry.leaf.key, entry.signature.sig, entry.envelope.pae)));
  for (let i = 0; i < waiting.length; i++) {
    await findings.during(() => { gathered.items.push(finishEntry(waiting[i], good[i])); });
  }
}
function beginEntry(value, leafData, index, shape) {
  const envelope = readEnvelope(value, shape), kind = kindOf(envelope.type);
  if (envelope.signatures.length !== 1) shape.fail("not exactly one signature");
  if (kind === null) shape.fail("payloadType");
  const leaf = leafOf(leafData, shape), [signature] = envelope.signatures, digest = sha256(envelope.payload);
  if (!same(leaf.digest, digest) || !same(leaf.signature, signature.sig)) throw new Refusal("leaf.mismatch", shape.where, "the entry stands for another envelope");
  if (!isUsableOnce(leaf.key)) throw new Refusal("key.unusable", shape.where, "not a point of the prime-order group");
  return { envelope, kind, leaf, signature, digest, index };
}
function leafOf(data, shape) {
  if (!data) throw new Refusal("leaf.mismatch", shape.where, "its entry is not in the bundle");
  return readLeaf(data, shape.where);
}
function finishEntry({ envelope, kind, leaf, signature, digest, index }, good) {
  const where = `entry ${index}`;
  if (!good) throw new Refusal("envelope.signature", where, signature.keyid);
  const item = readPayload(envelope.payload, kind, index, { sha256: hex(digest), chain: hex(sha256(envelope.pae)), key: hex(leaf.key) });
  if (item.author !== signature.keyid) throw new Refusal("envelope.author", where, "keyid is not the author");
  return item;
}
function erasedEntry(value, leafData, index, shape) {
  const by = shape.integer(shape.exact(value, ["by"]).get("by")), leaf = leafOf(leafData, shape);
  return { index, by, sha256: hex(leaf.digest), key: hex(leaf.key) };
}
const usable = new Map();
/** @param {Uint8Array} key */
function isUsableOnce(key) {
  const name = hex(key);
  if (!usable.has(name)) usable.set(name, isUsableKey(key));
  return usable.get(name);
}
