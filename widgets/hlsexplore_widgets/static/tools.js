// One design as three tools would report it: a small table under the read-outs, filled when it is opened.
import { h } from "./dom.js";

/** @import { TilesView } from "./types.d.ts" */

const RANGE = "80 % interval";

/** @param {TilesView["model"]} model */
export function toolTable(model) {
  const body = h("tbody");
  const head = h("tr");
  const text = h("p", { class: "hx-mute" });
  const notes = h("ul", { class: "hx-mute" });
  const table = h("table", {}, h("caption", { text: `Estimated for each tool, with its ${RANGE}` }), h("thead", {}, head), body);
  const region = h("div", { class: "hx-toolcompare", role: "region", "aria-label": "Three tools", hidden: true }, table, text, notes);
  const button = h("button", {
    type: "button", text: "Three tools", "aria-expanded": "false", title: "What each tool would report of this design",
    on: { click: () => toggle(region.hidden === true) },
  });

  /** @param {boolean} isOpen */
  function toggle(isOpen) {
    region.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
    model.send({ ev: "tools", open: isOpen });
  }

  function draw() {
    const { columns = [], rows, notes: remarks = [], text: words = "" } = model.get("tools");
    if (!rows) return;
    head.replaceChildren(h("th", { scope: "col", text: "Tool" }), ...columns.map((name) => h("th", { scope: "col", text: name })));
    body.replaceChildren(...rows.map((row) => h("tr", {}, h("th", { scope: "row", text: row.name }),
      ...row.cells.map((cell) => h("td", {}, h("b", { text: cell.value }), cell.range ? h("small", { class: "hx-mute", text: ` ${cell.range}` }) : null)))));
    text.textContent = words;
    notes.replaceChildren(...remarks.map((note) => h("li", { text: note })));
  }

  return { button, region, draw };
}
