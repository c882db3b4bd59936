// Fixed-point types in the browser.

/** @typedef {[width: number, integer: number, signed: boolean, rounding: string, overflow: string]} Type */

export const MAX_WIDTH = 64;
export const MIN_INTEGER = -40;
export const MAX_INTEGER = 64;
export const ROUNDING = ["TRN", "TRN_ZERO", "RND", "RND_CONV", "RND_ZERO", "RND_INF", "RND_MIN_INF"];
export const OVERFLOW = ["WRAP", "SAT", "SAT_ZERO", "SAT_SYM"];

/** @type {(value: number, low: number, high: number) => number} */
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/**
 * Print a type the way the kernel does: default modes are left out.
 * @param {Type} type
 */
export function format([width, integer, signed, rounding, overflow]) {
  const modes = overflow !== "WRAP" ? `,${rounding},${overflow}` : rounding !== "TRN" ? `,${rounding}` : "";
  return `${signed ? "" : "u"}fixed<${width},${integer}${modes}>`;
}

/** Exponent of the smallest step. @type {(type: Type) => number} */
export const lsb = ([width, integer]) => integer - width;

/** Exponent that every magnitude stays below. @type {(type: Type) => number} */
export const msb = ([, integer, signed]) => integer - (signed ? 1 : 0);

/**
 * The type with other bits; what no type can be is clamped.
 * @param {Type} type
 * @param {number} width
 * @param {number} integer
 * @returns {Type}
 */
export function resize([, , signed, rounding, overflow], width, integer) {
  return [clamp(width, 1, MAX_WIDTH), clamp(integer, MIN_INTEGER, MAX_INTEGER), signed, rounding, overflow];
}

/** Move the left end of the band: fraction bits change, the range stays. @type {(type: Type, steps: number) => Type} */
export const moveLsb = (type, steps) => resize(type, type[0] - steps, type[1]);

/** Move the right end: integer bits change, the step stays. @type {(type: Type, steps: number) => Type} */
export function moveMsb(type, steps) {
  const moved = clamp(steps, Math.max(1 - type[0], MIN_INTEGER - type[1]), Math.min(MAX_WIDTH - type[0], MAX_INTEGER - type[1]));
  return resize(type, type[0] + moved, type[1] + moved);
}

/** Move the whole band: the width stays. @type {(type: Type, steps: number) => Type} */
export const shift = (type, steps) => resize(type, type[0], type[1] + steps);

/** Whether two types are equal. @type {(a: Type, b: Type) => boolean} */
export const sameType = (a, b) => a.every((value, index) => value === b[index]);

/**
 * Apply the change that turned `before` into `after` to another type: relative bits, absolute modes.
 * This is what an edit does to the other selected layers, whose ranges differ.
 * @param {Type} other
 * @param {Type} before
 * @param {Type} after
 * @returns {Type}
 */
export function follow(other, before, after) {
  const [width, integer] = resize(other, other[0] + after[0] - before[0], other[1] + after[1] - before[1]);
  const signed = after[2] === before[2] ? other[2] : after[2];
  const rounding = after[3] === before[3] ? other[3] : after[3];
  const overflow = after[4] === before[4] ? other[4] : after[4];
  return [width, integer, signed, rounding, overflow];
}

/** Describe a handle for screen readers. @type {(type: Type, end: string) => string} */
export function describe(type, end) {
  return end === "lsb"
    ? `${type[0] - type[1]} fraction bits, smallest step two to the ${lsb(type)}`
    : `${type[1]} integer bits, magnitudes below two to the ${msb(type)}`;
}

/**
 * Range of exponents that shows all boxes and bands, between sensible limits.
 * @param {number[][]} spans [low, high] pairs
 * @returns {[low: number, high: number]}
 */
export function axisRange(spans) {
  let low = -10;
  let high = 4;
  for (const [a, b] of spans) {
    low = Math.min(low, a);
    high = Math.max(high, b);
  }
  return [Math.max(-44, Math.floor(low) - 2), Math.min(44, Math.ceil(high) + 2)];
}

/**
 * Ticks of an exponent axis, a round number of bits apart.
 * @param {number} low
 * @param {number} high
 * @param {number} width of the axis, in pixels
 */
export function axisTicks(low, high, width) {
  const steps = [1, 2, 4, 8, 16];
  const step = steps.find((candidate) => ((high - low) / candidate) * 38 <= width) ?? 16;
  const ticks = [];
  for (let tick = Math.ceil((low + 0.5) / step) * step; tick < high; tick += step) ticks.push(tick);
  return ticks;
}

/**
 * Cut a span into what lies below, inside and above a range.
 * @param {number[]} span
 * @param {number} low
 * @param {number} high
 * @returns {[from: number, to: number, part: "below" | "inside" | "above"][]}
 */
export function cut([a, b], low, high) {
  /** @type {[number, number, "below" | "inside" | "above"][]} */
  const parts = [
    [a, Math.min(b, low), "below"],
    [Math.max(a, low), Math.min(b, high), "inside"],
    [Math.max(a, high), b, "above"],
  ];
  return parts.filter(([from, to]) => to > from);
}
