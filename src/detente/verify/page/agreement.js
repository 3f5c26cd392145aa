// Manifest, DSSE envelopes and the signed agreement.

const REQUIRED = ["README.html", "VERIFY.md", "agreement.dsse.json", "checkpoint", "custody.json", "policy", "trusted_root.json"];

/** @param {Uint8Array} data @param {string} code @param {string} where */
function readCanonical(data, code, where) {
  try { return parseCanonical(data); } catch (error) {
    if (error instanceof JsonMalformed) throw new Refusal(code, where, error.message);
    throw error;
  }
}
const OWN_FILES = ["manifest.json", "manifest.sha256"];
/** @param {Uint8Array} data */
function readManifest(data) {
  const shape = new Shape("manifest.malformed", "manifest.json");
  const map = shape.exact(readCanonical(data, "manifest.malformed", "manifest.json"), ["agreement", "exported", "files", "format", "grade", "items", "origin", "party", "scope", "single_items", "size", "withheld_blobs"]);
  const agreement = shape.exact(map.get("agreement"), ["id", "sha256", "version"]), exported = shape.exact(map.get("exported"), ["at", "by", "export"]);
  if (map.get("format") !== FORMATS.BUNDLE_FORMAT) shape.fail("format");
  if (!FORMATS.GRADES.includes(map.get("grade"))) shape.fail("grade");
  const size = shape.integer(map.get("size"), 1), files = new Map();
  let last = "";
  for (const entry of shape.list(map.get("files"))) {
    const file = shape.exact(entry, ["path", "sha256", "size"]), path = shape.text(file.get("path"), /[^]/);
    if (path <= last) shape.fail("files are not sorted");
    files.set(path, { sha256: shape.text(file.get("sha256"), HEX64), size: shape.integer(file.get("size")) });
    last = path;
  }
  const withheld = shape.list(map.get("withheld_blobs")).map((entry) => shape.text(entry, HEX64));
  if (withheld.some((entry, i) => i && entry <= withheld[i - 1])) shape.fail("withheld_blobs");
  const by = shape.list(exported.get("by")).map((entry) => shape.text(entry, /[^]/));
  if (!by.length) shape.fail("exported by nobody");
  const keyName = /^[^\s+\p{C}\p{Z}]+$/u;
  return {
    agreementId: shape.text(agreement.get("id"), /[^]/), agreementHash: shape.text(agreement.get("sha256"), HEX64), agreementVersion: shape.integer(agreement.get("version"), 1),
    exportedAt: shape.time(exported.get("at")), export: shape.text(exported.get("export"), UUID7), by, files, grade: map.get("grade"),
    items: shape.ranges(map.get("items"), size), singles: shape.ranges(map.get("single_items"), size), size,
    origin: shape.text(map.get("origin"), keyName), party: shape.text(map.get("party"), keyName), scope: shape.text(map.get("scope"), /^(full|subset)$/), withheld: new Set(withheld),
  };
}
/** @param {[number, number][]} ranges */
function* indicesOf(ranges) { for (const [a, b] of ranges) for (let i = a; i <= b; i++) yield i; }
/** @param {[number, number][]} ranges @param {number[]} indices ascending */
function areIndices(ranges, indices) {
  if (ranges.reduce((sum, [a, b]) => sum + b - a + 1, 0) !== indices.length) return false;
  let at = 0;
  for (const index of indicesOf(ranges)) if (indices[at++] !== index) return false;
  return true;
}

/** @typedef {{ type: string, payload: Uint8Array, signatures: { keyid: string, sig: Uint8Array }[], pae: Uint8Array }} Envelope */
/** @param {unknown} value @param {Shape} shape @returns {Envelope} */
function readEnvelope(value, shape) {
  const map = shape.exact(value, ["payload", "payloadType", "signatures"]), payload = shape.base64(map.get("payload")), type = shape.text(map.get("payloadType"), /[^]/);
  const signatures = shape.list(map.get("signatures"), 100).map((entry) => {
    const signature = shape.exact(entry, ["keyid", "sig"]);
    return { keyid: shape.text(signature.get("keyid"), /[^]/), sig: shape.base64(signature.get("sig"), 64) };
  });
  if (!signatures.length) shape.fail("no signature");
  const pae = joined(utf8(`DSSEv1 ${utf8(type).length} ${type} ${payload.length} `), payload);
  return { type, payload, signatures, pae };
}

/** @typedef {{ party: string, purpose: string, key: Vkey, holder: string }} PartyKey */
const SIGNING = ["signing", "officer"];
const typeOf = (purpose) => (purpose === "witness" ? FORMATS.ALGORITHM_COSIGNATURE : FORMATS.ALGORITHM_LOG);
/** @param {Uint8Array} data @param {string} where */
function readAgreement(data, where) {
  const code = "agreement.malformed", shape = new Shape(code, where), envelope = readEnvelope(readCanonical(data, code, where), shape);
  if (envelope.type !== FORMATS.AGREEMENT_TYPE) shape.fail("payloadType");
  const map = shape.exact(readCanonical(envelope.payload, code, where), ["agreement", "version", "previous", "title", "period", "files", "parties", "witnesses", "policies"]);
  const version = shape.integer(map.get("version"), 1), previous = map.get("previous");
  if ((version === 1) !== (previous === null) || (previous !== null && !HEX64.test(previous))) shape.fail("previous");
  shape.exact(map.get("period"), ["from", "until"]);
  const texts = (value) => { for (const text of shape.map(value).values()) shape.text(text); return value; };
  const files = new Map();
  let last = "";
  for (const entry of shape.list(map.get("files"))) {
    const file = shape.exact(entry, ["name", "sha256", "size"]), name = shape.text(file.get("name"), /[^]/);
    if (name <= last) shape.fail("files are not sorted");
    files.set(name, { sha256: shape.text(file.get("sha256"), HEX64), size: shape.integer(file.get("size")) });
    last = name;
  }
  /** @type {PartyKey[]} */ const keys = [];
  const parties = shape.list(map.get("parties")).map((entry) => {
    const party = shape.exact(entry, ["id", "name", "keys"]), id = shape.text(party.get("id"), /^[^\s+\p{C}\p{Z}]+$/u), own = shape.list(party.get("keys")).map((value) => {
      const key = shape.exact(value, ["purpose", "vkey", "holder"]), purpose = key.get("purpose"), holder = shape.text(key.get("holder"));
      if (!FORMATS.PURPOSES.includes(purpose)) shape.fail("purpose");
      if (holder && purpose !== "officer") shape.fail("a key that is no officer's has a holder");
      return { party: id, purpose, key: parseVkey(key.get("vkey"), typeOf(purpose), where), holder };
    });
    for (const purpose of ["log", "witness", "signing"]) if (!own.some((key) => key.purpose === purpose)) shape.fail(`${id} has no ${purpose} key`);
    keys.push(...own);
    return { id, names: Object.fromEntries(texts(party.get("name"))), keys: own };
  });
  if (!parties.length || new Set(parties.map((party) => party.id)).size !== parties.length) shape.fail("parties");
  const witnesses = new Map();
  for (const entry of shape.list(map.get("witnesses"))) {
    const witness = shape.exact(entry, ["name", "vkey"]), name = shape.text(witness.get("name"), /[^]/);
    if (witnesses.has(name)) shape.fail("a witness twice");
    witnesses.set(name, parseVkey(witness.get("vkey"), FORMATS.ALGORITHM_COSIGNATURE, where));
  }
  const seen = new Set();
  for (const key of [...keys.map((entry) => entry.key), ...witnesses.values()]) {
    if (seen.has(hex(key.key))) throw new Refusal("key.duplicate", where, key.name);
    seen.add(hex(key.key));
  }
  return {
    id: shape.text(map.get("agreement"), /[^]/), version, previous, title: Object.fromEntries(texts(map.get("title"))), files, parties, keys, witnesses,
    policies: texts(map.get("policies")), sha256: hex(sha256(envelope.payload)), envelope, read: new Map(),
    partyOfLog: (origin) => keys.find((key) => key.purpose === "log" && key.key.name === origin)?.party ?? null,
  };
}
/** The policy of a log. @throws {Refusal} policy.mismatch */
function policyOf(agreement, origin) {
  if (!agreement.read.has(origin)) agreement.read.set(origin, readPolicy(agreement, origin));
  const found = agreement.read.get(origin);
  if (found instanceof Refusal) throw found;
  return found;
}
/** Read once: thousands of checkpoints may ask. */
function readPolicy(agreement, origin) {
  const text = agreement.policies.get(origin);
  if (text === undefined) return new Refusal("policy.mismatch", "agreement.dsse.json", `no policy for ${origin}`);
  try { return parsePolicy(utf8(text)); } catch (error) {
    if (error instanceof PolicyMalformed || error instanceof TypeError) return new Refusal("policy.mismatch", `policy of ${origin}`, error.message);
    if (error instanceof Refusal) return error;
    throw error;
  }
}
/** Each party must have signed, and each of the version before by a key that was in force then.
 * @param {PartyKey[]} before signing keys of the version before @param {any} last that version: a party of it without a key in force can sign nothing any more */
async function checkSigned(agreement, before, findings, where, last = null) {
  const oldParties = new Set([...before, ...(last?.keys ?? [])].map((key) => key.party)), signed = new Set();
  const counted = [...before, ...agreement.keys.filter((key) => SIGNING.includes(key.purpose) && !oldParties.has(key.party))];
  const further = agreement.keys.filter((key) => SIGNING.includes(key.purpose) && oldParties.has(key.party));
  const byName = new Map();
  for (const key of [...counted, ...further]) byName.set(key.key.name, [...(byName.get(key.key.name) ?? []), key]);
  const tries = agreement.envelope.signatures.reduce((sum, { keyid }) => sum + (byName.get(keyid)?.length ?? 0), 0), isHard = tries > before.length + 1000;
  if (isHard) findings.add("agreement.malformed", where, "too many keys of one name");
  for (const { keyid, sig } of isHard ? [] : agreement.envelope.signatures) {
    let good = false;
    for (const key of byName.get(keyid) ?? []) {
      if (!(await isSignature(key.key.key, sig, agreement.envelope.pae))) continue;
      good = true;
      if (counted.includes(key)) signed.add(key.party);
    }
    if (!good) findings.add("agreement.signature", where, keyid);
  }
  for (const party of [...new Set([...oldParties, ...agreement.parties.map((entry) => entry.id)])].sort()) if (!signed.has(party)) findings.add("agreement.unsigned", where, party);
}
/** The files that people read against what was signed. @param {Map<string, Uint8Array>} files */
async function checkDocument(agreement, files, findings) {
  const hold = (name, detail) => findings.add("agreement.file", `agreement/${name}`, detail);
  for (const [name, stated] of agreement.files) {
    const data = files.get(name);
    if (!data) hold(name, "missing");
    else if (data.length !== stated.size || hex(await sha256Large(data)) !== stated.sha256) hold(name, "not the file that was signed");
  }
  for (const name of files.keys()) if (!agreement.files.has(name)) hold(name, "not part of what was signed");
  const document = files.get("agreement.toml");
  if (!document) hold("agreement.toml", "missing");
  else checkKeysInDocument(agreement, document, hold);
  for (const party of agreement.parties) {
    const name = `enrolments/${party.id}.json`, data = files.get(name);
    if (data) await findings.during(() => checkEnrolment(agreement, party, data, `agreement/${name}`));
  }
}
/** Without a reader of TOML: whatever looks like a key must be one that was signed for. */
function checkKeysInDocument(agreement, document, hold) {
  let text = "";
  try { text = fromUtf8(document); } catch { hold("agreement.toml", "not UTF-8"); return; }
  if (!isToml(text)) { hold("agreement.toml", "not TOML"); return; }
  const known = new Set([...agreement.keys.map((entry) => entry.key.vkey), ...[...agreement.witnesses.values()].map((key) => key.vkey)]);
  for (const [vkey] of text.replace(/#[^"'\n]*$/gm, "").matchAll(/[^\s"'+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{43,}={0,2}/gu)) if (!known.has(vkey)) hold("agreement.toml", `a key that is not in what was signed: ${vkey}`);
  const named = [...text.matchAll(/^\[\[part(?:y|ies)\]\]\s*(?:#.*)?\n(?:(?!\[)[^\n]*\n)*?\s*id\s*=\s*["']([^"']*)["']/gm)].map((found) => found[1]);
  if (named.length && [...new Set(named)].sort().join("\n") !== agreement.parties.map((party) => party.id).sort().join("\n")) hold("agreement.toml", "other parties than in what was signed");
}
async function checkEnrolment(agreement, party, data, where) {
  const shape = new Shape("agreement.file", where);
  let value;
  try { value = parseJson(data); } catch (error) { if (error instanceof JsonMalformed) return shape.fail(error.message); throw error; }
  const map = shape.map(value), proven = new Set();
  if (map.get("agreement") !== agreement.id || map.get("party") !== party.id) shape.fail("of another agreement or party");
  for (const entry of shape.list(map.get("keys"))) {
    const [purpose, holder, vkey, proof] = ["purpose", "holder", "vkey", "proof"].map((name) => shape.text(shape.map(entry).get(name)));
    const key = parseVkey(vkey, typeOf(purpose), where), text = `${FORMATS.ENROLMENT_CONTEXT}\n${agreement.id}\n${party.id}\n${purpose}\n${holder}\n${vkey}\n`;
    if (!(await isSignature(key.key, shape.base64(proof), utf8(text)))) shape.fail(`proof of possession of ${key.name}`);
    proven.add(`${purpose}\n${holder}\n${vkey}`);
  }
  for (const { purpose, holder, key } of party.keys) if (!proven.has(`${purpose}\n${holder}\n${key.vkey}`)) shape.fail(`no proof for ${key.name}`);
}
