// The profile of the selected event: altitude against time above; below, how deep inside it was,
// or how far apart two aircraft were. Bands hold the true value with 95 %.
class WatchProfile {
  constructor(canvas, model, moved) {
    this.canvas = canvas;
    this.model = model;
    this.moved = moved;
    new ResizeObserver(() => this.paint()).observe(canvas);
    canvas.addEventListener("pointermove", (event) => this.point(event.offsetX));
    canvas.addEventListener("pointerleave", () => this.moveTo(null));
    canvas.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by || !this.range) return;
      event.preventDefault();
      const { t0, t1 } = this.range, now = this.model.cursor ?? (by > 0 ? t0 : t1);
      this.moveTo(Math.min(t1, Math.max(t0, now + by * Math.max(1, (t1 - t0) / 200))));
    });
  }

  point(x) {
    if (!this.range) return;
    const part = (x - this.left) / (this.right - this.left);
    this.moveTo(part < 0 || part > 1 ? null : this.range.t0 + part * (this.range.t1 - this.range.t0));
  }

  moveTo(time) {
    if (time === this.model.cursor) return;
    this.model.cursor = time;
    this.paint();
    this.moved();
  }

  paint() {
    const { context, width, height } = sharpen(this.canvas);
    const e = this.model.selected, tint = { ...colours(), grade: gradeColours() };
    this.range = null;
    if (!width) return;
    if (!e || !e.track || !e.track.t.length) {
      label(context, say(e ? "noTrack" : "watchChooseHow"), width / 2, height / 2, tint.faint, tint.paper, "center");
      return;
    }
    const second = this.second(e);
    const left = this.left = 62, right = this.right = width - 56, top = 24, bottom = second ? Math.round(height * 0.45) : height - 30;
    const t0 = e.track.t[0], t1 = Math.max(e.track.t.at(-1), t0 + 1);
    const low = Math.min(...this.told(e.track.alt, e.track.half, -1)), high = Math.max(...this.told(e.track.alt, e.track.half, 1));
    const room = Number.isFinite(low) ? Math.max(30, (high - low) * 0.1) : 0;
    this.range = Number.isFinite(low) ? { t0, t1, low: low - room, high: high + room } : { t0, t1, low: 0, high: 1000 };
    const x = (t) => left + (t - t0) / (t1 - t0) * (right - left);
    const y = (a) => bottom - (a - this.range.low) / (this.range.high - this.range.low) * (bottom - top);
    this.axes.timeGrid(context, this.range, x, top, height - 30, height, tint);
    this.axes.altitudeGrid(context, this.range, y, left, right, tint);
    this.inside(context, e, x, top, height - 30, tint);
    this.volumes(context, e, x, y, [left, top, right, bottom], tint);
    this.band(context, e.track, e.track.alt, e.track.half, x, y, [left, top, right, bottom], tint.side[0], tint);
    if (e.otherTrack) this.band(context, e.otherTrack, e.otherTrack.alt, e.otherTrack.half, x, y, [left, top, right, bottom], tint.side[1], tint);
    this.frame(context, left, top, right, bottom, tint);
    label(context, say("altitudeAxis"), 6, 12, tint.faint, tint.paper);
    label(context, say("feetAxis"), width - 6, 12, tint.faint, tint.paper, "right");
    if (second) this.lower(context, e, second, x, left, right, bottom + 24, height - 30, tint);
    if (this.model.cursor !== null) {
      context.strokeStyle = tint.ink;
      context.lineWidth = 1;
      context.setLineDash([3, 3]);
      context.beginPath();
      context.moveTo(x(this.model.cursor), top);
      context.lineTo(x(this.model.cursor), height - 30);
      context.stroke();
      context.setLineDash([]);
    }
  }

  get axes() { return Profile.prototype; }

  told(values, half, side) {
    return Array.from(values, (v, i) => v + side * (half[i] || 0)).filter(Number.isFinite);
  }

  // What is shown below: depths and how unsure they are, or distances.
  second(e) {
    const { track } = e;
    if (track.depth) {
      return { values: track.depth, half: track.radius.map((r) => Math.hypot(r, e.unsure)), zero: true, axis: "depthAxis", scale: 1 };
    }
    if (e.limit && track.away) {
      const { agreed, unsure } = e.limit;
      const wide = agreed >= 3000;
      return { values: track.away, half: track.radius.map((r) => Math.hypot(r, unsure)), agreed, zero: true, axis: wide ? "awayAxisWide" : "awayAxis", scale: wide ? 1000 : 1 };
    }
    if (!e.otherTrack) return null;
    const values = track.t.map((t, i) => {
      const other = trackAt(e.otherTrack, t);
      return other ? groundDistance(track.lat[i], track.lng[i], other.lat, other.lng) : NaN;
    });
    return { values, half: track.radius, zero: false, axis: "distanceAxis", scale: 1000 };
  }

  inside(context, e, x, top, bottom, tint) {
    const begin = Math.max(x(e.t0), this.left), end = Math.min(e.t1 === null ? this.right : x(e.t1), this.right);
    context.globalAlpha = 0.14;
    context.fillStyle = tint.grade[e.grade];
    context.fillRect(begin, top, Math.max(1, end - begin), bottom - top);
    context.globalAlpha = 1;
    for (const place of [e.entry, e.exit]) if (place) {
      const spread = (place.spread ?? 0) / (this.range.t1 - this.range.t0) * (this.right - this.left);
      context.globalAlpha = 0.25;
      context.fillRect(x(place.t) - Math.min(spread, 2000), top, Math.max(2, 2 * Math.min(spread, 2000)), bottom - top);
      context.globalAlpha = 1;
    }
  }

  // The heights and times that it declared.
  volumes(context, e, x, y, [left, top, right, bottom], tint) {
    context.save();
    context.beginPath();
    context.rect(left, top, right - left, bottom - top);
    context.clip();
    for (const v of e.volumes) {
      const box = Profile.prototype.rectangle(this.range, x, y, v);
      context.globalAlpha = 0.25;
      context.fillStyle = hatch(context, tint.ink, 0);
      context.fillRect(...box);
      context.globalAlpha = 0.6;
      context.strokeStyle = tint.ink;
      context.lineWidth = 1;
      context.strokeRect(...box);
    }
    context.restore();
  }

  band(context, track, values, half, x, y, [left, top, right, bottom], colour, tint) {
    context.save();
    context.beginPath();
    context.rect(left, top, right - left, bottom - top);
    context.clip();
    const known = Array.from(values, (_, i) => i).filter((i) => Number.isFinite(values[i]));
    context.fillStyle = colour;
    context.globalAlpha = 0.16;
    context.beginPath();
    known.forEach((i, n) => { const p = [x(track.t[i]), y(values[i] + (half[i] || 0))]; if (n) context.lineTo(...p); else context.moveTo(...p); });
    for (const i of known.slice().reverse()) context.lineTo(x(track.t[i]), y(values[i] - (half[i] || 0)));
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.beginPath();
    known.forEach((i, n) => { const p = [x(track.t[i]), y(values[i])]; if (n) context.lineTo(...p); else context.moveTo(...p); });
    context.stroke();
    context.restore();
  }

  lower(context, e, second, x, left, right, top, bottom, tint) {
    let low = Math.min(0, ...this.told(second.values, second.half, -1)), high = Math.max(0, ...this.told(second.values, second.half, 1));
    if (second.agreed) {
      // How much farther than agreed it was does not matter.
      high = Math.max(second.agreed * 1.15, Math.min(high, second.agreed * 1.8));
    } else if (second.zero) {
      // Far away does not matter: the picture is about the border.
      const most = Math.max(200, ...second.values.filter(Number.isFinite)) + e.unsure;
      low = Math.max(low, -1.5 * most);
    } else low = 0;
    const room = (high - low) * 0.08 || 1;
    const range = { low: low - (second.zero ? room : 0), high: high + room };
    const y = (v) => bottom - (v - range.low) / (range.high - range.low) * (bottom - top);
    const step = niceStep((range.high - range.low) / second.scale, 4);
    for (let v = Math.ceil(range.low / second.scale / step) * step; v * second.scale <= range.high; v += step) {
      context.strokeStyle = tint.grid;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(left, y(v * second.scale));
      context.lineTo(right, y(v * second.scale));
      context.stroke();
      label(context, number(v + 0, { maximumFractionDigits: 2 }), left - 6, y(v * second.scale), tint.faint, tint.paper, "right");
    }
    if (second.agreed) {
      context.globalAlpha = 0.12;
      context.fillStyle = tint.grade[e.grade];
      context.fillRect(left, y(second.agreed), right - left, bottom - y(second.agreed));
      context.globalAlpha = 1;
      context.strokeStyle = tint.grade[e.grade];
      context.lineWidth = 1.6;
      context.setLineDash([6, 3]);
      context.beginPath();
      context.moveTo(left, y(second.agreed));
      context.lineTo(right, y(second.agreed));
      context.stroke();
      context.setLineDash([]);
      label(context, say("agreed"), right + 4, y(second.agreed), tint.ink, tint.paper);
    }
    this.band(context, e.track, second.values, second.half, x, y, [left, top, right, bottom], tint.side[0], tint);
    if (second.zero) {
      context.strokeStyle = tint.grade.border;
      context.lineWidth = 1.6;
      context.beginPath();
      context.moveTo(left, y(0));
      context.lineTo(right, y(0));
      context.stroke();
      label(context, say(second.agreed ? "lineAxis" : "border"), right + 4, y(0), tint.ink, tint.paper);
    }
    this.frame(context, left, top, right, bottom, tint);
    label(context, say(second.axis), 6, top - 11, tint.faint, tint.paper);
  }

  frame(context, left, top, right, bottom, tint) {
    context.strokeStyle = tint.faint;
    context.lineWidth = 1;
    context.strokeRect(left, top, right - left, bottom - top);
  }
}
