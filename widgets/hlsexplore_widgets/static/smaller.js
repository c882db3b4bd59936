// Prune, take neurons away, fine-tune: what can be made smaller, what it saves, and how far a training is.
import { announce, bus } from "./bus.js";
import { focused, h, labelled, listen, progressBar, wake } from "./dom.js";

/** @import { Bus } from "./bus.js" */
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
  const reduced = offersPart(model, bus(model.get("explorer")));
  const tuned = tunePart(model, el);
  const drawOptions = () => {
    reduced.drawOptions();
    tuned.drawOptions();
  };
  el.replaceChildren(...reduced.nodes, ...tuned.nodes);
  const off = [listen(model, "change:offers", reduced.drawOffers), listen(model, "change:options", drawOptions), listen(model, "change:status", tuned.drawStatus)];
  reduced.drawOffers();
  drawOptions();
  tuned.drawStatus();
  wake(model);
  return () => off.forEach((remove) => remove());
}

/** @param {SmallerView["model"]} model @param {SmallerCommand} ev @param {string} text @param {string} title */
function command(model, ev, text, title) {
  return h("button", { type: "button", text, title, on: { click: () => model.send({ ev }) } });
}

/** A field of an option. @param {SmallerView["model"]} model @param {string} key @param {Attributes} attributes */
function entry(model, key, attributes) {
  const box = h("input", { ...attributes, spellcheck: "false", on: { change: () => model.send({ ev: "option", key, value: box.value }), keydown: (event) => event.stopPropagation() } });
  return box;
}

/**
 * Pruning, and neurons that can go.
 * @param {SmallerView["model"]} model
 * @param {Bus} lane
 */
function offersPart(model, lane) {
  const density = entry(model, "density", { type: "text", size: 4, "aria-label": "Share of the weights that stays, %" });
  const kept = h("span", { class: "hx-mute" });
  const prune = command(model, "prune", "Prune by saliency", "Drop the weights whose LUTs cost the least accuracy; density and pattern of single layers are in the table of layers");
  const take = (/** @type {number | null} */ number) => model.send({ ev: "take", number, seq: announce(lane) });
  const whole = h("div", { class: "hx-line" }, h("button", { type: "button", text: "Take all that are exact", on: { click: () => take(null) } }));
  const list = h("ul", { class: "hx-offers", "aria-label": "Neurons that can go" });
  const line = h("div", { class: "hx-line" }, prune, h("label", { class: "hx-field" }, "to", density, "%"), kept);

  function drawOffers() {
    const { rows, text } = model.get("offers");
    kept.textContent = text;
    whole.hidden = !rows.some((row) => row.exact);
    list.replaceChildren(...rows.map((row, number) => h("li", {}, h("span", { text: row.text }), h("button", { type: "button", text: "Take", "aria-label": `Take: ${row.text}`, on: { click: () => take(number) } }))));
  }

  function drawOptions() {
    if (focused() !== density) density.value = String(model.get("options").density);
  }

  return { nodes: [h("h3", { text: "Smaller network" }), line, list, whole], drawOffers, drawOptions };
}

/**
 * Training, and how far it is.
 * @param {SmallerView["model"]} model
 * @param {HTMLElement} el
 */
function tunePart(model, el) {
  const path = entry(model, "path", { type: "text", "aria-label": "Training data (.npz)" });
  const fields = FIELDS.map(([key, label, attributes]) => ({ key, label, box: entry(model, key, { ...attributes, "aria-label": label }) }));
  const start = command(model, "tune", "Fine-tune", "Train the weights of this design; its types and dropped weights stay");
  start.classList.add("hx-primary");
  const front = command(model, "front", "Fine-tune the front", "Train ten designs of the front in turn");
  const stop = command(model, "stop", "Stop and keep the best", "End after this epoch with the best one so far");
  const cancel = command(model, "cancel", "Cancel", "Give the training up");
  const message = h("span", { class: "hx-mute", role: "status", "aria-label": "Fine-tuning" });
  const warning = h("p", { class: "hx-caution", role: "alert", hidden: true });
  const progress = progressBar("Progress of the training");

  function drawOptions() {
    const shown = model.get("options");
    for (const { key, box } of fields) if (focused() !== box) box.value = String(shown[key]);
  }

  function drawStatus() {
    const now = model.get("status");
    const active = now.state === "running";
    start.disabled = front.disabled = active || !now.has_data;
    stop.disabled = cancel.disabled = !active;
    for (const box of [path, ...fields.map((item) => item.box)]) box.disabled = active;
    if (focused() !== path) path.value = now.path;
    path.placeholder = now.has_data ? "given by the notebook" : "path of a file";
    warning.hidden = !now.warning;
    warning.textContent = now.warning;
    progress.show(now.fraction);
    el.dataset.state = now.state;
    message.textContent = now.message || (now.has_data ? "Trains in a process of its own; the result is a new network of this study." : "Give training data: other samples than those that are evaluated.");
  }

  const upright = h("div", { class: "hx-fields" }, labelled("Training data (.npz)", path), ...fields.map(({ label, box }) => labelled(label, box)));
  const nodes = [h("h3", { text: "Fine-tune" }), upright, warning, h("div", { class: "hx-line" }, start, front, stop, cancel), progress.node, message];
  return { nodes, drawOptions, drawStatus };
}

export default { render };
