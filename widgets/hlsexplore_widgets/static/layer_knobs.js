// Knobs of a layer: reuse, choices, and the modes of its tensors where it is opened.
import { all, h } from "./dom.js";
import { OVERFLOW, ROUNDING } from "./fixed.js";
import { reuseMenu } from "./reuse_menu.js";

/** @import { LayersView } from "./layers.js" */
/** @import { KnobData, LaneData, RowData } from "./protocol.d.ts" */

/**
 * What a row's knobs and shares are drawn in.
 * @typedef {{ cell: HTMLElement, reuse?: { draw(): void }, controls: Map<string, HTMLSelectElement | HTMLInputElement>, note?: HTMLElement,
 *   bars: { figure: Figure, bar: HTMLElement, line: HTMLElement }[] }} KnobCell
 * @typedef {"lut" | "dsp" | "latency"} Figure
 */

/** @type {readonly Figure[]} */
const SHARED = ["lut", "dsp", "latency"];

/**
 * Build the knobs and the shares of a layer.
 * @param {LayersView} view
 * @param {RowData} row
 * @param {string} span style of a cell beside all lanes of the layer
 */
export function buildKnobs(view, row, span) {
  const cell = h("div", { class: "hx-c-knobs", style: span });
  /** @type {KnobCell} */
  const entry = { cell, controls: new Map(), bars: [] };
  if (row.knobs.includes("reuse")) {
    const menu = reuseMenu(view.model, row, () => Number(view.config.knobs[row.name].reuse), (value) => view.setKnob(row.name, "reuse", value));
    entry.reuse = menu;
    cell.append(menu.node);
  }
  for (const knob of row.choices) {
    if (knob.slider) buildShare(view, row, knob, entry);
    else buildChoice(view, row, knob, entry);
  }
  const share = h("div", { class: "hx-c-share", style: span });
  entry.bars = SHARED.map((figure) => {
    const bar = h("i", { class: `hx-bar-${figure}` });
    const line = h("div", { class: "hx-bar" }, bar);
    share.append(line);
    return { figure, bar, line };
  });
  view.cells.set(row.name, entry);
  view.table.append(cell, share);
}

/**
 * A list of the values of a knob.
 * @param {LayersView} view
 * @param {RowData} row
 * @param {KnobData} knob
 * @param {KnobCell} entry
 */
function buildChoice(view, row, knob, entry) {
  const select = h(
    "select", { "aria-label": `${row.name}: ${knob.label}`, title: knob.label, on: { change: () => view.setKnob(row.name, knob.name, knob.numeric ? Number(select.value) : select.value) } },
    ...knob.values.map((value) => h("option", { value, text: `${knob.prefix}${value}` })),
  );
  entry.controls.set(knob.name, select);
  entry.cell.append(select);
}

/**
 * A slider of the share of the weights that stay; it moves all selected layers, and is one step of the history.
 * @param {LayersView} view
 * @param {RowData} row
 * @param {KnobData} knob
 * @param {KnobCell} entry
 */
function buildShare(view, row, knob, entry) {
  const slider = h("input", {
    type: "range", min: "0.02", max: "1", step: "0.02", "aria-label": `${row.name}: ${knob.label}`, title: knob.label,
    on: { input: () => view.setKnob(row.name, knob.name, Number(slider.value)) },
  });
  entry.note = h("small");
  entry.controls.set(knob.name, slider);
  entry.cell.append(h("div", { class: "hx-share-kept" }, slider, entry.note));
}

/**
 * Rounding, overflow and counts of every tensor of an expanded layer.
 * @param {LayersView} view
 * @param {RowData} row
 */
export function details(view, row) {
  const body = h("div", { class: "hx-details", role: "group", "aria-label": `${row.name}: modes`, "data-layer": row.name });
  const pick = (/** @type {LaneData} */ lane, /** @type {"rounding" | "overflow"} */ mode, /** @type {string[]} */ values) => {
    const select = h(
      "select", { "aria-label": `${row.name} ${lane.label}: ${mode}`, "data-mode": `${lane.key}/${mode}`, on: { change: () => view.setMode(row.name, lane.key, { [mode]: select.value }) } },
      ...values.map((value) => h("option", { value, text: value })),
    );
    return select;
  };
  for (const lane of row.lanes) {
    const signed = h("input", { type: "checkbox", "data-mode": `${lane.key}/signed`, on: { change: () => view.setMode(row.name, lane.key, { signed: signed.checked }) } });
    body.append(
      h("span", { class: `hx-tag hx-tag-${lane.look}`, text: lane.tag }), h("span", { text: lane.label }),
      pick(lane, "rounding", ROUNDING), pick(lane, "overflow", OVERFLOW),
      h("label", {}, signed, "signed"),
      h("span", { class: "hx-mute", "data-events": lane.key }),
    );
  }
  body.append(h("p", { class: "hx-mute", text: row.detail }));
  return body;
}

/** The layer whose details an element is part of. @param {Element} node */
export function layerOf(node) {
  return /** @type {HTMLElement | null} */ (node.closest(".hx-details"))?.dataset.layer ?? "";
}

/** Draw the knobs, proofs and modes of the design. @param {LayersView} view */
export function drawKnobs(view) {
  for (const small of all(view.el, ".hx-proof")) small.textContent = view.config.proofs[small.dataset.name ?? ""] ?? "";
  for (const [name, { controls, reuse, note }] of view.cells) {
    const knobs = view.config.knobs[name] ?? {};
    reuse?.draw();
    for (const [knob, control] of controls) if (knob in knobs) control.value = String(knobs[knob]);
    if (note) note.textContent = `${Math.round(100 * Number(knobs.density))} % kept`;
    controls.get("dsp_budget")?.toggleAttribute("hidden", knobs.multiplier !== "mixed");
    controls.get("pattern")?.toggleAttribute("hidden", Number(knobs.density) >= 1);
  }
  for (const node of all(view.el, ".hx-details [data-mode]")) {
    const [key, mode] = (node.dataset.mode ?? "").split("/");
    const type = view.config.types[layerOf(node)]?.[key];
    if (!type) continue;
    if (node instanceof HTMLInputElement) node.checked = type[2];
    else /** @type {HTMLSelectElement} */ (node).value = mode === "rounding" ? type[3] : type[4];
  }
}
