// Bytes: hashes, text forms, comparison. Refusals carry a finding code.

/** Something in the bundle is not as it must be. */
class Refusal extends Error {
  /** @param {string} code one of FORMATS.FINDING_CODES @param {string} where @param {string} [detail] */
  constructor(code, where, detail = "") {
    super(`${code} at ${where}: ${detail}`);
    this.code = code; this.where = where; this.detail = detail;
  }
}
/** What is no bundle at all, or a browser that cannot judge. */
class Unusable extends Error {
  /** @param {string} reason key of a phrase @param {string} [detail] */
  constructor(reason, detail = "") { super(detail || reason); this.reason = reason; this.detail = detail; }
}

const ENCODER = new TextEncoder(), DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** @param {string} text @returns {Uint8Array} */
const utf8 = (text) => ENCODER.encode(text);
/** Strict: throws a TypeError on what is not UTF-8; a byte order mark stays a character.
 * @param {Uint8Array} data @returns {string} */
const fromUtf8 = (data) => DECODER.decode(data);

const HEX = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, "0"));
/** @param {Uint8Array} data @returns {string} */
function hex(data) { let text = ""; for (let i = 0; i < data.length; i++) text += HEX[data[i]]; return text; }
/** @param {string} text lower case hex @returns {Uint8Array} */
const unhex = (text) => Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.substr(2 * i, 2), 16));

/** @param {...Uint8Array} parts @returns {Uint8Array} */
function joined(...parts) {
  const made = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { made.set(part, at); at += part.length; }
  return made;
}
/** @param {Uint8Array} a @param {Uint8Array} b */
function same(a, b) {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64_VALUE = new Int16Array(128).fill(-1);
for (let i = 0; i < 64; i++) BASE64_VALUE[BASE64.charCodeAt(i)] = i;
/** Standard alphabet, padded, canonical (unused bits zero); null for anything else.
 * @param {unknown} text @returns {Uint8Array | null} */
function fromBase64(text) {
  if (typeof text !== "string" || text.length % 4) return null;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const digits = text.length - padding, made = new Uint8Array((text.length / 4) * 3 - padding);
  let bits = 0, held = 0, at = 0;
  for (let i = 0; i < digits; i++) {
    const code = text.charCodeAt(i), value = code < 128 ? BASE64_VALUE[code] : -1;
    if (value < 0) return null;
    held = (held << 6) | value; bits += 6;
    if (bits >= 8) { bits -= 8; made[at++] = held >> bits; held &= (1 << bits) - 1; }
  }
  return held === 0 ? made : null;
}
/** @param {Uint8Array} data @returns {string} */
function toBase64(data) {
  let text = "";
  for (let i = 0; i < data.length; i += 3) {
    const left = data.length - i, n = (data[i] << 16) | ((data[i + 1] ?? 0) << 8) | (data[i + 2] ?? 0);
    text += BASE64[n >> 18] + BASE64[(n >> 12) & 63] + (left > 1 ? BASE64[(n >> 6) & 63] : "=") + (left > 2 ? BASE64[n & 63] : "=");
  }
  return text;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});
/** @param {Uint8Array} data @returns {number} */
function crc32(data) {
  let crc = ~0;
  for (let i = 0; i < data.length; i++) crc = CRC_TABLE[(crc ^ data[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

// --- SHA-256 (FIPS 180-4). WebCrypto's is asynchronous, which costs more than hashing a tree node.

const firstPrimes = (count) => {
  const found = [];
  for (let n = 2; found.length < count; n++) if (found.every((p) => n % p)) found.push(n);
  return found;
};
const fraction32 = (x) => ((x - Math.floor(x)) * 2 ** 32) >>> 0;
const SHA_K = Uint32Array.from(firstPrimes(64), (p) => fraction32(Math.cbrt(p)));
const SHA_START = Uint32Array.from(firstPrimes(8), (p) => fraction32(Math.sqrt(p)));
const shaWords = new Int32Array(64), shaTail = new Uint8Array(128);

/** @param {Int32Array} state @param {Uint8Array} data @param {number} at */
function shaBlock(state, data, at) {
  const w = shaWords;
  for (let i = 0; i < 16; i++, at += 4) w[i] = (data[at] << 24) | (data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3];
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15], y = w[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
  }
  let a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
  for (let i = 0; i < 64; i++) {
    const S1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + S1 + ((e & f) ^ (~e & g)) + SHA_K[i] + w[i]) | 0;
    const S0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (S0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d; state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}
/** @param {Uint8Array} data @returns {Uint8Array} 32 bytes */
function sha256(data) {
  const state = Int32Array.from(SHA_START), whole = data.length - (data.length % 64);
  for (let at = 0; at < whole; at += 64) shaBlock(state, data, at);
  const left = data.length - whole, tailLength = left < 56 ? 64 : 128;
  shaTail.fill(0);
  shaTail.set(data.subarray(whole), 0);
  shaTail[left] = 0x80;
  const view = new DataView(shaTail.buffer);
  view.setUint32(tailLength - 8, Math.floor(data.length / 2 ** 29));
  view.setUint32(tailLength - 4, (data.length * 8) >>> 0);
  for (let at = 0; at < tailLength; at += 64) shaBlock(state, shaTail, at);
  const made = new Uint8Array(32), out = new DataView(made.buffer);
  for (let i = 0; i < 8; i++) out.setInt32(4 * i, state[i]);
  return made;
}
/** The browser's own where the bytes are many. @param {Uint8Array} data @returns {Promise<Uint8Array>} */
async function sha256Large(data) {
  return data.length < 16384 ? sha256(data) : new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}
