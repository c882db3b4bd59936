// A line of labelled selects, check boxes and buttons above a plot.
import { announce, bus } from "./bus.js";
import { checks } from "./checks.js";
import { find, focused, h, listen, wake } from "./dom.js";

/** @import { Item } from "./protocol.d.ts" */
/** @import { ChoiceValue, ChoicesView } from "./types.d.ts" */

/** @param {ChoicesView} view */
function render({ model, el }) {
  el.classList.add("hx");
  const line = h("div", { class: "hx-line hx-choices" });
  el.replaceChildren(line);
  const lane = bus(model.get("explorer"));

  /** @param {Item} item */
  function control(item) {
    const edits = item.kind === "button" && item.edits;
    const send = (/** @type {ChoiceValue} */ value) => model.send({ ev: "choice", id: item.id, value, seq: edits ? announce(lane) : 0 });
    if (item.kind === "button") return h("button", { type: "button", text: item.label, title: item.title, disabled: item.disabled, "data-choice": item.id, on: { click: () => send(true) } });
    if (item.kind === "text") return h("span", { class: item.short ? "hx-mute" : "hx-mute hx-oneline", text: item.label, title: item.label, "data-choice": item.id, role: "status" });
    if (item.kind === "checks") return checks(item, send, () => { draw(); });
    if (item.kind === "check") {
      const box = h("input", { type: "checkbox", "data-choice": item.id, title: item.title, "aria-label": item.title, on: { change: () => send(box.checked) } });
      box.checked = item.value;
      return h("label", { class: "hx-field" }, box, item.label);
    }
    if (item.kind === "input") {
      const box = h("input", { type: "text", size: item.size, value: item.value, placeholder: item.hint, title: item.hint, spellcheck: "false", "aria-label": item.label, "data-choice": item.id, on: { change: () => send(box.value) } });
      box.addEventListener("keydown", (event) => event.stopPropagation());
      return h("label", { class: "hx-field" }, h("span", { class: "hx-mute", text: item.label }), box);
    }
    const select = h("select", { "aria-label": item.label, "data-choice": item.id, on: { change: () => send(select.value) } }, ...item.values.map(([value, text]) => h("option", { value, text })));
    select.value = item.value;
    return h("label", { class: "hx-field" }, h("span", { class: "hx-mute", text: item.label }), select);
  }

  function draw() {
    const active = focused();
    const focus = line.contains(active) ? active?.dataset.choice : null;
    const open = line.querySelector(":popover-open")?.id;
    if (open && model.get("items").some((item) => `checks-${item.id}` === open)) return; // redrawn when it closes
    line.replaceChildren(...(model.get("title") ? [h("h3", { text: model.get("title") })] : []), ...model.get("items").map(control));
    if (focus) find(line, `[data-choice="${CSS.escape(focus)}"]`)?.focus();
  }

  const off = [listen(model, "change:items", draw), listen(model, "change:title", draw)];
  draw();
  wake(model);
  return () => off.forEach((remove) => remove());
}

export default { render };
