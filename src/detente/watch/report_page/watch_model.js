// What the page holds, unpacked. Tracks are columns of differences; depths and radii stand as they are.

function unpackTrack(columns) {
  if (!columns) return null;
  const sum = (list, scale) => { let n = 0; return Float64Array.from(list, (d) => (n += d) / scale); };
  const told = (list) => Float64Array.from(list, (v) => v ?? NaN);
  return {
    t: sum(columns.t, 1000), lat: sum(columns.lat, 1e6), lng: sum(columns.lng, 1e6), alt: told(columns.alt),
    radius: told(columns.radius), half: told(columns.half), depth: columns.depth ? told(columns.depth) : null,
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
    border: e.border.map(unpackLine),
    track: unpackTrack(e.track), otherTrack: unpackTrack(e.otherTrack),
  }));
  for (const e of events) e.words = [e.who, e.aircraft, e.party, e.other, e.against, e.rule, e.boundary?.name ?? ""].join(" ").toLowerCase();
  return { ...raw, boundaries, events, visible: events, selected: null, cursor: null };
}

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

function amount(value, unit) {
  if (value === null || !Number.isFinite(value)) return say("unbounded");
  if (unit === "s") {
    if (Math.abs(value) >= 600) return say("minutes", { n: fixed(value / 60, 1) });
    return say("seconds", { n: Math.abs(value) < 10 ? fixed(value, 1) : whole(value) });
  }
  if (unit === "m") return Math.abs(value) < 10000 ? metres(value) : far(value);
  return `${number(value)} ${unit}`;
}
