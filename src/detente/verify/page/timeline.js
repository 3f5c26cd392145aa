// A picture of messages and what answered them: one lane for each party, time from left to right.

const SVG = "http://www.w3.org/2000/svg", DRAWN_MAX = 160;
/** @param {string} name @param {Record<string, string | number>} attributes @param {(Node | string)[]} children */
function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children.map(plain));
  return made;
}
/** @param {any} report @param {(key: string, values?: object) => string} tell @param {(id: string) => string} partyName @returns {HTMLElement | null} */
function timeline(report, tell, partyName) {
  const ids = report.parties.map((party) => party.id), messages = report.items.filter((item) => !isBookkeeping(item) && ids.includes(item.sender));
  const drawn = messages.slice(0, DRAWN_MAX);
  if (!drawn.length || ids.length < 2) return null;
  const byIndex = new Map(report.items.map((item) => [item.index, item])), seconds = (text) => Date.parse(`${text.slice(0, 23)}Z`) / 1000;
  const answers = drawn.flatMap((item) => [
    ...item.receipts.map(([party, , , here]) => ({ item, party, at: byIndex.get(here), kind: "receipt" })),
    ...item.acknowledgements.map(([party, , , here]) => ({ item, party, at: byIndex.get(here), kind: "acknowledgement" })),
  ]).filter((answer) => answer.at);
  const instants = [...drawn, ...answers.map((answer) => answer.at)].map((item) => seconds(item.created)), first = Math.min(...instants), last = Math.max(...instants);
  const width = 960, left = 130, right = 26, top = 34, gap = ids.length > 3 ? 56 : 84, height = top + gap * (ids.length - 1) + 46;
  // Stated times may stand on a point: places in the order of the record then keep them apart.
  const order = [...new Set([...drawn, ...answers.map((answer) => answer.at)].map((item) => item.index))].sort((a, b) => a - b);
  const x = (item) => {
    const byTime = last > first ? (seconds(item.created) - first) / (last - first) : 0.5, byOrder = order.length > 1 ? order.indexOf(item.index) / (order.length - 1) : 0.5;
    return left + 14 + (width - left - right - 28) * (0.35 * byTime + 0.65 * byOrder);
  };
  const y = (id) => top + gap * ids.indexOf(id);
  const count = (kind) => answers.filter((answer) => answer.kind === kind).length;
  const picture = svg("svg", { class: "timeline", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": tell("timeline.alt", { first: drawn[0].created, last: drawn[drawn.length - 1].created, messages: drawn.length, receipts: count("receipt"), acknowledgements: count("acknowledgement") }) });
  ids.forEach((id, n) => {
    const name = partyName(id);
    picture.append(svg("line", { class: "lane", x1: left, x2: width - right, y1: y(id), y2: y(id) }), svg("circle", { class: `f${n % 4}`, cx: left - 8, cy: y(id), r: 5 }), svg("text", { x: left - 20, y: y(id) + 4, "text-anchor": "end" }, name.length > 17 ? `${name.slice(0, 16)}…` : name));
  });
  for (const { item, party, at, kind } of answers) {
    const n = ids.indexOf(party) % 4, x1 = x(item), x2 = x(at), y1 = y(party), y2 = y(item.sender);
    if (!ids.includes(party)) continue;
    const path = svg("path", { class: `receipt p${n}`, d: `M${x1 + 4} ${y1} C ${x1 + 4} ${(y1 + y2) / 2}, ${x2} ${(y1 + y2) / 2}, ${x2} ${y2}` });
    path.append(svg("title", {}, `${tell(`timeline.${kind}`)} ${at.index} → ${item.index}`));
    picture.append(path, kind === "receipt" ? svg("circle", { class: `f${n}`, cx: x2, cy: y2, r: 3 }) : svg("path", { class: `f${n}`, d: `M${x2} ${y2 - 6}l6 6-6 6-6-6z` }));
  }
  for (const item of drawn) {
    const n = ids.indexOf(item.sender) % 4, at = x(item), others = item.to.filter((id) => ids.includes(id) && id !== item.sender);
    for (const id of others) {
      const down = Math.sign(y(id) - y(item.sender)), end = y(id) - down * 7;
      picture.append(svg("path", { class: `message p${n}`, d: `M${at} ${y(item.sender)}L${at + 4} ${end}` }), svg("path", { class: `f${n}`, d: `M${at + 4} ${y(id)}l-4 ${-8 * down}h8z` }));
    }
    const dot = svg("circle", { class: `f${n}`, cx: at, cy: y(item.sender), r: 5 });
    dot.append(svg("title", {}, `${item.index} ${item.kind} ${item.created}`));
    picture.append(dot);
    if (drawn.length <= 24) picture.append(svg("text", { class: "dim", x: at, y: ids.indexOf(item.sender) === 0 ? y(item.sender) - 10 : y(item.sender) + 20, "text-anchor": "middle" }, String(item.index)));
  }
  picture.append(svg("text", { class: "dim", x: left, y: height - 6 }, drawn[0].created), svg("text", { class: "dim", x: width - right, y: height - 6, "text-anchor": "end" }, answers.length || drawn.length > 1 ? new Date(last * 1000).toISOString() : ""));
  const legend = element("p", { class: "legend" });
  for (const [kind, shape] of /** @type {[string, SVGElement[]][]} */ ([["message", [svg("path", { class: "message p0", d: "M2 6h20" }), svg("path", { class: "f0", d: "M28 6l-8 -4v8z" })]], ["receipt", [svg("path", { class: "receipt p1", d: "M2 6h22" }), svg("circle", { class: "f1", cx: 26, cy: 6, r: 3 })]], ["acknowledgement", [svg("path", { class: "receipt p1", d: "M2 6h20" }), svg("path", { class: "f1", d: "M26 1l5 5-5 5-5-5z" })]]])) {
    legend.append(element("span", {}, svg("svg", { viewBox: "0 0 32 12", "aria-hidden": "true" }, ...shape), tell(`timeline.${kind}`)));
  }
  const box = element("div", {}, element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": tell("timeline") }, picture), legend);
  if (messages.length > drawn.length) box.append(element("p", { class: "legend" }, tell("timeline.some", { count: drawn.length })));
  return box;
}
const BOOKKEEPING = ["agreement", "receipt", "acknowledgement", "anchor", "clock", "key-rotation", "key-revocation", "erasure", "witness-refusal", "custody"];
/** @param {any} item */
const isBookkeeping = (item) => BOOKKEEPING.includes(item.kind);
