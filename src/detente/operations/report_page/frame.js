// What every page has: heading, legend, language, light and dark. Each page defines legend(), tell(), which says
// everything anew, and repaint(), and has a map; then it calls begin().
// Names come from strangers: they reach the page through textContent and canvas text only.
const byId = (id) => document.getElementById(id);
const element = (name, text, className) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
};

function heading(title, subtitle, figures) {
  document.title = byId("title").textContent = title;
  byId("subtitle").textContent = subtitle;
  byId("figures").replaceChildren(...figures.map(([name, value]) => {
    const pair = element("div");
    pair.append(element("dt", name), element("dd", value));
    return pair;
  }));
}

function noted(texts) {
  byId("notes").replaceChildren(...texts.map((text) => element("li", text)));
}

// A line of the legend: its picture, and what it means.
function means(paint, text) {
  const row = element("li"), canvas = element("canvas");
  canvas.setAttribute("aria-hidden", "true");
  row.append(canvas, element("span", text));
  byId("legend").append(row);
  paint(sharpen(canvas).context);
}

function fact(name, ...parts) {
  const value = element("dd");
  value.append(...parts);
  byId("facts").append(element("dt", name), value);
}

const languageButtons = byId("languages").querySelectorAll("button");
function speak(chosen) {
  language = chosen;
  for (const button of languageButtons) button.setAttribute("aria-pressed", String(button.lang === language));
  fillPhrases();
  tell();
  relegend();
  repaint();
}

function relegend() {
  byId("legend").replaceChildren();
  legend();
}

function theme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  byId("theme").setAttribute("aria-pressed", String(dark));
  relegend();
  repaint();
}

function begin() {
  byId("zoom-in").addEventListener("click", () => map.zoom(1.5));
  byId("zoom-out").addEventListener("click", () => map.zoom(1 / 1.5));
  byId("fit").addEventListener("click", () => map.fit());
  for (const button of languageButtons) button.addEventListener("click", () => { speak(button.lang); remember(button.lang); });
  addEventListener("hashchange", () => {
    const asked = askedInAddress();
    if (asked && asked !== language) speak(asked);
  });
  byId("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme !== "dark"));
  speak(language);
  theme(matchMedia("(prefers-color-scheme: dark)").matches);
}
