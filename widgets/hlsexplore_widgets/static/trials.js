// The trials of a study as a table, a page at a time; sorting and searching happen in the kernel.
import { announce, bus, point } from "./bus.js";
import { checks } from "./checks.js";
import { find, focused, h, listen, wake } from "./dom.js";
import { tableSaver } from "./save.js";

/** @import { TrialRow } from "./protocol.d.ts" */
/** @import { PageChanges, TrialsView } from "./types.d.ts" */

/** A note that is being written. @typedef {{ id: string, value: string, start: number | null, end: number | null }} Typed */

/** @param {TrialsView} view */
function render({ model, el }) {
  el.classList.add("hx");
  const lane = bus(model.get("explorer"));
  let timer = 0;
  let asked = 0;
  const search = h("input", { type: "search", placeholder: "search designs and notes", "aria-label": "Search designs", on: { input: () => { clearTimeout(timer); timer = window.setTimeout(() => ask({ text: search.value, offset: 0 }), 200); } } });
  const count = h("span", { class: "hx-mute", role: "status" });
  const back = h("button", { type: "button", text: "‹", "aria-label": "Previous page", on: { click: () => turn(-1) } });
  const on = h("button", { type: "button", text: "›", "aria-label": "Next page", on: { click: () => turn(1) } });
  const table = h("table", { class: "hx-trials" });
  const frame = h("div", { class: "hx-tableframe", tabindex: 0, role: "region", "aria-label": "Trials" }, table);
  /** @type {Set<number>} */
  const ticked = new Set();
  const columns = h("span");
  const several = h("span", { class: "hx-mute", role: "status" });
  const compare = h("button", { type: "button", text: "Compare", title: "Put the ticked designs side by side", on: { click: () => model.send({ ev: "compare", ids: [...ticked] }) } });
  const remove = h("button", { type: "button", text: "Delete", title: "Delete the ticked trials from the study", on: { click: () => askFirst() } });
  el.replaceChildren(h("div", { class: "hx-line" }, search, count, back, on, h("span", { class: "hx-spring" }), several, compare, remove, columns, tableSaver(model, "trials")), frame);
  const ask = (/** @type {PageChanges} */ changes) => model.send({ ev: "page", ...changes });

  /** @param {number} by */
  function turn(by) {
    const { offset, size } = model.get("page");
    ask({ offset: Math.max(0, offset + by * size) });
  }

  /** Deleting cannot be undone: the button asks once more. */
  function askFirst() {
    if (remove.dataset.sure !== "true") {
      remove.dataset.sure = "true";
      remove.textContent = `Really delete ${ticked.size}?`;
      setTimeout(tickedChanged, 4000);
      return;
    }
    model.send({ ev: "delete", ids: [...ticked] });
    ticked.clear();
    tickedChanged();
  }

  function tickedChanged() {
    several.textContent = ticked.size ? `${ticked.size} ticked` : "";
    compare.disabled = remove.disabled = ticked.size === 0;
    remove.textContent = "Delete";
    delete remove.dataset.sure;
  }

  /** @param {TrialRow} trial */
  function row({ id, cells, front, note }) {
    const load = h("button", { type: "button", class: "hx-load", text: cells[0], title: "Load this design", on: { click: () => model.send({ ev: "load", id, seq: announce(lane) }) } });
    const field = h("input", { type: "text", class: "hx-notefield", value: note, placeholder: "note", "data-note": id, "aria-label": `Note on trial ${id}`, on: { change: () => model.send({ ev: "note", id, text: field.value }) } });
    field.addEventListener("keydown", (event) => event.stopPropagation());
    const box = h("input", { type: "checkbox", "aria-label": `Tick trial ${id}`, on: { change: () => { if (box.checked) ticked.add(id); else ticked.delete(id); tickedChanged(); } } });
    box.checked = ticked.has(id);
    const focus = () => point(lane, id);
    return h(
      "tr", { "data-id": id, on: { pointerenter: focus, pointerleave: () => point(lane, null), focusin: focus } },
      h("th", { scope: "row" }, box, load, front ? h("span", { class: "hx-badge", text: "front", title: `No other trial beats it in all of ${model.get("page").objectives}` }) : null),
      ...cells.slice(1).map((text) => h("td", { text })),
      h("td", { class: "hx-notecell" }, field),
    );
  }

  function draw() {
    const { columns: shown, rows, sort, descending, offset, size, total, choices, chosen } = model.get("page");
    const typed = typing();
    back.disabled = offset === 0;
    on.disabled = offset + size >= total;
    const whole = (/** @type {number} */ value) => value.toLocaleString("en");
    count.textContent = total ? `${whole(offset + 1)}–${whole(Math.min(total, offset + size))} of ${whole(total)}` : "no trials";
    const head = shown.map(({ id, label, largest }) => (id ? h(
      "th", { scope: "col", "aria-sort": sort === id ? (descending ? "descending" : "ascending") : "none" },
      h("button", { type: "button", text: label, on: { click: () => ask({ sort: id, descending: sort === id ? !descending : largest, offset: 0 }) } }),
    ) : h("th", { scope: "col", text: label })));
    if (shown.length) head.push(h("th", { scope: "col", text: "note" }));
    table.replaceChildren(h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows.map(row)));
    if (!columns.querySelector(":popover-open")) columns.replaceChildren(choices.length ? checks({ id: "columns", label: "Columns", values: choices, value: chosen }, (names) => ask({ columns: names }), draw) : "");
    tickedChanged();
    restore(typed);
    mark();
  }

  /** The note that is being written must survive new rows of a sweep that runs. @returns {Typed | null} */
  function typing() {
    const active = /** @type {HTMLInputElement | null} */ (focused());
    if (!active?.dataset.note || !table.contains(active)) return null;
    return { id: active.dataset.note, value: active.value, start: active.selectionStart, end: active.selectionEnd };
  }

  /** @param {Typed | null} typed */
  function restore(typed) {
    const field = typed && /** @type {HTMLInputElement | null} */ (find(table, `[data-note="${typed.id}"]`));
    if (!field) return;
    field.value = typed.value;
    field.focus();
    field.setSelectionRange(typed.start, typed.end);
  }

  /** Mark the current design and the trial that is pointed at in any view. */
  function mark() {
    const current = model.get("current");
    for (const node of table.tBodies[0].rows) {
      const id = Number(node.dataset.id);
      if (id === current) node.setAttribute("aria-current", "true");
      else node.removeAttribute("aria-current");
      node.classList.toggle("hx-pointed", id === lane.pointed);
    }
  }

  function tell() {
    mark();
    clearTimeout(asked);
    if (table.querySelector("tr:hover")) asked = window.setTimeout(() => model.send({ ev: "hover", id: lane.pointed }), 120);
  }

  lane.addEventListener("point", tell);
  const off = [listen(model, "change:page", draw), listen(model, "change:current", mark)];
  draw();
  wake(model);
  return () => {
    off.forEach((stop) => stop());
    lane.removeEventListener("point", tell);
    clearTimeout(timer);
    clearTimeout(asked);
  };
}

export default { render };
