// The profile of the selected conflict: altitude against time above, distance on the ground below.
class Profile {
  constructor(canvas, model) {
    this.canvas = canvas;
    this.model = model;
    new ResizeObserver(() => this.paint()).observe(canvas);
  }

  paint() {
    const { context, width, height } = sharpen(this.canvas);
    const c = this.model.selected, tint = colours();
    if (!c || !width) {
      label(context, say("chooseHow"), width / 2, height / 2, tint.faint, tint.paper, "center");
      return;
    }
    const range = this.range(c);
    const both = c.flights.every((f) => f.track);
    const left = 58, right = width - 62, top = 26, bottom = both ? Math.round(height * 0.62) : height - 30;
    const x = (t) => left + (t - range.t0) / (range.t1 - range.t0) * (right - left);
    const y = (a) => bottom - (a - range.low) / (range.high - range.low) * (bottom - top);
    this.timeGrid(context, range, x, top, both ? height - 30 : bottom, height, tint);
    this.altitudeGrid(context, range, y, left, right, tint);
    context.save();
    context.beginPath();
    context.rect(left, top, right - left, bottom - top);
    context.clip();
    this.volumes(context, c, range, x, y, tint);
    if (this.model.moment) for (const f of c.flights) if (f.change && f.moments[0].track) this.asWanted(context, f.moments[0].track, x, y, tint);
    c.flights.forEach((f, side) => f.track && this.track(context, f.track, side, x, y, tint));
    context.restore();
    if (both) this.distance(context, c, range, x, left, right, bottom + 26, height - 30, tint);
    if (c.ct !== null) this.closest(context, c, x, y, top, both ? height - 30 : bottom, tint);
    context.strokeStyle = tint.faint;
    context.lineWidth = 1;
    context.strokeRect(left, top, right - left, bottom - top);
    label(context, say("altitudeAxis"), 6, 12, tint.faint, tint.paper);
    label(context, say("feetAxis"), width - 6, 12, tint.faint, tint.paper, "right");
    let at = left + 40;
    c.flights.forEach((f, side) => {
      const name = clip(f.name, Math.max(6, Math.floor((right - left - 60) / 18)));
      badge(context, LETTER[side], name, at, 12, tint.text[side], tint.paper);
      at += 40 + context.measureText(name).width;
    });
  }

  range(c) {
    const bound = (list, pick, open) => { const known = list.filter((n) => n !== null); return known.length ? pick(...known) : open; };
    // The same for before and after: what has moved is seen to have moved.
    const involved = c.moments.flatMap((moment, i) => moment.encounters.flatMap((e) => {
      const [a, b] = c.flights.map((f) => f.moments[i].volumes);
      return [a[e.first], b[e.second]];
    }));
    const encounters = c.moments.flatMap((moment) => moment.encounters), closest = c.moments.map((moment) => moment.ct);
    let t0 = bound([...encounters.map((e) => e.t0), ...closest], Math.min, 0), t1 = bound([...encounters.map((e) => e.t1), ...closest], Math.max, t0 + 3600);
    const pad = Math.max(60, (t1 - t0) * 0.3);
    t0 -= pad; t1 += pad;
    const heights = involved.flatMap((v) => [v.low, v.high]);
    c.moments.forEach(({ ct }, i) => c.flights.forEach((f) => {
      const { track } = f.moments[i], p = track && ct !== null && positionAt(track, ct);
      if (p) heights.push(p.alt);
    }));
    let low = bound(heights, Math.min, 0), high = bound(heights, Math.max, 1000);
    const room = Math.max(30, (high - low) * 0.12);
    return { t0, t1, low: low - room, high: high + room };
  }

  timeGrid(context, range, x, top, bottom, height, tint) {
    const steps = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400, 604800];
    // No more labels than there is room for beside one another.
    const most = Math.max(1, Math.min(7, Math.floor((x(range.t1) - x(range.t0)) / (context.measureText("00:00:00").width + 14))));
    const step = steps.find((s) => (range.t1 - range.t0) / s <= most) ?? 2592000;
    for (let t = Math.ceil(range.t0 / step) * step; t <= range.t1; t += step) {
      context.strokeStyle = tint.grid;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(x(t), top);
      context.lineTo(x(t), bottom);
      context.stroke();
      label(context, step >= 86400 ? day(t) : clock(t, step < 60), x(t), height - 16, tint.faint, tint.paper, "center");
    }
    label(context, say("timeAxis"), 6, height - 16, tint.faint, tint.paper);
  }

  altitudeGrid(context, range, y, left, right, tint) {
    const step = niceStep(range.high - range.low, 5);
    for (let a = Math.ceil(range.low / step) * step; a <= range.high; a += step) {
      context.strokeStyle = tint.grid;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(left, y(a));
      context.lineTo(right, y(a));
      context.stroke();
      label(context, whole(a), left - 6, y(a), tint.faint, tint.paper, "right");
    }
    const footStep = niceStep((range.high - range.low) / 0.3048, 5);
    for (let f = Math.ceil(range.low / 0.3048 / footStep) * footStep; f * 0.3048 <= range.high; f += footStep) {
      context.strokeStyle = tint.faint;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(right, y(f * 0.3048));
      context.lineTo(right + 4, y(f * 0.3048));
      context.stroke();
      label(context, whole(f), right + 7, y(f * 0.3048), tint.faint, tint.paper);
    }
  }

  rectangle(range, x, y, part) {
    const x0 = x(part.t0 ?? range.t0), x1 = x(part.t1 ?? range.t1), y0 = y(part.high ?? range.high), y1 = y(part.low ?? range.low);
    return [x0, y0, Math.max(1, x1 - x0), Math.max(1, y1 - y0)];
  }

  volumes(context, c, range, x, y, tint) {
    c.flights.forEach((f, side) => {
      const involved = new Set(c.encounters.map((e) => side ? e.second : e.first));
      const pattern = hatch(context, tint.side[side], side);
      f.volumes.forEach((v, i) => {
        if ((v.t1 ?? Infinity) < range.t0 || (v.t0 ?? -Infinity) > range.t1) return;
        const r = this.rectangle(range, x, y, v);
        context.strokeStyle = tint.side[side];
        context.setLineDash(side ? [7, 3] : []);
        context.globalAlpha = involved.has(i) ? 0.5 : 0.18;
        context.fillStyle = pattern;
        context.fillRect(...r);
        context.globalAlpha = involved.has(i) ? 1 : 0.45;
        context.lineWidth = involved.has(i) ? 1.6 : 0.8;
        context.strokeRect(...r);
        context.globalAlpha = 1;
        context.setLineDash([]);
      });
    });
    for (const e of c.encounters) {
      const r = this.rectangle(range, x, y, e);
      context.globalAlpha = 0.4;
      context.fillStyle = tint.hitFill;
      context.fillRect(...r);
      context.globalAlpha = 1;
      context.lineWidth = 2;
      context.strokeStyle = tint.hit;
      context.strokeRect(...r);
    }
  }

  track(context, track, side, x, y, tint) {
    for (const [weight, colour] of [[5, tint.paper], [2.6, tint.side[side]]]) {
      context.lineWidth = weight;
      context.strokeStyle = colour;
      context.setLineDash(side && weight < 5 ? [8, 4] : []);
      context.beginPath();
      for (let i = 0; i < track.t.length; i++) {
        if (i) context.lineTo(x(track.t[i]), y(track.alt[i])); else context.moveTo(x(track.t[i]), y(track.alt[i]));
      }
      context.stroke();
    }
    context.setLineDash([]);
  }

  asWanted(context, track, x, y, tint) {
    context.lineWidth = 1.6;
    context.strokeStyle = tint.faint;
    context.setLineDash([2, 4]);
    context.beginPath();
    for (let i = 0; i < track.t.length; i++) {
      if (i) context.lineTo(x(track.t[i]), y(track.alt[i])); else context.moveTo(x(track.t[i]), y(track.alt[i]));
    }
    context.stroke();
    context.setLineDash([]);
  }

  closest(context, c, x, y, top, bottom, tint) {
    context.strokeStyle = tint.ink;
    context.lineWidth = 1.2;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(x(c.ct), top);
    context.lineTo(x(c.ct), bottom);
    context.stroke();
    context.setLineDash([]);
    const at = c.flights.map((f) => f.track && positionAt(f.track, c.ct));
    if (!at[0] || !at[1]) return;
    at.forEach((p, side) => {
      context.beginPath();
      context.arc(x(c.ct), y(p.alt), 4.5, 0, 7);
      context.fillStyle = tint.side[side];
      context.fill();
      context.lineWidth = 1.2;
      context.strokeStyle = tint.paper;
      context.stroke();
    });
    label(context, metresAndFeet(c.v), x(c.ct) + 8, (y(at[0].alt) + y(at[1].alt)) / 2, tint.ink, tint.paper);
  }

  distance(context, c, range, x, left, right, top, bottom, tint) {
    const tracks = c.flights.map((f) => f.track), limit = this.model.close.h;
    const t0 = Math.max(range.t0, tracks[0].t[0], tracks[1].t[0]), t1 = Math.min(range.t1, tracks[0].t.at(-1), tracks[1].t.at(-1));
    label(context, say("groundAxis"), 6, top - 11, tint.faint, tint.paper);
    const points = [];
    for (let i = 0; i <= 240 && t1 >= t0; i++) {
      const t = t0 + (t1 - t0) * i / 240, [a, b] = tracks.map((track) => positionAt(track, t));
      if (a && b) points.push([t, groundDistance(a.lat, a.lng, b.lat, b.lng)]);
    }
    const most = Math.max(limit * 1.6, Math.min(Math.max(0, ...points.map((p) => p[1])), Math.max(limit, c.h) * 6));
    const y = (m) => bottom - m / most * (bottom - top);
    const step = niceStep(most / 1000, 3);
    for (let km = 0; km * 1000 <= most; km += step) {
      context.strokeStyle = tint.grid;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(left, y(km * 1000));
      context.lineTo(right, y(km * 1000));
      context.stroke();
      label(context, number(km, { maximumFractionDigits: 2 }), left - 6, y(km * 1000), tint.faint, tint.paper, "right");
    }
    context.fillStyle = tint.hitFill;
    context.globalAlpha = 0.22;
    context.fillRect(left, y(limit), right - left, bottom - y(limit));
    context.globalAlpha = 1;
    label(context, say("close"), right + 6, (y(limit) + bottom) / 2, tint.hit, tint.paper);
    context.save();
    context.beginPath();
    context.rect(left, top, right - left, bottom - top);
    context.clip();
    context.strokeStyle = tint.ink;
    context.lineWidth = 2;
    context.beginPath();
    points.forEach(([t, m], i) => i ? context.lineTo(x(t), y(m)) : context.moveTo(x(t), y(m)));
    context.stroke();
    context.restore();
    if (!points.length) label(context, say("neverTogether"), (left + right) / 2, (top + bottom) / 2, tint.faint, tint.paper, "center");
    if (c.ct !== null) label(context, far(c.h), x(c.ct) + 8, Math.max(top + 8, Math.min(bottom - 8, y(c.h))), tint.ink, tint.paper);
    context.strokeStyle = tint.faint;
    context.lineWidth = 1;
    context.strokeRect(left, top, right - left, bottom - top);
  }
}
