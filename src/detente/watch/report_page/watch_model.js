// What the page holds, unpacked. Tracks are columns of differences; depths and radii stand as they are.

function unpackTrack(columns) {
  if (!columns) return null;
  const sum = (list, scale) => { let n = 0; return Float64Array.from(list, (d) => (n += d) / scale); };
  const told = (list) => Float64Array.from(list, (v) => v ?? NaN);
  return {
    t: sum(columns.t, 1000), lat: sum(columns.lat, 1e6), lng: sum(columns.lng, 1e6), alt: told(columns.alt),
    radius: told(columns.radius), half: told(columns.half),
    depth: columns.depth ? told(columns.depth) : null, away: columns.away ? told(columns.away) : null,
  };
}

// Integers of 1e-6 degree, each but the first pair a difference to the pair before.
function unpackLine(flat) {
  const line = [];
  let lat = 0, lng = 0;
  for (let i = 0; i < flat.length; i += 2) line.push([(lat += flat[i]) / 1e6, (lng += flat[i + 1]) / 1e6]);
  return line;
}

function unpack(raw) {
  const boundaries = raw.boundaries.map((b) => ({ ...b, lines: b.lines.map(unpackLine) }));
  const events = raw.events.map((e, rank) => ({
    ...e, rank,
    boundary: e.boundary === null ? null : boundaries[e.boundary],
    limit: e.limit === null ? null : raw.limits[e.limit],
    border: e.border.map(unpackLine),
    volumes: e.volumes.map(([t0, t1, low, high, ring]) => ({ t0, t1, low, high, ring: decodeRing(ring) })),
    track: unpackTrack(e.track), otherTrack: unpackTrack(e.otherTrack),
  }));
  for (const e of events) {
    e.claims = e.claims?.map((c) => ({ ...c, event: c.event === null ? null : events[c.event] })) ?? null;
    const names = e.boundary ? Object.keys(PHRASES).map((each) => nameIn(each, e.boundary)) : [];
    e.words = [e.who, e.aircraft, e.party, e.other, e.against, e.rule, ...names].join(" ").toLowerCase();
  }
  return { ...raw, boundaries, events, visible: events, selected: null, cursor: null };
}

// What a source calls a boundary stands in English; the name of a state by its code is known in each language.
function nameIn(chosen, { id, name, claimant }) {
  if (chosen === "en" || !/^[A-Z]{2}$/.test(claimant) || id.split("/").at(-1) !== claimant) return name;
  return new Intl.DisplayNames([LOCALES[chosen]], { type: "region", fallback: "none" }).of(claimant) ?? name;
}
const nameOf = (boundary) => nameIn(language, boundary);

// A phrase as it is for this kind of event, if there is one of its own.
const sayFor = (e, key, values) => say(Object.hasOwn(PHRASES[language], `${key}-${e.kind}`) ? `${key}-${e.kind}` : key, values);

// Where a track was at a time: the values between two of its points.
function trackAt(track, time) {
  const n = track.t.length;
  if (!n || time < track.t[0] || time > track.t[n - 1]) return null;
  let low = 0, high = n - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (track.t[middle] <= time) low = middle; else high = middle;
  }
  const part = high === low ? 0 : (time - track.t[low]) / Math.max(1e-9, track.t[high] - track.t[low]);
  const mix = (column) => column[low] + part * (column[high] - column[low]);
  return {
    lat: mix(track.lat), lng: track.lng[low] + part * wrap(track.lng[high] - track.lng[low]), alt: mix(track.alt),
    radius: Math.max(track.radius[low], track.radius[high]), depth: track.depth ? mix(track.depth) : NaN,
  };
}

const gradeColours = () => {
  const style = getComputedStyle(document.documentElement);
  const value = (name) => style.getPropertyValue(name).trim();
  return { "shown": value("--shown"), "cannot-be-told": value("--untold"), "refuted": value("--refuted"), border: value("--border") };
};
const SIZES = ["depth_nearest_m", "distance_m", "depth_along_m", "duration_s", "time_to_s"];
const sizeOf = (e) => { for (const name of SIZES) { const f = e.figures.find((each) => each[0] === name); if (f) return f; } return null; };

// What has no upper bound is more than its figure; who is inside what an agreement bounds is so much inside.
function sizeText(e) {
  const figure = sizeOf(e);
  if (!figure) return "";
  const [name, value, , high, unit] = figure;
  if (e.limit && name === "distance_m" && value < 0) return say("insideBy", { size: amount(-value, unit) });
  return `${high === null ? "≥\u202f" : ""}${amount(value, unit)}`;
}

// Rules by what tells them apart.
const ruleOf = (against) => against.replace(/^stand-off\//, "");

function amount(value, unit) {
  if (value === null || !Number.isFinite(value)) return say("unbounded");
  if (unit === "s") {
    const seconds = Math.round(Math.abs(value)), sign = value < 0 ? "−" : "";
    if (seconds >= 3600) return sign + say("hoursMinutes", { h: whole(Math.floor(seconds / 3600)), n: whole(Math.floor(seconds % 3600 / 60)) });
    if (seconds >= 120) return sign + say("minutesSeconds", { n: whole(Math.floor(seconds / 60)), s: whole(seconds % 60) });
    return say("seconds", { n: seconds < 10 ? fixed(value, 1) : whole(value) });
  }
  if (unit === "m") return Math.abs(value) < 10000 ? metres(value) : say("kilometres", { n: number(value / 1000, { maximumFractionDigits: Math.abs(value) < 100000 ? 2 : 0 }) });
  return `${number(value)} ${unit}`;
}

function bounds(low, high, unit) {
  if (low === null && high === null) return say("unbounded");
  if (high === null) return say("atLeast", { low: amount(low, unit) });
  if (low === null) return say("atMost", { high: amount(high, unit) });
  return say("range", { low: amount(low, unit), high: amount(high, unit) });
}
