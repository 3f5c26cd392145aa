// Payloads and leaves: exactly the members that the format names, each of its form.

const KIND = /^[a-z][a-z0-9-]*$/;
const SPKI_PREFIX = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);
const PAYLOAD_MEMBERS = ["agreement", "author", "blobs", "body", "channel", "created", "from", "id", "prev", "refs", "salt", "seq", "status", "to"];

/** @param {string} type @returns {string | null} */
function kindOf(type) {
  const { PAYLOAD_TYPE_PREFIX: prefix, PAYLOAD_TYPE_SUFFIX: suffix } = FORMATS;
  if (!type.startsWith(prefix) || !type.endsWith(suffix)) return null;
  const kind = type.slice(prefix.length, type.length - suffix.length);
  return KIND.test(kind) ? kind : null;
}
/** @param {Uint8Array} data @param {string} where */
function readLeaf(data, where) {
  const shape = new Shape("leaf.malformed", where), one = (list) => { const found = shape.list(list, 1); return found.length ? found[0] : shape.fail("not one"); };
  const map = shape.exact(readCanonical(data, "leaf.malformed", where), ["apiVersion", "kind", "spec"]);
  if (map.get("apiVersion") !== "0.0.2" || map.get("kind") !== "dsse") shape.fail("kind");
  const spec = shape.exact(shape.exact(map.get("spec"), ["dsseV002"]).get("dsseV002"), ["payloadHash", "signatures"]), hash = shape.exact(spec.get("payloadHash"), ["algorithm", "digest"]);
  if (hash.get("algorithm") !== "SHA2_256") shape.fail("algorithm");
  const signature = shape.exact(one(spec.get("signatures")), ["content", "verifier"]), verifier = shape.exact(signature.get("verifier"), ["keyDetails", "publicKey"]);
  if (verifier.get("keyDetails") !== "PKIX_ED25519") shape.fail("keyDetails");
  const spki = shape.base64(shape.exact(verifier.get("publicKey"), ["rawBytes"]).get("rawBytes"), 44);
  if (!same(spki.subarray(0, 12), SPKI_PREFIX)) shape.fail("not an Ed25519 key");
  return { digest: shape.base64(hash.get("digest"), 32), signature: shape.base64(signature.get("content"), 64), key: spki.subarray(12) };
}
/**
 * @typedef {{ index: number, kind: string, agreement: string, from: string, author: string, channel: string, created: string, status: string,
 *   seq: number, prev: string | null, id: string, to: string[], sha256: string, chain: string, key: string,
 *   blobs: { sha256: string, size: number }[], refs: { id: string, rel: string, sha256: string }[], body: Map<string, any>,
 *   holder?: string, believed?: boolean, grade?: string, receipts?: any[], acknowledgements?: any[] }} Item
 */
/** @param {Uint8Array} data @param {string} kind @param {number} index @param {{ sha256: string, chain: string, key: string }} hashes @returns {Item} */
function readPayload(data, kind, index, hashes) {
  const where = `entry ${index}`, shape = new Shape("payload.malformed", where);
  if (data.length > FORMATS.PAYLOAD_BYTES_MAX) shape.fail("too large");
  const map = shape.exact(readCanonical(data, "payload.malformed", where), PAYLOAD_MEMBERS), prev = map.get("prev"), seq = shape.integer(map.get("seq"), 1);
  if (prev !== null) shape.text(prev, HEX64);
  if ((prev === null) !== (seq === 1)) shape.fail("prev is null if and only if seq is 1");
  if (!FORMATS.STATUSES.includes(map.get("status"))) shape.fail("status");
  shape.text(map.get("salt"), HEX32);
  const channel = shape.text(map.get("channel"), /[^]/), body = shape.map(map.get("body")), most = FORMATS.LIST_MAX;
  if ([...channel].length > FORMATS.CHANNEL_CHARACTERS_MAX) shape.fail("channel");
  const blobs = shape.list(map.get("blobs"), most).map((entry) => {
    const blob = shape.exact(entry, ["media_type", "sha256", "size"]);
    shape.text(blob.get("media_type"), /[^]/);
    return { sha256: shape.text(blob.get("sha256"), HEX64), size: shape.integer(blob.get("size")) };
  });
  const refs = shape.list(map.get("refs"), most).map((entry) => {
    const ref = shape.exact(entry, ["id", "rel", "sha256"]);
    return { id: shape.text(ref.get("id"), UUID7), rel: shape.text(ref.get("rel"), /[^]/), sha256: shape.text(ref.get("sha256"), HEX64) };
  });
  return {
    index, kind, agreement: shape.text(map.get("agreement"), /[^]/), from: shape.text(map.get("from"), /[^]/), author: shape.text(map.get("author"), /^[^\s+\p{C}\p{Z}]+$/u), channel,
    created: shape.time(map.get("created")), status: map.get("status"), seq, prev, id: shape.text(map.get("id"), UUID7), to: shape.list(map.get("to"), most).map((entry) => shape.text(entry, /[^]/)),
    ...hashes, blobs, refs, body: KNOWN_BODIES.includes(kind) ? body : new Map(),
  };
}
const KNOWN_BODIES = ["agreement", "receipt", "acknowledgement", "anchor", "clock", "key-rotation", "key-revocation", "erasure", "gap", "withheld", "witness-refusal", "custody", "suspension", "resumption", "withdrawal"];
