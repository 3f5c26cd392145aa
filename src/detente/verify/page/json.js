// JSON as it may be signed (I-JSON, RFC 7493) and its canonical form (RFC 8785). JSON.parse would
// take duplicate names, of which the last wins: two readers could then read two things.

class JsonMalformed extends Error {}

/** Objects become Maps: no name of a stranger's can mean anything to JavaScript.
 * @param {Uint8Array} data @returns {unknown} null, boolean, number, string, Array or Map
 * @throws {JsonMalformed} */
function parseJson(data) {
  let text;
  try { text = fromUtf8(data); } catch { throw new JsonMalformed("not UTF-8"); }
  if (data.length > FORMATS.JSON_VALUES_MAX) {
    let values = 0;
    for (let at = data.indexOf(44); at >= 0; at = data.indexOf(44, at + 1)) if (++values > FORMATS.JSON_VALUES_MAX) throw new JsonMalformed("too many values");
  }
  return new JsonReader(text).whole();
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const PLAIN = /[^"\\\u0000-\u001f\ud800-\udfff]*/y;
const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

class JsonReader {
  /** @param {string} text */
  constructor(text) { this.text = text; this.at = 0; this.depth = 0; }
  /** @param {string} why @returns {never} */
  fail(why) { throw new JsonMalformed(`${why} at character ${this.at}`); }
  whole() {
    const value = this.value();
    this.space();
    if (this.at < this.text.length) this.fail("something follows the value");
    return value;
  }
  space() {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
      this.at++;
    }
  }
  /** @returns {unknown} */
  value() {
    this.space();
    const first = this.text[this.at];
    if (first === '"') return this.string();
    if (first === "{" || first === "[") {
      if (++this.depth > FORMATS.JSON_DEPTH_MAX) this.fail("nested too deeply");
      const made = first === "{" ? this.object() : this.array();
      this.depth--;
      return made;
    }
    for (const [word, value] of /** @type {[string, unknown][]} */ ([["true", true], ["false", false], ["null", null]])) {
      if (this.text.startsWith(word, this.at)) { this.at += word.length; return value; }
    }
    NUMBER.lastIndex = this.at;
    const found = NUMBER.exec(this.text);
    if (!found) this.fail("no value");
    this.at = NUMBER.lastIndex;
    const number = Number(found[0]);
    if (!Number.isFinite(number)) this.fail("a number is out of range");
    if (/^-?[0-9]+$/.test(found[0]) && !Number.isSafeInteger(number)) this.fail("an integer is out of range");
    return number;
  }
  object() {
    const made = new Map();
    this.at++; this.space();
    if (this.text[this.at] === "}") { this.at++; return made; }
    for (;;) {
      this.space();
      if (this.text[this.at] !== '"') this.fail("no member name");
      const name = this.string();
      if (made.has(name)) this.fail("a member name occurs twice");
      this.space();
      if (this.text[this.at++] !== ":") this.fail("no colon");
      made.set(name, this.value());
      this.space();
      const next = this.text[this.at++];
      if (next === "}") return made;
      if (next !== ",") this.fail("no comma");
    }
  }
  array() {
    const made = [];
    this.at++; this.space();
    if (this.text[this.at] === "]") { this.at++; return made; }
    for (;;) {
      made.push(this.value());
      this.space();
      const next = this.text[this.at++];
      if (next === "]") return made;
      if (next !== ",") this.fail("no comma");
    }
  }
  /** @returns {string} */
  string() {
    this.at++;
    let made = "";
    for (;;) {
      PLAIN.lastIndex = this.at;
      made += PLAIN.exec(this.text)?.[0] ?? "";
      this.at = PLAIN.lastIndex;
      const next = this.text[this.at];
      if (next === '"') { this.at++; break; }
      if (next === "\\") { made += this.escape(); continue; }
      const pair = this.text.slice(this.at, this.at + 2);
      if (!/^[\ud800-\udbff][\udc00-\udfff]$/.test(pair)) this.fail("a character that may not stand in a string");
      made += pair; this.at += 2;
    }
    if (!isWellFormed(made)) this.fail("half of a surrogate pair");
    return made;
  }
  escape() {
    const kind = this.text[this.at + 1];
    if (kind === "u") {
      const digits = this.text.slice(this.at + 2, this.at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.fail("a wrong escape");
      this.at += 6;
      return String.fromCharCode(parseInt(digits, 16));
    }
    if (kind === undefined || !Object.hasOwn(ESCAPES, kind)) this.fail("a wrong escape");
    this.at += 2;
    return ESCAPES[kind];
  }
}
/** @param {string} text */
const isWellFormed = (text) => !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);

/** RFC 8785: JavaScript's own spelling of strings and numbers, names by UTF-16 units.
 * @param {unknown} value @returns {string} */
function canonicalText(value) {
  if (value instanceof Map) {
    const names = [...value.keys()].sort((a, b) => (a < b ? -1 : 1));
    return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalText(value.get(name))}`).join(",")}}`;
  }
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  return JSON.stringify(value);
}
/** The value, if the bytes are its canonical form. @param {Uint8Array} data
 * @throws {JsonMalformed} */
function parseCanonical(data) {
  const value = parseJson(data);
  if (!same(utf8(canonicalText(value)), data)) throw new JsonMalformed("not the canonical form (RFC 8785)");
  return value;
}

// --- asking for what must be there -------------------------------------------------------------

class Shape {
  /** @param {string} code of the refusal @param {string} where */
  constructor(code, where) { this.code = code; this.where = where; }
  /** @param {string} detail @returns {never} */
  fail(detail) { throw new Refusal(this.code, this.where, detail); }
  /** An object with exactly these members. @param {unknown} value @param {string[]} names @returns {Map<string, any>} */
  exact(value, names, optional = /** @type {string[]} */ ([])) {
    const map = this.map(value);
    for (const name of names) if (!map.has(name)) this.fail(`${name} is missing`);
    for (const name of map.keys()) if (!names.includes(name) && !optional.includes(name)) this.fail(`${name} does not belong there`);
    return map;
  }
  /** @param {unknown} value @returns {Map<string, any>} */
  map(value) { return value instanceof Map ? value : this.fail("not an object"); }
  /** @param {unknown} value @returns {any[]} */
  list(value, most = Infinity) { return Array.isArray(value) && value.length <= most ? value : this.fail("not such a list"); }
  /** @param {unknown} value @returns {string} */
  text(value, pattern = /^[^]*$/) { return typeof value === "string" && pattern.test(value) ? value : this.fail("not such a text"); }
  /** @param {unknown} value @returns {number} */
  integer(value, least = 0) { return Number.isSafeInteger(value) && /** @type {number} */ (value) >= least ? /** @type {number} */ (value) : this.fail("not such an integer"); }
  /** @param {unknown} value @returns {Uint8Array} */
  base64(value, length = -1) {
    const data = fromBase64(value);
    return data && (length < 0 || data.length === length) ? data : this.fail("not such base64");
  }
  /** @param {unknown} value @returns {string} */
  time(value) { return isTime(value) ? /** @type {string} */ (value) : this.fail("not a time of this form"); }
  /** Inclusive, ascending, apart. @param {unknown} value @param {number} size @returns {[number, number][]} */
  ranges(value, size) {
    let next = 0;
    return this.list(value).map((range) => {
      const [a, b, ...more] = this.list(range, 2);
      this.integer(a, next); this.integer(b, a);
      if (more.length || b >= size) this.fail("a range is wrong");
      next = b + 1;
      return [a, b];
    });
  }
}
const HEX64 = /^[0-9a-f]{64}$/, HEX32 = /^[0-9a-f]{32}$/;
const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
/** @param {unknown} value */
function isTime(value) {
  if (typeof value !== "string" || !TIME.test(value)) return false;
  const at = new Date(`${value.slice(0, 23)}Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().slice(0, 19) === value.slice(0, 19);
}
