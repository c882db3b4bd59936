// The trials of a study as a table, a page at a time; sorting and searching happen in the kernel.
import { announce, bus, point } from "./bus.js";
import { checks } from "./checks.js";
import { find, focused, h, listen, wake } from "./dom.js";
import { tableSaver } from "./save.js";

/** @import { TrialColumn, TrialRow } from "./protocol.d.ts" */
/** @import { PageChanges, TrialsView } from "./types.d.ts" */

/** A note that is being written. @typedef {{ id: string, value: string, start: number | null, end: number | null }} Typed */

/** @param {TrialsView} view */
function render({ model, el }) {
  const card = new TrialsCard(model, el);
  card.start();
  return () => card.stop();
}

class TrialsCard {
  /** @param {TrialsView["model"]} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.bus = bus(model.get("explorer"));
    this.timer = 0;
    this.asked = 0;
    this.doubt = 0;
    /** @type {Set<number>} */
    this.ticked = new Set();
    this.search = h("input", { type: "search", placeholder: "search designs and notes", "aria-label": "Search designs", on: { input: () => this.look(), keydown: (event) => event.stopPropagation() } });
    this.count = h("span", { class: "hx-mute", role: "status" });
    this.back = h("button", { type: "button", text: "‹", "aria-label": "Previous page", on: { click: () => this.turn(-1) } });
    this.next = h("button", { type: "button", text: "›", "aria-label": "Next page", on: { click: () => this.turn(1) } });
    this.table = h("table", { class: "hx-trials" });
    this.columns = h("span");
    this.several = h("span", { class: "hx-mute", role: "status" });
    this.compare = h("button", { type: "button", text: "Compare", title: "Put the ticked designs side by side", on: { click: () => model.send({ ev: "compare", ids: [...this.ticked] }) } });
    this.remove = h("button", { type: "button", text: "Delete", title: "Delete the ticked trials from the study", on: { click: () => this.askFirst() } });
    /** @type {(() => void)[]} */
    this.off = [];
    this.onPoint = () => this.tell();
  }

  start() {
    const { model, el } = this;
    el.classList.add("hx");
    const line = h("div", { class: "hx-line" }, this.search, this.count, this.back, this.next, h("span", { class: "hx-spring" }), this.several, this.compare, this.remove, this.columns, tableSaver(model, "trials"));
    el.replaceChildren(line, h("div", { class: "hx-tableframe", tabindex: 0, role: "region", "aria-label": "Trials" }, this.table));
    this.bus.addEventListener("point", this.onPoint);
    this.off = [listen(model, "change:page", () => this.draw()), listen(model, "change:current", () => this.mark())];
    this.draw();
    wake(model);
  }

  stop() {
    this.off.forEach((remove) => remove());
    this.bus.removeEventListener("point", this.onPoint);
    for (const timer of [this.timer, this.asked, this.doubt]) clearTimeout(timer);
  }

  /** @param {PageChanges} changes */
  ask(changes) {
    this.model.send({ ev: "page", ...changes });
  }

  look() {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.ask({ text: this.search.value, offset: 0 }), 200);
  }

  /** @param {number} by */
  turn(by) {
    const { offset, size } = this.model.get("page");
    this.ask({ offset: Math.max(0, offset + by * size) });
  }

  /** Deleting cannot be undone: the button asks once more. */
  askFirst() {
    if (this.remove.dataset.sure !== "true") {
      this.remove.dataset.sure = "true";
      this.remove.textContent = `Really delete ${this.ticked.size}?`;
      this.doubt = window.setTimeout(() => this.tickedChanged(), 4000);
      return;
    }
    this.model.send({ ev: "delete", ids: [...this.ticked] });
    this.ticked.clear();
    this.tickedChanged();
  }

  tickedChanged() {
    clearTimeout(this.doubt);
    const { size } = this.ticked;
    this.several.textContent = size ? `${size} ticked` : "";
    this.compare.disabled = this.remove.disabled = size === 0;
    this.remove.textContent = "Delete";
    delete this.remove.dataset.sure;
  }

  /** @param {number} id @param {boolean} on */
  tick(id, on) {
    if (on) this.ticked.add(id);
    else this.ticked.delete(id);
    this.tickedChanged();
  }

  /** @param {TrialRow} trial */
  row({ id, cells, front, note }) {
    const { model } = this;
    const load = h("button", { type: "button", class: "hx-load", text: cells[0], title: "Load this design", on: { click: () => model.send({ ev: "load", id, seq: announce(this.bus) }) } });
    const field = h("input", { type: "text", class: "hx-notefield", value: note, placeholder: "note", "data-note": id, "aria-label": `Note on trial ${id}`, on: { change: () => model.send({ ev: "note", id, text: field.value }), keydown: (event) => event.stopPropagation() } });
    const box = h("input", { type: "checkbox", "aria-label": `Tick trial ${id}`, on: { change: () => this.tick(id, box.checked) } });
    box.checked = this.ticked.has(id);
    const focus = () => point(this.bus, id);
    return h(
      "tr", { "data-id": id, on: { pointerenter: focus, pointerleave: () => point(this.bus, null), focusin: focus } },
      h("th", { scope: "row" }, box, load, front ? h("span", { class: "hx-badge", text: "front", title: `No other trial beats it in all of ${model.get("page").objectives}` }) : null),
      ...cells.slice(1).map((text) => h("td", { text })),
      h("td", { class: "hx-notecell" }, field),
    );
  }

  /** A column's head; a click sorts by it. @param {TrialColumn} column */
  head({ id, label, largest }) {
    if (!id) return h("th", { scope: "col", text: label });
    const { sort, descending } = this.model.get("page");
    const order = descending ? "descending" : "ascending";
    return h(
      "th", { scope: "col", "aria-sort": sort === id ? order : "none" },
      h("button", { type: "button", text: label, on: { click: () => this.ask({ sort: id, descending: sort === id ? !descending : largest, offset: 0 }) } }),
    );
  }

  draw() {
    const { columns, rows, offset, size, total, choices, chosen } = this.model.get("page");
    const typed = this.typing();
    this.back.disabled = offset === 0;
    this.next.disabled = offset + size >= total;
    const whole = (/** @type {number} */ value) => value.toLocaleString("en");
    this.count.textContent = total ? `${whole(offset + 1)}–${whole(Math.min(total, offset + size))} of ${whole(total)}` : "no trials";
    const head = columns.map((column) => this.head(column));
    if (columns.length) head.push(h("th", { scope: "col", text: "note" }));
    this.table.replaceChildren(h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows.map((row) => this.row(row))));
    if (!this.columns.querySelector(":popover-open")) this.columns.replaceChildren(choices.length ? checks({ id: "columns", label: "Columns", values: choices, value: chosen }, (names) => this.ask({ columns: names }), () => this.draw()) : "");
    this.tickedChanged();
    this.restore(typed);
    this.mark();
  }

  /** The note that is being written must survive new rows of a sweep that runs. @returns {Typed | null} */
  typing() {
    const active = /** @type {HTMLInputElement | null} */ (focused());
    if (!active?.dataset.note || !this.table.contains(active)) return null;
    return { id: active.dataset.note, value: active.value, start: active.selectionStart, end: active.selectionEnd };
  }

  /** @param {Typed | null} typed */
  restore(typed) {
    const field = typed && /** @type {HTMLInputElement | null} */ (find(this.table, `[data-note="${typed.id}"]`));
    if (!field) return;
    field.value = typed.value;
    field.focus();
    field.setSelectionRange(typed.start, typed.end);
  }

  /** Mark the current design and the trial that is pointed at in any view. */
  mark() {
    const current = this.model.get("current");
    for (const node of this.table.tBodies[0].rows) {
      const id = Number(node.dataset.id);
      if (id === current) node.setAttribute("aria-current", "true");
      else node.removeAttribute("aria-current");
      node.classList.toggle("hx-pointed", id === this.bus.pointed);
    }
  }

  tell() {
    this.mark();
    clearTimeout(this.asked);
    if (this.table.querySelector("tr:hover")) this.asked = window.setTimeout(() => this.model.send({ ev: "hover", id: this.bus.pointed }), 120);
  }
}

export default { render };
