// Which layers the table shows, in which order, and how they form blocks. No page is needed.

/**
 * @import { ConfigData, LayersLive, RowData } from "./protocol.d.ts"
 * @typedef {{ text: string, sort: string, only: string, fold: boolean }} Wish what is shown, and whether blocks are folded
 */

/** The ways to sort and to choose layers. @type {Record<"sort" | "only", [value: string, text: string][]>} */
export const WAYS = {
  sort: [["", "in network order"], ["lut", "most LUT first"], ["loss", "most loss first"], ["bits", "most bits first"]],
  only: [["", "all layers"], ["weights", "with weights"], ["loss", "that lose values"], ["ticked", "that are ticked"]],
};

/**
 * The largest share of values that a cast of a layer loses.
 * @param {LayersLive} live
 * @param {string} name
 */
export function lossOf(live, name) {
  return Math.max(0, ...Object.values(live.events[name] ?? {}).map((event) => event.lost));
}

/**
 * The widest type of a layer.
 * @param {ConfigData["types"]} types
 * @param {string} name
 */
export function bitsOf(types, name) {
  return Math.max(0, ...Object.values(types[name] ?? {}).map(([width]) => width));
}

/**
 * The rows that are wished for, in the order that is wished for.
 * @param {RowData[]} rows
 * @param {LayersLive} live
 * @param {ConfigData["types"]} types
 * @param {Wish} wish
 * @param {Set<string>} ticked
 */
export function arranged(rows, live, types, wish, ticked) {
  const words = wish.text.trim().toLowerCase();
  /** @type {Record<string, (row: RowData) => boolean>} */
  const tests = { weights: (row) => row.lanes.some((lane) => lane.key === "weight"), loss: (row) => lossOf(live, row.name) > 0, ticked: (row) => ticked.has(row.name) };
  const wanted = rows.filter((row) => (!words || `${row.name} ${row.kind}`.toLowerCase().includes(words)) && (tests[wish.only]?.(row) ?? true));
  /** @type {Record<string, (row: RowData) => number>} */
  const values = { lut: (row) => live.share[row.name]?.lut ?? 0, loss: (row) => lossOf(live, row.name), bits: (row) => bitsOf(types, row.name) };
  const value = values[wish.sort];
  return value ? wanted.toSorted((a, b) => value(b) - value(a)) : wanted;
}

/**
 * The block that a layer belongs to, by its name: `layer1.0.conv2` to `layer1.0`, `block3_conv1` to `block3`.
 * @param {string} name
 */
export function blockOf(name) {
  const parts = name.split(/[./]/);
  if (parts.length > 1) return parts.slice(0, -1).join(".");
  return name.split("_")[0];
}

/**
 * Neighbours of one block together; a layer alone is no block.
 * @param {RowData[]} rows
 * @returns {{ name: string, rows: RowData[] }[]}
 */
export function blocksOf(rows) {
  /** @type {{ name: string, rows: RowData[] }[]} */
  const found = [];
  for (const row of rows) {
    const name = blockOf(row.name);
    const last = found.at(-1);
    if (last?.name === name) last.rows.push(row);
    else found.push({ name, rows: [row] });
  }
  return found;
}
