// The trials of a study as a table, a page at a time; sorting and searching happen in the kernel.
import { announce, bus, point } from "./bus.js";
import { h, listen, wake } from "./dom.js";

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
  el.replaceChildren(h("div", { class: "hx-line" }, search, count, h("span", { class: "hx-spring" }), back, on), frame);
  const ask = (changes) => model.send({ ev: "page", ...changes });

  function turn(by) {
    const { offset, size } = model.get("page");
    ask({ offset: Math.max(0, offset + by * size) });
  }

  function row({ id, cells, front, note }) {
    const load = h("button", { type: "button", class: "hx-load", text: cells[0], title: "Load this design", on: { click: () => model.send({ ev: "load", id, seq: announce(lane) }) } });
    const field = h("input", { type: "text", class: "hx-notefield", value: note, placeholder: "note", "data-note": id, "aria-label": `Note on trial ${id}`, on: { change: () => model.send({ ev: "note", id, text: field.value }) } });
    field.addEventListener("keydown", (event) => event.stopPropagation());
    const focus = () => point(lane, id);
    return h(
      "tr", { "data-id": id, on: { pointerenter: focus, pointerleave: () => point(lane, null), focusin: focus } },
      h("th", { scope: "row" }, load, front ? h("span", { class: "hx-badge", text: "front" }) : null),
      ...cells.slice(1).map((text) => h("td", { text })),
      h("td", { class: "hx-notecell" }, field),
    );
  }

  function draw() {
    const { columns, rows, sort, descending, offset, size, total } = model.get("page");
    const typed = typing();
    back.disabled = offset === 0;
    on.disabled = offset + size >= total;
    const whole = (value) => value.toLocaleString("en");
    count.textContent = total ? `${whole(offset + 1)}–${whole(Math.min(total, offset + size))} of ${whole(total)}` : "no trials";
    const head = columns.map(({ id, label, largest }) => (id ? h(
      "th", { scope: "col", "aria-sort": sort === id ? (descending ? "descending" : "ascending") : "none" },
      h("button", { type: "button", text: label, on: { click: () => ask({ sort: id, descending: sort === id ? !descending : largest, offset: 0 }) } }),
    ) : h("th", { scope: "col", text: label })));
    if (columns.length) head.push(h("th", { scope: "col", text: "note" }));
    table.replaceChildren(h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows.map(row)));
    restore(typed);
    mark();
  }

  /** The note that is being written must survive new rows of a sweep that runs. */
  function typing() {
    const active = /** @type {HTMLInputElement | null} */ (document.activeElement);
    if (!active?.dataset.note || !table.contains(active)) return null;
    return { id: active.dataset.note, value: active.value, start: active.selectionStart, end: active.selectionEnd };
  }

  function restore(typed) {
    const field = typed && table.querySelector(`[data-note="${typed.id}"]`);
    if (!field) return;
    field.value = typed.value;
    field.focus();
    field.setSelectionRange(typed.start, typed.end);
  }

  /** Mark the current design and the trial that is pointed at in any view. */
  function mark() {
    const current = model.get("current");
    for (const node of table.querySelectorAll("tbody tr")) {
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
    off.forEach((remove) => remove());
    lane.removeEventListener("point", tell);
    clearTimeout(timer);
    clearTimeout(asked);
  };
}

export default { render };
