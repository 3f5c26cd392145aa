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
      for (const v of e.volumes) {
        v.points = v.ring.map(([lat, lng]) => this.plane.to(lat, lng));
        if (meantDuring(v, e)) for (const [x, y] of v.points) this.grow(e.box, x, y);
      }
      [e.x, e.y] = e.place ? this.plane.to(...e.place) : [NaN, NaN];
      if (e.place) this.grow(e.box, e.x, e.y);
      for (const place of [e.entry, e.exit]) if (place) {
        const [x, y] = this.plane.to(place.lat, place.lng), r = place.radius ?? 0;
        this.grow(e.box, x - r, y - r);
        this.grow(e.box, x + r, y + r);
      }
      e.nearest = e.limit && e.deepest ? this.nearest(e) : null;
      if (e.nearest) this.grow(e.box, ...e.nearest.on);
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

  // The place of a line that is nearest to where somebody was nearest to it.
  nearest(e) {
    const from = this.plane.to(e.deepest.lat, e.deepest.lng);
    let on = null, least = Infinity;
    for (const line of e.borderPoints) for (let i = 1; i < line.length; i++) {
      const [[ax, ay], [bx, by]] = [line[i - 1], line[i]], dx = bx - ax, dy = by - ay;
      const part = Math.max(0, Math.min(1, ((from[0] - ax) * dx + (from[1] - ay) * dy) / (dx * dx + dy * dy || 1)));
      const at = [ax + part * dx, ay + part * dy], away = Math.hypot(at[0] - from[0], at[1] - from[1]);
      if (away < least) { least = away; on = at; }
    }
    return on && { from, on };
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
    const stretch = this.plane.stretch(e.x || 0, e.y || 0);
    if (e.limit) this.kept(context, e, 2 * e.limit.agreed * view.scale * stretch, tint);
    const band = Math.max(2, 2 * e.unsure * view.scale * stretch);
    this.lines(context, e.borderPoints, tint.grade.border, Math.min(band, 4000), 0.13);
    this.lines(context, e.borderPoints, tint.grade.border, e.limit ? 2.6 : 1.8, 0.9);
    for (const v of e.volumes) this.volume(context, e, v, tint);
    if (e.otherPoints.length) this.track(context, e, e.otherTrack, e.otherPoints, tint, 1);
    if (e.points.length) this.track(context, e, e.track, e.points, tint, 0);
    for (const [place, name, side] of [[e.entry, "entered", -14], [e.exit, "left", 14]]) if (place) {
      const [x, y] = this.screen(...this.plane.to(place.lat, place.lng));
      const r = Math.max(5, (place.radius ?? 0) * view.scale);
      context.strokeStyle = tint.grade[e.grade];
      context.lineWidth = 2;
      context.setLineDash([5, 3]);
      context.beginPath();
      context.arc(x, y, Math.min(r, 5000), 0, 7);
      context.stroke();
      context.setLineDash([]);
      this.labelBeside(context, `${sayFor(e, name)} ${clock(place.t)}`, x, y + side, tint);
    }
    if (e.nearest) this.leader(context, e, tint);
    if (!e.entry && !e.exit) this.mark(context, e, tint);
    this.cursor(context, e, tint);
  }

  // To the right of a place, or to the left where there is no room.
  labelBeside(context, text, x, y, tint) {
    context.font = FONT;
    const fits = x + 12 + context.measureText(text).width < this.canvas.clientWidth;
    label(context, text, fits ? x + 10 : x - 10, y, tint.ink, tint.paper, fits ? "left" : "right");
  }

  // Where it declared to be: hatched what is meant for the time of the event, else its outline.
  volume(context, e, v, tint) {
    const meant = meantDuring(v, e);
    this.trace(context, v.points);
    if (meant) {
      context.globalAlpha = 0.3;
      context.fillStyle = hatch(context, tint.ink, 0);
      context.fill();
    }
    context.globalAlpha = meant ? 0.9 : 0.35;
    context.strokeStyle = tint.ink;
    context.lineWidth = meant ? 1.6 : 0.8;
    context.stroke();
    context.globalAlpha = 1;
  }

  // All that is nearer to a line than was agreed, with its edge.
  kept(context, e, width, tint) {
    const sheet = document.createElement("canvas"), c = sheet.getContext("2d");
    [sheet.width, sheet.height] = [this.canvas.width, this.canvas.height];
    c.setTransform(context.getTransform());
    this.lines(c, e.borderPoints, tint.grade[e.grade], width, 1);
    c.globalCompositeOperation = "destination-out";
    this.lines(c, e.borderPoints, "#000", Math.max(0, width - 4), 0.9);
    context.globalAlpha = 0.8;
    context.drawImage(sheet, 0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
    context.globalAlpha = 1;
  }

  // From where somebody was nearest, to the line, with how far that was.
  leader(context, e, tint) {
    const from = this.screen(...e.nearest.from), on = this.screen(...e.nearest.on);
    context.strokeStyle = tint.ink;
    context.fillStyle = tint.ink;
    context.lineWidth = 1.6;
    context.setLineDash([4, 3]);
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...on);
    context.stroke();
    context.setLineDash([]);
    context.beginPath();
    context.arc(...from, 4, 0, 7);
    context.fill();
    this.labelBeside(context, `${sizeText(e)} ${say("insteadOf", { agreed: amount(e.limit.agreed, "m") })}`, (from[0] + on[0]) / 2, (from[1] + on[1]) / 2 + 18, tint);
  }

  // Together, so that where they overlap nothing is darker.
  lines(context, all, colour, width, alpha) {
    context.globalAlpha = alpha;
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.lineJoin = context.lineCap = "round";
    context.beginPath();
    for (const points of all) points.forEach(([x, y], i) => { const p = this.screen(x, y); if (i) context.lineTo(...p); else context.moveTo(...p); });
    context.stroke();
    context.globalAlpha = 1;
    context.lineCap = "butt";
  }

  line(context, points, colour, width, alpha) { this.lines(context, [points], colour, width, alpha); }

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

const meantDuring = (v, e) => (v.t0 ?? -Infinity) <= (e.t1 ?? Infinity) && (v.t1 ?? Infinity) >= e.t0;

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
