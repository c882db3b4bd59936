// What the design is built for: part, clock, interface, tool; a button with a small form.
import { announce } from "./bus.js";
import { h, labelled, listen, opens } from "./dom.js";

/** @import { Bus } from "./bus.js" */
/** @import { TilesView } from "./types.d.ts" */

/**
 * @param {TilesView["model"]} model
 * @param {Bus} lane
 */
export function targetMenu(model, lane) {
  const { explorer, choices } = { explorer: model.get("explorer"), choices: model.get("target").choices };
  const parts = h("datalist", { id: `parts-${explorer}` }, ...choices.part.map((value) => h("option", { value })));
  const pick = (/** @type {"io" | "tool" | "level"} */ key) => h("select", {}, ...choices[key].map((value) => h("option", { value, text: value })));
  const fields = {
    part: h("input", { type: "text", class: "hx-mono", spellcheck: "false", list: parts.id }),
    clock_ns: h("input", { type: "text", inputmode: "decimal" }), io: pick("io"), tool: pick("tool"), level: pick("level"),
  };
  const levels = /** @type {Record<string, string>} */ ({ hls: "the tool's own report", logic: "Vivado, after logic synthesis" });
  for (const option of fields.level.options) option.textContent = levels[option.value];
  const labels = { part: "Part", clock_ns: "Clock period, ns", io: "Tensors between layers", tool: "Estimates as", level: "Level (not for yosys)" };
  const keys = /** @type {(keyof typeof fields)[]} */ (Object.keys(fields));
  const form = h(
    "form", { class: "hx-menu hx-form", popover: "auto", "aria-label": "Target" },
    ...keys.map((key) => labelled(labels[key], fields[key])),
    parts, h("button", { type: "submit", class: "hx-primary", text: "Apply" }),
  );
  const button = h("button", { type: "button", text: "Target…", title: "Part, clock, interface and tool", "aria-haspopup": "dialog" });

  function fill() {
    const now = model.get("target");
    for (const key of keys) fields[key].value = now[key];
  }

  opens(button, form, { before: fill, after: () => fields.part.focus() });
  form.addEventListener("keydown", (event) => event.stopPropagation());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { part, clock_ns, io, tool, level } = fields;
    form.hidePopover();
    button.focus();
    model.send({ ev: "target", seq: announce(lane), part: part.value.trim(), clock_ns: clock_ns.value.trim(), io: io.value, tool: tool.value, level: level.value });
  });
  return { node: h("span", {}, button, form), stop: listen(model, "change:target", fill) };
}
