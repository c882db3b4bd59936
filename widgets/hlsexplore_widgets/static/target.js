// What the design is built for: part, clock, interface, tool; a button with a small form.
import { announce } from "./bus.js";
import { h, listen, under } from "./dom.js";

/**
 * @param {import("./dom.js").Model} model with the trait `target`
 * @param {import("./bus.js").Bus} lane
 */
export function targetMenu(model, lane) {
  const { explorer, choices } = { explorer: model.get("explorer"), choices: model.get("target").choices };
  const parts = h("datalist", { id: `parts-${explorer}` }, ...choices.part.map((/** @type {string} */ value) => h("option", { value })));
  const pick = (/** @type {string} */ key) => h("select", {}, ...choices[key].map((/** @type {string} */ value) => h("option", { value, text: value })));
  /** @type {Record<string, any>} */
  const fields = {
    part: h("input", { type: "text", class: "hx-mono", spellcheck: "false", list: parts.id }),
    clock_ns: h("input", { type: "text", inputmode: "decimal" }), io: pick("io"), tool: pick("tool"), level: pick("level"),
  };
  const levels = /** @type {Record<string, string>} */ ({ hls: "the tool's own report", logic: "Vivado, after logic synthesis" });
  for (const option of fields.level.options) option.textContent = levels[option.value];
  /** @type {Record<string, string>} */
  const labels = { part: "Part", clock_ns: "Clock period, ns", io: "Tensors between layers", tool: "Estimates as", level: "Level (not for yosys)" };
  const form = h(
    "form", { class: "hx-menu hx-form", popover: "auto", "aria-label": "Target" },
    ...Object.entries(fields).map(([key, node]) => h("label", { class: "hx-upright" }, h("span", { class: "hx-mute", text: labels[key] }), node)),
    parts, h("button", { type: "submit", class: "hx-primary", text: "Apply" }),
  );
  const button = h("button", { type: "button", text: "Target…", title: "Part, clock, interface and tool", "aria-haspopup": "dialog", "aria-expanded": "false" });

  function fill() {
    const now = model.get("target");
    for (const [key, node] of Object.entries(fields)) node.value = now[key];
  }

  button.addEventListener("click", () => {
    fill();
    form.showPopover();
    under(form, button);
    fields.part.focus();
  });
  form.addEventListener("toggle", (/** @type {any} */ event) => button.setAttribute("aria-expanded", String(event.newState === "open")));
  form.addEventListener("keydown", (/** @type {Event} */ event) => event.stopPropagation());
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    const values = Object.fromEntries(Object.entries(fields).map(([key, node]) => [key, node.value.trim()]));
    form.hidePopover();
    button.focus();
    model.send({ ev: "target", seq: announce(lane), ...values });
  });
  return { node: h("span", {}, button, form), stop: listen(model, "change:target", fill) };
}
