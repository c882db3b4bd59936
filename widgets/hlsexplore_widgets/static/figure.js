// What happens to a figure between the kernel and plotly.js: pure functions.

/** @typedef {(name: string) => string} Lookup the value of a CSS variable */
/** @typedef {number[] | Float64Array | Int32Array} Numbers */

/**
 * Replace every `var(--name)` in a figure by the colour that the page's theme gives it; long lists of numbers stay.
 * @param {any} value
 * @param {Lookup} lookup
 * @returns {any}
 */
export function recolour(value, lookup) {
  if (typeof value === "string") return value.startsWith("var(--") ? lookup(value.slice(4, -1)) || "#888888" : value;
  if (Array.isArray(value)) {
    return value.length > 2 && typeof value[0] === "number" ? value : value.map((item) => recolour(item, lookup));
  }
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, recolour(item, lookup)]));
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
 * @param {{ data: any[], layout: Record<string, any> }} figure
 * @param {Lookup} lookup
 * @param {number} width
 * @param {number} height
 */
export function themed(figure, lookup, width, height) {
  const { data, layout } = recolour(figure, lookup);
  const grid = lookup("--hx-grid");
  const axis = { gridcolor: grid, zerolinecolor: grid, linecolor: grid, tickcolor: grid, automargin: true };
  const full = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", ...layout, width, height,
    font: { family: "Inter, system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif", size: 12, color: lookup("--hx-fg"), ...layout.font },
    hoverlabel: { bgcolor: lookup("--hx-panel"), bordercolor: lookup("--hx-line"), font: { color: lookup("--hx-fg"), size: 12 }, align: "left", ...layout.hoverlabel },
  };
  delete full.template;
  for (const name of new Set(["xaxis", "yaxis", ...Object.keys(layout)])) {
    if (!/^[xy]axis\d*$/.test(name)) continue;
    full[name] = { ...axis, ...layout[name] };
    const { text } = full[name].title ?? {};
    const { l = 60, r = 14, t = 10, b = 44 } = layout.margin ?? {};
    const [low, high] = full[name].domain ?? [0, 1];
    if (text) full[name].title = { ...full[name].title, text: wrapped(text, (high - low) * (name[0] === "x" ? width - l - r : height - t - b)) };
  }
  return { data, layout: full };
}

/**
 * The point of a click that stands for a design or a part of it: its custom data, or null.
 * @param {any} event
 * @returns {{ id: any } | null}
 */
export function clicked(event) {
  const point = event.points?.[0];
  if (!point) return null;
  const custom = point.customdata ?? point.data?.customdata?.[point.pointNumber];
  if (custom === undefined || custom === null) return null;
  return { id: Array.isArray(custom) ? custom[0] : custom };
}

/**
 * The trial under the pointer: a point's custom data, or that of a line of parallel coordinates; null if there is none.
 * @param {any} event
 * @param {any[] | undefined} data
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
 * @param {any[] | undefined} data
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
 * @param {any[] | undefined} data
 * @param {number} number
 * @returns {Map<string, number> | null}
 */
export function lineOf(data, number) {
  const trace = data?.[0];
  if (trace?.type !== "parcoords") return null;
  const at = listOf(trace.customdata).indexOf(number);
  if (at < 0) return null;
  return new Map(trace.dimensions.map((/** @type {any} */ { label, values, range }) => {
    const all = listOf(values);
    let [low, high] = range ?? [Infinity, -Infinity];
    if (!range) for (const value of all) [low, high] = [Math.min(low, value), Math.max(high, value)];
    return [label, high > low ? (all[at] - low) / (high - low) : 0.5];
  }));
}

const decoded = new WeakMap();

/**
 * The numbers of an attribute, whether it is a list, a typed array, or plotly's packed form.
 * @param {any} values
 * @returns {Numbers}
 */
export function listOf(values) {
  if (!values || values.bdata === undefined) return values ?? [];
  if (!decoded.has(values)) {
    const bytes = Uint8Array.from(atob(values.bdata), (char) => char.charCodeAt(0));
    /** @type {Record<string, any>} */
    const kinds = { i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array, i4: Int32Array, u4: Uint32Array, f4: Float32Array, f8: Float64Array };
    const kind = kinds[values.dtype];
    decoded.set(values, kind ? new kind(bytes.buffer) : []);
  }
  return decoded.get(values);
}

/**
 * Ranges that were brushed on parallel coordinates, by label; null if the figure has none.
 * @param {any[] | undefined} data
 */
export function constraints(data) {
  const trace = data?.find((item) => item.type === "parcoords");
  if (!trace) return null;
  /** @type {Record<string, number[][]>} */
  const ranges = {};
  for (const dimension of trace.dimensions) {
    const range = dimension.constraintrange;
    if (range?.length) ranges[dimension.name ?? dimension.label] = Array.isArray(range[0]) ? range : [range];
  }
  return ranges;
}

/**
 * The marks of the current design and the baseline as traces, for pictures that leave the page.
 * @param {{ kind: string, x: number | null, y: number | null, text?: string }[]} pins
 * @param {Lookup} lookup
 */
export function marksOf(pins, lookup) {
  /** @type {Record<string, object>} */
  const looks = {
    current: { symbol: "star", size: 15, color: lookup("--hx-star"), line: { color: lookup("--hx-ink"), width: 1 } },
    baseline: { symbol: "square-open", size: 12, color: lookup("--hx-fg"), line: { width: 2 } },
  };
  return pins.filter((pin) => pin.x !== null && pin.y !== null).map((pin) => ({
    type: "scatter", mode: "markers", x: [pin.x], y: [pin.y], name: pin.text ?? pin.kind, marker: looks[pin.kind], cliponaxis: false,
  }));
}
