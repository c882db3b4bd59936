// Saving what is seen: a file on the user's disk, or the clipboard.
import { find, h, hear, onKeys, opens } from "./dom.js";
import { listOf } from "./figure.js";

/** @import { Answer, ComponentTraits } from "./protocol.d.ts" */
/** @import { Cell, Model, Packed, Trace, Values } from "./types.d.ts" */

/** A way to save something, and what is said when it is done. @typedef {[text: string, done: string, run: () => unknown]} Way */

/**
 * A name for a file, from words that people read, up to a semicolon.
 * @param {string} words
 * @param {string} ending
 */
export function fileName(words, ending) {
  const base = words.split(";")[0].toLowerCase().replaceAll(/[^a-z0-9]+/g, "_").replaceAll(/^_+|_+$/g, "").slice(0, 60);
  return `${base || "hlsexplore"}.${ending}`;
}

/**
 * Comma separated values.
 * @param {unknown[][]} rows
 */
export function csvText(rows) {
  const cell = (/** @type {unknown} */ value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `${rows.map((row) => row.map(cell).join(",")).join("\n")}\n`;
}

/**
 * The numbers behind a plotly figure as a table: a row for each point, with the name of its trace.
 * @param {Trace[]} data
 * @returns {Cell[][]}
 */
export function figureRows(data) {
  const lines = data.find((trace) => trace.type === "parcoords");
  if (lines) {
    const { dimensions = [] } = lines;
    const columns = dimensions.map((item) => Array.from(listOf(item.values)));
    const numbers = [...listOf(lines.customdata)];
    return [["trial", ...dimensions.map((item) => item.name ?? item.label)], ...numbers.map((number, at) => cells(number).concat(columns.map((values) => values[at])))];
  }
  const map = data.find((trace) => trace.type === "heatmap");
  if (map) {
    const [x, y, grid] = [named(map.x), named(map.y), gridOf(map.text ?? map.z)];
    return [["", ...x], ...y.map((name, at) => cells(name).concat(grid[at] ?? []))];
  }
  const tree = data.find((trace) => trace.labels);
  if (tree?.labels) return [["part", "of", "value"], ...named(tree.labels).map((label, at) => [label, named(tree.parents)[at], listOf(tree.values)[at]])];
  const rows = data.flatMap((trace) => {
    const [x, y, numbers] = [named(trace.x), named(trace.y), [...listOf(trace.customdata)]];
    const [series] = named([trace.name ?? ""]);
    return y.map((value, at) => [series, x[at], value, numbers[at] ?? ""]);
  });
  return [["series", "x", "y", "id"], ...rows];
}

/** Names as they are, without what keeps plotly from taking them for markup; numbers stay. @param {Values | string[] | undefined} values @returns {Cell[]} */
const named = (values) => Array.from(/** @type {Iterable<Cell>} */ (listOf(/** @type {Values | undefined} */ (values))), (value) => typeof value === "string" ? value.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&") : value);

/** The first cell of a row. @param {Cell} first @returns {Cell[]} */
const cells = (first) => [first];

/**
 * The rows of a two-dimensional attribute: lists of lists, or plotly's packed form with a shape.
 * @param {Packed | Values[] | undefined} values
 * @returns {Cell[][]}
 */
function gridOf(values) {
  if (Array.isArray(values)) return values.map((row) => Array.from(listOf(row)));
  const flat = Array.from(listOf(values));
  const width = Number(String(values?.shape).split(",")[1]) || flat.length;
  return Array.from({ length: Math.ceil(flat.length / width) }, (_, at) => flat.slice(at * width, (at + 1) * width));
}

/**
 * Let the browser save a file.
 * @param {string} name
 * @param {Blob} blob
 */
export function download(name, blob) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/**
 * Turn a data URL into a file's content, without a request.
 * @param {string} url
 */
export function blobOf(url) {
  const comma = url.indexOf(",");
  const [kind, text] = [url.slice(5, comma), url.slice(comma + 1)];
  if (!kind.endsWith(";base64")) return new Blob([decodeURIComponent(text)], { type: kind });
  return new Blob([Uint8Array.from(atob(text), (char) => char.charCodeAt(0))], { type: kind.slice(0, -7) });
}

/**
 * Put text on the clipboard.
 * @param {string} text
 */
export async function copyText(text) {
  await navigator.clipboard.write([new ClipboardItem({ "text/plain": new Blob([text], { type: "text/plain" }) })]);
}

/**
 * A button that opens a menu of ways to save something; what was done is said for a moment on the button.
 * @param {string} label what is saved, for people who do not see it
 * @param {Way[]} items
 */
export function saveMenu(label, items) {
  const button = h("button", { type: "button", text: "Save", "aria-label": `Save ${label}`, "aria-haspopup": "menu", title: `Save or copy: ${label}` });
  const list = h("div", { class: "hx-menu hx-savemenu", role: "menu", popover: "auto", "aria-label": `Save ${label}` }, ...items.map(([text, done, run]) => h("button", {
    type: "button", role: "menuitem", text,
    on: { click: async () => {
      list.hidePopover();
      button.focus();
      try {
        await run();
        say(done);
      } catch (error) {
        say("failed");
        button.title = String(error);
      }
    } },
  })));
  let timer = 0;
  /** @param {string} text */
  function say(text) {
    button.textContent = text;
    clearTimeout(timer);
    timer = window.setTimeout(() => { button.textContent = "Save"; }, 2000);
  }
  opens(button, list, { after: () => find(list, "button")?.focus() });
  onKeys(list, (event) => {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const all = [...list.querySelectorAll("button")];
    all[(all.findIndex((item) => item === document.activeElement) + by + all.length) % all.length].focus();
  });
  return h("span", { class: "hx-saver" }, button, list);
}

/**
 * Ask the kernel for something and wait for its answer.
 * @template Event
 * @template {Answer["kind"]} Kind
 * @param {Pick<Model<ComponentTraits, Event>, "send" | "on" | "off">} model
 * @param {Event | { ev: "table" }} question
 * @param {Kind} kind of the answer
 * @returns {Promise<Extract<Answer, { kind: Kind }>>}
 */
export function ask(model, question, kind) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => { off(); reject(new Error("the kernel did not answer")); }, 15_000);
    const off = hear(model, (message) => {
      if (message.kind !== kind) return;
      off();
      clearTimeout(timer);
      resolve(/** @type {Extract<Answer, { kind: Kind }>} */ (message));
    });
    model.send(question);
  });
}

/**
 * The menu of a table whose whole content the kernel has.
 * @param {Pick<Model<ComponentTraits, never>, "send" | "on" | "off">} model
 * @param {string} label
 * @param {Way[]} more other ways to save it, which come first
 */
export function tableSaver(model, label, more = []) {
  return saveMenu(label, [
    ...more,
    ["CSV file", "saved", async () => download(fileName(label, "csv"), new Blob([(await ask(model, { ev: "table" }, "table")).csv], { type: "text/csv" }))],
    ["Copy the table", "copied", async () => copyText((await ask(model, { ev: "table" }, "table")).text)],
  ]);
}
