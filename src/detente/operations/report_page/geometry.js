// Stereographic plane around the middle of the data: no special places, so poles and the date line work.
const EARTH_M = 6371008.8, RADIANS = Math.PI / 180;
const wrap = (degrees) => ((degrees + 540) % 360 + 360) % 360 - 180;

class Plane {
  constructor(latitude, longitude) {
    this.longitude = longitude;
    this.sin = Math.sin(latitude * RADIANS);
    this.cos = Math.cos(latitude * RADIANS);
  }
  to(latitude, longitude) {
    const phi = latitude * RADIANS, away = wrap(longitude - this.longitude) * RADIANS;
    const s = Math.sin(phi), c = Math.cos(phi), ca = Math.cos(away);
    const k = 2 * EARTH_M / Math.max(1e-6, 1 + this.sin * s + this.cos * c * ca);
    return [k * c * Math.sin(away), k * (this.cos * s - this.sin * c * ca)];
  }
  from(x, y) {
    const rho = Math.hypot(x, y) || 1e-9, c = 2 * Math.atan(rho / (2 * EARTH_M));
    const sc = Math.sin(c), cc = Math.cos(c);
    return [
      Math.asin(Math.max(-1, Math.min(1, cc * this.sin + y * sc * this.cos / rho))) / RADIANS,
      this.longitude + Math.atan2(x * sc, rho * this.cos * cc - y * this.sin * sc) / RADIANS,
    ];
  }
  // How much longer than on the ground lengths are at a point of the plane.
  stretch(x, y) { return 1 + (x * x + y * y) / (4 * EARTH_M * EARTH_M); }
}

function groundDistance(lat1, lng1, lat2, lng2) {
  const a = Math.sin((lat2 - lat1) * RADIANS / 2), b = Math.sin((lng2 - lng1) * RADIANS / 2);
  const h = a * a + Math.cos(lat1 * RADIANS) * Math.cos(lat2 * RADIANS) * b * b;
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(h)));
}

// Integers of 1e-5 degree, each but the first pair a difference to the pair before.
function decodeRing(flat) {
  const ring = [];
  let lat = 0, lng = 0;
  for (let i = 0; i < flat.length; i += 2) ring.push([(lat += flat[i]) / 1e5, (lng += flat[i + 1]) / 1e5]);
  return ring;
}

function decodeTrack(columns) {
  if (!columns) return null;
  const sum = (list, scale) => { let n = 0; return Float64Array.from(list, (d) => (n += d) / scale); };
  const [t, lat, lng, alt] = columns;
  return { t: sum(t, 1), lat: sum(lat, 1e5), lng: sum(lng, 1e5), alt: sum(alt, 1) };
}

function positionAt(track, time) {
  const n = track.t.length;
  if (time < track.t[0] || time > track.t[n - 1]) return null;
  let low = 0, high = n - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (track.t[middle] <= time) low = middle; else high = middle;
  }
  const part = high === low ? 0 : (time - track.t[low]) / Math.max(1e-9, track.t[high] - track.t[low]);
  return {
    lat: track.lat[low] + part * (track.lat[high] - track.lat[low]),
    lng: track.lng[low] + part * wrap(track.lng[high] - track.lng[low]),
    alt: track.alt[low] + part * (track.alt[high] - track.alt[low]),
  };
}
