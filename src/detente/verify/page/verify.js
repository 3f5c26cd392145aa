// A whole bundle: one check after another, every finding collected.

const FINDINGS_KEPT = 200, ITEMS_SHOWN = 5000;
class Findings {
  constructor() { this.kept = []; this.counts = {}; this.errors = 0; }
  /** @param {string} code @param {string} where */
  add(code, where, detail = "", severity = "error") {
    if (!FORMATS.FINDING_CODES.includes(code)) throw new Error(`no such finding: ${code}`);
    this.counts[code] = (this.counts[code] ?? 0) + 1;
    if (severity === "error") this.errors++;
    if (this.kept.length < FINDINGS_KEPT) this.kept.push({ code, where, detail: detail.slice(0, 500), severity });
  }
  /** Holds what a check refuses against the bundle, and goes on. @template T @param {() => T | Promise<T>} check @returns {Promise<T | null>} */
  async during(check) {
    try { return await check(); } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.add(error.code, error.where, error.detail);
      return null;
    }
  }
}

/**
 * @param {File} file
 * @param {{ accept?: string, agreement?: string, keys?: string[], now: number }} options `now`: POSIX seconds
 * @param {(stage: string, done: number, all: number) => void} progress
 * @throws {Unusable}
 */
async function verifyBundle(file, options, progress) {
  await requireCryptography();
  const findings = new Findings(), report = emptyReport(file.name, options);
  progress("open", 0, 1);
  const archive = await findings.during(() => openArchive(file));
  if (archive) await findings.during(() => verifyArchive(archive, options, findings, report, progress));
  if (!archive || !report.size) report.parties = [];
  return finishReport(report, findings);
}
const isLower = (one, other) => FORMATS.GRADES.indexOf(one) < FORMATS.GRADES.indexOf(other);

async function verifyArchive(archive, options, findings, report, progress) {
  const hashes = await checkContents(archive, progress);
  const manifestData = await archive.readIfThere("manifest.json");
  if (!manifestData) throw new Refusal("file.missing", "manifest.json");
  const manifest = readManifest(manifestData);
  await checkFiles(archive, manifest, manifestData, hashes, findings);
  Object.assign(report, { origin: manifest.origin, party: manifest.party, scope: manifest.scope, size: manifest.size, exported_at: manifest.exportedAt, exported_by: manifest.by, withheld_blobs: manifest.withheld.size });
  for (const path of REQUIRED) if (!archive.has(path) && !manifest.files.has(path)) findings.add("file.missing", path);
  const newest = readAgreement(await archive.read("agreement.dsse.json"), "agreement.dsse.json");
  if (newest.sha256 !== manifest.agreementHash || newest.id !== manifest.agreementId || newest.version !== manifest.agreementVersion) findings.add("manifest.mismatch", "manifest.json", "another agreement");
  const files = new Map();
  for (const path of archive.under("agreement/")) files.set(path.slice("agreement/".length), (await archive.read(path)).slice());
  await checkDocument(newest, files, findings);
  checkBlobNames(manifest, findings);

  const gathered = await gather(archive, manifest.size, findings, (done, all) => progress("entries", done, all));
  gathered.items.sort((a, b) => a.index - b.index);
  progress("links", 0, 1);
  if (!areIndices(manifest.items, gathered.shown)) findings.add("manifest.mismatch", "manifest.json", "items are not those in envelopes/");
  const isFull = manifest.scope === "full";
  if (isFull && gathered.shown.length !== manifest.size) findings.add("manifest.mismatch", "manifest.json", "scope full, but items are left out");
  const owner = manifest.party;
  const ring = await buildRing(gathered.items, newest, owner, manifest.origin, archive, findings);
  if (!ring.of(manifest.party, "log").some((slot) => slot.entry.key.name === manifest.origin)) findings.add("manifest.mismatch", "manifest.json", "the party or the origin");
  checkPinned(ring, newest, options, findings);
  const authors = checkAuthors(gathered.items, ring, newest.id, findings);
  await findings.during(async () => checkPolicy(await archive.readIfThere("policy"), ring, manifest.origin, findings));
  const heads = await checkHeads(archive, manifest, ring, options.now, findings);
  const tree = await checkTree(archive, manifest, gathered, isFull, heads, findings);
  const claims = await checkLinks(gathered, authors, ring, manifest, isFull, owner, heads, tree, archive, findings);
  await checkExtras(archive, manifest, gathered, ring, owner, heads, tree, findings, progress);
  checkUnknown(archive, manifest, findings);
  fillReport(report, { newest, manifest, gathered, items: [...authors.keys()], claims, heads, findings, options, signers: await signersOf(ring, new Set(options.keys ?? [])) });
}

/** CRC and SHA-256 of every member. @returns {Promise<Map<string, string>>} */
async function checkContents(archive, progress) {
  const hashes = new Map();
  let done = 0;
  for (const member of archive.members.values()) {
    const data = await archive.read(member.path);
    if (crc32(data) !== member.crc) throw new Refusal("zip.malformed", member.path, "CRC");
    hashes.set(member.path, hex(await sha256Large(data)));
    if (++done % 64 === 0) progress("files", done, archive.members.size);
  }
  return hashes;
}
async function checkFiles(archive, manifest, data, hashes, findings) {
  const sum = await archive.readIfThere("manifest.sha256");
  if (!sum) findings.add("file.missing", "manifest.sha256");
  else if (!same(sum, utf8(`${hashes.get("manifest.json")}  manifest.json\n`))) findings.add("manifest.mismatch", "manifest.sha256", "SHA-256 of the manifest");
  for (const path of manifest.files.keys()) if (!archive.has(path)) findings.add("file.missing", path, "listed, not there");
  for (const [path, member] of archive.members) {
    if (OWN_FILES.includes(path)) continue;
    const stated = manifest.files.get(path);
    if (!stated) findings.add("file.extra", path, "not listed");
    else if (stated.size !== member.size || stated.sha256 !== hashes.get(path)) findings.add("manifest.mismatch", path, "size or SHA-256");
  }
}
function checkPinned(ring, newest, options, findings) {
  const versions = [newest, ...ring.versions.map((version) => version.agreement)];
  if (options.agreement && !versions.some((version) => version.sha256 === options.agreement)) findings.add("agreement.pinned", "agreement.dsse.json", newest.sha256);
  const known = new Set(versions.flatMap((version) => [...version.keys.map((entry) => entry.key.vkey), ...[...version.witnesses.values()].map((key) => key.vkey)]));
  for (const vkey of options.keys ?? []) if (!known.has(vkey)) findings.add("agreement.pinned", vkey, "not in the agreement");
}
/** Parties that signed a version with one of these keys: that a key merely stands beside others says nothing of them.
 * @param {Set<string>} keys vkeys @returns {Promise<Set<string>>} */
async function signersOf(ring, keys) {
  const found = new Set();
  for (const { agreement } of ring.versions) for (const { key, party } of agreement.keys) for (const { keyid, sig } of agreement.envelope.signatures) {
    if (keys.has(key.vkey) && keyid === key.name && await isSignature(key.key, sig, agreement.envelope.pae)) found.add(party);
  }
  return found;
}
function checkBlobNames(manifest, findings) {
  for (const [path, stated] of manifest.files) if (path.startsWith("blobs/") && path !== `blobs/${stated.sha256}`) findings.add("blob.mismatch", path, "SHA-256");
}
async function buildRing(items, newest, owner, origin, archive, findings) {
  /** @type {KeyRing | null} */ let ring = null;
  const where = (agreement) => (agreement.sha256 === newest.sha256 ? "agreement.dsse.json" : `version ${agreement.version}`);
  for (const item of items) {
    await findings.during(async () => {
      if (item.kind === "agreement" && item.from === owner) {
        const version = await versionOf(item, newest, archive);
        if (!ring && item.index === 0) { ring = new KeyRing(version); await checkSigned(version, [], findings, where(version)); }
        else if (ring && version.sha256 !== ring.newest.sha256) {
          if (version.version !== ring.newest.version + 1 || version.previous !== ring.newest.sha256) throw new Refusal("payload.agreement", `entry ${item.index}`, "it does not follow the version before");
          const before = findings.counts["agreement.unsigned"];
          await checkSigned(version, ring.signersAt(item.index), findings, where(version), ring.newest);
          if (findings.counts["agreement.unsigned"] === before) ring.amend(item.index, version);
        }
      } else if (ring && item.kind === "key-rotation") await ring.rotate(item);
      else if (ring && item.kind === "key-revocation") ring.revoke(item, origin);
    });
  }
  if (!ring) {
    findings.add("payload.agreement", "entry 0", "the record does not begin with the agreement");
    ring = new KeyRing(newest);
    await checkSigned(newest, [], findings, "agreement.dsse.json");
  } else if (ring.newest.sha256 !== newest.sha256) findings.add("payload.agreement", "agreement.dsse.json", "no entry puts this version in force");
  return ring;
}
async function versionOf(item, newest, archive) {
  const shape = new Shape("payload.malformed", `entry ${item.index}`), body = shape.exact(item.body, ["sha256", "version"]), version = shape.integer(body.get("version"));
  let found = newest.sha256 === body.get("sha256") ? newest : null;
  for (const blob of found ? [] : item.blobs) {
    const data = await archive.readIfThere(`blobs/${blob.sha256}`);
    if (!data || !latin1(data.subarray(0, 11)).startsWith('{"payload":')) continue;
    const other = readAgreement(data, `blobs/${blob.sha256}`);
    if (other.sha256 === body.get("sha256")) { found = other; break; }
  }
  if (!found) throw new Refusal("payload.agreement", shape.where, "the agreement it names is not in the bundle");
  if (found.version !== version || found.id !== item.agreement) throw new Refusal("payload.agreement", shape.where, "another version or agreement");
  return found;
}
/** Whose key it is that signed, asked with the whole log in view. @returns {Map<Item, Slot>} */
function checkAuthors(items, ring, agreementId, findings) {
  const authors = new Map(), parties = new Set(ring.versions.flatMap((version) => version.agreement.parties.map((party) => party.id)));
  for (const item of items) {
    const where = `entry ${item.index}`;
    if (item.agreement !== agreementId) { findings.add("payload.agreement", where, item.agreement); continue; }
    if (![item.from, ...item.to].every((party) => parties.has(party))) { findings.add("payload.agreement", where, "from or to"); continue; }
    const slot = ring.author(item.from, item.author, item.key, item.index);
    if (!slot) { findings.add("envelope.author", where, "not a key of the party that may sign there"); continue; }
    item.holder = slot.entry.holder;
    item.believed = item.index <= slot.goodUntil;
    if (!item.believed) findings.add("key.revoked", where, `${item.author} is believed up to entry ${slot.goodUntil}`, item.index > slot.revokedAt ? "error" : "notice");
    authors.set(item, slot);
  }
  return authors;
}
