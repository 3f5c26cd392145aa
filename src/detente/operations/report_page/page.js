// The page of a check: conflicts on a map, in a list and in full, before and after.
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
  heading(told(model.title), told(model.subtitle), [...model.counts.map(([key, count]) => [say(key), whole(count)]), ...model.figures.map((pair) => pair.map(told))]);
  noted(model.notes.map(told));
}

function legend() {
  const tint = colours();
  model.sides.forEach((name, side) => means((context) => {
    context.fillStyle = hatch(context, tint.side[side], side);
    context.fillRect(0, 0, 34, 16);
    context.strokeStyle = tint.side[side];
    context.setLineDash(side ? [7, 3] : []);
    context.lineWidth = 2;
    context.strokeRect(1, 1, 32, 14);
  }, say("side", { letter: LETTER[side], name: told(name) })));
  for (const cause of CAUSES) {
    if (!model.conflicts.some((c) => c.cause === cause)) continue;
    means((context) => {
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
  means((context) => {
    context.strokeStyle = tint.ink;
    context.lineWidth = 1.6;
    context.beginPath();
    context.moveTo(12, 8); context.lineTo(16, 12); context.lineTo(23, 4);
    context.stroke();
  }, say("markResolved"));
  means((context) => {
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

function fillRows() {
  for (const c of model.conflicts) {
    const [, ground, height, from, why] = c.row.cells;
    c.button.replaceChildren(element("span", c.flights[0].name), element("i", "×"), element("span", c.flights[1].name));
    c.button.title = `${c.flights[0].name} × ${c.flights[1].name}`;
    c.row.classList.toggle("resolved", resolved(c));
    ground.textContent = c.ct === null ? "—" : far(c.h);
    height.textContent = c.ct === null ? "—" : metres(c.v);
    from.textContent = c.t0 === null ? say("openTime") : clock(c.t0);
    why.replaceChildren(element("span", say(`${c.cause}Short`), `why ${c.cause}`));
    why.title = say(c.cause);
  }
}

function tellShown() {
  byId("shown").textContent = say("shown", { shown: whole(model.visible.length), all: whole(model.conflicts.length) });
}

const listing = new Listing(model, model.conflicts, {
  key: "rank",
  keeps: (c) => !byId("why").value || c.cause === byId("why").value,
  value: (key, c) => key === "cause" ? c.cause : (key === "h" || key === "v") && c.ct === null ? Infinity : c[key] ?? -Infinity,
  shown(c, zoom) {
    details();
    if (zoom) map.showConflict(c); else map.draw();
  },
});
const select = (...how) => listing.select(...how);

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

function tell() {
  header();
  fillRows();
  tellShown();
  details();
}

function repaint() {
  profile.paint();
  map.draw();
}

const momentButtons = byId("moments").querySelectorAll("button");
byId("moments").hidden = byId("moments-help").hidden = !model.after;
for (const button of momentButtons) button.addEventListener("click", () => turn(Number(button.dataset.moment)));
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (model.after && event.key.toLowerCase() === "b") turn(1 - model.moment);
});
begin();
listing.filter();
if (model.conflicts.length) select(model.conflicts[0], false, false);
