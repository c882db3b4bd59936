// A line of the table drawn: the band of the type, the box of the values, marks for what is lost.
import { h, s, set, write } from "./dom.js";
import { cut, describe, format, lsb, msb } from "./fixed.js";

/** @import { Lane } from "./lane_build.js" */
/** @import { LayersView } from "./layers.js" */
/** @import { CastEvent } from "./protocol.d.ts" */

export const LANE = 26;

/** A tick of the axis with its exponent. @param {LayersView} view @param {number} tick */
export function tickLabel(view, tick) {
  const text = s("text", { x: view.x(tick), y: 12, "text-anchor": "middle", class: "hx-tick" });
  if (tick === 0) text.append("1");
  else text.append("2", s("tspan", { dy: -4, class: "hx-exponent" }, String(tick)));
  return text;
}

/** Draw a line. @param {LayersView} view @param {Lane} lane @param {boolean} resized whether the axis is another one */
export function drawLane(view, lane, resized = false) {
  const type = view.config.types[lane.name]?.[lane.key];
  if (!type || !view.drawn) return;
  const [low, high] = [lsb(type), msb(type)];
  if (resized) {
    lane.svg.setAttribute("width", String(view.drawn));
    lane.grid.replaceChildren(...view.ticks.map((tick) => s("line", { class: tick === 0 ? "hx-grid hx-one" : "hx-grid", x1: view.x(tick), x2: view.x(tick), y1: 0, y2: LANE })));
  }
  set(lane.band, { x: view.x(low), width: Math.max(3, view.x(high) - view.x(low)) });
  drawBox(view, lane, low, high);
  for (const end of /** @type {const} */ (["lsb", "msb"])) {
    set(lane.handles[end], {
      transform: `translate(${view.x(end === "lsb" ? low : high)},0)`,
      "aria-valuenow": end === "lsb" ? type[0] - type[1] : type[1],
      "aria-valuemin": -64, "aria-valuemax": 104, "aria-valuetext": describe(type, end),
    });
  }
  if (document.activeElement !== lane.text) lane.text.value = format(type);
  lane.text.title = format(type);
  drawStrip(view, lane);
  write(lane.bits, type[0]);
  write(lane.integer, type[1]);
}

/** Whisker from minimum to maximum and box of the quartiles, cut where the type loses values. @param {LayersView} view @param {Lane} lane @param {number} low @param {number} high */
function drawBox(view, lane, low, high) {
  const { look } = lane.spec;
  const box = lane.spec.box ?? lane.box5;
  if (!box) return;
  const y = LANE / 2;
  const [from, to] = view.range;
  const limit = (/** @type {number} */ value) => Math.min(to, Math.max(from, value));
  /** @type {SVGElement[]} */
  const parts = cut([limit(box[0]), limit(box[4])], low, high).map(([a, b, part]) =>
    s("line", { class: part === "inside" ? `hx-whisker hx-${look}` : "hx-whisker hx-lost", x1: view.x(a), x2: view.x(b), y1: y, y2: y }));
  for (const [a, b, part] of cut([limit(box[1]), limit(box[3])], low, high)) {
    parts.push(s("rect", { class: part === "inside" ? `hx-box hx-${look}` : "hx-box hx-lost", x: view.x(a), y: y - 4.5, width: Math.max(1, view.x(b) - view.x(a)), height: 9, rx: 1.5 }));
  }
  parts.push(s("rect", { class: "hx-median", x: view.x(limit(box[2])) - 1, y: y - 5.5, width: 2, height: 11 }));
  lane.box.replaceChildren(...parts);
}

/** Shares of the elements by their bits: hatched those that are always 0, the darker the more bits. @param {LayersView} view @param {Lane} lane */
function drawStrip(view, lane) {
  const widths = view.config.widths[lane.name]?.[lane.key];
  lane.strip.hidden = !widths;
  if (!widths || lane.strip.title === widths.text) return;
  lane.strip.title = widths.text;
  lane.strip.setAttribute("aria-label", `${lane.name} ${lane.spec.label}, bits of single elements: ${widths.text}`);
  const most = Math.max(...widths.bars.map(([bits]) => bits), 1);
  const parts = widths.bars.map(([bits, share]) =>
    h("i", { class: bits ? `hx-strip-${lane.spec.look}` : "hx-strip-zero", style: `flex-grow: ${share}; opacity: ${bits ? 0.2 + (0.8 * bits) / most : 1}` }));
  lane.strip.replaceChildren(h("span", { class: "hx-strip-bar" }, ...parts), h("small", { text: widths.note }));
}

/** Draw what the cast of a line loses. @param {LayersView} view @param {Lane} lane @param {CastEvent | undefined} events */
export function drawEvents(view, lane, events) {
  lane.notes.replaceChildren();
  if (!lane.spec.box && JSON.stringify(lane.box5) !== JSON.stringify(events?.box ?? null)) {
    lane.box5 = events?.box ?? null;
    drawLane(view, lane);
  }
  lane.svg.parentElement?.setAttribute("title", events?.text ?? "");
  if (!events) return;
  const y = LANE / 2 + 4;
  const note = (/** @type {number} */ x, /** @type {string} */ anchor, /** @type {string} */ text) => lane.notes.append(s("text", { class: "hx-note", x, y, "text-anchor": anchor, text }));
  if (events.out) note(view.drawn - 2, "end", `▲ ${events.out}`);
  if (events.below) note(2, "start", `▽ ${events.below}`);
}
