// From facts to sentences: what is proven, by whom, and what is not. Every sentence in both languages.

const HIGH = /(?<=\S) (?=[:;!?»%])|(?<=«) /g;
/** @param {"en" | "fr"} language @param {string} key @param {Record<string, string | number>} [values] */
function say(language, key, values = {}) {
  const text = PHRASES[language][key];
  if (text === undefined) throw new Error(`no such phrase: ${key}`);
  // One pass: what is put in is never looked at again.
  return (language === "fr" ? text.replace(HIGH, "\u202f") : text).replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}
/** @param {Record<string, string>} names @param {string} fallback @param {"en" | "fr"} language */
const nameIn = (names, fallback, language) => names[language] || names.en || Object.values(names)[0] || fallback;
const posixTime = (seconds) => (seconds < 253402300800 ? new Date(seconds * 1000).toISOString().replace(".000Z", "Z") : String(seconds));

const EVENTS_SHOWN = 100;
/** What became of keys, content, cosignatures and clocks, as the parties themselves state it. Bodies are not checked for all kinds. */
function eventsOf(items, erased) {
  const text = (item, name) => { const value = item.body.get(name); return typeof value === "string" ? value : "?"; };
  const number = (item, name) => { const value = item.body.get(name); return typeof value === "number" ? value : "?"; };
  const shortKey = (item, name) => text(item, name).split("+").slice(0, 2).join("+");
  const told = [], byIndex = new Map(items.map((item) => [item.index, item])), clocks = new Map();
  for (const item of items.filter((entry) => entry.believed)) {
    const { index: at, from: by } = item;
    if (item.kind === "key-rotation") told.push({ key: `event.rotation.${text(item, "purpose")}`, by, values: { at, new_vkey: shortKey(item, "new") } });
    else if (item.kind === "key-revocation") told.push({ key: "event.revocation", by, values: { at, key_vkey: shortKey(item, "key"), good_until_index: number(item, "good_until_index"), origin: text(item, "origin"), reason: text(item, "reason") } });
    else if (item.kind === "witness-refusal") told.push({ key: "event.refusal", by, values: { at, size: number(item, "size"), origin: text(item, "origin"), reason: text(item, "reason") } });
    else if (item.kind === "clock" && number(item, "offset_ms") !== "?" && number(item, "uncertainty_ms") !== "?") {
      const values = { at, offset_ms: number(item, "offset_ms"), uncertainty_ms: number(item, "uncertainty_ms"), source: text(item, "source") };
      const known = clocks.get(by) ?? { by, count: 0, error: -Infinity, values }, error = Math.abs(values.offset_ms) + values.uncertainty_ms;
      clocks.set(by, { by, count: known.count + 1, error: Math.max(error, known.error), values: error > known.error ? values : known.values });
    }
  }
  for (const { index, by } of erased) {
    const item = byIndex.get(by);
    if (item) told.push({ key: "event.erasure", by: item.from, values: { index, at: by, ground: text(item, "ground") } });
  }
  return { told, clocks: [...clocks.values()] };
}

function statementsOf(report) {
  const both = (key, values = {}) => {
    const told = (language) => say(language, key, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typeof value === "function" ? value(language) : value])));
    return { en: told("en"), fr: told("fr") };
  };
  const party = (id) => (language) => nameIn(report.parties.find((entry) => entry.id === id)?.names ?? {}, id, language);
  const statements = [], limits = [];
  const stamps = report.checkpoints.flatMap((entry) => entry.timestamps.map(() => entry.size));
  if (report.proven) {
    const others = report.checkpoints.flatMap((entry) => entry.cosigners.map((line) => ({ size: entry.size, line })));
    statements.push(both("agreed", { parties: (language) => report.parties.map((entry) => party(entry.id)(language)).join(", "), version: report.agreement_version }));
    statements.push(both("head", { party: party(report.party), size: report.size }));
    statements.push(both(report.scope === "full" ? "complete" : "subset"));
    for (const { size, line: [name, kind, time] } of others) statements.push(both(kind === "party" ? "cosigned" : "neutral", { name: kind === "party" ? party(name) : name, size, time: posixTime(time) }));
    if (others.length) statements.push(both("rewritten"));
    if (report.anchors) statements.push(both("anchors", { count: report.anchors }));
    const { told, clocks } = report.events;
    for (const { key, by, values } of told.slice(0, EVENTS_SHOWN)) statements.push(both(key, { ...values, party: party(by) }));
    if (told.length > EVENTS_SHOWN) statements.push(both("event.more", { count: told.length - EVENTS_SHOWN }));
    const decimal = (number) => (language) => (language === "fr" ? String(number).replace(".", ",") : String(number));
    for (const { by, count, values } of clocks) statements.push(both("event.clock", { ...values, party: party(by), count, offset_ms: decimal(values.offset_ms), uncertainty_ms: decimal(values.uncertainty_ms) }));
  }
  // Cosignatures may cover the beginning only, such as all but the export's own entry.
  const reach = Math.max(0, ...report.checkpoints.filter((entry) => entry.cosigners.some(([, kind]) => kind === "party")).map((entry) => entry.size));
  if (!report.pinned) limits.push(both("limit.pinned", { sha256: report.agreement_sha256 || "?" }));
  if (["single", "timestamped", "third-party"].includes(report.grade)) limits.push(reach ? both("limit.partly", { size: reach }) : both("limit.single"));
  else if (report.grade) for (const { id } of report.parties) {
    const seen = report.checkpoints.filter((entry) => entry.cosigners.some(([name, kind]) => kind === "party" && name === id)).map((entry) => entry.size);
    if (id !== report.party && Math.max(0, ...seen) <= report.last_shown) limits.push(both("limit.absent", { party: party(id) }));
  }
  limits.push(both("limit.truth"), both("limit.withheld"));
  if (report.scope === "subset") limits.push(both("limit.subset"));
  if (report.anchors_unheld) limits.push(both("limit.anchors", { count: report.anchors_unheld }));
  limits.push(both("limit.clock"));
  for (const size of stamps) limits.push(both("limit.unchecked", { size, command: `openssl ts -verify -data timestamps/${size}.note -in timestamps/${size}.tsr -CAfile timestamps/tsa.pem` }));
  limits.push(both("limit.collusion"), both("limit.missing"), both("limit.keys"));
  if (report.unbelieved) limits.push(both("limit.believed", { count: report.unbelieved }));
  if (report.erased_count) limits.push(both("limit.erased", { count: report.erased_count }));
  if (report.gap_count) limits.push(both("limit.gaps", { count: report.gap_count }));
  if (report.withheld_blobs) limits.push(both("limit.blobs", { count: report.withheld_blobs }));
  return { statements, limits };
}
