// The trials of a study as a table, a page at a time; sorting and searching happen in the kernel.
import { announce, bus } from "./bus.js";
import { h, listen, wake } from "./dom.js";

function render({ model, el }) {
  el.classList.add("hx");
  const lane = bus(model.get("explorer"));
  const search = h("input", { type: "search", placeholder: "search designs", "aria-label": "Search designs", on: { input: () => { clearTimeout(timer); timer = setTimeout(() => ask({ text: search.value, offset: 0 }), 200); } } });
  const count = h("span", { class: "hx-mute", role: "status" });
  const back = h("button", { type: "button", text: "‹", "aria-label": "Previous page", on: { click: () => turn(-1) } });
  const on = h("button", { type: "button", text: "›", "aria-label": "Next page", on: { click: () => turn(1) } });
  const table = h("table", { class: "hx-trials" });
  const frame = h("div", { class: "hx-tableframe", tabindex: 0, role: "region", "aria-label": "Trials" }, table);
  el.replaceChildren(h("div", { class: "hx-line" }, search, count, h("span", { class: "hx-spring" }), back, on), frame);
  let timer = 0;
  const ask = (changes) => model.send({ ev: "page", ...changes });

  function turn(by) {
    const { offset, size } = model.get("page");
    ask({ offset: Math.max(0, offset + by * size) });
  }

  function draw() {
    const { columns, rows, sort, descending, offset, size, total, current } = model.get("page");
    back.disabled = offset === 0;
    on.disabled = offset + size >= total;
    count.textContent = total ? `${(offset + 1).toLocaleString("en")}–${Math.min(total, offset + size).toLocaleString("en")} of ${total.toLocaleString("en")}` : "no trials";
    const head = columns.map(({ id, label }) => h(
      "th", { scope: "col", "aria-sort": sort === id ? (descending ? "descending" : "ascending") : "none" },
      h("button", { type: "button", text: label, on: { click: () => ask({ sort: id, descending: sort === id ? !descending : id === "accuracy", offset: 0 }) } }),
    ));
    const body = rows.map(({ id, cells, front }) => h(
      "tr", { "data-id": id, "aria-current": id === current ? "true" : null },
      ...cells.map((text, index) => (index === 0
        ? h("th", { scope: "row" }, h("button", { type: "button", class: "hx-load", text, title: "Load this design", on: { click: () => model.send({ ev: "load", id, seq: announce(lane) }) } }), front ? h("span", { class: "hx-badge", text: "front" }) : null)
        : h("td", { text }))),
    ));
    table.replaceChildren(h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...body));
  }

  const off = listen(model, "change:page", draw);
  draw();
  wake(model);
  return () => { off(); clearTimeout(timer); };
}

export default { render };
