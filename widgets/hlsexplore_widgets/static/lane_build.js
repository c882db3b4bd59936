// A line of the table built: its band with two ends to drag, its type as text, its steppers.
import { h, onKeys, s } from "./dom.js";
import { moveLsb, moveMsb, resize, shift } from "./fixed.js";
import { LANE, drawLane } from "./lane_draw.js";

/** @import { Type } from "./fixed.js" */
/** @import { LayersView } from "./layers.js" */
/** @import { LaneData, RowData } from "./protocol.d.ts" */

/** @typedef {"lsb" | "msb"} End an end of a band */

/**
 * A tensor whose type is edited.
 * @typedef {object} Tensor
 * @property {string} name of the layer
 * @property {string} key
 * @property {string} label for people
 * @property {() => Type} type
 * @property {(next: Type, on: string) => void} change sets the type by a control
 */

/**
 * A line of the table.
 * @typedef {object} Lane
 * @property {string} name of the layer
 * @property {string} key
 * @property {LaneData} spec
 * @property {SVGSVGElement} svg
 * @property {HTMLInputElement} text
 * @property {HTMLElement} strip
 * @property {HTMLElement} bits
 * @property {HTMLElement} integer
 * @property {SVGGElement} grid
 * @property {SVGRectElement} band
 * @property {SVGGElement} box
 * @property {SVGGElement} notes
 * @property {Record<End, SVGGElement>} handles
 * @property {number[] | null} box5 where the values lie, as far as they were counted
 */

/** The two ends, what they move, and how. @type {{ end: End, words: string, move: (type: Type, steps: number) => Type }[]} */
const ENDS = [{ end: "lsb", words: "fraction bits", move: moveLsb }, { end: "msb", words: "integer bits", move: moveMsb }];

/**
 * Build a line of the table.
 * @param {LayersView} view
 * @param {RowData} row
 * @param {LaneData} lane
 */
export function buildLane(view, { name }, lane) {
  const { key } = lane;
  const label = `${name} ${lane.label}`;
  /** @type {Tensor} */
  const tensor = { name, key, label, type: () => view.config.types[name][key], change: (next, on) => view.setType(name, key, next, `${name}.${key}.${on}`) };
  const text = h("input", {
    class: "hx-type hx-mono", type: "text", "aria-label": `${label}: type`, spellcheck: "false", "data-focus": `${name}/${key}/text`,
    on: {
      change: () => view.send({ [name]: { [key]: text.value } }, `${label}.text`),
      keydown: (event) => event.stopPropagation(),
      blur: () => setTimeout(() => drawLane(view, entry)),
    },
  });
  const bits = stepper(tensor, "bit", (value, sign) => resize(value, value[0] + sign, value[1]), "bits");
  const integer = stepper(tensor, "integer bit", (value, sign) => resize(value, value[0], value[1] + sign), "integer");
  const strip = h("div", { class: "hx-strip", role: "img" });
  const entry = { name, key, spec: lane, text, strip, bits: bits.output, integer: integer.output, box5: null, ...buildBand(view, tensor) };
  view.table.append(
    h("div", { class: "hx-c-tag" }, h("button", { type: "button", tabindex: -1, class: `hx-tag hx-tag-${lane.look}`, text: lane.tag, title: `${lane.label}: click for a histogram (H on its band)`, "aria-label": `${label}: histogram`, on: { click: () => view.look(name, lane.key) } })),
    h("div", { class: "hx-c-band" }, entry.svg, strip),
    h("div", { class: "hx-c-type" }, text),
    h("div", { class: "hx-c-bits" }, bits.node),
    h("div", { class: "hx-c-int" }, integer.node),
  );
  view.lanes.push(entry);
}

/**
 * A number between two buttons.
 * @param {Tensor} tensor
 * @param {string} title
 * @param {(type: Type, sign: number) => Type} apply
 * @param {string} on
 */
function stepper({ label, type, change }, title, apply, on) {
  const output = h("output", { "aria-hidden": "true" });
  const button = (/** @type {number} */ sign, /** @type {string} */ words) => h("button", { type: "button", text: sign > 0 ? "+" : "−", "aria-label": `${label}: one ${title} ${words}`, on: { click: () => change(apply(type(), sign), on) } });
  return { output, node: h("div", { class: "hx-stepper" }, button(-1, "fewer"), output, button(1, "more")) };
}

/**
 * Build the band of a type with its two ends.
 * @param {LayersView} view
 * @param {Tensor} tensor
 */
function buildBand(view, tensor) {
  const { name, key, label, type, change } = tensor;
  const grid = s("g", { "aria-hidden": "true" });
  const band = s("rect", { class: "hx-band", y: 2, height: LANE - 4, rx: 4 });
  const box = s("g", { "aria-hidden": "true", "pointer-events": "none" });
  const notes = s("g", { "aria-hidden": "true", "pointer-events": "none" });
  const [low, high] = ENDS.map(({ end, words, move }) => {
    const handle = s(
      "g", { class: "hx-handle", tabindex: -1, role: "slider", "aria-label": `${label}: ${words}`, "aria-orientation": "horizontal", "data-focus": `${name}/${key}/${end}` },
      s("rect", { x: -8, y: 0, width: 16, height: LANE, fill: "transparent" }),
      s("rect", { class: "hx-grip", x: -2.5, y: 4, width: 5, height: LANE - 8, rx: 2.5 }),
    );
    onKeys(handle, (event) => onKey(view, event, tensor, end));
    handle.addEventListener("focus", () => view.roving(view.lanes.find((lane) => lane.handles[end] === handle)));
    draggable(view, handle, type, (start, steps) => change(move(start, steps), end));
    return handle;
  });
  draggable(view, band, type, (start, steps) => change(shift(start, steps), "band"));
  const svg = s("svg", { height: LANE, class: "hx-band-svg", role: "group", "aria-label": `${label}: range` }, grid, band, box, low, high, notes);
  return { svg, grid, band, box, notes, handles: { lsb: low, msb: high } };
}

/**
 * Move an end of a band, or go to that of the next line.
 * @param {LayersView} view
 * @param {KeyboardEvent} event
 * @param {Tensor} tensor
 * @param {End} end
 */
function onKey(view, event, { name, key, type, change }, end) {
  if (event.key === "h") view.look(name, key);
  const [width, integer] = type();
  const far = end === "lsb"
    ? { Home: Math.min(0, Math.ceil(view.range[0]) + width - integer), End: width - 1 }
    : { Home: 1 - width, End: Math.max(0, Math.floor(view.range[1]) - integer) };
  /** @type {Record<string, number>} */
  const ways = { ArrowRight: 1, ArrowLeft: -1, PageUp: 4, PageDown: -4, ...far };
  const steps = ways[event.key];
  const lanes = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
  if (steps === undefined && !lanes) return;
  event.preventDefault();
  event.stopPropagation();
  if (steps !== undefined) change((end === "lsb" ? moveLsb : moveMsb)(type(), steps), end);
  else view.lanes[view.lanes.findIndex((lane) => lane.name === name && lane.key === key) + lanes]?.handles[end].focus();
}

/**
 * Let a part of a band be dragged.
 * @param {LayersView} view
 * @param {SVGElement} node
 * @param {() => Type} type
 * @param {(start: Type, steps: number) => void} apply
 */
function draggable(view, node, type, apply) {
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    node.focus({ preventScroll: true });
    node.setPointerCapture(event.pointerId);
    view.currentGesture(null);
    view.dragging = true;
    const start = /** @type {Type} */ ([...type()]);
    const origin = event.clientX;
    const scale = (view.range[1] - view.range[0]) / view.width();
    const stop = new AbortController();
    let last = 0;
    const move = (/** @type {PointerEvent} */ next) => {
      const steps = Math.round((next.clientX - origin) * scale);
      if (steps !== last) apply(start, (last = steps));
    };
    const up = () => {
      view.dragging = false;
      stop.abort();
      view.adopt();
      view.draw();
    };
    node.addEventListener("pointermove", move, { signal: stop.signal });
    for (const name of ["pointerup", "pointercancel"]) node.addEventListener(name, up, { signal: stop.signal });
  });
}
