// The map: boundaries with how far they may be off, tracks, events as marks, the selected one in full.
class WatchMap extends FlightMap {
  layOut() {
    const { events, boundaries } = this.model;
    const sum = [0, 0, 0];
    const add = (lat, lng) => {
      sum[0] += Math.cos(lat * RADIANS) * Math.cos(lng * RADIANS);
      sum[1] += Math.cos(lat * RADIANS) * Math.sin(lng * RADIANS);
      sum[2] += Math.sin(lat * RADIANS);
    };
    for (const e of events) if (e.place) add(...e.place);
    this.plane = new Plane(Math.atan2(sum[2], Math.hypot(sum[0], sum[1])) / RADIANS, Math.atan2(sum[1], sum[0]) / RADIANS);
    this.grow = (b, x, y) => { b.x0 = Math.min(b.x0, x); b.y0 = Math.min(b.y0, y); b.x1 = Math.max(b.x1, x); b.y1 = Math.max(b.y1, y); };
    const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
    for (const e of events) {
      e.box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
      e.points = e.track ? this.project(e.track) : [];
      e.otherPoints = e.otherTrack ? this.project(e.otherTrack) : [];
      e.borderPoints = e.border.map((line) => line.map(([lat, lng]) => this.plane.to(lat, lng)));
      [e.x, e.y] = e.place ? this.plane.to(...e.place) : [NaN, NaN];
      if (e.place) this.grow(e.box, e.x, e.y);
      for (const place of [e.entry, e.exit]) if (place) {
        const [x, y] = this.plane.to(place.lat, place.lng), r = place.radius ?? 0;
        this.grow(e.box, x - r, y - r);
        this.grow(e.box, x + r, y + r);
      }
      const within = (t) => t >= e.t0 - 5 && t <= (e.t1 ?? Infinity) + 5;
      e.points.forEach(([x, y], i) => { if (within(e.track.t[i])) this.grow(e.box, x, y); });
      if (Number.isFinite(e.box.x0)) { this.grow(box, e.box.x0, e.box.y0); this.grow(box, e.box.x1, e.box.y1); }
    }
    for (const b of boundaries) {
      b.path = new Path2D();
      for (const line of b.lines) line.forEach(([lat, lng], i) => {
        const [x, y] = this.plane.to(lat, lng);
        if (i) b.path.lineTo(x, -y); else b.path.moveTo(x, -y);
      });
    }
    this.box = Number.isFinite(box.x0) ? box : { x0: -1e5, y0: -1e5, x1: 1e5, y1: 1e5 };
  }

  project(track) { return Array.from(track.t, (_, i) => this.plane.to(track.lat[i], track.lng[i])); }

  showEvent(e) {
    if (Number.isFinite(e.box.x0)) this.show(e.box, 0.55);
  }

  pick(sx, sy) {
    let best = null, least = 14;
    for (const e of this.model.visible) {
      const [x, y] = this.screen(e.x, e.y), away = Math.hypot(x - sx, y - sy);
      if (away < least) { least = away; best = e; }
    }
    if (best) this.choose(best);
  }

  paint() {
    const { context, width, height, ratio } = sharpen(this.canvas);
    if (!width) return;
    const tint = { ...colours(), grade: gradeColours() }, { view, model } = this;
    this.graticule(context, width, height, tint);
    context.save();
    context.setTransform(ratio * view.scale, 0, 0, ratio * view.scale, ratio * (width / 2 - view.x * view.scale), ratio * (height / 2 + view.y * view.scale));
    context.strokeStyle = tint.grade.border;
    context.lineJoin = "round";
    const chosen = model.selected?.boundary;
    for (const b of model.boundaries) {
      if (b === chosen && model.selected.border.length) continue;
      // Lines made coarse for the whole map would lie beside the true ones, as if they were others.
      if (b.coarse * view.scale > 3) continue;
      context.globalAlpha = 0.5;
      context.lineWidth = 1.1 / view.scale;
      context.stroke(b.path);
    }
    context.restore();
    for (const e of model.visible) if (e !== model.selected) this.mark(context, e, tint);
    if (model.selected) this.event(context, model.selected, tint);
    this.scaleBar(context, width, height, tint);
  }

  mark(context, e, tint) {
    const [x, y] = this.screen(e.x, e.y);
    if (!(x > -9 && y > -9 && x < this.canvas.clientWidth + 9 && y < this.canvas.clientHeight + 9)) return;
    context.globalAlpha = this.model.selected ? 0.45 : 0.9;
    gradeMark(context, e.grade, x, y, tint);
    context.globalAlpha = 1;
  }

  event(context, e, tint) {
    const { view } = this;
    const band = e.boundary ? Math.max(2, 2 * e.unsure * view.scale * this.plane.stretch(e.x || 0, e.y || 0)) : 2;
    for (const line of e.borderPoints) {
      this.line(context, line, tint.grade.border, Math.min(band, 4000), 0.13);
      this.line(context, line, tint.grade.border, 1.8, 0.9);
    }
    if (e.otherPoints.length) this.track(context, e, e.otherTrack, e.otherPoints, tint, 1);
    if (e.points.length) this.track(context, e, e.track, e.points, tint, 0);
    for (const [place, name] of [[e.entry, "entered"], [e.exit, "left"]]) if (place) {
      const [x, y] = this.screen(...this.plane.to(place.lat, place.lng));
      const r = Math.max(5, (place.radius ?? 0) * view.scale);
      context.strokeStyle = tint.grade[e.grade];
      context.lineWidth = 2;
      context.setLineDash([5, 3]);
      context.beginPath();
      context.arc(x, y, Math.min(r, 5000), 0, 7);
      context.stroke();
      context.setLineDash([]);
      label(context, `${say(name)} ${clock(place.t)}`, x + 9, y - 12, tint.ink, tint.paper);
    }
    if (!e.entry && !e.exit) this.mark(context, e, tint);
    this.cursor(context, e, tint);
  }

  line(context, points, colour, width, alpha) {
    context.globalAlpha = alpha;
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.lineJoin = context.lineCap = "round";
    context.beginPath();
    points.forEach(([x, y], i) => { const p = this.screen(x, y); if (i) context.lineTo(...p); else context.moveTo(...p); });
    context.stroke();
    context.globalAlpha = 1;
    context.lineCap = "butt";
  }

  track(context, e, track, points, tint, side) {
    const colour = tint.side[side], within = (t) => t >= e.t0 && t <= (e.t1 ?? Infinity);
    this.line(context, points, colour, 1.6, 0.6);
    const inside = points.filter((_, i) => within(track.t[i]));
    if (inside.length > 1) this.line(context, inside, tint.grade[e.grade], 3.2, 1);
    const drawn = points.length > 400 ? Math.ceil(points.length / 400) : 1;
    points.forEach(([px, py], i) => {
      if (i % drawn && !within(track.t[i])) return;
      const [x, y] = this.screen(px, py), r = track.radius[i] * this.view.scale;
      if (x < -50 || y < -50 || x > this.canvas.clientWidth + 50 || y > this.canvas.clientHeight + 50) return;
      if (r > 3 && r < 3000) {
        context.strokeStyle = colour;
        context.globalAlpha = 0.3;
        context.lineWidth = 1;
        context.beginPath();
        context.arc(x, y, r, 0, 7);
        context.stroke();
        context.globalAlpha = 1;
      }
      context.fillStyle = colour;
      context.fillRect(x - 1.5, y - 1.5, 3, 3);
    });
    const last = points.length - 1;
    if (last > 0) this.arrow(context, this.screen(...points[last - 1]), this.screen(...points[last]), colour);
  }

  cursor(context, e, tint) {
    const at = this.model.cursor === null || !e.track ? null : trackAt(e.track, this.model.cursor);
    if (!at) return;
    const [x, y] = this.screen(...this.plane.to(at.lat, at.lng));
    context.fillStyle = tint.ink;
    context.strokeStyle = tint.paper;
    context.lineWidth = 2;
    context.beginPath();
    context.arc(x, y, 6, 0, 7);
    context.fill();
    context.stroke();
    label(context, clock(this.model.cursor), x + 11, y + 12, tint.ink, tint.paper);
  }
}

// Told apart without colour: a full diamond, a dashed ring, a flat bar.
function gradeMark(context, grade, x, y, tint) {
  context.strokeStyle = tint.grade[grade];
  context.fillStyle = tint.grade[grade];
  context.lineWidth = 1.8;
  context.beginPath();
  if (grade === "shown") { context.moveTo(x, y - 6); context.lineTo(x + 6, y); context.lineTo(x, y + 6); context.lineTo(x - 6, y); context.closePath(); context.fill(); return; }
  if (grade === "refuted") { context.moveTo(x - 5, y); context.lineTo(x + 5, y); context.stroke(); return; }
  context.setLineDash([3, 2]);
  context.arc(x, y, 5, 0, 7);
  context.stroke();
  context.setLineDash([]);
}
