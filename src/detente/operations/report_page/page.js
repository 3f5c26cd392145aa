// Names come from strangers: they reach the page through textContent and canvas text only.
const byId = (id) => document.getElementById(id);
const element = (name, text, className) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
};

function decode(raw) {
  const flights = raw.flights.map((f) => ({
    id: f.id, name: f.name, party: f.party, side: f.side, track: decodeTrack(f.track),
    volumes: f.volumes.map(([t0, t1, low, high, ring]) => ({ t0, t1, low, high, ring: decodeRing(ring) })),
  }));
  const conflicts = raw.conflicts.map((c, rank) => ({
    ...c, rank, flights: [flights[c.a], flights[c.b]],
    encounters: c.encounters.map(([first, second, t0, t1, low, high, ring]) => ({ first, second, t0, t1, low, high, ring: decodeRing(ring) })),
  }));
  for (const c of conflicts) c.words = c.flights.map((f) => `${f.name} ${f.id} ${f.party}`).join(" ").toLowerCase();
  return { ...raw, flights, conflicts, visible: conflicts, selected: null };
}

const model = decode(JSON.parse(byId("data").textContent));
const profile = new Profile(byId("profile"), model);
const map = new FlightMap(byId("map"), model, (c) => select(c, false));

function header() {
  byId("title").textContent = model.title;
  byId("subtitle").textContent = model.subtitle;
  for (const [name, value] of model.figures) {
    const pair = element("div");
    pair.append(element("dt", name), element("dd", value));
    byId("figures").append(pair);
  }
  for (const note of model.notes) byId("notes").append(element("li", note));
}

function legend() {
  const list = byId("legend"), tint = colours();
  list.replaceChildren();
  const item = (paint, text) => {
    const row = element("li"), canvas = element("canvas");
    canvas.setAttribute("aria-hidden", "true");
    row.append(canvas, element("span", text));
    list.append(row);
    paint(sharpen(canvas).context);
  };
  model.sides.forEach((name, side) => item((context) => {
    context.fillStyle = hatch(context, tint.side[side], side);
    context.fillRect(0, 0, 34, 16);
    context.strokeStyle = tint.side[side];
    context.setLineDash(side ? [7, 3] : []);
    context.lineWidth = 2;
    context.strokeRect(1, 1, 32, 14);
  }, `${LETTER[side]}: ${name}`));
  for (const cause of Object.keys(WHY)) {
    if (!model.conflicts.some((c) => c.cause === cause)) continue;
    item((context) => {
      const close = cause === "closeness";
      context.beginPath();
      if (close) { context.moveTo(17, 2); context.lineTo(23, 8); context.lineTo(17, 14); context.lineTo(11, 8); context.closePath(); }
      else context.arc(17, 8, 4, 0, 7);
      context.fillStyle = close ? tint.hit : tint.paper;
      context.fill();
      context.strokeStyle = tint.hit;
      context.lineWidth = 1.5;
      context.setLineDash(cause === "unknown" ? [2, 2] : []);
      context.stroke();
    }, `conflict: ${WHY[cause]}`);
  }
}

function buildRows() {
  const rows = document.createDocumentFragment();
  for (const c of model.conflicts) {
    const row = element("tr"), cell = element("td"), button = element("button");
    button.type = "button";
    button.append(element("span", c.flights[0].name), element("i", "×"), element("span", c.flights[1].name));
    button.title = `${c.flights[0].name} × ${c.flights[1].name}`;
    button.setAttribute("aria-pressed", "false");
    cell.append(button);
    row.append(cell, element("td", c.ct === null ? "—" : far(c.h), "number"), element("td", c.ct === null ? "—" : `${whole(c.v)} m`, "number"), element("td", c.t0 === null ? "open" : clock(c.t0)));
    const why = element("td");
    why.append(element("span", WHY[c.cause].split(" ").pop(), `why ${c.cause}`));
    why.title = WHY[c.cause];
    row.append(why);
    row.addEventListener("click", () => select(c, true));
    c.row = row;
    c.button = button;
    rows.append(row);
  }
  byId("rows").append(rows);
}

function filter() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean), cause = byId("why").value;
  model.visible = [];
  for (const c of model.conflicts) {
    const shown = (!cause || c.cause === cause) && words.every((word) => c.words.includes(word));
    c.row.hidden = !shown;
    if (shown) model.visible.push(c);
  }
  byId("shown").textContent = `${model.visible.length.toLocaleString("en-GB")} of ${model.conflicts.length.toLocaleString("en-GB")} conflicts`;
  map.draw();
}

let sorting = { key: "rank", up: true };
function sort(key, heading) {
  sorting = { key, up: sorting.key === key ? !sorting.up : true };
  const value = (c) => key === "cause" ? c.cause : (key === "h" || key === "v") && c.ct === null ? Infinity : c[key] ?? -Infinity;
  model.conflicts.sort((a, b) => {
    const one = value(a), other = value(b);
    return ((one < other ? -1 : one > other ? 1 : 0) || a.rank - b.rank) * (sorting.up ? 1 : -1);
  });
  for (const th of document.querySelectorAll("thead th")) th.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", sorting.up ? "ascending" : "descending");
  byId("rows").append(...model.conflicts.map((c) => c.row));
  filter();
}

function fact(name, ...parts) {
  const value = element("dd");
  value.append(...parts);
  byId("facts").append(element("dt", name), value);
}

function select(c, zoom = true) {
  if (model.selected) {
    model.selected.row.classList.remove("chosen");
    model.selected.button.setAttribute("aria-pressed", "false");
  }
  model.selected = c;
  c.row.classList.add("chosen");
  c.button.setAttribute("aria-pressed", "true");
  c.row.scrollIntoView({ block: "nearest" });
  const title = byId("detail-title");
  title.replaceChildren();
  c.flights.forEach((f, side) => {
    if (side) title.append(" × ");
    title.append(element("span", LETTER[side], `badge ${side ? "b" : "a"}`), element("span", f.name));
  });
  byId("facts").replaceChildren();
  c.flights.forEach((f, side) => fact(`Flight ${LETTER[side]}`, f.party ? `${f.id}, ${f.party}` : f.id));
  const span = [c.t0 === null ? "open" : `${day(c.t0)} ${clock(c.t0)}`, c.t1 === null ? "open" : clock(c.t1)];
  fact("Overlap", `${span[0]} to ${span[1]} UTC`);
  fact("Altitudes", c.low === null && c.high === null ? "open" : `${c.low === null ? "open" : whole(c.low)} to ${c.high === null ? "open" : whole(c.high)} m${c.low === null || c.high === null ? "" : ` (${feet(c.low)} to ${feet(c.high)})`}`);
  fact("Where", `${Math.abs(c.lat).toFixed(4)}° ${c.lat < 0 ? "S" : "N"}, ${Math.abs(c.lng).toFixed(4)}° ${c.lng < 0 ? "W" : "E"}`);
  if (c.ct !== null) fact("Closest", `${clock(c.ct)} UTC: ${far(c.h)} and ${whole(c.v)} m (${feet(c.v)})`);
  fact("Why", element("span", WHY[c.cause], `why ${c.cause}`));
  byId("reason-en").textContent = c.en;
  byId("reason-fr").textContent = c.fr;
  byId("profile").setAttribute("aria-label", `Altitude against time of ${c.flights[0].name} and ${c.flights[1].name}. ${c.en}`);
  profile.paint();
  if (zoom) map.showConflict(c); else map.draw();
}

function step(by) {
  const list = model.visible;
  if (!list.length) return;
  const at = list.indexOf(model.selected);
  const next = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : (at + by + list.length) % list.length];
  select(next);
  return next;
}

function listen() {
  byId("search").addEventListener("input", filter);
  byId("why").addEventListener("change", filter);
  byId("zoom-in").addEventListener("click", () => map.zoom(1.5));
  byId("zoom-out").addEventListener("click", () => map.zoom(1 / 1.5));
  byId("fit").addEventListener("click", () => map.fit());
  for (const button of document.querySelectorAll("[data-sort]")) button.addEventListener("click", () => sort(button.dataset.sort, button.closest("th")));
  byId("rows").addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    step(by)?.button.focus({ preventScroll: true });
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "n" || event.key === "N") step(1);
    if (event.key === "p" || event.key === "P") step(-1);
  });
  byId("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme !== "dark"));
}

function theme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  byId("theme").setAttribute("aria-pressed", String(dark));
  legend();
  profile.paint();
  map.draw();
}

header();
buildRows();
listen();
theme(matchMedia("(prefers-color-scheme: dark)").matches);
filter();
if (model.conflicts.length) select(model.conflicts[0], false);
