// Which language the page speaks, and how that language writes numbers, units and places.
// A page may say more than all pages do, or say it otherwise.
if (typeof MORE_PHRASES !== "undefined") for (const each of Object.keys(PHRASES)) Object.assign(PHRASES[each], MORE_PHRASES[each]);
const LOCALES = { en: "en-GB", fr: "fr-FR" }, REMEMBERED = "detente.language";

function askedInAddress() {
  const found = /^#lang=(.+)$/.exec(location.hash);
  return found && Object.hasOwn(PHRASES, found[1]) ? found[1] : null;
}

// A file opened from a disk may be refused storage; the address then has to remember.
function remembered() {
  try { const found = localStorage.getItem(REMEMBERED); return Object.hasOwn(PHRASES, found) ? found : null; } catch { return null; }
}
function remember(language) {
  try { localStorage.setItem(REMEMBERED, language); } catch { /* the address remembers */ }
  location.replace(`#lang=${language}`);
}

let language = askedInAddress() ?? remembered() ?? (/^fr\b/i.test(navigator.language) ? "fr" : "en");

// One pass: what is put in is never looked at again, so braces in names stay braces.
const say = (key, values = {}) => PHRASES[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const told = (text) => text[language];

const formats = new Map();
function number(n, options) {
  const key = language + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(LOCALES[language], options));
  return formats.get(key).format(n).replace("-", "−");
}
const whole = (n) => number(Math.round(n) || 0);
const fixed = (n, digits) => number(n, { minimumFractionDigits: digits, maximumFractionDigits: digits });
const metres = (n) => say("metres", { n: whole(n) });
const feet = (m) => say("feet", { n: whole(m / 0.3048) });
const metresAndFeet = (m) => say("aside", { one: metres(m), other: feet(m) });
const far = (m) => m < 1000 ? metres(m) : say("kilometres", { n: m < 99950 ? fixed(m / 1000, 1) : whole(m / 1000) });
const latitude = (d, digits) => say(d < 0 ? "south" : "north", { n: fixed(Math.abs(d), digits) });
const longitude = (d, digits) => say(d < 0 ? "west" : "east", { n: fixed(Math.abs(d), digits) });

// The words that stand in the page from the beginning: data-say for text, data-say-… for an attribute.
function fillPhrases() {
  document.documentElement.lang = language;
  for (const marked of document.querySelectorAll("[data-say]")) marked.textContent = say(marked.dataset.say);
  for (const name of ["aria-label", "aria-roledescription", "title", "placeholder"]) {
    for (const marked of document.querySelectorAll(`[data-say-${name}]`)) marked.setAttribute(name, say(marked.getAttribute(`data-say-${name}`)));
  }
}
