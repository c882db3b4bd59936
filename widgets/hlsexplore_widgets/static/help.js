// Keys and words of the page, behind `?`: for keyboard and touch, where a pointer would show tips.
import { h } from "./dom.js";

/** @type {[keys: string, does: string][]} */
const KEYS = [
  ["?", "this page"], ["Tab", "next control; the first is Skip to the trials"], ["← →", "on an end of a band: one bit; on tabs: next tab"],
  ["Page Up, Page Down", "on an end of a band: four bits"], ["Home, End", "on an end of a band: as far as it goes"],
  ["↑ ↓", "on an end of a band: the next tensor"], ["H", "on an end of a band: histogram of the tensor"],
  ["Ctrl+Z, Ctrl+Shift+Z", "undo, redo"], ["+ −, arrows, Enter", "in the network graph: zoom, walk, pick the row"], ["Escape", "close a menu"],
];
/** @type {[word: string, means: string][]} */
const WORDS = [
  ["type fixed<W,I>", "W bits in all, I of them left of the point, the sign among them; behind them rounding and overflow"],
  ["band", "the green range of magnitudes that a type can hold; its left end is the step, its right end the largest value"],
  ["▽ below", "values that become 0 because they are smaller than the step"], ["▲ out", "values out of the range: they saturate or wrap around"],
  ["share", "the part of LUT, DSP and latency that a layer has of the whole design"],
  ["reuse", "multiplications that share one multiplier: fewer resources, more cycles"],
  ["strategy", "latency: constants in logic; resource: multipliers fed from memories"],
  ["float network", "the network as it was trained, without rounding: what a design is measured against"],
  ["agreement", "share of decisions that are the float network's"], ["flip", "a decision that differs from the float network's"],
  ["baseline", "the pinned design that differences are shown against; the square in the plot"],
  ["front", "designs that no other beats in the figures on the two axes: the diamonds"], ["badge front", "a trial that no other beats in all objectives of the study: there are more of them than diamonds"],
  ["estimate, plan, report", "predicted from measured designs; counted from the netlist that will be written; read from a tool's report"],
  ["80 % interval", "in four of five designs the tool's figure lies inside"], ["95 % interval", "of scores: what the number of samples allows to say"],
  ["interval (II)", "cycles between the starts of two samples"], ["importance", "share of a figure's spread over the trials that one knob alone explains; high does not mean better"],
  ["blame", "what relieving one type alone would bring back"], ["selected", "inside a brushed range"], ["kept", "not put aside by Keep or Exclude, and meeting the conditions"],
];

/** The button `?` and its page. */
export function helpPage() {
  const list = (/** @type {[string, string][]} */ items) => h("dl", {}, ...items.flatMap(([word, means]) => [h("dt", { text: word }), h("dd", { text: means })]));
  const close = h("button", { type: "button", text: "Close", on: { click: () => dialog.close() } });
  const body = h("div", { class: "hx-helpbody", tabindex: 0, role: "region", "aria-label": "Keys and words" }, h("h3", { text: "Keys" }), list(KEYS), h("h3", { text: "Words" }), list(WORDS));
  const dialog = h("dialog", { class: "hx-help", "aria-label": "Help" }, h("div", { class: "hx-line" }, h("h2", { text: "Keys and words" }), h("span", { class: "hx-spring" }), close), body);
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  const open = () => dialog.showModal();
  const button = h("button", { type: "button", text: "?", title: "Keys and words (?)", "aria-label": "Help: keys and words", on: { click: open } });
  return { node: h("span", {}, button, dialog), open };
}
