// Two to four designs side by side: figures, what differs, and the cost of each layer.
import { announce, bus } from "./bus.js";
import { h, listen, wake } from "./dom.js";
import { tableSaver } from "./save.js";

function render({ model, el }) {
  el.classList.add("hx");
  const lane = bus(model.get("explorer"));
  const only = h("input", { type: "checkbox", on: { change: () => draw() } });
  only.checked = true;
  const clear = h("button", { type: "button", text: "Clear", title: "Take all designs out of the comparison", on: { click: () => model.send({ ev: "clear" }) } });
  const table = h("table");
  const frame = h("div", { class: "hx-compare", tabindex: 0, role: "region", "aria-label": "Comparison of designs" }, table);
  el.replaceChildren(h(
    "div", { class: "hx-cardhead" }, h("h3", { text: "Compare" }), h("small", { text: "≠ marks what differs, ✓ the best" }), h("span", { class: "hx-spring" }),
    h("label", { class: "hx-field" }, only, "only what differs"), clear, tableSaver(model, "comparison of designs"),
  ), frame);

  function head({ name, key }) {
    return h(
      "th", { scope: "col", "aria-current": key === model.get("current") ? "true" : null },
      h("b", { text: name }),
      h("button", { type: "button", text: "Load", "aria-label": `Load ${name}`, on: { click: () => model.send({ ev: "load", key, seq: announce(lane) }) } }),
      h("button", { type: "button", text: "×", "aria-label": `Remove ${name}`, on: { click: () => model.send({ ev: "remove", key }) } }),
    );
  }

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
