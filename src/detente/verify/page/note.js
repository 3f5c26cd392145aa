// Signed notes, checkpoints, cosignatures, policies and proofs as C2SP specifies them.

/** @typedef {{ name: string, id: string, type: number, key: Uint8Array, vkey: string }} Vkey */
const BAD_NAME = /[\s+\p{C}\p{Z}]/u;
/** @param {string} text @param {number} type FORMATS.ALGORITHM_… @param {string} where @returns {Vkey}
 * @throws {Refusal} key.unusable */
function parseVkey(text, type, where, typeCode = "key.unusable") {
  const fail = (detail, code = "key.unusable") => { throw new Refusal(code, where, detail); };
  const found = typeof text === "string" ? /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(text) : null;
  if (!found) return fail("not a vkey");
  const [, name, id, encoded] = found, data = fromBase64(encoded);
  if (BAD_NAME.test(name)) fail("the name");
  if (!data || data.length !== 33) return fail("its length");
  const key = data.subarray(1);
  if (keyId(name, data[0], key) !== id) fail("the id is not that of name and key");
  if (!isUsableKey(key)) fail("not a canonical point of the prime-order group");
  if (data[0] !== type) fail("not a key of this type", typeCode);
  return { name, id, type, key, vkey: text };
}
/** @param {string} name @param {number} type @param {Uint8Array} key */
const keyId = (name, type, key) => hex(sha256(joined(utf8(name), Uint8Array.of(10, type), key)).subarray(0, 4));

/** @typedef {{ text: string, signatures: { name: string, id: string, data: Uint8Array }[] }} Note */
/** @param {Uint8Array} data @param {string} code @param {string} where @returns {Note} */
function parseNote(data, code, where) {
  const fail = (detail) => { throw new Refusal(code, where, detail); };
  if (data.length > FORMATS.NOTE_BYTES_MAX) fail("too large");
  let whole = "";
  try { whole = fromUtf8(data); } catch { fail("not UTF-8"); }
  if (/[\u0000-\u0009\u000b-\u001f]/.test(whole)) fail("a control character");
  const split = whole.lastIndexOf("\n\n");
  if (split < 0 || !whole.endsWith("\n") || split + 2 >= whole.length) return fail("no signatures");
  const lines = whole.slice(split + 2, -1).split("\n");
  if (lines.length > FORMATS.NOTE_SIGNATURES_MAX) fail("too many signatures");
  const signatures = lines.map((line) => {
    const found = /^\u2014 (\S+) (\S+)$/u.exec(line), bytes = found ? fromBase64(found[2]) : null;
    if (!found || !bytes || bytes.length < 5 || BAD_NAME.test(found[1])) return fail("a signature line");
    return { name: found[1], id: hex(bytes.subarray(0, 4)), data: bytes.subarray(4) };
  });
  return { text: whole.slice(0, split + 1), signatures };
}

/** @typedef {{ where: string, note: Note, origin: string, size: number, root: Uint8Array }} Checkpoint */
/** @param {Uint8Array} data @param {string} where @returns {Checkpoint} */
function parseCheckpoint(data, where) {
  const code = "checkpoint.malformed", note = parseNote(data, code, where), lines = note.text.slice(0, -1).split("\n");
  const root = fromBase64(lines[2] ?? "");
  if (lines.length !== 3 || !lines[0] || !/^(0|[1-9][0-9]{0,15})$/.test(lines[1]) || !Number.isSafeInteger(+lines[1]) || root?.length !== 32) {
    throw new Refusal(code, where, "its three lines");
  }
  return { where, note, origin: lines[0], size: +lines[1], root };
}

/** @param {Note} note @param {Vkey} key @returns {Promise<boolean | null>} null: there is none by this key */
async function hasSignature(note, key) {
  const found = note.signatures.filter((line) => line.name === key.name && line.id === key.id);
  if (!found.length) return null;
  for (const line of found) if (!(await isSignature(key.key, line.data, utf8(note.text)))) return false;
  return true;
}
/** @param {Note} note @param {Vkey} key
 * @returns {Promise<{ good: boolean, time: number } | null>} POSIX seconds; null: there is none by this key */
async function cosignatureOf(note, key) {
  const found = note.signatures.filter((line) => line.name === key.name && line.id === key.id);
  let time = 0;
  if (!found.length) return null;
  for (const { data } of found) {
    if (data.length !== 72) return { good: false, time };
    const stated = viewOf(data).getBigUint64(0);
    if (stated >= 1n << 63n || !(await isSignature(key.key, data.subarray(8), utf8(`cosignature/v1\ntime ${stated}\n${note.text}`)))) return { good: false, time };
    time = Math.max(time, Number(stated));
  }
  return { good: true, time };
}

// --- policies (tlog-policy): octets, so text is read as Latin-1 ------------------------------------

class PolicyMalformed extends Error {}
const latin1 = (data) => { let text = ""; for (let i = 0; i < data.length; i++) text += String.fromCharCode(data[i]); return text; };
const POLICY_LINES_MAX = 1000, POLICY_BYTES_MAX = 256 * 1024;
/** @param {Uint8Array} data
 * @returns {{ logs: Vkey[], witnesses: Map<string, Vkey>, isMet: (good: Set<string>) => boolean }} `good`: hex of public keys */
function parsePolicy(data) {
  const fail = (detail) => { throw new PolicyMalformed(detail); };
  const text = latin1(data);
  if (text.length > POLICY_BYTES_MAX || /[^\t\n\x20-\x7e\x80-\xff]/.test(text)) fail("an octet that is not allowed");
  if (text && !text.endsWith("\n")) fail("the last line does not end");
  const lines = text.split("\n");
  if (lines.length > POLICY_LINES_MAX + 1) fail("too many lines");
  const logs = [], witnesses = new Map(), groups = new Map(), members = new Set();
  let quorum = null;
  const vkeyOf = (word, type) => {
    const decoded = fromUtf8(Uint8Array.from(word, (c) => c.charCodeAt(0)));
    return parseVkey(decoded, type, "policy");
  };
  const isTaken = (list, key) => list.some((other) => same(other.key, key.key));
  const newName = (name) => { if (name === "none" || witnesses.has(name) || groups.has(name)) fail("a name that is taken"); };
  for (const line of lines) {
    const words = line.split(/[ \t]+/).filter(Boolean);
    if (!words.length || words[0].startsWith("#")) continue;
    const [kind, ...rest] = words;
    if (kind === "log" && (rest.length === 1 || rest.length === 2)) {
      const key = vkeyOf(rest[0], FORMATS.ALGORITHM_LOG);
      if (isTaken(logs, key)) fail("a log twice");
      logs.push(key);
    } else if (kind === "witness" && (rest.length === 2 || rest.length === 3)) {
      newName(rest[0]);
      const key = vkeyOf(rest[1], FORMATS.ALGORITHM_COSIGNATURE);
      if (isTaken([...witnesses.values()], key)) fail("a witness twice");
      witnesses.set(rest[0], key);
    } else if (kind === "group" && rest.length >= 3) {
      const [name, rule, ...names] = rest;
      newName(name);
      for (const member of names) {
        if (!(witnesses.has(member) || groups.has(member)) || members.has(member)) fail("a member that is unknown or has a group");
        members.add(member);
      }
      const least = rule === "all" ? names.length : rule === "any" ? 1 : /^[1-9][0-9]{0,3}$/.test(rule) ? +rule : 0;
      if (least < 1 || least > names.length) fail("a threshold");
      groups.set(name, { least, names });
    } else if (kind === "quorum" && rest.length === 1 && quorum === null) {
      quorum = rest[0];
      if (quorum !== "none" && !witnesses.has(quorum) && !groups.has(quorum)) fail("the quorum's name");
    } else fail("a line");
  }
  if (quorum === null) fail("no quorum");
  const met = (name, good) => {
    const group = groups.get(name);
    return group ? group.names.filter((member) => met(member, good)).length >= group.least : good.has(hex(witnesses.get(name).key));
  };
  return { logs, witnesses, isMet: (good) => quorum === "none" || met(quorum, good) };
}

/** @param {Uint8Array} data @param {string} where @returns {{ index: number, hashes: Uint8Array[], note: string }} */
function parseTlogProof(data, where) {
  const fail = (detail) => { throw new Refusal("tlog_proof.mismatch", where, detail); };
  let text = "";
  try { text = fromUtf8(data); } catch { fail("not UTF-8"); }
  const split = text.indexOf("\n\n"), lines = text.slice(0, Math.max(0, split)).split("\n");
  if (lines.shift() !== "c2sp.org/tlog-proof@v1") fail("its first line");
  const index = /^index (0|[1-9][0-9]{0,15})$/.exec(lines.shift() ?? "");
  if (!index) return fail("the index");
  return { index: +index[1], hashes: hashesOf(lines) ?? fail("a hash"), note: text.slice(split + 2) };
}
/** @param {string[]} lines @returns {Uint8Array[] | null} */
function hashesOf(lines) {
  const made = lines.map(fromBase64);
  return made.every((hash) => hash?.length === 32) && made.length <= 130 ? /** @type {Uint8Array[]} */ (made) : null;
}
