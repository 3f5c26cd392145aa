// What entries say of other entries: chains, receipts, acknowledgements, anchors, erasures, exports.

/** Each sender counts its envelopes in a channel and names the one before.
 * @param {Item[]} items @param {Map<string, number[]>} erased ascending indices by party: their channel is gone with the payload
 * @param {Map<number, Gap>} gaps by index: each stands for an envelope that was erased before it came */
function checkChains(items, isFull, erased, findings, gaps = new Map()) {
  const last = new Map(), unused = new Map([...erased].map(([party, indices]) => [party, [...indices]]));
  for (const item of items) {
    const key = `${item.from}\n${item.channel}`, before = last.get(key) ?? { index: -1, seq: 0, chain: null }, where = `entry ${item.index}`;
    if (item.seq <= before.seq) findings.add("chain.gap", where, `number ${item.seq} comes after ${before.seq}`);
    else if (item.seq === before.seq + 1) { if (item.prev !== before.chain) findings.add("chain.prev", where, "it names another envelope before it"); }
    else if (isFull) {
      // Each erased entry stands for one number; the earliest that fit are taken, as gaps come in the order of their ends.
      const gone = unused.get(item.from) ?? [], first = gone.findIndex((index) => before.index < index), wanted = item.seq - before.seq - 1;
      if (first >= 0 && wanted <= gone.length && gone[first + wanted - 1] < item.index) gone.splice(first, wanted);
      else findings.add("chain.gap", where, `number ${before.seq + 1} is missing`);
    }
    last.set(key, { index: item.index, seq: item.seq, chain: item.chain });
    const gap = gaps.get(item.index);
    if (gap) {
      const channel = `${gap.from}\n${gap.channel}`, seq = last.get(channel)?.seq ?? 0;
      if (gap.seq <= seq || (isFull && gap.seq !== seq + 1)) findings.add("chain.gap", where, `a gap at number ${gap.seq} after ${seq}`);
      last.set(channel, { index: item.index, seq: gap.seq, chain: gap.chain });
    }
  }
}

/** @typedef {{ from: string, channel: string, seq: number, chain: string }} Gap */
/** Entries that never reached the owner: the author's own erasure, held by the gap, names number and hash. @param {Item[]} items @returns {Promise<Map<number, Gap>>} */
async function readGaps(items, owner, ring, findings) {
  const gaps = new Map(), names = ["from", "channel", "seq", "chain"];
  for (const item of items) if (item.kind === "gap" && item.from === owner) await findings.during(async () => {
    const body = new Shape("payload.malformed", `entry ${item.index}`).exact(item.body, [...names, "erasure"]), shape = new Shape("erasure.unstated", `entry ${item.index}`);
    const envelope = readEnvelope(body.get("erasure"), shape), [signature] = envelope.signatures;
    if (envelope.signatures.length !== 1 || kindOf(envelope.type) !== "erasure") shape.fail("not an erasure");
    const said = readPayload(envelope.payload, "erasure", item.index, { sha256: "", chain: "", key: "" });
    let isSigned = false;
    for (const entry of ring.signersAt(item.index)) {
      if (entry.party !== said.from || entry.key.name !== said.author || said.author !== signature.keyid) continue;
      if (await isSignature(entry.key.key, signature.sig, envelope.pae)) isSigned = true;
    }
    if (!isSigned || said.agreement !== item.agreement) shape.fail("not signed by the author of what is gone");
    const gone = shape.exact(said.body.get("envelope"), names);
    for (const stated of [body, gone]) { for (const name of ["from", "channel", "chain"]) shape.text(stated.get(name)); shape.integer(stated.get("seq")); }
    if (names.some((name) => gone.get(name) !== body.get(name)) || body.get("from") !== said.from) shape.fail("the erasure is of another envelope");
    gaps.set(item.index, { from: said.from, channel: body.get("channel"), seq: body.get("seq"), chain: body.get("chain") });
  });
  return gaps;
}

/** Receipts, acknowledgements and anchors of authors whose keys are good. */
class Claims {
  /** @param {{ origin: string, isFull: boolean, ring: KeyRing, erased: Erased[], rootAt: (size: number) => Uint8Array | null, known: Map<number, Uint8Array> }} known */
  constructor({ origin, isFull, ring, erased, rootAt, known }) {
    Object.assign(this, { origin, isFull, ring, rootAt });
    this.erasedAt = new Map(erased.map((entry) => [entry.index, entry.sha256]));
    this.erasedHashes = new Set(this.erasedAt.values());
    /** @type {Map<string, Item>} */ this.byId = new Map();
    /** @type {Map<string, Item>} */ this.byHash = new Map();
    this.places = new Map();
    this.roots = new Map([...known].map(([size, root]) => [`${origin}\n${size}`, hex(root)]));
    this.anchors = 0; this.unheld = 0; this.gaps = 0; this.known = known;
  }
  /** @param {Item} item */
  take(item) {
    if (this.byId.has(item.id)) throw new Refusal(item.kind === "receipt" ? "receipt.replayed" : "payload.malformed", `entry ${item.index}`, "an id that another entry has");
    this.byId.set(item.id, item);
    if (!this.byHash.has(item.sha256)) this.byHash.set(item.sha256, item);
  }
  /** @param {Item} item @param {Slot} slot */
  async check(item, slot) {
    if (item.kind === "receipt") this.receipt(item, slot);
    else if (item.kind === "acknowledgement") this.acknowledgement(item, slot);
    else if (item.kind === "anchor") await this.anchor(item);
  }
  receipt(item, slot) {
    const shape = new Shape("payload.malformed", `entry ${item.index}`), body = shape.exact(item.body, ["of", "payload_sha256", "origin", "index", "received"]);
    const index = shape.integer(body.get("index")), origin = shape.text(body.get("origin")), of = shape.text(body.get("of"), UUID7), digest = shape.text(body.get("payload_sha256"), HEX64);
    shape.time(body.get("received"));
    const mismatch = (detail) => { throw new Refusal("receipt.mismatch", shape.where, detail); };
    if (slot.entry.purpose !== "signing") mismatch("not signed by the node's key");
    const target = this.target(item, of, digest);
    if (target?.from === item.from) mismatch("of a message of one's own");
    if (!this.ring.of(item.from, "log").some((own) => own.entry.key.name === origin)) mismatch("the receiver has no such log");
    const place = `${item.from}\n${origin}\n${index}`;
    if ((this.places.get(place) ?? of) !== of) throw new Refusal("receipt.replayed", shape.where, "two messages at one index of that log");
    this.places.set(place, of);
    if (origin === this.origin) {
      if (target && target.index !== index) mismatch("the message is at another index");
      if (!target && (this.erasedAt.get(index) ?? digest) !== digest) mismatch("another entry is at that index");
    }
    if (target && item.believed) target.receipts = [...(target.receipts ?? []), [item.from, origin, index, item.index]];
  }
  acknowledgement(item, slot) {
    const shape = new Shape("payload.malformed", `entry ${item.index}`), body = shape.exact(item.body, ["of", "payload_sha256"], ["text"]);
    const of = shape.text(body.get("of"), UUID7), digest = shape.text(body.get("payload_sha256"), HEX64);
    shape.text(body.get("text") ?? "");
    if (slot.entry.purpose !== "officer") throw new Refusal("acknowledgement.author", shape.where, "not signed by an officer");
    const target = this.target(item, of, digest);
    if (target?.from === item.from) throw new Refusal("acknowledgement.author", shape.where, "of a message of one's own");
    if (target && item.believed) target.acknowledgements = [...(target.acknowledgements ?? []), [item.from, item.author, slot.entry.holder, item.index]];
  }
  /** The message that is meant; null if it is not shown and need not be. @returns {Item | null} */
  target(item, of, digest) {
    const where = `entry ${item.index}`, named = item.refs.filter((ref) => ref.rel === item.kind);
    if (named.length !== 1 || named[0].id !== of || named[0].sha256 !== digest) throw new Refusal("receipt.replayed", where, "its reference is to another message");
    const target = this.byId.get(of);
    if (!target) {
      if (this.byHash.has(digest)) throw new Refusal("receipt.replayed", where, "the hash of another message");
      if (this.isFull && !this.erasedHashes.has(digest)) throw new Refusal("receipt.mismatch", where, "of a message that is not in the record");
      return null;
    }
    if (target.sha256 !== digest) throw new Refusal(this.byHash.has(digest) ? "receipt.replayed" : "receipt.mismatch", where, "the hash of something else");
    if (target.index >= item.index) throw new Refusal("receipt.mismatch", where, "before the message");
    return target;
  }
  /** A checkpoint of another log, held against all others and against this log. */
  async anchor(item) {
    const where = `entry ${item.index}`, shape = new Shape("payload.malformed", where), text = shape.text(shape.exact(item.body, ["checkpoint"]).get("checkpoint"));
    const { note, origin, size, root } = parseCheckpoint(utf8(text), where), owner = this.ring.at(item.index).partyOfLog(origin);
    if (!owner || owner === item.from) throw new Refusal("checkpoint.origin", where, origin);
    let signed = false, cosigned = false;
    for (const slot of this.ring.of(owner, "log")) {
      const good = await hasSignature(note, slot.entry.key);
      if (good === false) throw new Refusal("checkpoint.signature", where, slot.entry.key.name);
      if (good) signed = true;
    }
    if (!signed) throw new Refusal("checkpoint.signature", where, "not signed by its log");
    for (const slot of this.ring.of(item.from, "witness")) {
      const found = await cosignatureOf(note, slot.entry.key);
      if (found && !found.good) throw new Refusal("cosignature.wrong", where, slot.entry.key.name);
      if (found) cosigned = true;
    }
    if (!cosigned) throw new Refusal("cosignature.wrong", where, "not cosigned by the author's witness");
    const fork = (detail) => { throw new Refusal("anchor.fork", where, detail); }, key = `${origin}\n${size}`;
    if ((this.roots.get(key) ?? hex(root)) !== hex(root)) fork(`two roots of ${origin} at size ${size}`);
    this.roots.set(key, hex(root));
    if (origin === this.origin) {
      if (size > item.index) fork("a size that this log did not have yet");
      const computed = this.rootAt(size);
      if (computed && !same(computed, root)) fork(`not the root of this log at size ${size}`);
      if (!computed && !this.known.has(size)) this.unheld++;
    }
    this.anchors++;
  }
}

/** @param {Erased[]} erased @param {Map<number, Item>} items */
function checkErasures(erased, items, origin, owner, findings) {
  for (const entry of erased) {
    const item = items.get(entry.by), body = item?.body;
    const stated = item && item.kind === "erasure" && item.from === owner && entry.by > entry.index && body?.get("origin") === origin
      && body.get("index") === entry.index && body.get("payload_sha256") === entry.sha256 && typeof body.get("ground") === "string";
    if (!stated) findings.add("erasure.unstated", `entry ${entry.index}`, `by entry ${entry.by}`);
  }
}

const ALWAYS_SHOWN = ["agreement", "key-rotation", "key-revocation", "erasure", "gap", "withheld", "custody"];
/** @param {Uint8Array} data @param {Item[]} entries the owner's custody entries @param {Item[]} items all */
function checkCustody(data, entries, items, manifest) {
  const fail = (where, detail) => { throw new Refusal("custody.mismatch", where, detail); };
  const map = new Shape("json.malformed", "custody.json").map(readCanonical(data, "json.malformed", "custody.json")), listed = map.get("exports");
  if (map.size !== 1 || !Array.isArray(listed)) fail("custody.json", "exports");
  if (!entries.length || listed.length !== entries.length) fail("custody.json", "not the exports that the record states");
  entries.forEach((item, i) => {
    const shape = new Shape("payload.malformed", `entry ${item.index}`), body = shape.exact(item.body, ["action", "export", "items", "size", "by", "purpose"]);
    if (body.get("action") !== "export") shape.fail("action");
    const by = shape.list(body.get("by")).map((name) => shape.text(name));
    if (!by.length) shape.fail("by");
    shape.text(body.get("purpose"));
    if (shape.integer(body.get("size"), 1) > item.index) fail(shape.where, "it states another size of the log");
    const expected = new Map(Object.entries({ index: item.index, export: body.get("export"), by, created: item.created, purpose: body.get("purpose") }));
    if (canonicalText(listed[i]) !== canonicalText(expected)) fail("custody.json", `the export at entry ${item.index}`);
  });
  const last = entries[entries.length - 1];
  if (last.body.get("export") !== manifest.export || canonicalText(last.body.get("by")) !== canonicalText(manifest.by)) fail("custody.json", "the last export is another one");
  const ranges = new Shape("payload.malformed", `entry ${last.index}`).ranges(last.body.get("items"), last.index);
  const allowed = (index) => {
    let low = 0, high = ranges.length;
    while (low < high) { const middle = (low + high) >> 1; if (ranges[middle][1] < index) low = middle + 1; else high = middle; }
    return low < ranges.length && ranges[low][0] <= index;
  };
  for (const item of items) if (item.index < last.body.get("size") && !ALWAYS_SHOWN.includes(item.kind) && !allowed(item.index)) fail(`entry ${item.index}`, "not part of this export");
}
/** @param {Uint8Array} data @param {string} where @returns {Map<string, any>} */
function parseStrict(data, where) {
  const shape = new Shape("json.malformed", where);
  try { return shape.map(parseJson(data)); } catch (error) { if (error instanceof JsonMalformed) return shape.fail(error.message); throw error; }
}
