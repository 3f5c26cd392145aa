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
const nameIn = (names, fallback, language) => names[language] ?? names.en ?? Object.values(names)[0] ?? fallback;
const posixTime = (seconds) => (seconds < 253402300800 ? new Date(seconds * 1000).toISOString().replace(".000Z", "Z") : String(seconds));

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
  }
  if (!report.pinned) limits.push(both("limit.pinned", { sha256: report.agreement_sha256 || "?" }));
  if (["single", "timestamped", "third-party"].includes(report.grade)) limits.push(both("limit.single"));
  limits.push(both("limit.truth"), both("limit.withheld"));
  if (report.scope === "subset") limits.push(both("limit.subset"));
  limits.push(both("limit.clock"));
  for (const size of stamps) limits.push(both("limit.unchecked", { size, command: `openssl ts -verify -data timestamps/${size}.note -in timestamps/${size}.tsr -CAfile timestamps/tsa.pem` }));
  limits.push(both("limit.collusion"), both("limit.missing"), both("limit.keys"));
  if (report.unbelieved) limits.push(both("limit.believed", { count: report.unbelieved }));
  if (report.erased_count) limits.push(both("limit.erased", { count: report.erased_count }));
  if (report.withheld_blobs) limits.push(both("limit.blobs", { count: report.withheld_blobs }));
  return { statements, limits };
}
