// What map and profile share: colours from the style sheet, hatches, sharp canvases, times.
function colours() {
  const style = getComputedStyle(document.documentElement);
  const value = (name) => style.getPropertyValue(name).trim();
  return {
    ink: value("--ink"), faint: value("--faint"), grid: value("--grid"), paper: value("--paper"), line: value("--line"),
    side: [value("--a"), value("--b-fill")], text: [value("--a"), value("--b")],
    hit: value("--hit"), hitFill: value("--hit-fill"), close: value("--close"),
  };
}

// First side: lines rising to the right. Second side: falling, and doubled. Told apart without colour.
function hatch(context, colour, side) {
  const size = side ? 12 : 8, tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const c = tile.getContext("2d");
  c.strokeStyle = colour;
  c.lineWidth = 1.3;
  const line = (x) => {
    c.beginPath();
    if (side) { c.moveTo(x - size, -size); c.lineTo(x + 2 * size, 2 * size); }
    else { c.moveTo(x - size, 2 * size); c.lineTo(x + 2 * size, -size); }
    c.stroke();
  };
  for (const x of side ? [-size, -size + 4, 0, 4, size, size + 4] : [-size, 0, size]) line(x);
  return context.createPattern(tile, "repeat");
}

function sharpen(canvas) {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height, ratio };
}

const FONT = "12px system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif";
function label(context, text, x, y, colour, paper, align = "left") {
  context.font = FONT;
  context.textAlign = align;
  context.textBaseline = "middle";
  context.lineWidth = 4;
  context.lineJoin = "round";
  context.strokeStyle = paper;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

function badge(context, letter, text, x, y, colour, paper) {
  context.font = "bold " + FONT;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = colour;
  context.fillRect(x - 9, y - 9, 18, 18);
  context.fillStyle = paper;
  context.fillText(letter, x, y + 0.5);
  label(context, text, x + 13, y, colour, paper);
}

const clip = (text, n) => text.length > n ? text.slice(0, n - 1) + "…" : text;
const clock = (s, seconds = true) => new Date(s * 1000).toISOString().slice(11, seconds ? 19 : 16);
const day = (s) => new Date(s * 1000).toISOString().slice(0, 10);
const CAUSES = ["closeness", "width", "unknown"];
const LETTER = ["A", "B"];

function niceStep(span, most) {
  const raw = span / most, power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((m) => m * power).find((step) => step >= raw);
}
