// Ed25519 (RFC 8032). The browser checks signatures; which keys may be used at all is decided here,
// because libraries disagree about keys outside of the prime-order group.

const P = 2n ** 255n - 19n, L = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (x) => { const r = x % P; return r < 0n ? r + P : r; };
function power(base, exponent) {
  let made = 1n;
  for (base = mod(base); exponent; exponent >>= 1n) { if (exponent & 1n) made = mod(made * base); base = mod(base * base); }
  return made;
}
const D = mod(-121665n * power(121666n, P - 2n)), ROOT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);
/** @param {Uint8Array} data least significant first */
const littleEndian = (data) => { let n = 0n; for (let i = data.length - 1; i >= 0; i--) n = (n << 8n) | BigInt(data[i]); return n; };

/** Extended coordinates. @typedef {[bigint, bigint, bigint, bigint]} Point */
/** Complete addition, a = -1 (section 5.1.4). @param {Point} p @param {Point} q @returns {Point} */
function added([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2)), b = mod((y1 + x1) * (y2 + x2)), c = mod(2n * D * t1 * t2), d = mod(2n * z1 * z2);
  const e = b - a, f = d - c, g = d + c, h = b + a;
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}
/** Decoding (section 5.1.3), refusing what is not the canonical form. @param {Uint8Array} data @returns {Point | null} */
function pointOf(data) {
  const number = littleEndian(data), sign = number >> 255n, y = number & ((1n << 255n) - 1n);
  if (y >= P) return null;
  const u = mod(y * y - 1n), v = mod(D * y * y + 1n);
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n));
  if (mod(v * x * x) !== u) x = mod(x * ROOT_OF_MINUS_ONE);
  if (mod(v * x * x) !== u) return null;
  if (x === 0n && sign) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
}
/** Whether a public key is a canonical point of the prime-order group, and not its neutral element.
 * @param {Uint8Array} key */
function isUsableKey(key) {
  const point = key.length === 32 ? pointOf(key) : null;
  if (!point || (point[0] === 0n && point[1] === 1n)) return false;
  /** @type {Point} */ let sum = [0n, 1n, 1n, 0n], twice = point;
  for (let n = L; n; n >>= 1n) { if (n & 1n) sum = added(sum, twice); twice = added(twice, twice); }
  return sum[0] === 0n && sum[1] === sum[2];
}

const importedKeys = new Map();
/** Whether it is this usable key's signature. S >= l is refused, and R of small order as libsodium does:
 * with a key of the prime-order group only the neutral element could be one.
 * @param {Uint8Array} key @param {Uint8Array} signature @param {Uint8Array} message @returns {Promise<boolean>} */
async function isSignature(key, signature, message) {
  if (signature.length !== 64 || !isBelowOrder(signature)) return false;
  if (signature[0] === 1 && signature.subarray(1, 32).every((byte) => byte === 0)) return false;
  const name = hex(key);
  if (!importedKeys.has(name)) importedKeys.set(name, isUsableKey(key) ? crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]) : null);
  const imported = importedKeys.get(name);
  return imported !== null && crypto.subtle.verify({ name: "Ed25519" }, await imported, signature, message);
}
function isBelowOrder(signature) {
  if (signature[63] < 0x10) return true;
  return littleEndian(signature.subarray(32)) < L;
}

// A signature over "detente" by the key whose seed is the bytes 0 to 31.
const PROBE = {
  key: "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
  signature: "9bb97726c16cb68346ea392f74aa119cad30e23297b547f756756b25ff5f3a438fd08f976383f750ad2215fc63ccc9278461e06d8dc642abc0133d47c8e99005",
};
/** Refuses to judge where the browser cannot: nothing else could be believed.
 * @throws {Unusable} */
async function requireCryptography() {
  if (!globalThis.crypto?.subtle) throw new Unusable("noCrypto");
  let good, bad;
  try {
    good = await isSignature(unhex(PROBE.key), unhex(PROBE.signature), utf8("detente"));
    bad = await isSignature(unhex(PROBE.key), unhex(PROBE.signature), utf8("detentE"));
  } catch { throw new Unusable("noEd25519"); }
  if (!good || bad) throw new Unusable("noEd25519");
  const sample = Uint8Array.from({ length: 300 }, (_, i) => i * 7);
  for (const length of [0, 55, 56, 64, 300]) {
    const data = sample.subarray(0, length);
    if (!same(sha256(data), new Uint8Array(await crypto.subtle.digest("SHA-256", data)))) throw new Unusable("noCrypto");
  }
}
