// Whether a text has the form of TOML. What it says is for people; the signed manifest is what counts.

const TOML_SPACE = /[ \t]*/y, TOML_GAP = /(?:[ \t\r\n]|#[^\n]*)*/y, TOML_KEY = /(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')/y;
const TOML_STRING = /"""(?:[^\\]|\\[^])*?"{3,5}|'''[^]*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/y;
const TOML_SCALAR = /(?:true|false|[+-]?(?:inf|nan)|\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)?)?|\d\d:\d\d(?::\d\d(?:\.\d+)?)?|0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+|[+-]?\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d[\d_]*)?)(?![A-Za-z0-9_.:-])/y;

/** @param {string} text */
function isToml(text) {
  let at = 0;
  const take = (pattern) => { pattern.lastIndex = at; const found = pattern.exec(text); if (found) at = pattern.lastIndex; return found !== null; };
  const skip = (word) => { if (!text.startsWith(word, at)) return false; at += word.length; return true; };
  const key = () => { do { take(TOML_SPACE); if (!take(TOML_KEY)) return false; take(TOML_SPACE); } while (skip(".")); return true; };
  const pair = (depth) => key() && skip("=") && (take(TOML_SPACE), value(depth));
  const list = (end, one) => {
    for (;;) {
      take(TOML_GAP);
      if (skip(end)) return true;
      if (!one()) return false;
      take(TOML_GAP);
      if (!skip(",")) return skip(end);
    }
  };
  const value = (depth) => {
    if (depth > FORMATS.JSON_DEPTH_MAX) return false;
    if (skip("[")) return list("]", () => value(depth + 1));
    if (skip("{")) return list("}", () => pair(depth + 1));
    return take(TOML_STRING) || take(TOML_SCALAR);
  };
  for (;;) {
    take(TOML_GAP);
    if (at >= text.length) return true;
    const good = skip("[[") ? key() && skip("]]") : skip("[") ? key() && skip("]") : pair(0);
    take(TOML_SPACE);
    if (!good || !(at >= text.length || /[\r\n#]/.test(text[at]))) return false;
  }
}
