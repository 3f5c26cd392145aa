// The page: what is chosen is handed to a worker made of this same script, so that nothing freezes.

function beginWorker() {
  globalThis.addEventListener("message", async ({ data: { file, options } }) => {
    try {
      const report = await verifyBundle(file, options, (stage, done, all) => postMessage({ stage, done, all }));
      postMessage({ report });
    } catch (error) { postMessage({ unusable: reasonOf(error), detail: String(error) }); }
  });
}
/** @param {unknown} error a key of "unusable.…" */
const reasonOf = (error) => (error instanceof Unusable ? error.reason : error instanceof DOMException ? "unreadable" : "failed");

function beginPage(source) {
  const at = (id) => /** @type {any} */ (document.getElementById(id)), LANGUAGES = ["en", "fr"], REMEMBERED = "detente.language";
  const remembered = () => { try { return localStorage.getItem(REMEMBERED) ?? ""; } catch { return ""; } };
  const asked = /^#lang=(en|fr)$/.exec(location.hash)?.[1] ?? remembered();
  let language = LANGUAGES.includes(asked) ? asked : /^fr\b/i.test(navigator.language) ? "fr" : "en", outcome = null, worker = null, working = null, file = null;
  const tell = (key, values) => say(language, key, values), address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));

  function draw() {
    document.documentElement.lang = language;
    document.title = tell("page.title");
    for (const marked of document.querySelectorAll("[data-say]")) marked.textContent = tell(marked.dataset.say);
    for (const marked of document.querySelectorAll("[data-say-aria-label]")) marked.setAttribute("aria-label", tell(marked.getAttribute("data-say-aria-label")));
    for (const button of at("languages").children) button.setAttribute("aria-pressed", String(button.lang === language));
    const accept = at("accept").value || "bilateral";
    at("accept").replaceChildren(...[...FORMATS.GRADES].reverse().map((grade) => new Option(tell(`grade.${grade}`), grade, false, grade === accept)));
    if (at("pin-fault").textContent) at("pin-fault").textContent = tell("pin.badHash");
    at("drop-title").textContent = tell(outcome ? "drop.another" : "drop.title");
    document.body.classList.toggle("small", outcome !== null);
    at("working").hidden = working === null;
    at("stage").textContent = working ? tell(`progress.${working.stage}`, working) : "";
    if (!outcome) at("result").replaceChildren();
    else if (outcome.report) at("result").replaceChildren(...showReport(outcome.report, language, save));
    else if (outcome.stopped) at("result").replaceChildren(element("p", {}, tell("stopped")));
    else at("result").replaceChildren(verdict("dull", tell("unusable"), tell(`unusable.${outcome.unusable}`)));
  }
  function verify(chosen) {
    const agreement = at("pin-hash").value.trim().toLowerCase(), keys = at("pin-keys").value.split("\n").map((line) => line.trim()).filter(Boolean);
    at("pin-fault").textContent = agreement && !HEX64.test(agreement) ? tell("pin.badHash") : "";
    at("pin-hash").toggleAttribute("aria-invalid", Boolean(at("pin-fault").textContent));
    if (at("pin-fault").textContent) { at("pins").open = true; at("pin-hash").focus(); return; }
    worker?.terminate();
    file = chosen; outcome = null; working = { stage: "open", done: 0, all: 1 };
    worker = new Worker(address);
    worker.addEventListener("message", ({ data }) => (data.stage ? advance(data) : finish(data)));
    worker.addEventListener("error", () => finish({ unusable: "failed" }));
    worker.postMessage({ file, options: { agreement, keys, accept: at("accept").value, now: Math.floor(Date.now() / 1000) } });
    at("progress").removeAttribute("value");
    draw();
  }
  function advance(data) {
    working = data;
    at("stage").textContent = tell(`progress.${data.stage}`, data);
    if (data.all > 1) { at("progress").max = data.all; at("progress").value = data.done; } else at("progress").removeAttribute("value");
  }
  function finish(data) {
    worker?.terminate();
    worker = null; working = null; outcome = data;
    draw();
    at("announce").textContent = data.report ? tell(data.report.proven ? "proven" : "refused") : data.stopped ? tell("stopped") : tell("unusable");
    at("result").focus();
  }
  function save() {
    const link = element("a", { download: `${file.name.replace(/\.zip$/i, "")}.report.json` });
    link.href = URL.createObjectURL(new Blob([JSON.stringify(outcome.report, null, 2)], { type: "application/json" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }
  at("file").addEventListener("change", () => { if (at("file").files.length) verify(at("file").files[0]); at("file").value = ""; });
  at("stop").addEventListener("click", () => finish({ stopped: true }));
  for (const button of at("languages").children) button.addEventListener("click", () => {
    language = button.lang;
    at("announce").textContent = "";
    try { localStorage.setItem(REMEMBERED, language); } catch { location.replace(`#lang=${language}`); }
    draw();
  });
  const dark = (on) => { document.documentElement.dataset.theme = on ? "dark" : "light"; at("theme").setAttribute("aria-pressed", String(on)); };
  dark(matchMedia("(prefers-color-scheme: dark)").matches);
  at("theme").addEventListener("click", () => dark(document.documentElement.dataset.theme !== "dark"));
  // The whole page takes a drop: one that misses would otherwise open the file.
  for (const name of ["dragover", "dragleave", "drop"]) document.addEventListener(name, (event) => {
    event.preventDefault();
    at("drop").classList.toggle("over", name === "dragover");
    if (name === "drop" && event.dataTransfer?.files.length) verify(event.dataTransfer.files[0]);
  });
  draw();
}
if (typeof document === "undefined") beginWorker();
else beginPage(document.currentScript.textContent);
