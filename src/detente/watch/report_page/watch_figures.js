// Each figure with its interval: as numbers, and drawn on an axis of its own with zero marked.
const SVG = "http://www.w3.org/2000/svg";
const shape = (name, attributes, className) => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (className) made.setAttribute("class", className);
  return made;
};

function figureRow(e, [name, value, low, high, unit]) {
  const agreed = e.limit && name === "distance_m" ? e.limit.agreed : null;
  const row = document.createElement("tr");
  row.append(element("td", sayFor(e, name)), element("td", amount(value, unit), "number"));
  const cell = element("td");
  cell.append(
    element("span", bounds(low, high, unit)),
    intervalDrawing(value, low, high, unit, agreed),
  );
  row.append(cell);
  return row;
}

// From the lowest to the highest of value, bounds, zero and what was agreed; where there is no bound the line leaves the axis.
function intervalDrawing(value, low, high, unit, agreed) {
  const known = [value, low, high, agreed, 0].filter((n) => n !== null);
  const least = Math.min(...known), most = Math.max(...known), room = (most - least) * 0.12 || 1;
  const x = (n) => 2 + (n - least + room) / (most - least + 2 * room) * 196;
  const picture = shape("svg", { viewBox: "0 0 200 26", preserveAspectRatio: "none", role: "img" });
  const title = shape("title", {});
  title.textContent = bounds(low, high, unit);
  picture.append(title, shape("line", { x1: 2, x2: 198, y1: 13, y2: 13 }, "axis"));
  picture.append(shape("line", { x1: x(0), x2: x(0), y1: 3, y2: 23 }, "zero"));
  if (agreed !== null) picture.append(shape("line", { x1: x(agreed), x2: x(agreed), y1: 1, y2: 25 }, "agreed"));
  const from = low === null ? 0 : x(low), to = high === null ? 200 : x(high);
  picture.append(shape("line", { x1: from, x2: to, y1: 13, y2: 13 }, "span"));
  if (low !== null) picture.append(shape("line", { x1: from, x2: from, y1: 7, y2: 19 }, "end"));
  if (high !== null) picture.append(shape("line", { x1: to, x2: to, y1: 7, y2: 19 }, "end"));
  if (value !== null) picture.append(shape("rect", { x: x(value) - 1.6, y: 6, width: 3.2, height: 14 }, "dot"));
  return picture;
}

// How many there are of each grade, beside one another; filled is what is shown.
function countsDrawing(counts, most) {
  const picture = shape("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" });
  let x = 0;
  for (const [grade, count] of counts) {
    const width = count / most * 100;
    if (count) picture.append(shape("rect", { x, y: grade === "shown" ? 0.5 : 2.5, width: Math.max(0.8, width - 0.4), height: grade === "shown" ? 9 : 5 }, `of-${grade}`));
    x += width;
  }
  return picture;
}
