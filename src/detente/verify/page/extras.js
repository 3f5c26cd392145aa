// What stands in a bundle for other people's tools: it must say the same as the rest.

const SIGSTORE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json", ROOT_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";
/** @param {unknown} value @returns {Map<string, any>} */
const asMap = (value) => (value instanceof Map ? value : new Map());
const onlyOne = (value) => asMap(Array.isArray(value) && value.length === 1 ? value[0] : null);
const hasOnly = (map, required, optional = []) => required.every((name) => map.has(name)) && [...map.keys()].every((name) => required.includes(name) || optional.includes(name));
const spkiOf = (key) => toBase64(joined(SPKI_PREFIX, key));
const isLogId = (value, key) => { const id = asMap(value), raw = fromBase64(id.get("keyId")); return id.size === 1 && raw !== null && raw.length >= 4 && hex(raw.subarray(0, 4)) === key.id; };

/** A checkpoint that stands elsewhere in the bundle, with that text and a good line of its log.
 * @param {string} text @param {Head[]} heads @param {Vkey[]} logs @returns {Promise<Checkpoint>} */
async function knownCheckpoint(text, heads, logs, code, where) {
  const note = parseNote(utf8(text), code, where), head = heads.find((entry) => entry.checkpoint.note.text === note.text);
  const isKnown = (line) => head.checkpoint.note.signatures.some((other) => other.name === line.name && other.id === line.id && same(other.data, line.data));
  if (head && note.signatures.every(isKnown)) for (const key of logs) if (await hasSignature(note, key)) return head.checkpoint;
  throw new Refusal(code, where, "a checkpoint that is not in the bundle");
}
/** @param {Uint8Array} data @param {number} index @param {Uint8Array} leaf hash */
async function checkTlogProof(data, index, leaf, heads, logs, where) {
  const proof = parseTlogProof(data, where);
  if (proof.index !== index) throw new Refusal("tlog_proof.mismatch", where, "of another index");
  const checkpoint = await knownCheckpoint(proof.note, heads, logs, "tlog_proof.mismatch", where);
  requireIncluded(index, leaf, proof.hashes, checkpoint, where);
}
function requireIncluded(index, leaf, hashes, checkpoint, where) {
  const root = leaf && rootFromInclusion(index, checkpoint.size, leaf, hashes);
  if (!root || !same(root, checkpoint.root)) throw new Refusal("proof.inclusion", where, "it does not lead to the root");
}
/** @param {Map<string, any>} envelope as it stands in envelopes/ @param {Uint8Array} entry */
async function checkSigstore(data, index, envelope, entry, leaf, heads, logs, where) {
  const fail = (detail) => { throw new Refusal("sigstore.mismatch", where, detail); }, map = parseStrict(data, where);
  const material = asMap(map.get("verificationMaterial")), log = onlyOne(material.get("tlogEntries")), proof = asMap(log.get("inclusionProof"));
  if (!hasOnly(map, ["mediaType", "verificationMaterial", "dsseEnvelope"]) || map.get("mediaType") !== SIGSTORE_TYPE
    || !hasOnly(material, ["publicKey", "tlogEntries"], ["timestampVerificationData"])
    || !hasOnly(log, ["canonicalizedBody", "inclusionProof", "kindVersion", "logId", "logIndex"], ["integratedTime"])
    || !hasOnly(proof, ["checkpoint", "hashes", "logIndex", "rootHash", "treeSize"])) fail("not the members of an item");
  const stated = asMap(map.get("dsseEnvelope")), one = onlyOne(stated.get("signatures")), signature = onlyOne(envelope.get("signatures"));
  if (canonicalText(material.get("publicKey")) !== canonicalText(new Map([["hint", signature.get("keyid")]]))) fail("key hint");
  if (!hasOnly(stated, ["payload", "payloadType", "signatures"]) || !hasOnly(one, ["sig"], ["keyid"]) || stated.get("payload") !== envelope.get("payload")
    || stated.get("payloadType") !== envelope.get("payloadType") || one.get("sig") !== signature.get("sig") || !["", signature.get("keyid")].includes(one.get("keyid") ?? "")) fail("another envelope");
  if (log.get("logIndex") !== String(index) || proof.get("logIndex") !== String(index)) fail("another index");
  if (log.get("canonicalizedBody") !== toBase64(entry)) fail("another entry");
  if (canonicalText(log.get("kindVersion")) !== '{"kind":"dsse","version":"0.0.2"}') fail("kindVersion");
  if ((log.get("integratedTime") ?? "0") !== "0") fail("integratedTime");
  if (!["{}", '{"rfc3161Timestamps":[]}'].includes(canonicalText(material.get("timestampVerificationData") ?? new Map()))) fail("timestampVerificationData");
  if (!logs.some((key) => isLogId(log.get("logId"), key))) fail("logId");
  const text = asMap(proof.get("checkpoint")).get("envelope");
  if (typeof text !== "string") fail("checkpoint");
  const checkpoint = await knownCheckpoint(text, heads, logs, "sigstore.mismatch", where), list = proof.get("hashes");
  if (proof.get("rootHash") !== toBase64(checkpoint.root) || proof.get("treeSize") !== String(checkpoint.size)) fail("root or size");
  const hashes = Array.isArray(list) ? hashesOf(list) : null;
  if (!hashes) fail("hashes");
  requireIncluded(index, leaf, hashes, checkpoint, where);
}
function checkTrustedRoot(data, origin, logs) {
  const where = "trusted_root.json", fail = (detail) => { throw new Refusal("trusted_root.mismatch", where, detail); }, map = parseStrict(data, where);
  if (map.get("mediaType") !== ROOT_TYPE) fail("mediaType");
  for (const [name, value] of map) if (name !== "mediaType" && name !== "tlogs" && canonicalText(value) !== "[]") fail(`another authority: ${name}`);
  const tlogs = map.get("tlogs");
  if (!Array.isArray(tlogs) || !tlogs.length) fail("tlogs");
  for (const log of tlogs.map(asMap)) {
    const key = asMap(log.get("publicKey"));
    if (key.get("keyDetails") !== "PKIX_ED25519" || !logs.some((own) => key.get("rawBytes") === spkiOf(own.key) && isLogId(log.get("logId"), own))) fail("key of the log");
    if (log.get("baseUrl") !== `https://${origin}` || log.get("hashAlgorithm") !== "SHA2_256") fail("address or hash of the log");
  }
}
/** Tokens are for openssl: here only that they are over a checkpoint of this bundle, and over its hash.
 * @param {Uint8Array} note @param {Uint8Array} token @param {Head} head */
async function checkTimestamp(note, token, head, where) {
  const fail = (detail) => { throw new Refusal("timestamp.wrong", where, detail); }, stamped = parseNote(note, "checkpoint.malformed", where);
  if (stamped.text !== head.checkpoint.note.text || stamped.signatures.length !== 1) fail("not the checkpoint of that size");
  const [line] = stamped.signatures, known = head.checkpoint.note.signatures.some((other) => other.name === line.name && other.id === line.id && same(other.data, line.data));
  if (!known || line.data.length !== 64) fail("not with the log's signature");
  const text = latin1(token);
  for (const algorithm of ["SHA-256", "SHA-384", "SHA-512"]) if (text.includes(latin1(new Uint8Array(await crypto.subtle.digest(algorithm, note))))) return;
  fail("the token is over something else");
}
