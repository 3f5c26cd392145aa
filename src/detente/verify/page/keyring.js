// Which key of whom is good where in the log: rotations, revocations and new versions change it.

/** @typedef {{ entry: PartyKey, raw: string, since: number, until: number, place: string, goodUntil: number, revokedAt: number }} Slot */
class KeyRing {
  constructor(agreement) {
    /** @type {Slot[]} */ this.slots = [];
    this.versions = [{ since: 0, agreement }];
    this.everyKey = new Set([...agreement.witnesses.values()].map((key) => hex(key.key)));
    for (const entry of agreement.keys) this.add(entry, 0, hex(entry.key.key));
  }
  add(entry, since, place) {
    this.slots.push({ entry, raw: hex(entry.key.key), since, until: Infinity, place, goodUntil: Infinity, revokedAt: Infinity });
    this.everyKey.add(hex(entry.key.key));
  }
  get newest() { return this.versions[this.versions.length - 1].agreement; }
  at(index) { return this.versions.filter((version) => version.since <= index).pop()?.agreement ?? this.versions[0].agreement; }
  /** The party whose log it is: after a rotation the key may have another name, the origin stays. */
  ownerOf(origin, agreement = this.newest) { return agreement.partyOfLog(origin) ?? this.versions[0].agreement.partyOfLog(origin); }
  /** @returns {Slot | undefined} */
  author(party, name, key, index) {
    return this.slots.find((slot) => slot.entry.party === party && slot.entry.key.name === name && SIGNING.includes(slot.entry.purpose)
      && slot.raw === key && slot.since <= index && index <= slot.until);
  }
  of(party, purpose) { return this.slots.filter((slot) => slot.entry.party === party && slot.entry.purpose === purpose); }
  /** A policy's key and all that came in its place. */
  lineOf(key) {
    const raw = hex(key), places = new Set(this.slots.filter((slot) => slot.raw === raw).map((slot) => slot.place));
    return this.slots.filter((slot) => places.has(slot.place));
  }
  signersAt(index) { return this.slots.filter((slot) => SIGNING.includes(slot.entry.purpose) && slot.since <= index && index <= Math.min(slot.until, slot.goodUntil)).map((slot) => slot.entry); }
  /** Where a checkpoint's keys change hands, both are good: it may be signed before and after. */
  static covers(slot, size) { return slot.since <= size && size - 1 <= Math.min(slot.until, slot.goodUntil); }

  amend(index, agreement) {
    this.versions.push({ since: index + 1, agreement });
    for (const key of agreement.witnesses.values()) this.everyKey.add(hex(key.key));
    const kept = new Map(agreement.keys.map((entry) => [`${entry.party}\n${entry.purpose}\n${hex(entry.key.key)}`, entry]));
    for (const slot of this.slots) {
      const place = `${slot.entry.party}\n${slot.entry.purpose}\n${hex(slot.entry.key.key)}`;
      if (slot.until === Infinity && !kept.delete(place)) slot.until = index;
    }
    for (const entry of kept.values()) this.add(entry, index + 1, hex(entry.key.key));
  }
  async rotate(item) {
    const shape = new Shape("key.rotation", `entry ${item.index}`), { body } = item;
    const [party, purpose, oldVkey, newVkey, proof] = ["party", "purpose", "old", "new", "proof"].map((name) => shape.text(body.get(name)));
    if (party !== item.from) shape.fail("for another party");
    if (!FORMATS.PURPOSES.includes(purpose)) shape.fail("purpose");
    const author = this.author(item.from, item.author, item.key, item.index);
    const old = this.slots.find((slot) => slot.entry.party === party && slot.entry.purpose === purpose && slot.entry.key.vkey === oldVkey && slot.since <= item.index && slot.until === Infinity);
    if (!author || !old || old.goodUntil < item.index || author.goodUntil < item.index) return shape.fail("the old key is not in force");
    const key = parseVkey(newVkey, typeOf(purpose), shape.where, "key.rotation");
    if (this.everyKey.has(hex(key.key))) throw new Refusal("key.duplicate", shape.where, key.name);
    const text = utf8(`${FORMATS.ROTATION_CONTEXT}\n${item.agreement}\n${party}\n${purpose}\n${oldVkey}\n${newVkey}\n`);
    if (!(await isSignature(key.key, shape.base64(proof), text))) shape.fail("proof by the new key");
    if (SIGNING.includes(purpose)) { if (author !== old) shape.fail("not signed by the old key"); }
    else if (author.entry.purpose !== "signing" || !(await isSignature(old.entry.key.key, shape.base64(body.get("old_proof")), text))) shape.fail("proof by the old key");
    old.until = item.index;
    this.add({ party, purpose, key, holder: old.entry.holder }, item.index + 1, old.place);
  }
  revoke(item, origin) {
    const shape = new Shape("key.revoked", `entry ${item.index}`), { body } = item, until = shape.integer(body.get("good_until_index"));
    const author = this.author(item.from, item.author, item.key, item.index), slots = this.slots.filter((slot) => slot.entry.key.vkey === body.get("key"));
    if (!author || body.get("party") !== item.from) shape.fail("not a revocation by that party");
    if (!slots.length || slots.some((slot) => slot === author || slot.entry.party !== item.from)) shape.fail("not by another key of that party");
    if (/** @type {Slot} */ (author).goodUntil < item.index) shape.fail("by a key that is revoked itself");
    // Counted by another log it says nothing of the entries before it, and all of those after it.
    const last = body.get("origin") === origin ? until : item.index;
    for (const slot of slots) if (last < slot.goodUntil) Object.assign(slot, { goodUntil: last, revokedAt: item.index });
  }
}

/** @typedef {{ checkpoint: Checkpoint, parties: Map<string, number>, neutral: Map<string, number>, quorum: boolean, grade: string, timestamps: string[] }} Head */
const FUTURE_S = 300;
/** A checkpoint's signatures by the keys that are good at its size.
 * @param {Uint8Array} data @param {string} where @param {string} origin @param {KeyRing} ring @param {number} now POSIX seconds
 * @returns {Promise<Head>} */
async function checkHead(data, where, origin, ring, now) {
  const checkpoint = parseCheckpoint(data, where), { note, size } = checkpoint;
  if (checkpoint.origin !== origin) throw new Refusal("checkpoint.origin", where, checkpoint.origin);
  const agreement = ring.at(Math.max(size - 1, 0)), owner = ring.ownerOf(origin, agreement);
  let signed = false;
  for (const slot of owner ? ring.of(owner, "log") : []) {
    const good = await hasSignature(note, slot.entry.key);
    if (good === false) throw new Refusal("checkpoint.signature", where, slot.entry.key.name);
    if (good && KeyRing.covers(slot, size)) signed = true;
  }
  if (!signed) throw new Refusal("checkpoint.signature", where, "no signature by the log's key");
  const timeBy = async (key) => {
    const found = await cosignatureOf(note, key);
    if (found && !found.good) throw new Refusal("cosignature.wrong", where, key.name);
    return found ? found.time : null;
  };
  const timeByLine = async (slots) => {
    let newest = null;
    for (const slot of slots) {
      const time = await timeBy(slot.entry.key);
      if (time !== null && KeyRing.covers(slot, size)) newest = Math.max(newest ?? 0, time);
    }
    return newest;
  };
  const parties = new Map(), neutral = new Map(), others = agreement.parties.filter((party) => party.id !== owner), good = new Set();
  for (const { id } of others) { const time = await timeByLine(ring.of(id, "witness")); if (time !== null) parties.set(id, time); }
  for (const [name, key] of agreement.witnesses) { const time = await timeBy(key); if (time !== null) neutral.set(name, time); }
  const policy = policyOf(agreement, origin);
  for (const key of policy.witnesses.values()) {
    const line = ring.lineOf(key.key);
    if ((line.length ? await timeByLine(line) : await timeBy(key)) !== null) good.add(hex(key.key));
  }
  for (const [name, time] of [...parties, ...neutral]) if (time > now + FUTURE_S) throw new Refusal("cosignature.future", where, `${name}: ${time}`);
  const quorum = policy.isMet(good);
  const grade = parties.size && (quorum || parties.size === others.length) ? "bilateral" : neutral.size ? "third-party" : "single";
  return { checkpoint, parties, neutral, quorum, grade, timestamps: [] };
}
/** The file must be the newest agreement's policy, and be for this log. */
function checkPolicy(data, ring, origin, findings) {
  const hold = (detail) => findings.add("policy.mismatch", "policy", detail), agreement = ring.newest, text = agreement.policies.get(origin);
  if (data && (text === undefined || !same(data, utf8(text)))) hold("not the policy in the agreement");
  const policy = policyOf(agreement, origin), own = ring.of(ring.ownerOf(origin) ?? "", "log").map((slot) => slot.place);
  if (!policy.logs.some((key) => ring.lineOf(key.key).some((slot) => own.includes(slot.place)))) hold("it is for another log");
  const neutral = new Set([...agreement.witnesses.values()].map((key) => hex(key.key)));
  for (const [name, key] of policy.witnesses) {
    const line = ring.lineOf(key.key);
    if (!neutral.has(hex(key.key)) && !(line.length && line.every((slot) => slot.entry.purpose === "witness"))) hold(`unknown witness ${name}`);
  }
}
