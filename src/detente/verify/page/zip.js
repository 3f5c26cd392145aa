// A zip archive read so strictly that two readers cannot see two archives in it: members are
// stored, lie one after another in the order of their names, and nothing else is in the file.

/** @typedef {{ path: string, size: number, crc: number, needed: number, header: number, at: number }} Member */

const WINDOW_BYTES = 8 << 20, DIRECTORY_BYTES_MAX = 128 << 20;
const PATH_BYTES_MAX = 512;
const PATH = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;

/** Reads slices of a file; neighbours come out of one larger slice. */
class FileWindow {
  /** @param {Blob} file */
  constructor(file) { this.file = file; this.start = 0; this.held = new Uint8Array(0); }
  /** @param {number} at @param {number} length @returns {Promise<Uint8Array>} */
  async read(at, length) {
    if (at < 0 || length < 0 || at + length > this.file.size) throw new Refusal("zip.malformed", "", "it ends too early");
    if (at < this.start || at + length > this.start + this.held.length) {
      const end = Math.min(this.file.size, at + Math.max(length, WINDOW_BYTES));
      this.held = new Uint8Array(await this.file.slice(at, end).arrayBuffer());
      this.start = at;
    }
    return this.held.subarray(at - this.start, at - this.start + length);
  }
}

class Archive {
  /** @param {FileWindow} window @param {Map<string, Member>} members */
  constructor(window, members) { this.window = window; this.members = members; }
  /** @param {string} path */
  has(path) { return this.members.has(path); }
  /** @param {string} path @returns {Promise<Uint8Array>} only valid until the next read */
  async read(path) {
    const member = this.members.get(path);
    if (!member) throw new Refusal("file.missing", path);
    return this.window.read(member.at, member.size);
  }
  /** @param {string} path @returns {Promise<Uint8Array | null>} */
  async readIfThere(path) { return this.has(path) ? (await this.read(path)).slice() : null; }
  /** @param {string} prefix @returns {string[]} */
  under(prefix) { return [...this.members.keys()].filter((path) => path.startsWith(prefix)); }
}

/** @param {Uint8Array} data */
const viewOf = (data) => new DataView(data.buffer, data.byteOffset, data.byteLength);
/** @param {DataView} view @param {number} at */
function u64(view, at) {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Refusal("zip.malformed", "", "a number is too large");
  return Number(value);
}

/** @param {Blob} file @returns {Promise<Archive>} with every header checked; contents are not yet
 * @throws {Refusal} @throws {Unusable} no zip at all */
async function openArchive(file) {
  const window = new FileWindow(file);
  if (file.size < 22) throw new Unusable("notZip");
  const start = await window.read(0, 4), signature = viewOf(start).getUint32(0, true);
  const end = await endOfDirectory(window, file.size);
  if (!end) {
    if (signature !== 0x04034b50) throw new Unusable("notZip");
    throw new Refusal("zip.malformed", "", "there is no end record where one must be");
  }
  if (end.count > FORMATS.BUNDLE_MEMBERS_MAX || end.length > DIRECTORY_BYTES_MAX) throw new Refusal("zip.limit", "", "too many members");
  const directory = (await window.read(end.at, end.length)).slice();
  const members = readDirectory(directory, end.count);
  await checkLayout(window, members, end.at);
  return new Archive(window, new Map(members.map((member) => [member.path, member])));
}

/** @param {FileWindow} window @param {number} fileSize */
async function endOfDirectory(window, fileSize) {
  const at = fileSize - 22, view = viewOf((await window.read(at, 22)).slice());
  if (view.getUint32(0, true) !== 0x06054b50) {
    // Looked for only to say which of the two it is.
    const tail = (await window.read(Math.max(0, fileSize - 65557), Math.min(fileSize, 65557))).slice();
    for (let i = tail.length - 22; i >= 0; i--) {
      if (tail[i] === 0x50 && tail[i + 1] === 0x4b && tail[i + 2] === 5 && tail[i + 3] === 6) {
        throw new Refusal("zip.trick", "", "something follows the end record");
      }
    }
    return null;
  }
  if (view.getUint16(20, true) !== 0) throw new Refusal("zip.trick", "", "a comment");
  if (view.getUint16(4, true) !== 0 || view.getUint16(6, true) !== 0) throw new Refusal("zip.trick", "", "several disks");
  const found = { count: view.getUint16(10, true), length: view.getUint32(12, true), at: view.getUint32(16, true) };
  if (view.getUint16(8, true) !== found.count) throw new Refusal("zip.trick", "", "two numbers of members");
  const wide = found.count === 0xffff || found.length === 0xffffffff || found.at === 0xffffffff;
  let directoryEnd = at;
  if (wide) directoryEnd = await wideEnd(window, at, found);
  if (found.at + found.length !== directoryEnd) throw new Refusal("zip.trick", "", "the directory is not followed by its end record");
  return found;
}

/** Zip64: record and locator directly before the end record. */
async function wideEnd(window, at, found) {
  if (at < 76) throw new Refusal("zip.malformed", "", "no room for a Zip64 record");
  const view = viewOf((await window.read(at - 76, 76)).slice());
  if (view.getUint32(56, true) !== 0x07064b50 || view.getUint32(0, true) !== 0x06064b50) throw new Refusal("zip.malformed", "", "no Zip64 record");
  if (u64(view, 64) !== at - 76 || u64(view, 4) !== 44 || view.getUint32(60, true) !== 0 || view.getUint32(72, true) !== 1
    || ![3 << 8 | 20, 3 << 8 | 45].includes(view.getUint16(12, true)) || view.getUint16(14, true) !== 45 || view.getUint32(16, true) !== 0 || view.getUint32(20, true) !== 0) throw new Refusal("zip.trick", "", "the Zip64 record");
  const count = u64(view, 32), length = u64(view, 40), start = u64(view, 48);
  if (u64(view, 24) !== count) throw new Refusal("zip.trick", "", "two numbers of members");
  const narrow = (value, limit) => Math.min(value, limit);
  if (found.count !== narrow(count, 0xffff) || found.length !== narrow(length, 0xffffffff) || found.at !== narrow(start, 0xffffffff)) throw new Refusal("zip.trick", "", "two ends disagree");
  if (count < 0xffff && length < 0xffffffff && start < 0xffffffff) throw new Refusal("zip.trick", "", "Zip64 without need");
  Object.assign(found, { count, length, at: start });
  return at - 76;
}

/** @param {Uint8Array} directory @param {number} count @returns {Member[]} */
function readDirectory(directory, count) {
  const view = viewOf(directory), members = [];
  let at = 0, previous = "";
  for (let n = 0; n < count; n++) {
    if (at + 46 > directory.length || view.getUint32(at, true) !== 0x02014b50) throw new Refusal("zip.malformed", "", "the directory ends too early");
    const nameLength = view.getUint16(at + 28, true), extra = view.getUint16(at + 30, true), comment = view.getUint16(at + 32, true);
    if (at + 46 + nameLength + extra + comment > directory.length) throw new Refusal("zip.malformed", "", "the directory ends too early");
    const path = String.fromCharCode(...directory.subarray(at + 46, at + 46 + Math.min(nameLength, 1024)));
    const trick = (detail) => { throw new Refusal("zip.trick", printable(path), detail); };
    if (nameLength > PATH_BYTES_MAX) throw new Refusal("zip.limit", printable(path), "its name is too long");
    if (!PATH.test(path) || path.split("/").some((part) => part === "." || part === "..")) trick("the path");
    if (path === previous) trick("two members of this name");
    if (path < previous) trick("not in the order of names");
    previous = path;
    if (comment) trick("a comment");
    if (view.getUint16(at + 34, true) !== 0) trick("another disk");
    if (view.getUint16(at + 36, true) !== 0 || view.getUint32(at + 38, true) !== 0o100644 * 65536) trick("the attributes");
    const fixed = commonFields(view, at + 6, trick);
    let header = view.getUint32(at + 42, true);
    const { size } = fixed, isWide = header === 0xffffffff, from = at + 46 + nameLength;
    if (extra !== (isWide ? 12 : 0)) trick("an extra field");
    if (isWide) {
      if (view.getUint16(from, true) !== 1 || view.getUint16(from + 2, true) !== 8) trick("an extra field");
      header = u64(view, from + 4);
      if (header < 0xffffffff) trick("Zip64 without need");
    }
    if (fixed.needed !== (isWide ? 45 : 20) || view.getUint16(at + 4, true) !== (3 << 8 | fixed.needed)) trick("the system or version");
    if (size > FORMATS.BUNDLE_MEMBER_BYTES_MAX) throw new Refusal("zip.limit", path, "too large");
    members.push({ path, size, crc: fixed.crc, needed: fixed.needed, header, at: header + 30 + nameLength });
    at += 46 + nameLength + extra + comment;
  }
  const paths = new Set(members.map((member) => member.path));
  for (const { path } of members) for (let end = path.indexOf("/"); end > 0; end = path.indexOf("/", end + 1)) if (paths.has(path.slice(0, end))) throw new Refusal("zip.trick", path, "below something that is a file");
  if (at !== directory.length) throw new Refusal("zip.trick", "", "more in the directory than is counted");
  return members;
}

/** What local header and directory have in common, from "version needed" on. */
function commonFields(view, at, trick) {
  const needed = view.getUint16(at, true);
  if (view.getUint16(at + 2, true) !== 0) trick("flags");
  if (view.getUint16(at + 4, true) !== 0) trick("it is compressed");
  if (view.getUint16(at + 6, true) !== 0 || view.getUint16(at + 8, true) !== 0x21) trick("the date");
  const crc = view.getUint32(at + 10, true), size = view.getUint32(at + 18, true);
  if (view.getUint32(at + 14, true) !== size) trick("two sizes");
  return { needed, crc, size };
}

/** @param {FileWindow} window @param {Member[]} members @param {number} end where the directory begins */
async function checkLayout(window, members, end) {
  let next = 0;
  for (const member of members) {
    const { path } = member;
    const trick = (detail) => { throw new Refusal("zip.trick", path, detail); };
    if (member.header !== next) trick("something lies between members, or members overlap");
    if (member.at + member.size > end) trick("it reaches into the directory");
    const header = await window.read(member.header, 30 + path.length), view = viewOf(header);
    if (view.getUint32(0, true) !== 0x04034b50) throw new Refusal("zip.malformed", path, "no local header");
    const fields = commonFields(view, 4, trick);
    if (view.getUint16(26, true) !== path.length || view.getUint16(28, true) !== 0
      || String.fromCharCode(...header.subarray(30)) !== path || fields.needed !== member.needed || fields.size !== member.size || fields.crc !== member.crc) trick("two headers disagree");
    next = member.at + member.size;
  }
  if (next !== end) throw new Refusal("zip.trick", "", "something lies before the directory");
}
/** @param {string} text */
const printable = (text) => text.replace(/[^\x20-\x7e]/g, "?").slice(0, 200);
