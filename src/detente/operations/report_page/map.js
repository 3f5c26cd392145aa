// The map: all flights faintly, all conflicts as marks, and the selected conflict in full.
class FlightMap {
  constructor(canvas, model, choose) {
    this.canvas = canvas;
    this.model = model;
    this.choose = choose;
    this.pointers = new Map();
    this.layOut();
    this.fit();
    this.listen();
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  layOut() {
    const { flights, conflicts } = this.model;
    const sum = [0, 0, 0];
    const add = (lat, lng) => {
      sum[0] += Math.cos(lat * RADIANS) * Math.cos(lng * RADIANS);
      sum[1] += Math.cos(lat * RADIANS) * Math.sin(lng * RADIANS);
      sum[2] += Math.sin(lat * RADIANS);
    };
    for (const f of flights) {
      if (f.track) { add(f.track.lat[0], f.track.lng[0]); add(f.track.lat.at(-1), f.track.lng.at(-1)); }
      else for (const v of f.volumes) add(...v.ring[0]);
    }
    for (const c of conflicts) add(c.lat, c.lng);
    this.plane = new Plane(Math.atan2(sum[2], Math.hypot(sum[0], sum[1])) / RADIANS, Math.atan2(sum[1], sum[0]) / RADIANS);
    const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
    const grow = (b, x, y) => { b.x0 = Math.min(b.x0, x); b.y0 = Math.min(b.y0, y); b.x1 = Math.max(b.x1, x); b.y1 = Math.max(b.y1, y); };
    this.grow = grow;
    this.coarse = [0, 1].map(() => [new Path2D(), new Path2D()]);
    for (const f of flights) {
      f.moments.forEach((shape, moment) => {
        this.layOutShape(shape, this.coarse[moment][f.side]);
        grow(box, shape.box.x0, shape.box.y0);
        grow(box, shape.box.x1, shape.box.y1);
      });
      Object.assign(f, f.moments[0]);
    }
    for (const c of conflicts) {
      [c.x, c.y] = this.plane.to(c.lat, c.lng);
      grow(box, c.x, c.y);
      for (const { encounters } of c.moments) for (const e of encounters) e.points = e.ring.map(([lat, lng]) => this.plane.to(lat, lng));
    }
    this.box = Number.isFinite(box.x0) ? box : { x0: -1e5, y0: -1e5, x1: 1e5, y1: 1e5 };
  }

  layOutShape(shape, coarse) {
    shape.box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
    shape.fine = new Path2D();
    const { track, box, fine } = shape;
    if (track) {
      let px = 0, py = 0;
      const last = track.t.length - 1;
      for (let i = 0; i <= last; i++) {
        const [x, y] = this.plane.to(track.lat[i], track.lng[i]);
        this.grow(box, x, y);
        if (i) fine.lineTo(x, -y); else fine.moveTo(x, -y);
        if (!i) { coarse.moveTo(x, -y); px = x; py = y; }
        else if (i === last || Math.hypot(x - px, y - py) > 1500) { coarse.lineTo(x, -y); px = x; py = y; }
      }
    }
    for (const v of shape.volumes) {
      v.points = v.ring.map(([lat, lng]) => this.plane.to(lat, lng));
      for (const [x, y] of v.points) this.grow(box, x, y);
      if (!track) for (const path of [fine, coarse]) {
        v.points.forEach(([x, y], i) => i ? path.lineTo(x, -y) : path.moveTo(x, -y));
        path.closePath();
      }
    }
  }

  show(box, margin) {
    const width = this.canvas.clientWidth || 800, height = this.canvas.clientHeight || 500;
    const w = Math.max(box.x1 - box.x0, 200), h = Math.max(box.y1 - box.y0, 200);
    this.view = { x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2, scale: margin * Math.min(width / w, height / h) };
    this.draw();
  }
  fit() { this.show(this.box, 0.94); }

  showConflict(c) {
    const box = { x0: c.x, y0: c.y, x1: c.x, y1: c.y };
    // Before and after are shown at the same place: what has moved is seen to have moved.
    for (const e of c.moments[0].encounters) for (const [side, i] of [[0, e.first], [1, e.second]]) {
      for (const [x, y] of c.flights[side].moments[0].volumes[i].points) this.grow(box, x, y);
    }
    this.show(box, 0.8);
  }

  zoom(factor, sx, sy) {
    const width = this.canvas.clientWidth, height = this.canvas.clientHeight;
    const dx = (sx ?? width / 2) - width / 2, dy = height / 2 - (sy ?? height / 2);
    const scale = Math.min(1, Math.max(2e-6, this.view.scale * factor));
    this.view.x += dx / this.view.scale - dx / scale;
    this.view.y += dy / this.view.scale - dy / scale;
    this.view.scale = scale;
    this.draw();
  }
  move(dx, dy) {
    this.view.x -= dx / this.view.scale;
    this.view.y += dy / this.view.scale;
    this.draw();
  }

  listen() {
    const canvas = this.canvas;
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.offsetX, event.offsetY);
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
      this.moved = 0;
      canvas.classList.add("dragging");
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = this.pointers.get(event.pointerId);
      if (!before) return;
      const now = { x: event.offsetX, y: event.offsetY };
      if (this.pointers.size === 2) {
        const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
        const spread = (p) => Math.hypot(p.x - other.x, p.y - other.y) || 1;
        this.zoom(spread(now) / spread(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
      } else this.move(now.x - before.x, now.y - before.y);
      this.moved += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
      this.pointers.set(event.pointerId, now);
    });
    const end = (event) => {
      if (!this.pointers.delete(event.pointerId)) return;
      canvas.classList.remove("dragging");
      if (event.type === "pointerup" && this.moved < 5) this.pick(event.offsetX, event.offsetY);
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    const keys = {
      ArrowLeft: () => this.move(60, 0), ArrowRight: () => this.move(-60, 0),
      ArrowUp: () => this.move(0, 60), ArrowDown: () => this.move(0, -60),
      "+": () => this.zoom(1.4), "=": () => this.zoom(1.4), "-": () => this.zoom(1 / 1.4), 0: () => this.fit(),
    };
    canvas.addEventListener("keydown", (event) => {
      const act = keys[event.key];
      if (act && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); act(); }
    });
  }

  pick(sx, sy) {
    let best = null, least = 14;
    for (const c of this.model.visible) {
      const [x, y] = this.screen(c.x, c.y), away = Math.hypot(x - sx, y - sy);
      if (away < least) { least = away; best = c; }
    }
    if (best) this.choose(best);
  }

  screen(x, y) {
    return [(x - this.view.x) * this.view.scale + this.canvas.clientWidth / 2, this.canvas.clientHeight / 2 - (y - this.view.y) * this.view.scale];
  }

  draw() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => { this.waiting = 0; this.paint(); });
  }

  paint() {
    const { context, width, height, ratio } = sharpen(this.canvas);
    if (!width) return;
    const tint = colours(), { view, model } = this;
    this.graticule(context, width, height, tint);
    const half = { x: width / 2 / view.scale, y: height / 2 / view.scale };
    context.save();
    context.setTransform(ratio * view.scale, 0, 0, ratio * view.scale, ratio * (width / 2 - view.x * view.scale), ratio * (height / 2 + view.y * view.scale));
    context.lineWidth = 0.9 / view.scale;
    const fine = view.scale > 0.004;
    for (const side of [0, 1]) {
      context.strokeStyle = tint.side[side];
      context.globalAlpha = model.selected ? 0.12 : 0.28;
      if (!fine) { context.stroke(this.coarse[model.moment][side]); continue; }
      for (const f of model.flights) {
        if (f.side !== side || f.box.x1 < view.x - half.x || f.box.x0 > view.x + half.x || f.box.y1 < view.y - half.y || f.box.y0 > view.y + half.y) continue;
        context.stroke(f.fine);
      }
    }
    context.restore();
    for (const c of model.visible) if (c !== model.selected && c.cause !== "closeness") this.mark(context, c, tint);
    for (const c of model.visible) if (c !== model.selected && c.cause === "closeness") this.mark(context, c, tint);
    if (model.selected) this.conflict(context, model.selected, tint);
    this.scaleBar(context, width, height, tint);
  }

  mark(context, c, tint) {
    const [x, y] = this.screen(c.x, c.y);
    if (x < -9 || y < -9 || x > this.canvas.clientWidth + 9 || y > this.canvas.clientHeight + 9) return;
    const close = c.cause === "closeness";
    context.globalAlpha = close ? 1 : this.model.selected ? 0.4 : 0.75;
    context.beginPath();
    if (resolved(c)) {
      context.moveTo(x - 5, y); context.lineTo(x - 1, y + 4); context.lineTo(x + 6, y - 4);
      context.lineWidth = 1.6;
      context.strokeStyle = tint.ink;
      context.stroke();
      context.globalAlpha = 1;
      return;
    }
    if (close) { context.moveTo(x, y - 6); context.lineTo(x + 6, y); context.lineTo(x, y + 6); context.lineTo(x - 6, y); context.closePath(); }
    else context.arc(x, y, 3.2, 0, 7);
    context.fillStyle = close ? tint.hit : tint.paper;
    context.fill();
    context.lineWidth = 1.4;
    context.strokeStyle = close ? tint.paper : tint.hit;
    context.setLineDash(c.cause === "unknown" ? [2, 2] : []);
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  trace(context, points) {
    context.beginPath();
    points.forEach(([x, y], i) => { const p = this.screen(x, y); if (i) context.lineTo(...p); else context.moveTo(...p); });
    context.closePath();
  }

  conflict(context, c, tint) {
    c.flights.forEach((f, side) => {
      const involved = new Set(c.encounters.map((e) => side ? e.second : e.first));
      const pattern = hatch(context, tint.side[side], side);
      f.volumes.forEach((v, i) => {
        this.trace(context, v.points);
        context.strokeStyle = tint.side[side];
        context.setLineDash(side ? [7, 3] : []);
        if (involved.has(i)) {
          context.globalAlpha = 0.55;
          context.fillStyle = pattern;
          context.fill();
          context.globalAlpha = 1;
          context.lineWidth = 1.8;
        } else { context.globalAlpha = 0.4; context.lineWidth = 0.8; }
        context.stroke();
        context.globalAlpha = 1;
      });
      context.setLineDash([]);
    });
    for (const e of c.encounters) if (e.points.length) {
      this.trace(context, e.points);
      context.globalAlpha = 0.45;
      context.fillStyle = tint.hitFill;
      context.fill();
      context.globalAlpha = 1;
      context.strokeStyle = tint.hit;
      context.lineWidth = 2;
      context.stroke();
    }
    if (this.model.moment) c.flights.forEach((f) => f.change && this.asWanted(context, f.moments[0].track, tint));
    const at = c.ct === null ? [null, null] : c.flights.map((f) => f.track && positionAt(f.track, c.ct));
    c.flights.forEach((f, side) => this.trackOf(context, c, f, side, at[side], tint));
    const ends = at.map((p) => p && this.screen(...this.plane.to(p.lat, p.lng)));
    if (ends[0] && ends[1]) {
      context.strokeStyle = tint.ink;
      context.lineWidth = 1.5;
      context.setLineDash([3, 3]);
      context.beginPath();
      context.moveTo(...ends[0]);
      context.lineTo(...ends[1]);
      context.stroke();
      context.setLineDash([]);
      ends.forEach(([x, y], side) => {
        context.beginPath();
        context.arc(x, y, 5, 0, 7);
        context.fillStyle = tint.side[side];
        context.fill();
        context.strokeStyle = tint.paper;
        context.stroke();
      });
      const x = (ends[0][0] + ends[1][0]) / 2, y = (ends[0][1] + ends[1][1]) / 2;
      const apart = say("apart", { ground: far(c.h), height: metres(c.v) });
      context.font = FONT;
      const room = this.canvas.clientWidth - context.measureText(apart).width - 6;
      label(context, apart, Math.max(6, Math.min(x + 10, room)), y - 14, tint.ink, tint.paper);
    } else if (!c.encounters.some((e) => e.points.length)) this.mark(context, c, tint);
  }

  // Where it was to fly, faintly, below where it will fly now.
  asWanted(context, track, tint) {
    if (!track) return;
    context.strokeStyle = tint.faint;
    context.lineWidth = 1.6;
    context.setLineDash([2, 4]);
    context.beginPath();
    for (let i = 0; i < track.t.length; i++) {
      const p = this.screen(...this.plane.to(track.lat[i], track.lng[i]));
      if (i) context.lineTo(...p); else context.moveTo(...p);
    }
    context.stroke();
    context.setLineDash([]);
  }

  trackOf(context, c, f, side, at, tint) {
    let end = null, before = null;
    if (f.track) {
      context.strokeStyle = tint.side[side];
      context.lineWidth = 2.2;
      context.setLineDash(side ? [8, 4] : []);
      context.beginPath();
      for (let i = 0; i < f.track.t.length; i++) {
        const p = this.screen(...this.plane.to(f.track.lat[i], f.track.lng[i]));
        if (i) context.lineTo(...p); else context.moveTo(...p);
        if (f.track.t[i] <= (c.t1 ?? Infinity)) { before = end; end = p; }
      }
      context.stroke();
      context.setLineDash([]);
      if (end && before) this.arrow(context, before, end, tint.side[side]);
    }
    const met = c.encounters[0], first = f.volumes[met ? (side ? met.second : met.first) : 0];
    const where = end ?? this.screen(...(first ? first.points[0] : [c.x, c.y]));
    const x = Math.min(Math.max(where[0], 14), this.canvas.clientWidth - 120), y = Math.min(Math.max(where[1] + (side ? 18 : -18), 14), this.canvas.clientHeight - 40);
    badge(context, LETTER[side], clip(f.name, 24), x, y, tint.text[side], tint.paper);
  }

  arrow(context, from, to, colour) {
    const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
    context.fillStyle = colour;
    context.beginPath();
    context.moveTo(to[0] + 7 * Math.cos(angle), to[1] + 7 * Math.sin(angle));
    context.lineTo(to[0] + 6 * Math.cos(angle + 2.4), to[1] + 6 * Math.sin(angle + 2.4));
    context.lineTo(to[0] + 6 * Math.cos(angle - 2.4), to[1] + 6 * Math.sin(angle - 2.4));
    context.fill();
  }

  graticule(context, width, height, tint) {
    let lat0 = 90, lat1 = -90, lng0 = Infinity, lng1 = -Infinity;
    for (let i = 0; i <= 8; i++) for (let j = 0; j <= 8; j++) {
      const x = this.view.x + (i / 8 - 0.5) * width / this.view.scale, y = this.view.y + (j / 8 - 0.5) * height / this.view.scale;
      const [lat, lng] = this.plane.from(x, y);
      lat0 = Math.min(lat0, lat); lat1 = Math.max(lat1, lat); lng0 = Math.min(lng0, lng); lng1 = Math.max(lng1, lng);
    }
    const pole = [90, -90].some((p) => { const [x, y] = this.screen(...this.plane.to(p, 0)); return x > -width && y > -height && x < 2 * width && y < 2 * height; });
    if (pole) { lng0 = this.plane.longitude - 180; lng1 = this.plane.longitude + 180; lat1 = this.plane.sin > 0 ? 90 : lat1; lat0 = this.plane.sin < 0 ? -90 : lat0; }
    const steps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 45];
    const pick = (span) => steps.find((s) => span / s <= 6) ?? 45;
    const latStep = pick(lat1 - lat0), lngStep = pole ? 30 : pick(lng1 - lng0);
    const digits = (step) => step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3;
    context.lineWidth = 1;
    const lines = [];
    context.lineWidth = 1;
    const draw = (points) => {
      context.strokeStyle = tint.grid;
      context.beginPath();
      points.forEach((p, i) => i ? context.lineTo(...p) : context.moveTo(...p));
      context.stroke();
    };
    for (let lng = Math.ceil(lng0 / lngStep) * lngStep; lng <= lng1 + 1e-9; lng += lngStep) {
      const points = [];
      for (let i = 0; i <= 24; i++) points.push(this.screen(...this.plane.to(Math.max(-89.9, Math.min(89.9, lat0 + (lat1 - lat0) * i / 24)), lng)));
      draw(points);
      const foot = points.reduce((a, b) => Math.abs(b[1] - (height - 10)) < Math.abs(a[1] - (height - 10)) ? b : a);
      const shown = wrap(lng);
      const free = lines.every((other) => Math.abs(other[1] - foot[0]) > 56);
      if (free && Math.abs(foot[1] - (height - 10)) < 40 && foot[0] > 30 && foot[0] < width - 30) lines.push([longitude(shown, digits(lngStep)), foot[0], height - 30, "center"]);
    }
    for (let lat = Math.ceil(lat0 / latStep) * latStep; lat <= lat1 + 1e-9; lat += latStep) {
      const points = [];
      for (let i = 0; i <= 36; i++) points.push(this.screen(...this.plane.to(lat, lng0 + (lng1 - lng0) * i / 36)));
      draw(points);
      const side = points.reduce((a, b) => Math.abs(b[0] - 8) < Math.abs(a[0] - 8) ? b : a);
      if (side[1] > 120 && side[1] < height - 50) lines.push([latitude(lat, digits(latStep)), 8, side[1], "left"]);
    }
    for (const [text, x, y, align] of lines) label(context, text, x, y, tint.faint, tint.paper, align);
  }

  scaleBar(context, width, height, tint) {
    const perPixel = 1 / this.view.scale / this.plane.stretch(this.view.x, this.view.y);
    const span = niceStep(perPixel * 140, 2), length = span / perPixel, x = 14, y = height - 16;
    context.strokeStyle = tint.paper;
    for (const [weight, colour] of [[5, tint.paper], [2, tint.ink]]) {
      context.lineWidth = weight;
      context.strokeStyle = colour;
      context.beginPath();
      context.moveTo(x, y - 5); context.lineTo(x, y); context.lineTo(x + length, y); context.lineTo(x + length, y - 5);
      context.stroke();
    }
    const one = say(span >= 1000 ? "kilometres" : "metres", { n: number(span >= 1000 ? span / 1000 : span) });
    const other = say("miles", { n: number(span / 1852, { maximumSignificantDigits: 2 }) });
    label(context, say("aside", { one, other }), x + length + 8, y - 3, tint.ink, tint.paper);
  }
}
