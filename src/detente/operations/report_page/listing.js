// A list that is searched, sorted and walked through by keys, of whose items one is selected. Items have `row`, `button`,
// `words` (in lower case) and `rank`; the model keeps which of them are `visible`, and the one `selected`.
class Listing {
  // keeps(item): whether what is chosen besides the words keeps it; value(key, item): to sort by; shown(item, zoom).
  constructor(model, items, { key, keeps, value, shown }) {
    Object.assign(this, { model, items, keeps, value, shown, sorting: { key, up: true } });
    byId("rows").append(...items.map((item) => this.row(item)));
    byId("search").addEventListener("input", () => this.filter());
    for (const choice of document.querySelectorAll(".filters select")) choice.addEventListener("change", () => this.filter());
    for (const button of document.querySelectorAll("[data-sort]")) button.addEventListener("click", () => this.sort(button.dataset.sort, button.closest("th")));
    byId("rows").addEventListener("keydown", (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      this.step(by)?.button.focus({ preventScroll: true });
    });
    document.addEventListener("keydown", (event) => {
      if (event.target.matches("input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
      const by = { n: 1, p: -1 }[event.key.toLowerCase()];
      if (by) this.step(by);
    });
  }

  // The first cell is a button; the page fills in what it and the other cells say.
  row(item) {
    const row = element("tr"), button = element("button"), heads = document.querySelectorAll("#list thead th");
    button.type = "button";
    button.setAttribute("aria-pressed", "false");
    row.append(...Array.from(heads, (head) => element("td", undefined, head.className)));
    row.cells[0].append(button);
    row.addEventListener("click", () => this.select(item));
    return Object.assign(item, { row, button }).row;
  }

  filter() {
    const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    this.model.visible = [];
    for (const item of this.items) {
      const shown = this.keeps(item) && words.every((word) => item.words.includes(word));
      item.row.hidden = !shown;
      if (shown) this.model.visible.push(item);
    }
    tellShown();
    map.draw();
  }

  sort(key, heading) {
    this.sorting = { key, up: this.sorting.key === key ? !this.sorting.up : true };
    this.items.sort((a, b) => {
      const one = this.value(key, a), other = this.value(key, b);
      return ((one < other ? -1 : one > other ? 1 : 0) || a.rank - b.rank) * (this.sorting.up ? 1 : -1);
    });
    for (const th of document.querySelectorAll("#list thead th")) th.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", this.sorting.up ? "ascending" : "descending");
    byId("rows").append(...this.items.map((item) => item.row));
    this.filter();
  }

  select(item, zoom = true, scroll = true) {
    for (const each of [this.model.selected, item]) if (each) {
      each.row.classList.toggle("chosen", each === item);
      each.button.setAttribute("aria-pressed", String(each === item));
    }
    this.model.selected = item;
    if (scroll) item.row.scrollIntoView({ block: "nearest" });
    this.shown(item, zoom);
  }

  step(by) {
    const list = this.model.visible;
    if (!list.length) return null;
    const at = list.indexOf(this.model.selected);
    const next = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : (at + by + list.length) % list.length];
    this.select(next);
    return next;
  }
}
