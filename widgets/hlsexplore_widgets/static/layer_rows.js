// Rows of the table built: a layer with its lanes and knobs, and a line for a block of layers.
import { h } from "./dom.js";
import { buildLane } from "./lane_build.js";
import { buildKnobs, details } from "./layer_knobs.js";

/** @import { LayersView } from "./layers.js" */
/** @import { RowData } from "./protocol.d.ts" */

/**
 * A line for the layers of a block, which opens it.
 * @param {LayersView} view
 * @param {{ name: string, rows: RowData[] }} block
 */
export function buildBlock(view, { name, rows }) {
  if (rows.length > 1) {
    const open = view.opened.has(name);
    const { share } = view.model.get("live");
    const part = rows.reduce((sum, row) => sum + (share[row.name]?.lut ?? 0), 0);
    const button = h("button", {
      class: "hx-more", type: "button", "aria-expanded": String(open), "aria-label": `${name}: ${rows.length} layers`, "data-focus": `block/${name}`,
      on: { click: () => { if (!view.opened.delete(name)) view.opened.add(name); view.build(); } },
    }, h("span", { "aria-hidden": "true", text: "›" }));
    view.table.append(h("div", { class: "hx-rule" }), h("div", { class: "hx-block" }, button, h("b", { text: name }), h("small", { class: "hx-mute", text: `${rows.length} layers${part ? `, ${(100 * part).toFixed(0)} % of the LUT` : ""}` })));
    if (!open) return;
  }
  for (const row of rows) buildRow(view, row);
}

/**
 * A layer; what is opened shows all its types and their modes.
 * @param {LayersView} view
 * @param {RowData} row
 */
export function buildRow(view, row) {
  const { name } = row;
  const open = view.expanded.has(name);
  const lanes = row.lanes.filter((lane) => open || lane.main);
  const span = `grid-row: span ${Math.max(1, lanes.length)}`;
  const check = h("input", { type: "checkbox", "aria-label": `Select ${name}`, on: { change: () => view.select(name, check.checked) } });
  check.checked = view.selected.has(name);
  const more = h("button", {
    class: "hx-more", type: "button", "aria-expanded": String(open), "aria-label": `${name}: all types`, title: "All types and modes of this layer", "data-focus": `${name}/more`,
    on: { click: () => view.toggle(name) },
  }, h("span", { "aria-hidden": "true", text: "›" }));
  view.table.append(h("div", { class: "hx-rule" }), h(
    "div", { class: "hx-c-name", style: span, "data-row": name },
    check, more,
    h("div", { class: "hx-name", title: row.detail }, h("b", { text: name }), h("small", { text: `${row.kind} ${row.shape}` }), h("small", { class: "hx-proof", "data-name": name })),
  ));
  if (lanes.length === 0) {
    view.table.append(h("div", { class: "hx-moves hx-mute", text: "moves elements; keeps the type of its input" }));
    buildKnobs(view, row, span);
  }
  lanes.forEach((lane, index) => {
    buildLane(view, row, lane);
    if (index === 0) buildKnobs(view, row, span);
  });
  if (open) view.table.append(details(view, row));
}
