// Names come from strangers: they reach the page through textContent and canvas text only.
const byId = (id) => document.getElementById(id);
const element = (name, text, className) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
};

const decodeVolume = ([t0, t1, low, high, ring]) => ({ t0, t1, low, high, ring: decodeRing(ring) });
const decodeEncounter = ([first, second, t0, t1, low, high, ring]) => ({ first, second, t0, t1, low, high, ring: decodeRing(ring) });

// What changes between before and after stands in `moments`, and is copied onto its owner: see `turn`.
function decode(raw) {
  const shape = (f) => ({ track: decodeTrack(f.track), volumes: f.volumes.map(decodeVolume) });
  const apart = (c) => ({ ct: c.ct, h: c.h, v: c.v, encounters: c.encounters.map(decodeEncounter) });
  const flights = raw.flights.map((f) => {
    const before = shape(f), after = f.after ? shape(f.after) : before;
    return { id: f.id, name: f.name, party: f.party, side: f.side, change: f.after?.words ?? null, moments: [before, after], ...before };
  });
  const conflicts = raw.conflicts.map((c, rank) => {
    const before = apart(c), after = c.after ? apart(c.after) : before;
    return { ...c, rank, flights: [flights[c.a], flights[c.b]], moments: [before, after], ...before };
  });
  for (const c of conflicts) c.words = c.flights.map((f) => `${f.name} ${f.id} ${f.party}`).join(" ").toLowerCase();
  return { ...raw, flights, conflicts, visible: conflicts, selected: null, moment: 0 };
}

const model = decode(JSON.parse(byId("data").textContent));
const profile = new Profile(byId("profile"), model);
const map = new FlightMap(byId("map"), model, (c) => select(c, false));

function header() {
  document.title = byId("title").textContent = told(model.title);
  byId("subtitle").textContent = told(model.subtitle);
  const figures = [...model.counts.map(([key, count]) => [say(key), whole(count)]), ...model.figures.map((pair) => pair.map(told))];
  byId("figures").replaceChildren(...figures.map(([name, value]) => {
    const pair = element("div");
    pair.append(element("dt", name), element("dd", value));
    return pair;
  }));
  byId("notes").replaceChildren(...model.notes.map((note) => element("li", told(note))));
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
  }, say("side", { letter: LETTER[side], name: told(name) })));
  for (const cause of CAUSES) {
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
    }, say("mark", { cause: say(cause) }));
  }
  if (!model.after) return;
  item((context) => {
    context.strokeStyle = tint.ink;
    context.lineWidth = 1.6;
    context.beginPath();
    context.moveTo(12, 8); context.lineTo(16, 12); context.lineTo(23, 4);
    context.stroke();
  }, say("markResolved"));
  item((context) => {
    context.strokeStyle = tint.faint;
    context.lineWidth = 1.6;
    context.setLineDash([2, 4]);
    context.beginPath();
    context.moveTo(1, 8); context.lineTo(33, 8);
    context.stroke();
  }, say("asWanted"));
}

const resolved = (c) => model.moment === 1 && !c.encounters.length;

// Shows how it was before, or how it is after.
function turn(moment) {
  model.moment = moment;
  for (const f of model.flights) Object.assign(f, f.moments[moment]);
  for (const c of model.conflicts) Object.assign(c, c.moments[moment]);
  for (const button of momentButtons) button.setAttribute("aria-pressed", String(Number(button.dataset.moment) === moment));
  fillRows();
  details();
  map.draw();
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
    row.append(cell, element("td", "", "number"), element("td", "", "number"), element("td"), element("td"));
    row.lastChild.append(element("span", "", `why ${c.cause}`));
    row.addEventListener("click", () => select(c, true));
    c.row = row;
    c.button = button;
    rows.append(row);
  }
  byId("rows").append(rows);
}

function fillRows() {
  for (const c of model.conflicts) {
    const [, ground, height, from, why] = c.row.cells;
    c.row.classList.toggle("resolved", resolved(c));
    ground.textContent = c.ct === null ? "—" : far(c.h);
    height.textContent = c.ct === null ? "—" : metres(c.v);
    from.textContent = c.t0 === null ? say("openTime") : clock(c.t0);
    why.firstChild.textContent = say(`${c.cause}Short`);
    why.title = say(c.cause);
  }
}

function filter() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean), cause = byId("why").value;
  model.visible = [];
  for (const c of model.conflicts) {
    const shown = (!cause || c.cause === cause) && words.every((word) => c.words.includes(word));
    c.row.hidden = !shown;
    if (shown) model.visible.push(c);
  }
  tellShown();
  map.draw();
}

function tellShown() {
  byId("shown").textContent = say("shown", { shown: whole(model.visible.length), all: whole(model.conflicts.length) });
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

function select(c, zoom = true, scroll = true) {
  if (model.selected) {
    model.selected.row.classList.remove("chosen");
    model.selected.button.setAttribute("aria-pressed", "false");
  }
  model.selected = c;
  c.row.classList.add("chosen");
  c.button.setAttribute("aria-pressed", "true");
  if (scroll) c.row.scrollIntoView({ block: "nearest" });
  details();
  if (zoom) map.showConflict(c); else map.draw();
}

function details() {
  const c = model.selected, title = byId("detail-title");
  byId("reasons").prepend(byId(`reason-${language}`));
  byId("facts").replaceChildren();
  byId("reasons").hidden = false;
  profile.paint();
  if (!c) {
    title.textContent = say("choose");
    byId("profile").setAttribute("aria-label", say("profileNone"));
    return;
  }
  title.replaceChildren();
  c.flights.forEach((f, side) => {
    if (side) title.append(" × ");
    title.append(element("span", LETTER[side], `badge ${side ? "b" : "a"}`), element("span", f.name));
  });
  c.flights.forEach((f, side) => fact(say("flight", { letter: LETTER[side] }), f.party ? say("identity", f) : f.id));
  c.flights.forEach((f, side) => { if (f.change) fact(say("change", { letter: LETTER[side] }), told(f.change)); });
  byId("reasons").hidden = resolved(c);
  if (resolved(c)) fact(say("overlap"), say("resolved"));
  else fact(say("overlap"), say("timeSpan", {
    from: c.t0 === null ? say("openTime") : `${day(c.t0)} ${clock(c.t0)}`, to: c.t1 === null ? say("openTime") : clock(c.t1),
  }));
  if (!resolved(c)) fact(say("altitudes"), altitudes(c));
  fact(say("where"), say("place", { lat: latitude(c.lat, 4), lng: longitude(c.lng, 4) }));
  if (c.ct !== null) fact(say("closest"), say("closestAt", { time: clock(c.ct), ground: far(c.h), height: metresAndFeet(c.v) }));
  fact(say("why"), element("span", say(c.cause), `why ${c.cause}`));
  byId("reason-en").textContent = c.en;
  byId("reason-fr").textContent = c.fr;
  byId("profile").setAttribute("aria-label", say("profile", { a: c.flights[0].name, b: c.flights[1].name, reason: told(c) }));
}

function altitudes({ low, high }) {
  if (low === null && high === null) return say("openAltitudes");
  const bound = (m) => m === null ? say("openAltitude") : whole(m);
  const said = { low: bound(low), high: bound(high) };
  if (low === null || high === null) return say("altitudeSpan", said);
  return say("altitudeSpanFeet", { ...said, lowFeet: feet(low), highFeet: feet(high) });
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
    if (model.after && (event.key === "b" || event.key === "B")) turn(1 - model.moment);
  });
  for (const button of momentButtons) button.addEventListener("click", () => turn(Number(button.dataset.moment)));
  for (const button of languageButtons) button.addEventListener("click", () => { speak(button.lang); remember(button.lang); });
  addEventListener("hashchange", () => {
    const asked = askedInAddress();
    if (asked && asked !== language) speak(asked);
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

const languageButtons = byId("languages").querySelectorAll("button");
const momentButtons = byId("moments").querySelectorAll("button");
byId("moments").hidden = byId("moments-help").hidden = !model.after;
function speak(chosen) {
  language = chosen;
  for (const button of languageButtons) button.setAttribute("aria-pressed", String(button.lang === language));
  fillPhrases();
  header();
  fillRows();
  tellShown();
  legend();
  details();
  map.draw();
}

buildRows();
listen();
speak(language);
theme(matchMedia("(prefers-color-scheme: dark)").matches);
filter();
if (model.conflicts.length) select(model.conflicts[0], false, false);
