// What stands above and below the table of layers: setting many at once, finding, sorting, folding; the legend.
import { h } from "./dom.js";
import { WAYS } from "./layer_list.js";
import { tableSaver } from "./save.js";

/** @import { Wish } from "./layer_list.js" */
/** @import { LayersTable } from "./types.d.ts" */

const TENSORS = [["weight", "weights"], ["bias", "biases"], ["accum", "accumulators"], ["result", "results"]];

/**
 * The head of the card.
 * @param {LayersTable["model"]} model
 * @param {(scope: string, key: string, text: string) => void} setMany
 */
export function setHead(model, setMany) {
  const scope = h("select", { "aria-label": "Layers to set" }, h("option", { value: "all", text: "all layers" }), h("option", { value: "selected", text: "selected layers" }));
  const tensor = h("select", { "aria-label": "Tensor to set" }, ...TENSORS.map(([value, text]) => h("option", { value, text })));
  const value = h("input", { type: "text", class: "hx-mono", size: 16, placeholder: "8 or fixed<8,2>", "aria-label": "Bits or type to set", spellcheck: "false" });
  const form = h(
    "form",
    { class: "hx-setbar", on: { submit: (event) => { event.preventDefault(); setMany(scope.value, tensor.value, value.value.trim()); } } },
    h("span", { class: "hx-mute", text: "Set" }), tensor, h("span", { class: "hx-mute", text: "of" }), scope, h("span", { class: "hx-mute", text: "to" }), value,
    h("button", { type: "submit", text: "Apply" }),
  );
  const node = h("div", { class: "hx-cardhead" }, h("h3", { text: "Precision and reuse" }), h("small", { text: "drag a band or its ends, or focus an end and use ← →; ticked layers change together" }), h("span", { class: "hx-spring" }), form, tableSaver(model, "layers"));
  return { node, scope };
}

/**
 * The line that says which layers are shown, and in which order.
 * @param {Wish} wish changed in place
 * @param {() => void} changed
 */
export function findLine(wish, changed) {
  let timer = 0;
  const search = h("input", { type: "search", placeholder: "find layers", "aria-label": "Find layers", on: { input: () => { clearTimeout(timer); timer = window.setTimeout(() => { wish.text = search.value; changed(); }, 120); } } });
  search.addEventListener("keydown", (event) => event.stopPropagation());
  const pick = (/** @type {"sort" | "only"} */ key, /** @type {string} */ label) => {
    const select = h("select", { "aria-label": label, on: { change: () => { wish[key] = select.value; changed(); } } }, ...WAYS[key].map(([value, text]) => h("option", { value, text })));
    return select;
  };
  const only = pick("only", "Layers to show");
  const fold = h("input", { type: "checkbox", on: { change: () => { wish.fold = fold.checked; changed(); } } });
  const count = h("span", { class: "hx-mute", role: "status" });
  /** Show all layers, one by one. */
  const clear = () => {
    Object.assign(wish, { text: "", only: "", fold: false });
    search.value = only.value = "";
    fold.checked = false;
  };
  return { clear, node: h("div", { class: "hx-line hx-findline" }, search, only, pick("sort", "Order of the layers"), h("label", { class: "hx-field" }, fold, "fold blocks"), count), count };
}

/** What the colours of the table mean. */
export function legend() {
  const item = (/** @type {string} */ name, /** @type {string} */ text) => h("span", {}, h("i", { class: `hx-key-${name}` }), text);
  return h(
    "div", { class: "hx-legend" },
    item("weight", "weights"), item("activation", "activations"), item("range", "range of the type"), item("lost", "lost: below the step, or out of range"),
    h("span", { text: "Share of" }), item("lut", "LUT"), item("dsp", "DSP"), item("latency", "latency"),
  );
}
