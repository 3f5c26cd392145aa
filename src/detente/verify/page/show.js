// A report as a page. Whatever comes from a bundle is put in as text, never as markup.

const ROWS = 50;
/** Text whose characters are all to be seen: what controls or turns others is written as its code. @param {Node | string} child */
const plain = (child) => (typeof child === "string" ? child.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => [...c].map((one) => `\\u{${one.codePointAt(0)?.toString(16)}}`).join("")) : child);
/** @param {string} name @param {Record<string, string>} attributes @param {(Node | string)[]} children @returns {HTMLElement} */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.map(plain));
  return made;
}
const ICONS = { good: "M24 4 42 11v12c0 11-8 18-18 21C14 41 6 34 6 23V11z M15 24l7 7 12-14", bad: "M24 4 42 11v12c0 11-8 18-18 21C14 41 6 34 6 23V11z M17 17l14 14 M31 17 17 31", dull: "M24 4 42 11v12c0 11-8 18-18 21C14 41 6 34 6 23V11z M24 14v13 M24 34v.5" };

/** @param {string} kind @param {string} title @param {string} text @param {HTMLElement[]} actions */
function verdict(kind, title, text, actions = []) {
  const icon = svg("svg", { viewBox: "0 0 48 48", "aria-hidden": "true" }, svg("path", { d: ICONS[kind] }));
  return element("section", { class: `verdict ${kind}`, "aria-labelledby": "verdict" }, icon, element("h2", { id: "verdict" }, title), element("p", {}, text), element("div", { class: "actions" }, ...actions));
}
/** Findings that say by whom a record is not confirmed, not that anything in it is wrong. */
const CONFIRMATION = ["grade.lower", "policy.quorum"];
/** @param {any} report @returns {"proven" | "unconfirmed" | "refused"} */
function verdictOf(report) {
  if (report.proven) return "proven";
  const told = report.findings.length === Object.values(report.finding_counts).reduce((sum, count) => sum + count, 0);
  return told && report.findings.every(({ code, severity }) => severity === "notice" || CONFIRMATION.includes(code)) ? "unconfirmed" : "refused";
}
/** @param {any} report @param {"en" | "fr"} language @param {() => void} save */
function showReport(report, language, save) {
  const tell = (key, values) => say(language, key, values), partyName = (id) => nameIn(report.parties.find((party) => party.id === id)?.names ?? {}, id, language);
  const button = (key, action) => { const made = element("button", { type: "button" }, tell(key)); made.addEventListener("click", action); return made; };
  const found = verdictOf(report);
  const parts = [verdict(found === "proven" ? "good" : "bad", tell(found), tell(`${found}.text`), [button("page.save", save), button("page.print", () => print())])];
  if (report.findings.length) parts.push(findingsOf(report, tell));
  if (report.size && report.agreement_id) parts.push(whatItIs(report, tell, partyName, language));
  const list = (sentences) => element("ul", {}, ...sentences.map((sentence) => element("li", {}, sentence[language])));
  const isnot = element("section", { class: "card isnot" }, element("h2", {}, tell("heading.limits")), list(report.limits));
  if (report.statements.length) parts.push(element("div", { class: "pair" }, element("section", { class: "card is" }, element("h2", {}, tell("heading.proven")), list(report.statements)), isnot));
  if (report.checkpoints.length) parts.push(witnessesOf(report, tell, partyName));
  const picture = timeline(report, tell, partyName);
  if (picture) parts.push(element("section", {}, element("h2", {}, tell("timeline")), picture));
  if (report.items.length) parts.push(itemsOf(report, tell, partyName));
  if (!report.statements.length) parts.push(isnot);
  return parts;
}
function findingsOf(report, tell) {
  const placed = (where) => { const entry = /^entry ([0-9]+)$/.exec(where); return entry ? tell("where.entry", { index: entry[1] }) : where; };
  const counted = Object.values(report.finding_counts).reduce((sum, count) => sum + count, 0), section = element("section", { class: "card findings" }, element("h2", {}, tell("heading.findings")));
  section.append(element("ul", {}, ...report.findings.map(({ code, where, detail, severity }) => element("li", severity === "notice" ? { class: "notice" } : {}, tell(code), " ", element("code", {}, code),
    element("small", {}, [placed(where), detail].filter(Boolean).join(" — "))))));
  if (counted > report.findings.length) section.append(element("p", {}, tell("findings.more", { count: counted - report.findings.length })));
  return section;
}
function whatItIs(report, tell, partyName, language) {
  const facts = element("dl", { class: "facts" }), fact = (key, ...values) => facts.append(element("dt", {}, tell(key)), element("dd", {}, ...values));
  const level = FORMATS.GRADES.indexOf(report.grade), bars = element("span", { class: "grade", "aria-hidden": "true" }, ...FORMATS.GRADES.map((_, n) => element("i", n <= level ? { class: "on" } : {})));
  // Of something refused a grade would be believed all the same.
  if (verdictOf(report) !== "refused") fact("what.grade.short", bars, tell(`grade.${report.grade}`));
  fact("what.file", report.bundle);
  fact("what.agreement.short", tell("what.version", { title: nameIn(report.agreement_title, report.agreement_id, language), version: report.agreement_version }));
  fact("what.hash", element("span", { class: "mono" }, report.agreement_sha256));
  fact("what.parties.short", report.parties.map((party) => partyName(party.id)).join(", "));
  const officers = report.parties.flatMap((party) => party.officers.map(([name, holder]) => `${holder || name} (${partyName(party.id)})`));
  if (officers.length) fact("what.officers.short", officers.join(", "));
  fact("what.record.short", tell("what.of", { origin: report.origin, party: partyName(report.party) }));
  fact("what.entries", tell("what.shown", { count: report.item_count, size: report.size, scope: tell(`scope.${report.scope}`) }));
  if (report.first) fact("what.span.short", tell("what.to", { first: report.first, last: report.last }));
  fact("what.exported", tell("what.by", { at: report.exported_at, by: report.exported_by.join(", ") }));
  return element("section", { class: "card" }, element("h2", {}, tell("what.title")), facts);
}
function witnessesOf(report, tell, partyName) {
  const rows = report.checkpoints.flatMap((entry) => {
    const lines = entry.cosigners.length ? entry.cosigners : [["", "", 0]];
    return lines.map(([name, kind, time], n) => element("tr", {}, element("td", { class: "number" }, n ? "" : String(entry.size)),
      element("td", {}, kind === "party" ? partyName(name) : kind ? tell("neutral.short", { name }) : tell("nobody")), element("td", {}, kind ? posixTime(time) : ""),
      element("td", {}, n ? "" : tell(entry.quorum ? "yes" : "no"), ...(n || !entry.timestamps.length ? [] : [element("br"), tell("stamp.there")]))));
  });
  return element("section", {}, element("h2", {}, tell("witnesses")), table(["witnesses.size", "witnesses.who", "witnesses.when", "witnesses.quorum"], rows, tell, "witnesses"));
}
function table(heads, rows, tell, label) {
  return element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": tell(label) }, element("table", {}, element("thead", {}, element("tr", {}, ...heads.map((key) => element("th", { scope: "col" }, tell(key))))), element("tbody", {}, ...rows)));
}
function itemsOf(report, tell, partyName) {
  const section = element("section", { id: "items" }, element("h2", {}, tell("items.title"))), search = element("input", { type: "search", autocomplete: "off", spellcheck: "false" }), kind = /** @type {HTMLSelectElement} */ (element("select"));
  kind.append(new Option(tell("items.any"), ""), new Option(tell("items.messages"), " "), ...Object.keys(report.kinds).sort().map((name) => new Option(name, name)));
  const previous = element("button", { type: "button" }, tell("items.previous")), next = element("button", { type: "button" }, tell("items.next")), count = element("span", { class: "count", role: "status" }), place = element("span"), holder = element("div");
  const texts = report.items.map((item) => [item.index, item.kind, partyName(item.sender), item.author, item.holder, item.channel, item.created, item.status].join(" ").toLowerCase());
  let page = 0;
  const draw = () => {
    const words = search.value.trim().toLowerCase(), found = report.items.filter((item, n) => texts[n].includes(words) && (kind.value === " " ? !isBookkeeping(item) : !kind.value || item.kind === kind.value));
    const pages = Math.max(1, Math.ceil(found.length / ROWS));
    page = Math.min(Math.max(page, 0), pages - 1);
    previous.toggleAttribute("disabled", page === 0);
    next.toggleAttribute("disabled", page === pages - 1);
    count.textContent = tell("items.count", { shown: found.length, all: report.items.length });
    place.textContent = tell("items.page", { page: page + 1, pages });
    holder.replaceChildren(table(["col.index", "col.time", "col.from", "col.to", "col.kind", "col.channel", "col.by", "col.receipts", "col.grade"], found.slice(page * ROWS, page * ROWS + ROWS).map((item) => itemRow(item, tell, partyName)), tell, "items.title"));
  };
  for (const [control, event, step] of /** @type {[HTMLElement, string, (() => void)][]} */ ([[search, "input", () => { page = 0; }], [kind, "change", () => { page = 0; }], [previous, "click", () => { page--; }], [next, "click", () => { page++; }]])) control.addEventListener(event, () => { step(); draw(); });
  section.append(element("div", { class: "tools" }, element("label", {}, tell("items.search"), search), element("label", {}, tell("items.kind"), kind), previous, place, next, count), holder);
  if (report.items.length < report.item_count - report.erased_count) section.append(element("p", { class: "legend" }, tell("items.held", { count: report.items.length })));
  draw();
  return section;
}
function itemRow(item, tell, partyName) {
  const answers = [...item.receipts.map(([party, , index]) => tell("receipt.by", { party: partyName(party), index })), ...item.acknowledgements.map(([party, author, holder]) => tell("acknowledged.by", { holder: holder || author, party: partyName(party) }))];
  const kind = element("td", {}, item.kind), time = item.created.replace("T", " ").replace(/\.0{6}Z$|(?<=\.\d{3})\d{3}Z$/, "Z");
  if (item.status !== "actual") kind.append(" ", element("span", { class: "badge test" }, item.status));
  if (!item.believed) kind.append(" ", element("span", { class: "badge warn" }, tell("mark.unbelieved")));
  return element("tr", {}, element("td", { class: "number" }, String(item.index)), element("td", { class: "time" }, time), element("td", {}, partyName(item.sender)), element("td", {}, item.to.map(partyName).join(", ")), kind,
    element("td", {}, item.channel), element("td", {}, item.holder || item.author), element("td", {}, element("ul", {}, ...answers.map((text) => element("li", {}, text)))), element("td", {}, tell(`grade.short.${item.grade}`)));
}
