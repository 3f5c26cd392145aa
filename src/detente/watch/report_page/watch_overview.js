// All events in one picture: how far each was over its line, with the interval, in the order of time. What is shown
// lies above the line with all of its interval; what cannot be told lies across it.
const OVER = {
  "crossing": (e, f) => f.depth_nearest_m,
  "outside-volumes": (e, f) => outOf(e, [f.distance_m, f.vertical_m].filter(Boolean)),
  "stand-off": (e, f) => f.distance_m && e.limit && flipped(f.distance_m, e.limit.agreed),
};
const flipped = ([value, low, high], agreed) => [agreed - value, high === null ? null : agreed - high, low === null ? null : agreed - low];
// To the side or in height, whichever is surer; who was there at another time was outside by neither.
function outOf(e, ways) {
  const surest = ways.reduce((a, b) => b[1] > a[1] ? b : a, ways[0] ?? null);
  return surest && (e.grade !== "shown" || surest[1] > 0) ? surest : null;
}
// Value, lower and upper bound, metres beyond the line; a bound that does not exist is null.
function overLine(e) {
  return OVER[e.kind]?.(e, Object.fromEntries(e.figures.map(([name, value, low, high]) => [name, [value, low, high]]))) ?? null;
}
// Ten metres are told from none, and ten kilometres from a hundred.
const spaced = (m) => Math.sign(m) * Math.log10(1 + Math.abs(m) / 10);

class WatchOverview {
  constructor(canvas, model, choose) {
    Object.assign(this, { canvas, model, choose, over: new Map(model.events.map((e) => [e, overLine(e)])) });
    canvas.hidden = ![...this.over.values()].some(Boolean);
    new ResizeObserver(() => this.paint()).observe(canvas);
    canvas.addEventListener("click", (event) => { const e = this.at(event.offsetX); if (e) this.choose(e); });
    canvas.addEventListener("pointermove", (event) => this.point(this.at(event.offsetX)));
    canvas.addEventListener("pointerleave", () => this.point(null));
  }

  // In the order of time, as the list may be sorted otherwise.
  get shown() { return this.model.visible.filter((e) => this.over.get(e)).sort((a, b) => a.rank - b.rank); }

  at(x) {
    const list = this.shown, n = Math.floor((x - this.left) / (this.right - this.left) * list.length);
    return list[n] ?? null;
  }

  point(e) {
    if (e === this.pointed) return;
    this.pointed = e;
    this.paint();
  }

  paint() {
    const { context, width, height } = sharpen(this.canvas), list = this.shown;
    if (!width || !list.length) return;
    const tint = { ...colours(), grade: gradeColours() }, all = list.map((e) => this.over.get(e));
    const left = this.left = 66, right = this.right = width - 8, top = 26, bottom = height - 22;
    const low = Math.min(spaced(-30), ...all.flat().filter((m) => m !== null).map(spaced)) - 0.15;
    const high = Math.max(spaced(100), ...all.flat().filter((m) => m !== null).map(spaced)) + (all.some((each) => each[2] === null) ? 0.7 : 0.25);
    const y = (m) => bottom - (spaced(m) - low) / (high - low) * (bottom - top), wide = (right - left) / list.length;
    const x = (i) => left + (i + 0.5) * wide;
    context.fillStyle = tint.paper;
    context.fillRect(left, top, right - left, bottom - top);
    for (const m of [-10000, -1000, -100, 100, 1000, 10000, 100000]) if (spaced(m) > low && spaced(m) < high) {
      this.across(context, left, right, y(m), tint.grid, 1);
      label(context, amount(m, "m"), left - 6, y(m), tint.faint, tint.paper, "right");
    }
    list.forEach((e, i) => {
      if (e !== this.model.selected && e !== this.pointed) return;
      context.fillStyle = tint.ink;
      context.globalAlpha = e === this.model.selected ? 0.12 : 0.06;
      context.fillRect(x(i) - Math.max(wide, 6) / 2, top, Math.max(wide, 6), bottom - top);
      context.globalAlpha = 1;
    });
    this.across(context, left, right, y(0), tint.grade.border, 2);
    label(context, say("overZero"), left - 6, y(0), tint.ink, tint.paper, "right");
    list.forEach((e, i) => this.one(context, e, all[i], x(i), y, top, bottom, Math.min(wide, 14), tint));
    this.times(context, list, x, wide, height - 9, tint);
    label(context, say("overAxis"), 6, 11, tint.faint, tint.paper);
    const told = this.pointed ?? null;
    if (told) this.told(context, told, x(list.indexOf(told)), width, tint);
    context.strokeStyle = tint.line;
    context.lineWidth = 1;
    context.strokeRect(left, top, right - left, bottom - top);
  }

  one(context, e, [value, low, high], x, y, top, bottom, wide, tint) {
    const from = low === null ? bottom : y(low), to = high === null ? top : y(high), cap = Math.min(4, wide / 3);
    context.strokeStyle = tint.grade[e.grade];
    context.lineWidth = Math.max(1, Math.min(2.4, wide / 3));
    context.beginPath();
    context.moveTo(x, from);
    context.lineTo(x, to);
    for (const end of [low === null ? null : from, high === null ? null : to]) if (end !== null) { context.moveTo(x - cap, end); context.lineTo(x + cap, end); }
    // Without a bound it goes on: an arrow.
    if (high === null) { context.moveTo(x - cap, to + 6); context.lineTo(x, to); context.lineTo(x + cap, to + 6); }
    context.stroke();
    if (value === null) return;
    context.save();
    if (wide < 12) { context.translate(x, y(value)); context.scale(wide / 12, wide / 12); context.translate(-x, -y(value)); }
    gradeMark(context, e.grade, x, y(value), tint);
    context.restore();
  }

  across(context, left, right, y, colour, width) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(left, y);
    context.lineTo(right, y);
    context.stroke();
  }

  times(context, list, x, wide, y, tint) {
    let free = -Infinity, before = "";
    list.forEach((e, i) => {
      const date = day(e.t0), text = severalDays && date !== before ? date : wide > 40 ? clock(e.t0, false) : "";
      context.font = FONT;
      const half = context.measureText(text).width / 2, at = Math.min(x(i), this.right - half);
      if (!text || at - half < free) return;
      label(context, text, at, y, tint.faint, tint.paper, "center");
      [free, before] = [at + half + 8, date];
    });
  }

  told(context, e, x, width, tint) {
    const text = [clock(e.t0), e.who, e.boundary ? nameOf(e.boundary) : ruleOf(e.against), sizeText(e), say(`grade-${e.grade}`)].filter(Boolean).join(" · ");
    context.font = FONT;
    const half = context.measureText(text).width / 2 + 4;
    label(context, text, Math.max(half, Math.min(width - half, x)), 11, tint.ink, tint.paper, "center");
  }
}
