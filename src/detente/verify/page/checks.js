// The parts of a verification that need the log as a whole.

/** @returns {Promise<Head[]>} those that are good; the one of the bundle first */
async function checkHeads(archive, manifest, ring, now, findings) {
  const heads = [], newest = await findings.during(async () => {
    const head = await checkHead((await archive.read("checkpoint")).slice(), "checkpoint", manifest.origin, ring, now);
    if (head.checkpoint.size !== manifest.size) throw new Refusal("manifest.mismatch", "checkpoint", "another size");
    return head;
  });
  if (newest) heads.push(newest);
  const paths = archive.under("checkpoints/"), isMany = paths.length > FORMATS.BUNDLE_CHECKPOINTS_MAX;
  if (isMany) findings.add("zip.limit", "checkpoints/", "too many checkpoints");
  for (const path of isMany ? [] : paths) {
    const size = /^checkpoints\/([1-9][0-9]{0,15})$/.exec(path);
    if (!size) { findings.add("file.extra", path, "no size of a checkpoint"); continue; }
    await findings.during(async () => {
      const head = await checkHead((await archive.read(path)).slice(), path, manifest.origin, ring, now);
      if (head.checkpoint.size !== +size[1]) throw new Refusal("manifest.mismatch", path, "another size");
      if (+size[1] >= manifest.size) throw new Refusal("checkpoint.malformed", path, "not older than the newest one");
      heads.push(head);
    });
  }
  return heads;
}

/** @returns {Promise<{ leaf: (index: number) => Uint8Array | null, rootAt: (size: number) => Uint8Array | null }>} */
async function checkTree(archive, manifest, gathered, isFull, heads, findings) {
  const { size } = manifest, tree = new TileTree(archive, size), groups = new Set(gathered.shown.map((index) => Math.floor(index / TILE)));
  if (isFull) for (let number = 0; number * TILE < size && number <= archive.members.size; number++) groups.add(number);
  const expected = new Set([...groups].map((number) => tilePath("entries", number, Math.min(TILE, size - number * TILE))));
  for (const path of isFull && size > FORMATS.BUNDLE_MEMBERS_MAX * TILE ? [] : isFull ? tree.allPaths() : tree.neededPaths(groups)) expected.add(path);
  for (const path of archive.under("tile/")) if (!expected.has(path)) findings.add("file.extra", path, "no tile of this tree that belongs here");
  for (const path of [...expected].sort()) if (!archive.has(path)) findings.add("file.missing", path);
  await tree.load(expected, findings);
  for (const [number, hashes] of gathered.leafHashes) {
    const tile = tree.tiles.get(tree.path(0, number));
    if (tile && !(tile.length === hashes.length && tile.every((hash, i) => same(hash, hashes[i])))) findings.add("tree.tile", `tile 0/${number}`, "not the hashes of its entries");
  }
  for (const path of tree.wrongTiles()) findings.add("tree.tile", path, "not in the tile above it");
  const whole = isFull ? entriesRoot(gathered.leafHashes, size) : null;
  const rootAt = (wanted) => { try { return tree.root(wanted); } catch (error) { if (error instanceof Refusal) return null; throw error; } };
  const root = rootAt(size), [newest] = heads;
  if (newest?.checkpoint.where === "checkpoint") {
    if (whole && !(root && same(root, whole))) findings.add("tree.root", "tile/", "tiles and entries disagree");
    if (root && !same(root, newest.checkpoint.root)) findings.add("tree.root", "checkpoint", "not the root of the tiles");
    await checkConsistency(archive, heads, rootAt, isFull, findings);
  }
  const leaf = (index) => tree.tiles.get(tree.path(0, Math.floor(index / TILE)))?.[index % TILE] ?? null;
  return { leaf, rootAt: (wanted) => (isFull || wanted === size ? rootAt(wanted) : null) };
}
/** The root of the entries themselves, if all of them are there. */
function entriesRoot(groups, size) {
  const peaks = [];
  let count = 0;
  for (let number = 0; number * TILE < size && groups.has(number); number++) for (const hash of groups.get(number)) {
    let node = hash;
    for (let rest = count; rest % 2; rest = half(rest)) node = nodeHash(peaks.pop(), node);
    peaks.push(node);
    count++;
  }
  return count === size && size ? peaks.reduceRight((right, left) => nodeHash(left, right)) : null;
}
async function checkConsistency(archive, heads, rootAt, isFull, findings) {
  const [newest, ...older] = heads, last = newest.checkpoint, used = new Set(), good = [];
  for (const head of older) {
    const first = head.checkpoint;
    const path = `consistency/${first.size}-${last.size}.txt`;
    used.add(path);
    await findings.during(async () => {
      const data = await archive.readIfThere(path);
      if (!data) throw new Refusal("file.missing", path);
      const text = latin1(data), proof = text === "" ? [] : text.endsWith("\n") ? hashesOf(text.slice(0, -1).split("\n")) : null;
      if (!proof || !isConsistent(first.size, last.size, first.root, last.root, proof)) throw new Refusal("proof.consistency", path, "it does not lead to the newest checkpoint");
      const computed = isFull ? rootAt(first.size) : null;
      if (computed && !same(computed, first.root)) throw new Refusal("tree.root", first.where, "not the root of the entries");
      good.push(head);
    });
  }
  heads.splice(0, heads.length, newest, ...good);
  const stated = new Set(archive.under("checkpoints/").map((path) => `consistency/${path.slice(12)}-${last.size}.txt`));
  for (const path of archive.under("consistency/")) if (!used.has(path) && !stated.has(path)) findings.add("file.extra", path, "for no checkpoint of the bundle");
}

/** @returns {Promise<Claims>} */
async function checkLinks(gathered, authors, ring, manifest, isFull, owner, heads, tree, archive, findings) {
  const items = [...authors.keys()], { erased } = gathered, { origin } = manifest, erasedBy = new Map(), partyOfKey = new Map(ring.slots.map((slot) => [hex(slot.entry.key.key), slot.entry.party]));
  for (const entry of [...erased].sort((a, b) => a.index - b.index)) {
    const party = partyOfKey.get(entry.key);
    erasedBy.set(party, [...(erasedBy.get(party) ?? []), entry.index]);
  }
  const gaps = await readGaps(items, owner, ring, findings);
  checkChains(items, isFull, erasedBy, findings, gaps);
  const known = new Map(heads.map(({ checkpoint }) => [checkpoint.size, checkpoint.root]));
  const claims = new Claims({ origin, isFull, ring, erased, rootAt: tree.rootAt, known });
  claims.gaps = gaps.size;
  for (const item of items) await findings.during(() => claims.take(item));
  for (const [item, slot] of authors) await findings.during(() => claims.check(item, slot));
  checkErasures(erased, new Map(items.map((item) => [item.index, item])), origin, owner, findings);
  checkBlobs(archive, items, manifest.withheld, findings);
  await findings.during(async () => checkCustody(await archive.read("custody.json"), items.filter((item) => item.kind === "custody" && item.from === owner), [...items, ...erased], manifest));
  return claims;
}
function checkBlobs(archive, items, withheld, findings) {
  const named = new Map();
  for (const item of items) for (const { sha256: digest, size } of item.blobs) {
    if (!named.has(digest)) named.set(digest, size);
    else if (named.get(digest) !== size) findings.add("blob.mismatch", `entry ${item.index}`, `two sizes of ${digest}`);
  }
  for (const [digest, size] of named) {
    const member = archive.members.get(`blobs/${digest}`);
    if (!member) { if (!withheld.has(digest)) findings.add("blob.missing", `blobs/${digest}`); }
    else if (member.size !== size) findings.add("blob.mismatch", member.path, "size");
  }
  for (const path of archive.under("blobs/")) if (!named.has(path.slice(6))) findings.add("file.extra", path, "no entry names this blob");
  for (const digest of withheld) if (!named.has(digest) || archive.has(`blobs/${digest}`)) findings.add("manifest.mismatch", "manifest.json", `withheld blob ${digest}`);
}

async function checkExtras(archive, manifest, gathered, ring, owner, heads, tree, findings, progress) {
  const logs = ring.of(owner, "log").map((slot) => slot.entry.key), good = new Set(gathered.items.map((item) => item.index));
  let isTrusted = true;
  await findings.during(async () => { isTrusted = false; checkTrustedRoot(await archive.read("trusted_root.json"), manifest.origin, logs); isTrusted = true; });
  const wanted = new Set();
  let done = 0, group = -1, envelopes = new Map(), entries = [];
  for (const index of indicesOf(manifest.singles)) {
    const number = Math.floor(index / TILE), proofPath = `proofs/${index}.tlog-proof`, itemPath = `bundles/${index}.sigstore.json`;
    wanted.add(proofPath).add(itemPath);
    // Wrong keys make every item wrong: told once.
    if (!isTrusted) continue;
    if (!good.has(index)) { findings.add("manifest.mismatch", "manifest.json", `single item ${index} is not shown`); continue; }
    if (number !== group) { group = number; [envelopes, entries] = await groupAgain(archive, manifest.size, number); }
    const leaf = tree.leaf(index);
    await findings.during(async () => {
      await checkTlogProof((await archive.read(proofPath)).slice(), index, leaf, heads, logs, proofPath);
      await checkSigstore((await archive.read(itemPath)).slice(), index, envelopes.get(index) ?? new Map(), entries[index % TILE] ?? new Uint8Array(0), leaf, heads, logs, itemPath);
    });
    if (++done % 64 === 0) progress("singles", done, manifest.singles.length);
  }
  for (const path of [...archive.under("proofs/"), ...archive.under("bundles/")]) if (!wanted.has(path)) findings.add("file.extra", path, "no single item");
  await checkTimestamps(archive, heads, findings);
}
/** Envelopes and entries of a group once more: they are not kept, 70,000 would be too many. */
async function groupAgain(archive, size, number) {
  const envelopes = new Map(), path = `envelopes/${groupedName(number)}.jsonl`, entriesPath = tilePath("entries", number, Math.min(TILE, size - number * TILE));
  try {
    for (const line of fromUtf8(await archive.read(path)).split("\n")) {
      const map = line.startsWith("{") ? asMap(lineAgain(line)) : new Map();
      if (map.has("envelope")) envelopes.set(map.get("index"), asMap(map.get("envelope")));
    }
    return [envelopes, entriesOf(await archive.read(entriesPath), entriesPath, Math.min(TILE, size - number * TILE))];
  } catch (error) {
    // Told already when the group was read first.
    if (error instanceof Refusal || error instanceof TypeError) return [envelopes, []];
    throw error;
  }
}
function lineAgain(line) {
  try { return new JsonReader(line).whole(); } catch (error) { if (error instanceof JsonMalformed) return null; throw error; }
}
async function checkTimestamps(archive, heads, findings) {
  const allowed = new Set(["timestamps/tsa.pem"]);
  for (const path of archive.under("timestamps/")) {
    const found = /^timestamps\/([1-9][0-9]*)\.(note|tsr)$/.exec(path);
    if (!found) continue;
    if (found[2] === "tsr") { allowed.add(path); if (!archive.has(`timestamps/${found[1]}.note`)) findings.add("file.missing", `timestamps/${found[1]}.note`); continue; }
    const tokenPath = `timestamps/${found[1]}.tsr`, head = heads.find((entry) => entry.checkpoint.size === +found[1]);
    allowed.add(path).add(tokenPath);
    await findings.during(async () => {
      const note = (await archive.read(path)).slice(), token = (await archive.read(tokenPath)).slice();
      await archive.read("timestamps/tsa.pem");
      if (!head) throw new Refusal("timestamp.wrong", path, "no checkpoint of that size");
      await checkTimestamp(note, token, head, path);
      head.timestamps.push("not checked");
    });
  }
  for (const path of archive.under("timestamps/")) if (!allowed.has(path)) findings.add("file.extra", path, "no timestamp");
}
/** Members that the format does not know, though the manifest lists them. */
function checkUnknown(archive, manifest, findings) {
  const known = /^(README\.html|VERIFY\.md|agreement\.dsse\.json|checkpoint|custody\.json|manifest\.json|manifest\.sha256|policy|trusted_root\.json|agreement\/.+|(?:blobs|checkpoints|consistency|envelopes|bundles|proofs|tile|timestamps)\/.+)$/;
  for (const path of archive.members.keys()) {
    if (!known.test(path) && manifest.files.has(path)) findings.add("file.extra", path, "not of this format");
  }
}

// --- the report -----------------------------------------------------------------------------------

function emptyReport(bundle, options) {
  return {
    bundle, proven: false, exit_code: 1, grade: "", accepted: options.accept ?? "bilateral", agreement_id: "", agreement_sha256: "", agreement_version: 0, agreement_title: {}, pinned: false,
    origin: "", party: "", scope: "", size: 0, item_count: 0, erased_count: 0, withheld_blobs: 0, kinds: {}, first: "", last: "", exported_at: "", exported_by: [],
    parties: [], checkpoints: [], items: [], findings: [], finding_counts: {}, statements: [], limits: [],
  };
}
function fillReport(report, { newest, manifest, gathered, items, claims, heads, findings, options, signers }) {
  const { erased, shown } = gathered, covering = [...heads].sort((a, b) => a.checkpoint.size - b.checkpoint.size);
  // A later checkpoint covers what an earlier one does, so grades are taken from the end.
  const best = [];
  for (let i = covering.length - 1, grade = FORMATS.GRADES[0]; i >= 0; i--) { if (isLower(grade, covering[i].grade)) grade = covering[i].grade; best[i] = grade; }
  const gradeOf = (index) => { const at = covering.findIndex((entry) => entry.checkpoint.size > index); return at < 0 ? "" : best[at]; };
  let lowest = "bilateral";
  for (const index of shown) { const grade = gradeOf(index); if (!grade) { lowest = ""; break; } if (isLower(grade, lowest)) lowest = grade; }
  if (!shown.length) lowest = "";
  report.grade = lowest;
  if (!lowest) findings.add("grade.lower", "checkpoint", "no good checkpoint covers the entries");
  else {
    if (isLower(lowest, report.accepted)) findings.add("grade.lower", "checkpoint", `${lowest}, not ${report.accepted}`);
    // A token that cannot be checked here does not make the exporter a liar.
    const excused = manifest.grade === "timestamped" && heads.some((entry) => entry.timestamps.length);
    if (isLower(lowest, manifest.grade) && !excused) findings.add("grade.lower", "manifest.json", `${lowest}, not ${manifest.grade}`);
    const covered = Math.max(0, ...heads.filter((entry) => entry.quorum).map((entry) => entry.checkpoint.size)), last = shown[shown.length - 1];
    if (report.accepted === "bilateral" && covered <= last) findings.add("policy.quorum", `entry ${last}`, "too few of those whom the policy names");
  }
  const times = items.map((item) => item.created).sort(), kinds = {};
  for (const item of items) kinds[item.kind] = (kinds[item.kind] ?? 0) + 1;
  const isPinned = Boolean(options.agreement) && !findings.counts["agreement.pinned"];
  Object.assign(report, {
    agreement_id: newest.id, agreement_sha256: newest.sha256, agreement_version: newest.version, agreement_title: newest.title, anchors: claims.anchors, anchors_unheld: claims.unheld, gap_count: claims.gaps, last_shown: shown[shown.length - 1] ?? -1,
    item_count: shown.length, erased_count: erased.length, kinds, first: times[0] ?? "", last: times[times.length - 1] ?? "",
    unbelieved: items.filter((item) => !item.believed).length, events: eventsOf(items, erased),
    parties: newest.parties.map((party) => ({
      id: party.id, names: party.names, officers: party.keys.filter((key) => key.purpose === "officer").map((key) => [key.key.name, key.holder]),
      pinned: isPinned || signers.has(party.id),
    })),
    checkpoints: heads.map((entry) => ({
      size: entry.checkpoint.size, root: hex(entry.checkpoint.root), quorum: entry.quorum, timestamps: entry.timestamps,
      cosigners: [...[...entry.parties].map(([name, time]) => [name, "party", time]), ...[...entry.neutral].map(([name, time]) => [name, "neutral", time])],
    })),
    items: items.slice(0, ITEMS_SHOWN).map((item) => ({
      index: item.index, id: item.id, kind: item.kind, sender: item.from, to: item.to, author: item.author, holder: item.holder ?? "", channel: item.channel, created: item.created, status: item.status,
      payload_sha256: item.sha256, grade: gradeOf(item.index), receipts: (item.receipts ?? []).map(([party, origin, index, here]) => [party, origin, index, here]), acknowledgements: item.acknowledgements ?? [], believed: item.believed ?? false,
      of: item.kind === "receipt" || item.kind === "acknowledgement" ? String(item.body.get("of") ?? "") : "",
    })),
  });
}
function finishReport(report, findings) {
  const proven = findings.errors === 0;
  report.pinned = report.parties.length > 0 && report.parties.every((party) => party.pinned);
  Object.assign(report, { proven, exit_code: proven ? 0 : 1, findings: findings.kept, finding_counts: findings.counts });
  Object.assign(report, statementsOf(report));
  return report;
}
