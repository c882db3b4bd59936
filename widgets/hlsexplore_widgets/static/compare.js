// Two to four designs side by side: figures, what differs, and the cost of each layer.
import { announce, bus } from "./bus.js";
import { h, listen, wake } from "./dom.js";
import { themed } from "./figure.js";
import { scripts } from "./plotly.js";
import { ask, blobOf, download, fileName, tableSaver } from "./save.js";

/** @import { ComparedDesign, ComparedRow } from "./protocol.d.ts" */
/** @import { CompareView, Figure } from "./types.d.ts" */

/**
 * The whole comparison as one picture, made by the plotly.js that the page has for its plots.
 * @param {CompareView["model"]} model
 * @param {HTMLElement} el
 * @param {"png" | "svg"} format
 */
async function picture(model, el, format) {
  const { figure } = await ask(model, { ev: "picture" }, "picture");
  const look = getComputedStyle(el);
  const colour = (/** @type {string} */ name) => look.getPropertyValue(name).trim();
  const made = /** @type {Figure} */ (JSON.parse(figure));
  const { width = 0, height = 0 } = made.layout;
  const drawn = themed(made, colour, width, height);
  drawn.layout.paper_bgcolor = drawn.layout.plot_bgcolor = colour("--hx-panel");
  const plotly = await Promise.any(Object.values(scripts()).map((slot) => slot.promise));
  return blobOf(await plotly.toImage(drawn, { format, width, height, scale: format === "png" ? 2 : 1 }));
}

/** @param {CompareView} view */
function render({ model, el }) {
  el.classList.add("hx");
  const lane = bus(model.get("explorer"));
  const only = h("input", { type: "checkbox", on: { change: () => draw() } });
  only.checked = true;
  const clear = h("button", { type: "button", text: "Clear", title: "Take all designs out of the comparison", on: { click: () => model.send({ ev: "clear" }) } });
  const what = "comparison of designs";
  const saver = tableSaver(model, what, [
    ["PNG picture", "saved", async () => download(fileName(what, "png"), await picture(model, el, "png"))],
    ["SVG drawing", "saved", async () => download(fileName(what, "svg"), await picture(model, el, "svg"))],
    ["Copy the picture", "copied", () => navigator.clipboard.write([new ClipboardItem({ "image/png": picture(model, el, "png") })])],
  ]);
  const table = h("table");
  const frame = h("div", { class: "hx-compare", tabindex: 0, role: "region", "aria-label": "Comparison of designs" }, table);
  el.replaceChildren(h(
    "div", { class: "hx-cardhead" }, h("h3", { text: "Compare" }), h("small", { text: "≠ marks what differs, ✓ the best" }), h("span", { class: "hx-spring" }),
    h("label", { class: "hx-field" }, only, "only what differs"), clear, saver,
  ), frame);

  /** @param {ComparedDesign} design */
  function head({ name, key }) {
    return h(
      "th", { scope: "col", "aria-current": key === model.get("current") ? "true" : null },
      h("b", { text: name }),
      h("button", { type: "button", text: "Load", "aria-label": `Load ${name}`, on: { click: () => model.send({ ev: "load", key, seq: announce(lane) }) } }),
      h("button", { type: "button", text: "×", "aria-label": `Remove ${name}`, on: { click: () => model.send({ ev: "remove", key }) } }),
    );
  }

  /** @param {ComparedRow} row */
  function line({ label, cells, differs, best }) {
    return h("tr", { "data-differs": String(differs) }, h("th", { scope: "row", text: label }), ...cells.map((text, at) => h("td", { text, "data-best": String(best.includes(at)) })));
  }

  function draw() {
    const { designs = [], sections = [] } = model.get("data");
    const bodies = sections.map(({ title, rows }) => {
      const shown = rows.filter((row) => row.differs || !only.checked || title === "Figures");
      const hidden = rows.length - shown.length;
      const text = hidden ? `${title}: ${hidden} the same` : title;
      return h("tbody", {}, h("tr", {}, h("th", { scope: "rowgroup", colspan: designs.length + 1, text })), ...shown.map(line));
    });
    table.replaceChildren(h("thead", {}, h("tr", {}, h("td"), ...designs.map(head))), ...bodies);
  }

  const off = [listen(model, "change:data", draw), listen(model, "change:current", draw)];
  draw();
  wake(model);
  return () => off.forEach((remove) => remove());
}

export default { render };
