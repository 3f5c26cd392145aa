// The page of a watch: what was found, on a map, in a list, and in full.
const model = unpack(JSON.parse(byId("data").textContent));
const profile = new WatchProfile(byId("profile"), model, () => map.draw());
const map = new WatchMap(byId("map"), model, (e) => select(e, false));
const severalDays = new Set(model.events.map((e) => day(e.t0))).size > 1;
const overview = new WatchOverview(byId("overview-picture"), model, (e) => select(e));

function header() {
  const grades = ["shown", "cannot-be-told", "refuted"];
  const total = (grade) => model.counts.filter((c) => c[1] === grade).reduce((sum, c) => sum + c[3], 0);
  const figures = [[say("count"), whole(model.all)], ...grades.map((g) => [say(`grade-${g}`), whole(total(g))])];
  heading(told(model.title), model.made === null ? "" : say("made", { when: `${day(model.made)} ${clock(model.made)}` }), figures);
  summary(grades);
  const rest = byId("rest"), shown = { shown: whole(model.events.length), all: whole(model.all), file: model.eventsFile };
  rest.hidden = model.events.length === model.all && model.all > 0;
  rest.textContent = !model.all ? say(model.looked ? "watchNothing" : "watchNotLooked") : say(model.eventsFile ? "watchRest" : "watchRestNowhere", shown);
  const files = model.files.map((f) => say("inputFile", { name: f.name, size: say("bytes", { n: number(f.bytes / 1e6, { maximumFractionDigits: 2 }) }), digest: f.sha256 }));
  noted([...model.notes.map(told), ...files]);
}

const agreedText = (e) => amount(e.limit.agreed, "m");

// A boundary by its name, with its id beside it; a rule by its id.
function againstParts(against) {
  const boundary = Object.hasOwn(model.named, against) ? model.named[against] : null;
  return boundary ? [nameOf(boundary), " ", element("small", against, "id")] : [ruleOf(against)];
}

// One row for each kind and each claimant or rule, one column for each grade, and a bar as long as there are events.
function summary(all) {
  const grades = all.filter((grade) => model.counts.some((c) => c[1] === grade));
  const table = byId("summary"), head = element("tr"), rows = new Map();
  for (const text of [say("kind"), say("against"), ...grades.map((g) => say(`grade-${g}`))]) head.append(element("th", text));
  for (const [kind, grade, against, count] of model.counts) {
    const key = JSON.stringify([kind, against]);
    if (!rows.has(key)) rows.set(key, { kind, against, counts: {}, total: 0 });
    rows.get(key).counts[grade] = count;
    rows.get(key).total += count;
  }
  const most = Math.max(...[...rows.values()].map((row) => row.total));
  table.replaceChildren(head, ...[...rows.values()].map(({ kind, against, counts }) => {
    const row = element("tr"), about = element("td"), bar = element("td", undefined, "bar");
    about.append(...againstParts(against));
    bar.append(countsDrawing(grades.map((g) => [g, counts[g] ?? 0]), most));
    row.append(element("td", say(`kind-${kind}`)), about, ...grades.map((g) => element("td", counts[g] ? whole(counts[g]) : "", "number")), bar);
    return row;
  }));
  head.append(element("th"));
  table.hidden = !rows.size;
  table.classList.toggle("alike", new Set(model.counts.map((c) => c[0])).size < 2);
}

function legend() {
  const tint = { ...colours(), grade: gradeColours() };
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
    if (model.events.some((e) => e.grade === grade)) means((context) => gradeMark(context, grade, 17, 8, tint), say(`grade-${grade}`));
  }
  if (model.limits.length) {
    means((context) => { line(context, tint.grade.border, 2.6, 1); }, say("legendLine"));
    means((context) => { context.fillStyle = tint.ink; context.globalAlpha = 0.12; context.fillRect(0, 0, 34, 16); context.globalAlpha = 1; context.strokeStyle = tint.ink; context.strokeRect(-2, 1.5, 40, 13); }, say("legendKept"));
  }
  if (model.events.some((e) => e.volumes.length)) means((context) => {
    context.globalAlpha = 0.4;
    context.fillStyle = hatch(context, tint.ink, 0);
    context.fillRect(0, 0, 34, 16);
    context.globalAlpha = 1;
    context.strokeStyle = tint.ink;
    context.strokeRect(1, 1, 32, 14);
  }, say("legendVolumes"));
  if (model.boundaries.length) means((context) => { line(context, tint.grade.border, 12, 0.15); line(context, tint.grade.border, 1.8, 1); }, say("legendBorder"));
  means((context) => { line(context, tint.side[0], 2, 1); context.strokeStyle = tint.side[0]; context.beginPath(); context.arc(17, 8, 6, 0, 7); context.stroke(); }, say("legendTrack"));
  if (model.events.some((e) => e.entry || e.exit)) means((context) => { context.strokeStyle = tint.ink; context.setLineDash([4, 3]); context.beginPath(); context.arc(17, 8, 6, 0, 7); context.stroke(); }, say("legendEnds"));
}

function fillRows() {
  for (const e of model.events) {
    const [, who, against, size, grade] = e.row.cells, figure = sizeOf(e);
    who.textContent = e.who;
    against.replaceChildren(...againstParts(e.against));
    if (e.other) who.append(" ", element("small", say("withOther", { other: e.other })));
    e.button.textContent = severalDays ? `${day(e.t0)} ${clock(e.t0)}` : clock(e.t0);
    e.button.title = `${day(e.t0)} ${say(`kind-${e.kind}`)}`;
    against.title = e.limit ? told(e.limit.sentence) : e.boundary ? `${nameOf(e.boundary)}, ${e.boundary.source}` : e.rule;
    size.replaceChildren(sizeText(e));
    if (e.limit) size.append(" ", element("small", say("insteadOf", { agreed: agreedText(e) })));
    size.title = figure ? sayFor(e, figure[0]) : "";
    grade.replaceChildren(element("span", say(`grade-${e.grade}`), `mark ${e.grade}`));
  }
}

function tellShown() {
  overview.paint();
  byId("shown").textContent = say("watchShown", { shown: whole(model.visible.length), all: whole(model.all) });
}

const listing = new Listing(model, model.events, {
  key: "t0",
  keeps: (e) => !byId("grade").value || e.grade === byId("grade").value,
  value: (key, e) => key === "size" ? sizeOf(e)?.[1] ?? -Infinity : e[key],
  shown(e, zoom) {
    model.cursor = null;
    details();
    overview.paint();
    if (zoom) map.showEvent(e); else map.draw();
  },
});
const select = (...how) => listing.select(...how);

function placeText(p) {
  const where = say("place", { lat: latitude(p.lat, 5), lng: longitude(p.lng, 5) });
  return say("at", { time: clock(p.t), spread: amount(p.spread, "s"), place: where, radius: amount(p.radius, "m") });
}

// Who else claims the place, each with the way to the event that tells of it.
function claimParts(e) {
  if (!e.claims.length) return [say("claimsNone")];
  return e.claims.map((claim) => {
    const text = say("claim", { name: nameOf(claim), claimant: claim.claimant, source: claim.source });
    if (!claim.event) return element("p", text);
    const button = element("button", text, "claim");
    button.type = "button";
    button.append(" ", element("span", say(`grade-${claim.event.grade}`), `mark ${claim.event.grade}`));
    button.addEventListener("click", () => select(claim.event));
    return button;
  });
}

function details() {
  const e = model.selected, title = byId("detail-title"), rows = byId("measures").tBodies[0];
  byId("facts").replaceChildren();
  byId("grounds").replaceChildren();
  byId("verdict").replaceChildren();
  byId("sentence").textContent = "";
  rows.replaceChildren();
  byId("measures").hidden = !e || !e.figures.length;
  profile.paint();
  if (!e) {
    title.textContent = say("watchChoose");
    byId("profile").setAttribute("aria-label", say("watchProfileNone"));
    return;
  }
  title.textContent = say("titleOf", { who: e.who, what: say(`kind-${e.kind}`), against: e.boundary ? nameOf(e.boundary) : e.other || e.against });
  byId("profile").setAttribute("aria-label", say("watchProfile", { who: e.who }));
  byId("verdict").append(element("span", say(`grade-${e.grade}`), `mark ${e.grade}`));
  byId("sentence").textContent = e.limit ? told(e.limit.sentence) : "";
  byId("grounds").append(...e.grounds.map((ground) => {
    const item = element("li", told(ground));
    if (ground.figures.length) item.append(element("small", ground.figures.map(told).join(say("listBetween"))));
    return item;
  }));
  fact(say("began"), `${day(e.t0)} ${clock(e.t0)} UTC`);
  fact(say("ended"), e.t1 === null ? say("lasts") : `${day(e.t1)} ${clock(e.t1)} UTC`);
  if (e.entry) fact(sayFor(e, "entered"), placeText(e.entry));
  if (e.exit) fact(sayFor(e, "left"), placeText(e.exit));
  if (e.aircraft !== e.who || e.party) fact(say("aircraft"), [e.aircraft, e.party].filter(Boolean).join(", "));
  if (e.other) fact(say("other"), e.other);
  if (e.rule) fact(say("rule"), e.rule);
  if (e.limit) fact(say("line"), e.limit.claimant ? say("lineOf", { border: e.limit.border, claimant: e.limit.claimant }) : e.limit.border);
  if (e.boundary) fact(say("boundaryLabel"), say("boundaryOf", { name: nameOf(e.boundary), claimant: e.boundary.claimant, source: e.boundary.source, uncertainty: far(e.unsure) }));
  if (e.claims) fact(say("claims"), ...claimParts(e));
  if (e.reports) fact(say("rests"), say("reports", { n: whole(e.reports) }));
  if (e.basis) fact(say("basis"), Object.hasOwn(PHRASES[language], `basis-${e.basis}`) ? say(`basis-${e.basis}`) : e.basis);
  rows.append(...e.figures.map((figure) => figureRow(e, figure)));
}

function tell() {
  header();
  fillRows();
  tellShown();
  details();
}

function repaint() {
  overview.paint();
  profile.paint();
  map.draw();
}

begin();
listing.filter();
if (model.events.length) select(model.events[0], true, false);
