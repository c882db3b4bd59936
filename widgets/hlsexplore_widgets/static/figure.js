// What happens to a figure between the kernel and plotly.js: pure functions.

/** @import { PinData } from "./protocol.d.ts" */
/** @import { AxisLayout, Figure, Layout, Numbers, Packed, PlotlyPoint, Trace, Values } from "./types.d.ts" */

/** @typedef {(name: string) => string} Lookup the value of a CSS variable */

/**
 * Replace every `var(--name)` in a figure by the colour that the page's theme gives it; long lists of numbers stay.
 * @template Part
 * @param {Part} value
 * @param {Lookup} lookup
 * @returns {Part} of the same form
 */
export function recolour(value, lookup) {
  return /** @type {Part} */ (recoloured(value, lookup));
}

/**
 * @param {unknown} value
 * @param {Lookup} lookup
 * @returns {unknown}
 */
function recoloured(value, lookup) {
  if (typeof value === "string") return value.startsWith("var(--") ? lookup(value.slice(4, -1)) || "#888888" : value;
  if (Array.isArray(value)) {
    return value.length > 2 && typeof value[0] === "number" ? value : value.map((item) => recoloured(item, lookup));
  }
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, recoloured(item, lookup)]));
  return value;
}

/** Width of a letter of a title, in pixels; a little more than the mean one. */
const LETTER_PX = 7.4;

/**
 * Break the title of an axis into lines that the axis has room for.
 * @param {string} text
 * @param {number} room in pixels
 */
export function wrapped(text, room) {
  const most = Math.max(12, Math.floor(room / LETTER_PX));
  if (text.length <= most || text.includes("<br>")) return text;
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines[lines.length - 1];
    if (!line) lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= most) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join("<br>");
}

/**
 * Complete a figure with the look of the page.
 * @param {Figure} figure
 * @param {Lookup} lookup
 * @param {number} width
 * @param {number} height
 * @returns {Figure}
 */
export function themed(figure, lookup, width, height) {
  const { data, layout } = recolour(figure, lookup);
  const grid = lookup("--hx-grid");
  const axis = { gridcolor: grid, zerolinecolor: grid, linecolor: grid, tickcolor: grid, automargin: true };
  /** @type {Layout} */
  const full = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", ...layout, width, height,
    font: { family: "Inter, system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif", size: 12, color: lookup("--hx-fg"), ...layout.font },
    hoverlabel: { bgcolor: lookup("--hx-panel"), bordercolor: lookup("--hx-line"), font: { color: lookup("--hx-fg"), size: 12 }, align: "left", ...layout.hoverlabel },
  };
  delete full.template;
  for (const name of new Set(["xaxis", "yaxis", ...Object.keys(layout)])) {
    if (!isAxis(name)) continue;
    /** @type {AxisLayout} */
    const own = { ...axis, ...layout[name] };
    const { l = 60, r = 14, t = 10, b = 44 } = layout.margin ?? {};
    const [low, high] = own.domain ?? [0, 1];
    if (own.title?.text) own.title = { ...own.title, text: wrapped(own.title.text, (high - low) * (name[0] === "x" ? width - l - r : height - t - b)) };
    full[name] = own;
  }
  return { data, layout: full };
}

/** Whether a key of a layout is an axis. @param {string} name @returns {name is `xaxis${string}` | `yaxis${string}`} */
function isAxis(name) {
  return /^[xy]axis\d*$/.test(name);
}

/**
 * The point of a click that stands for a design or a part of it: its custom data, or null.
 * @param {PlotlyPoint} event
 * @returns {{ id: string | number } | null}
 */
export function clicked(event) {
  const point = event.points?.[0];
  if (!point) return null;
  const at = point.pointNumber;
  const custom = point.customdata ?? (at === undefined ? undefined : point.data?.customdata?.[at]);
  const id = Array.isArray(custom) ? custom[0] : custom;
  return typeof id === "number" || typeof id === "string" ? { id } : null;
}

/**
 * The trial under the pointer: a point's custom data, or that of a line of parallel coordinates; null if there is none.
 * @param {PlotlyPoint} event
 * @param {Trace[] | undefined} data
 * @returns {number | null}
 */
export function pointed(event, data) {
  const lines = data?.[0];
  if (lines?.type === "parcoords") return event.curveNumber === undefined ? null : Number(listOf(lines.customdata)[event.curveNumber] ?? NaN) || null;
  const found = clicked(event);
  return typeof found?.id === "number" ? found.id : null;
}

/**
 * Where a trial's point is, in values of the axes: the first of the figure's traces that has it; null if none has.
 * @param {Trace[] | undefined} data
 * @param {number} number
 */
export function spotOf(data, number) {
  for (const trace of data ?? []) {
    if (trace.type === "heatmap" || trace.type === "parcoords") continue;
    const at = listOf(trace.customdata).indexOf(number);
    if (at >= 0) return { x: listOf(trace.x)[at], y: listOf(trace.y)[at] };
  }
  return null;
}

/**
 * A trial's line across parallel coordinates: axis label -> share of the axis' range; null if there is none.
 * @param {Trace[] | undefined} data
 * @param {number} number
 * @returns {Map<string, number> | null}
 */
export function lineOf(data, number) {
  const trace = data?.[0];
  if (trace?.type !== "parcoords") return null;
  const at = listOf(trace.customdata).indexOf(number);
  if (at < 0) return null;
  return new Map((trace.dimensions ?? []).map(({ label, values, range }) => {
    const all = listOf(values);
    let [low, high] = range ?? [Infinity, -Infinity];
    if (!range) for (const value of all) [low, high] = [Math.min(low, value), Math.max(high, value)];
    return /** @type {const} */ ([label, high > low ? (all[at] - low) / (high - low) : 0.5]);
  }));
}

/** Lists that were unpacked. @type {WeakMap<Packed, Numbers>} */
const decoded = new WeakMap();
/** plotly's names of the kinds of numbers. @type {Record<string, (bytes: ArrayBuffer) => Numbers>} */
const KINDS = {
  i1: (bytes) => new Int8Array(bytes), u1: (bytes) => new Uint8Array(bytes), i2: (bytes) => new Int16Array(bytes), u2: (bytes) => new Uint16Array(bytes),
  i4: (bytes) => new Int32Array(bytes), u4: (bytes) => new Uint32Array(bytes), f4: (bytes) => new Float32Array(bytes), f8: (bytes) => new Float64Array(bytes),
};

/**
 * The numbers of an attribute, whether it is a list, a typed array, or plotly's packed form.
 * @param {Values | undefined} values
 * @returns {Numbers}
 */
export function listOf(values) {
  if (!values) return [];
  if (!("bdata" in values)) return values;
  const known = decoded.get(values);
  if (known) return known;
  const bytes = Uint8Array.from(atob(values.bdata), (char) => char.charCodeAt(0));
  const found = KINDS[values.dtype]?.(bytes.buffer) ?? [];
  decoded.set(values, found);
  return found;
}

/**
 * Ranges that were brushed on parallel coordinates, by label; null if the figure has none.
 * @param {Trace[] | undefined} data
 */
export function constraints(data) {
  const trace = data?.find((item) => item.type === "parcoords");
  if (!trace) return null;
  /** @type {Record<string, number[][]>} */
  const ranges = {};
  for (const { constraintrange: range, name, label } of trace.dimensions ?? []) {
    if (range?.length) ranges[name ?? label] = /** @type {number[][]} */ (Array.isArray(range[0]) ? range : [range]);
  }
  return ranges;
}

/**
 * The marks of the current design and the baseline as traces, for pictures that leave the page.
 * @param {PinData[]} pins
 * @param {Lookup} lookup
 */
export function marksOf(pins, lookup) {
  /** @type {Record<string, object>} */
  const looks = {
    current: { symbol: "star", size: 15, color: lookup("--hx-star"), line: { color: lookup("--hx-ink"), width: 1 } },
    baseline: { symbol: "square-open", size: 12, color: lookup("--hx-fg"), line: { width: 2 } },
  };
  return pins.flatMap(({ kind, x, y, text }) => (x === null || y === null ? [] : [{
    type: "scatter", mode: "markers", x: [x], y: [y], name: text, marker: looks[kind], cliponaxis: false,
  }]));
}
