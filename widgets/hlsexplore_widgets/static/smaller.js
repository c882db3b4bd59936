// Prune, take neurons away, fine-tune: what can be made smaller, what it saves, and how far a training is.
import { announce, bus } from "./bus.js";
import { focused, h, listen, wake } from "./dom.js";

/** @import { Attributes, SmallerCommand, SmallerView } from "./types.d.ts" */

/** @typedef {"epochs" | "learning_rate" | "distill" | "mixed" | "minutes"} Option */
/** @type {[key: Option, label: string, attributes: Attributes][]} */
const FIELDS = [
  ["epochs", "Epochs", { type: "number", min: 1, step: 1 }],
  ["learning_rate", "Learning rate", { type: "number", min: 0, step: "any" }],
  ["distill", "Float network's share", { type: "number", min: 0, max: 1, step: 0.1 }],
  ["mixed", "Mixed per sample", { type: "number", min: 0, step: 1 }],
  ["minutes", "Minutes for a front", { type: "number", min: 0, step: "any" }],
];

/** @param {SmallerView} view */
function render({ model, el }) {
  el.classList.add("hx");
  const lane = bus(model.get("explorer"));
  /** @type {(ev: SmallerCommand, text: string, title: string, primary?: boolean) => HTMLButtonElement} */
  const button = (ev, text, title, primary) => h("button", { type: "button", class: primary ? "hx-primary" : null, text, title, on: { click: () => model.send({ ev }) } });
  const entry = (/** @type {string} */ key, /** @type {Attributes} */ attributes) => {
    const box = h("input", { ...attributes, spellcheck: "false", on: { change: () => model.send({ ev: "option", key, value: box.value }), keydown: (event) => event.stopPropagation() } });
    return box;
  };
  const upright = (/** @type {string} */ text, /** @type {HTMLElement} */ box) => h("label", { class: "hx-upright" }, h("span", { class: "hx-mute", text }), box);
  const density = entry("density", { type: "text", size: 4, "aria-label": "Share of the weights that stays, %" });
  const path = entry("path", { type: "text", "aria-label": "Training data (.npz)" });
  const fields = FIELDS.map(([key, label, attributes]) => ({ key, label, box: entry(key, { ...attributes, "aria-label": label }) }));
  const kept = h("span", { class: "hx-mute" });
  const prune = button("prune", "Prune by saliency", "Drop the weights whose LUTs cost the least accuracy; density and pattern of single layers are in the table of layers");
  const all = h("button", { type: "button", text: "Take all that are exact", on: { click: () => model.send({ ev: "take", number: null, seq: announce(lane) }) } });
  const whole = h("div", { class: "hx-line" }, all);
  const list = h("ul", { class: "hx-offers", "aria-label": "Neurons that can go" });
  const start = button("tune", "Fine-tune", "Train the weights of this design; its types and dropped weights stay", true);
  const front = button("front", "Fine-tune the front", "Train ten designs of the front in turn");
  const stop = button("stop", "Stop and keep the best", "End after this epoch with the best one so far");
  const cancel = button("cancel", "Cancel", "Give the training up");
  const message = h("span", { class: "hx-mute", role: "status", "aria-label": "Fine-tuning" });
  const warning = h("p", { class: "hx-caution", role: "alert", hidden: true });
  const bar = h("i");
  const progress = h("div", { class: "hx-progress", role: "progressbar", "aria-label": "Progress of the training", "aria-valuemin": 0, "aria-valuemax": 100 }, bar);
  el.replaceChildren(
    h("h3", { text: "Smaller network" }),
    h("div", { class: "hx-line" }, prune, h("label", { class: "hx-field" }, "to", density, "%"), kept),
    list, whole,
    h("h3", { text: "Fine-tune" }),
    h("div", { class: "hx-fields" }, upright("Training data (.npz)", path), ...fields.map(({ label, box }) => upright(label, box))),
    warning, h("div", { class: "hx-line" }, start, front, stop, cancel), progress, message,
  );

  function offers() {
    const { rows, text } = model.get("offers");
    kept.textContent = text;
    whole.hidden = !rows.some((row) => row.exact);
    list.replaceChildren(...rows.map((row, number) => h("li", {}, h("span", { text: row.text }), h("button", { type: "button", text: "Take", "aria-label": `Take: ${row.text}`, on: { click: () => model.send({ ev: "take", number, seq: announce(lane) }) } }))));
  }

  function options() {
    const shown = model.get("options");
    for (const { key, box } of [...fields, { key: /** @type {const} */ ("density"), box: density }]) if (focused() !== box) box.value = String(shown[key]);
  }

  function status() {
    const now = model.get("status");
    const active = now.state === "running";
    start.disabled = front.disabled = active || !now.has_data;
    stop.disabled = cancel.disabled = !active;
    for (const box of [path, ...fields.map((item) => item.box)]) box.disabled = active;
    if (focused() !== path) path.value = now.path;
    path.placeholder = now.has_data ? "given by the notebook" : "path of a file";
    warning.hidden = !now.warning;
    warning.textContent = now.warning;
    bar.style.width = `${100 * now.fraction}%`;
    progress.setAttribute("aria-valuenow", String(Math.round(100 * now.fraction)));
    el.dataset.state = now.state;
    message.textContent = now.message || (now.has_data ? "Trains in a process of its own; the result is a new network of this study." : "Give training data: other samples than those that are evaluated.");
  }

  const off = [listen(model, "change:offers", offers), listen(model, "change:options", options), listen(model, "change:status", status)];
  offers(); options(); status();
  wake(model);
  return () => off.forEach((remove) => remove());
}

export default { render };
