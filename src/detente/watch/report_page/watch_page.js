// Names come from strangers: they reach the page through textContent and canvas text only.
const byId = (id) => document.getElementById(id);
const element = (name, text, className) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
};

const model = unpack(JSON.parse(byId("data").textContent));
const profile = new WatchProfile(byId("profile"), model, () => map.draw());
const map = new WatchMap(byId("map"), model, (e) => select(e, false));

function header() {
  document.title = byId("title").textContent = told(model.title);
  byId("subtitle").textContent = model.made === null ? "" : `${day(model.made)} ${clock(model.made)} UTC`;
  const grades = ["shown", "cannot-be-told", "refuted"];
  const total = (grade) => model.counts.filter((c) => c[1] === grade).reduce((sum, c) => sum + c[3], 0);
  const figures = [[say("count"), whole(model.all)], ...grades.map((g) => [say(`grade-${g}`), whole(total(g))])];
  byId("figures").replaceChildren(...figures.map(([name, value]) => {
    const pair = element("div");
    pair.append(element("dt", name), element("dd", value));
    return pair;
  }));
  summary(grades);
  const rest = byId("rest"), shown = { shown: whole(model.events.length), all: whole(model.all), file: model.eventsFile };
  rest.hidden = model.events.length === model.all && model.all > 0;
  rest.textContent = !model.all ? say("watchNothing") : say(model.eventsFile ? "watchRest" : "watchRestNowhere", shown);
  const files = model.files.map((f) => say("inputFile", { name: f.name, size: say("bytes", { n: number(f.bytes / 1e6, { maximumFractionDigits: 2 }) }), digest: f.sha256 }));
  byId("notes").replaceChildren(...[...model.notes.map(told), ...files].map((text) => element("li", text)));
}

// One row for each kind and each claimant or rule, one column for each grade.
function summary(grades) {
  const table = byId("summary"), head = element("tr"), rows = new Map();
  for (const text of [say("kind"), say("against"), ...grades.map((g) => say(`grade-${g}`))]) head.append(element("th", text));
  for (const [kind, grade, against, count] of model.counts) {
    const key = JSON.stringify([kind, against]);
    if (!rows.has(key)) rows.set(key, { kind, against, counts: {} });
    rows.get(key).counts[grade] = count;
  }
  table.replaceChildren(head, ...[...rows.values()].map(({ kind, against, counts }) => {
    const row = element("tr");
    row.append(element("td", say(`kind-${kind}`)), element("td", against), ...grades.map((g) => element("td", counts[g] ? whole(counts[g]) : "", "number")));
    return row;
  }));
  table.hidden = !rows.size;
}

function legend() {
  const list = byId("legend"), tint = { ...colours(), grade: gradeColours() };
  list.replaceChildren();
  const item = (paint, text) => {
    const row = element("li"), canvas = element("canvas");
    canvas.setAttribute("aria-hidden", "true");
    row.append(canvas, element("span", text));
    list.append(row);
    paint(sharpen(canvas).context);
  };
  const line = (context, colour, width, alpha) => {
    context.globalAlpha = alpha;
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(1, 8);
    context.lineTo(33, 8);
    context.stroke();
    context.globalAlpha = 1;
  };
  for (const grade of ["shown", "cannot-be-told", "refuted"]) {
    if (model.events.some((e) => e.grade === grade)) item((context) => gradeMark(context, grade, 17, 8, tint), say(`grade-${grade}`));
  }
  if (model.boundaries.length) item((context) => { line(context, tint.grade.border, 12, 0.15); line(context, tint.grade.border, 1.8, 1); }, say("legendBorder"));
  item((context) => { line(context, tint.side[0], 2, 1); context.strokeStyle = tint.side[0]; context.beginPath(); context.arc(17, 8, 6, 0, 7); context.stroke(); }, say("legendTrack"));
  if (model.events.some((e) => e.entry || e.exit)) item((context) => { context.strokeStyle = tint.ink; context.setLineDash([4, 3]); context.beginPath(); context.arc(17, 8, 6, 0, 7); context.stroke(); }, say("legendEnds"));
}

function buildRows() {
  const rows = document.createDocumentFragment();
  for (const e of model.events) {
    const row = element("tr"), button = element("button");
    button.type = "button";
    button.setAttribute("aria-pressed", "false");
    const first = element("td");
    first.append(button);
    row.append(first, element("td", e.who), element("td", e.against), element("td", "", "number"), element("td"));
    row.addEventListener("click", () => select(e));
    e.row = row;
    e.button = button;
    rows.append(row);
  }
  byId("rows").append(rows);
}

const severalDays = new Set(model.events.map((e) => day(e.t0))).size > 1;

function fillRows() {
  for (const e of model.events) {
    const [, , against, size, grade] = e.row.cells, figure = sizeOf(e);
    e.button.textContent = severalDays ? `${day(e.t0)} ${clock(e.t0)}` : clock(e.t0);
    e.button.title = `${day(e.t0)} ${say(`kind-${e.kind}`)}`;
    against.title = e.boundary ? `${e.boundary.name}, ${e.boundary.source}` : e.rule;
    // What has no upper bound is more than its figure.
    size.textContent = figure ? `${figure[3] === null ? "≥\u202f" : ""}${amount(figure[1], figure[4])}` : "";
    size.title = figure ? say(figure[0]) : "";
    grade.replaceChildren(element("span", say(`grade-${e.grade}`), `mark ${e.grade}`));
  }
}

function filter() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean), grade = byId("grade").value;
  model.visible = [];
  for (const e of model.events) {
    const shown = (!grade || e.grade === grade) && words.every((word) => e.words.includes(word));
    e.row.hidden = !shown;
    if (shown) model.visible.push(e);
  }
  tellShown();
  map.draw();
}

function tellShown() {
  byId("shown").textContent = say("watchShown", { shown: whole(model.visible.length), all: whole(model.all) });
}

let sorting = { key: "t0", up: true };
function sort(key, heading) {
  sorting = { key, up: sorting.key === key ? !sorting.up : true };
  const value = (e) => key === "size" ? sizeOf(e)?.[1] ?? -Infinity : e[key];
  model.events.sort((a, b) => {
    const one = value(a), other = value(b);
    return ((one < other ? -1 : one > other ? 1 : 0) || a.rank - b.rank) * (sorting.up ? 1 : -1);
  });
  for (const th of document.querySelectorAll("#events thead th")) th.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", sorting.up ? "ascending" : "descending");
  byId("rows").append(...model.events.map((e) => e.row));
  filter();
}

function select(e, zoom = true, scroll = true) {
  if (model.selected) {
    model.selected.row.classList.remove("chosen");
    model.selected.button.setAttribute("aria-pressed", "false");
  }
  model.selected = e;
  model.cursor = null;
  e.row.classList.add("chosen");
  e.button.setAttribute("aria-pressed", "true");
  if (scroll) e.row.scrollIntoView({ block: "nearest" });
  details();
  if (zoom) map.showEvent(e); else map.draw();
}

function fact(name, text) {
  byId("facts").append(element("dt", name), element("dd", text));
}

function placeText(p) {
  const where = say("place", { lat: latitude(p.lat, 5), lng: longitude(p.lng, 5) });
  return say("at", { time: clock(p.t), spread: amount(p.spread, "s"), place: where, radius: amount(p.radius, "m") });
}

function details() {
  const e = model.selected, title = byId("detail-title"), rows = byId("measures").tBodies[0];
  byId("facts").replaceChildren();
  byId("grounds").replaceChildren();
  byId("verdict").replaceChildren();
  rows.replaceChildren();
  byId("measures").hidden = !e || !e.figures.length;
  profile.paint();
  if (!e) {
    title.textContent = say("watchChoose");
    byId("profile").setAttribute("aria-label", say("watchProfileNone"));
    return;
  }
  title.textContent = `${e.who}: ${say(`kind-${e.kind}`)}${e.against ? ` (${e.against})` : ""}`;
  byId("profile").setAttribute("aria-label", say("watchProfile", { who: e.who }));
  byId("verdict").append(element("span", say(`grade-${e.grade}`), `mark ${e.grade}`));
  byId("grounds").append(...e.grounds.map((ground) => element("li", told(ground))));
  fact(say("began"), `${day(e.t0)} ${clock(e.t0)} UTC`);
  fact(say("ended"), e.t1 === null ? say("lasts") : `${day(e.t1)} ${clock(e.t1)} UTC`);
  if (e.entry) fact(say("entered"), placeText(e.entry));
  if (e.exit) fact(say("left"), placeText(e.exit));
  if (e.aircraft !== e.who || e.party) fact(say("aircraft"), [e.aircraft, e.party].filter(Boolean).join(", "));
  if (e.other) fact(say("other"), e.other);
  if (e.rule) fact(say("rule"), e.rule);
  if (e.boundary) fact(say("boundaryLabel"), say("boundaryOf", { name: e.boundary.name, claimant: e.boundary.claimant, source: e.boundary.source, uncertainty: far(e.unsure) }));
  if (e.reports) fact(say("rests"), say("reports", { n: whole(e.reports) }));
  if (e.basis) fact(say("basis"), Object.hasOwn(PHRASES[language], `basis-${e.basis}`) ? say(`basis-${e.basis}`) : e.basis);
  rows.append(...e.figures.map(figureRow));
}

function step(by) {
  const list = model.visible;
  if (!list.length) return null;
  const at = list.indexOf(model.selected);
  const next = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : (at + by + list.length) % list.length];
  select(next);
  return next;
}

function listen() {
  byId("search").addEventListener("input", filter);
  byId("grade").addEventListener("change", filter);
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
if (model.events.length) select(model.events[0], true, false);
