// The page of areas: volumes on a map and in a list, and what was found in the file.
const LABELS_MAX = 60;

// Each volume is a flight of its own to the map; there are no conflicts.
function decode(raw) {
  const areas = raw.areas.map((a, number) => {
    const shape = { track: null, volumes: [{ ring: decodeRing(a.ring) }] };
    return { ...a, ...shape, number: number + 1, side: 0, moments: [shape] };
  });
  return { ...raw, areas, flights: areas, lines: raw.lines.map(decodeRing), conflicts: [], visible: [], selected: null, moment: 0 };
}

class AreaMap extends FlightMap {
  layOut() {
    super.layOut();
    for (const a of this.model.areas) a.points = a.volumes[0].points;
    this.routes = this.model.lines.map((line) => line.map(([lat, lng]) => this.plane.to(lat, lng)));
  }

  paint() {
    const { context, width, height } = sharpen(this.canvas);
    if (!width) return;
    const tint = colours(), { areas, selected } = this.model;
    this.graticule(context, width, height, tint);
    this.patterns = [0, 1].map((side) => hatch(context, tint.side[side], side));
    for (const a of areas) if (a !== selected) this.area(context, a, tint);
    if (selected) this.area(context, selected, tint, true);
    context.strokeStyle = tint.ink;
    context.lineWidth = 1.6;
    context.setLineDash([2, 4]);
    for (const route of this.routes) {
      context.beginPath();
      route.forEach(([x, y], i) => { const p = this.screen(x, y); if (i) context.lineTo(...p); else context.moveTo(...p); });
      context.stroke();
    }
    context.setLineDash([]);
    for (const a of areas) if (a === selected || areas.length <= LABELS_MAX) this.number(context, a, tint, a === selected);
    this.scaleBar(context, width, height, tint);
  }

  area(context, a, tint, chosen = false) {
    this.trace(context, a.points);
    context.globalAlpha = chosen ? 0.6 : 0.45;
    context.fillStyle = this.patterns[chosen ? 1 : 0];
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = tint.side[chosen ? 1 : 0];
    context.lineWidth = chosen ? 2.4 : 1.6;
    context.stroke();
  }

  number(context, a, tint, chosen) {
    const [x, y] = this.screen((a.box.x0 + a.box.x1) / 2, (a.box.y0 + a.box.y1) / 2);
    const text = chosen && a.name ? `${a.number}  ${clip(a.name, 24)}` : String(a.number);
    label(context, text, x, y, chosen ? tint.text[1] : tint.ink, tint.paper, "center");
  }

  // Where several lie over each other, each further click chooses the next one.
  pick(sx, sy) {
    const context = this.canvas.getContext("2d"), ratio = window.devicePixelRatio || 1;
    const there = this.model.areas.filter((a) => { this.trace(context, a.points); return context.isPointInPath(sx * ratio, sy * ratio); });
    if (there.length) this.choose(there[(there.indexOf(this.model.selected) + 1) % there.length]);
  }

  // Room for the legend and the buttons, which lie over the map.
  fit() { this.show(this.box, 0.8); }
  showArea(a) { this.show(a.box, 0.5); }
}

const model = decode(JSON.parse(byId("data").textContent));
const map = new AreaMap(byId("map"), model, (a) => select(a, false));

function header() {
  const groups = new Set(model.areas.map((a) => a.group)).size;
  const problems = model.findings.filter((f) => f.kind === "problem").length;
  const figures = [[told(model.groups), groups], [say("areaVolumes"), model.areas.length], [say("areaProblems"), problems]];
  heading(told(model.title), told(model.subtitle), figures.map(([name, count]) => [name, whole(count)]));
  byId("shown").textContent = model.areas.length ? "" : say("areaNone");
}

function legend() {
  const tint = colours();
  const box = (side) => (context) => {
    context.fillStyle = hatch(context, tint.side[side], side);
    context.fillRect(0, 0, 34, 16);
    context.strokeStyle = tint.side[side];
    context.lineWidth = 2;
    context.strokeRect(1, 1, 32, 14);
  };
  means(box(0), say("areaVolume"));
  means(box(1), say("areaChosen"));
  if (model.lines.length) means((context) => {
    context.strokeStyle = tint.ink;
    context.lineWidth = 1.6;
    context.setLineDash([2, 4]);
    context.beginPath();
    context.moveTo(1, 8); context.lineTo(33, 8);
    context.stroke();
  }, say("areaRoute"));
}

const bound = (m) => m === null ? say("openAltitude") : whole(m);
function times(a) {
  if (a.t0 === null && a.t1 === null) return say("openTime");
  const at = (t, days) => t === null ? say("openTime") : days ? `${day(t)} ${clock(t)}` : clock(t);
  return say("areaSpan", { from: at(a.t0, true), to: at(a.t1, a.t0 === null || day(a.t0) !== day(a.t1 ?? a.t0)) });
}

function rows() {
  const made = document.createDocumentFragment(), grouped = new Set(model.areas.map((a) => a.group)).size > 1;
  for (const a of model.areas) {
    const row = element("tr"), name = element("td"), heights = element("td"), button = element("button", a.name || say("areaVolume"));
    button.type = "button";
    button.setAttribute("aria-pressed", String(a === model.selected));
    name.append(button);
    const where = [];
    if (grouped) where.push(`${told(model.group)} ${whole(a.group)}`);
    if (a.line) where.push(say("areaLine", { line: a.line }));
    where.push(a.radius === null ? say("areaCorners", { corners: whole(a.corners) }) : say("areaCircle", { radius: far(a.radius) }));
    name.append(element("small", where.join(", ")));
    if (a.error) name.append(element("small", say("areaWider", { error: number(a.error) })));
    heights.append(say("areaHeight", { low: bound(a.low), high: bound(a.high) }));
    if (a.lowUnsure) heights.append(element("small", say("areaLowUnsure", { n: whole(a.lowUnsure) })));
    if (a.highUnsure) heights.append(element("small", say("areaHighUnsure", { n: whole(a.highUnsure) })));
    row.append(element("td", whole(a.number), "number"), name, heights, element("td", times(a)));
    row.classList.toggle("chosen", a === model.selected);
    row.addEventListener("click", () => select(a, true));
    a.row = row;
    a.button = button;
    made.append(row);
  }
  byId("rows").replaceChildren(made);
}

function findings() {
  const parts = [];
  for (const [kind, heading] of [["problem", "areaProblem"], ["note", "areaNote"], ["basis", "areaBasis"]]) {
    const found = model.findings.filter((f) => f.kind === kind);
    if (!found.length) continue;
    const list = element("ul", undefined, kind);
    for (const f of found) {
      const item = element("li"), where = [f.line ? say("areaLine", { line: f.line }) : "", f.part].filter(Boolean).join(", ");
      if (where) item.append(element("strong", where), " ");
      item.append(told(f.words));
      if (f.remedy) item.append(element("span", told(f.remedy), "remedy"));
      list.append(item);
    }
    parts.push(element("h2", say(heading)), list);
  }
  byId("findings").replaceChildren(...parts);
}

function select(a, zoom = true) {
  const before = model.selected;
  model.selected = a;
  for (const each of [before, a]) if (each) {
    each.row.classList.toggle("chosen", each === a);
    each.button.setAttribute("aria-pressed", String(each === a));
  }
  if (zoom) map.showArea(a); else { a.row.scrollIntoView({ block: "nearest" }); map.draw(); }
}

function tell() {
  header();
  rows();
  findings();
}

const repaint = () => map.draw();

begin();
