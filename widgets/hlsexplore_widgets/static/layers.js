// The table whose control is the profile plot: log2 boxes of weights and activations under a draggable band, the type.
import { announce, bus, isStale, patient, together } from "./bus.js";
import { all, find, focused, h, listen, s, wake } from "./dom.js";
import { axisRange, axisTicks, follow, format, lsb, msb, resize, sameType } from "./fixed.js";
import { arranged, blocksOf } from "./layer_list.js";
import { buildBlock, buildRow } from "./layer_rows.js";
import { findLine, legend, setHead } from "./layers_head.js";
import { drawEvents, drawLane, tickLabel } from "./lane_draw.js";
import { drawKnobs, layerOf } from "./layer_knobs.js";

/** @import { Type } from "./fixed.js" */
/** @import { Lane } from "./lane_build.js" */
/** @import { KnobCell } from "./layer_knobs.js" */
/** @import { Changes, LayersTable } from "./types.d.ts" */

/** What the resources of the shares are called. */
const WHOLE = { lut: "LUT", dsp: "DSP blocks", latency: "latency" };
/** Parts of a design that show when they change. */
const DRAWN_PARTS = /** @type {const} */ (["types", "knobs", "widths", "proofs"]);

/** @param {LayersTable} view */
function render({ model, el }) {
  const view = new LayersView(model, el);
  view.start();
  return () => view.stop();
}

export class LayersView {
  /** @param {LayersTable["model"]} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.bus = bus(model.get("explorer"));
    this.config = structuredClone(model.get("config"));
    /** @type {Set<string>} */
    this.selected = new Set();
    /** @type {Set<string>} */
    this.expanded = new Set();
    /** @type {Lane[]} */
    this.lanes = [];
    /** @type {[low: number, high: number]} */
    this.range = [-10, 4];
    /** @type {{ id: string, at: number, on: string | null }} */
    this.gesture = { id: "", at: 0, on: null };
    this.dragging = false;
    /** @type {(() => void)[]} */
    this.off = [];
    this.frame = 0;
    this.wish = { text: "", sort: "", only: "", fold: false };
    /** Blocks that are open while blocks are folded. @type {Set<string>} */
    this.opened = new Set();
    this.marks = patient(() => isStale(this.bus, this.model.get("live").seq), (old) => this.el.classList.toggle("hx-stale", old));
    /** Lines to draw with the kernel's answer. @type {Set<Lane>} */
    this.due = new Set();
    this.paint = together(this.bus, () => this.drawDue());
    this.onEdit = () => this.marks.look();
    this.onRow = (/** @type {Event} */ event) => this.showRow(/** @type {CustomEvent<{ name: string, more: boolean }>} */ (event).detail);
    this.observer = new ResizeObserver(() => {
      cancelAnimationFrame(this.frame);
      this.frame = requestAnimationFrame(() => this.draw());
    });
    this.drawn = 0;
    /** @type {number[]} */
    this.ticks = [];
    /** @type {Map<string, KnobCell>} */
    this.cells = new Map();
    this.axis = s("svg", { height: 16, "aria-hidden": "true" });
    this.every = h("input", { type: "checkbox", "aria-label": "Select all layers", on: { change: () => this.selectAll() } });
    const head = setHead(model, (scope, key, text) => this.setMany(scope, key, text));
    const line = findLine(this.wish, () => this.build());
    this.scope = head.scope;
    this.count = line.count;
    this.showAll = line.clear;
    this.table = h("div", { class: "hx-layers", role: "group", "aria-label": "Types and knobs of each layer" });
    this.card = h("div", { class: "hx-card" }, head.node, line.node, this.table, legend());
  }

  start() {
    const { model } = this;
    this.el.classList.add("hx", "hx-tablehost");
    this.el.replaceChildren(this.card);
    this.build();
    this.off = [
      listen(model, "change:rows", () => this.build()),
      listen(model, "change:config", () => this.adopt()),
      listen(model, "change:live", () => this.drawLive()),
    ];
    this.bus.addEventListener("edit", this.onEdit);
    this.bus.addEventListener("row", this.onRow);
    this.observer.observe(this.el);
    wake(model);
  }

  stop() {
    this.off.forEach((remove) => remove());
    this.bus.removeEventListener("edit", this.onEdit);
    this.bus.removeEventListener("row", this.onRow);
    this.observer.disconnect();
    this.marks.stop();
    this.paint.stop();
    cancelAnimationFrame(this.frame);
  }

  // ---- changes -----------------------------------------------------------------------------------------------------

  /** Take over what the kernel holds, unless a newer edit of this page is under way. */
  adopt() {
    const next = this.model.get("config");
    if (next.seq < this.bus.latest || this.dragging) return;
    const isSame = DRAWN_PARTS.every((part) => JSON.stringify(next[part]) === JSON.stringify(this.config[part]));
    this.config = structuredClone(next);
    if (!isSame) this.draw();
  }

  /** Edits on one control in quick succession, and everything within one drag, are one step of the history. @param {string | null} on */
  currentGesture(on) {
    const now = performance.now();
    if (!this.dragging && (this.gesture.on !== on || now - this.gesture.at > 700)) this.gesture.id = `g${performance.timeOrigin + now}`;
    this.gesture.on = on;
    this.gesture.at = now;
    return this.gesture.id;
  }

  /** @param {Changes} changes @param {string} on what the gesture is on */
  send(changes, on) {
    const seq = announce(this.bus);
    this.model.send({ ev: "edit", seq, gesture: this.currentGesture(on), changes });
  }

  /**
   * Set one tensor's type; the other selected layers follow by the same number of bits.
   * @param {string} name
   * @param {string} key
   * @param {Type} next
   * @param {string} on what the gesture is on
   */
  setType(name, key, next, on) {
    const before = this.config.types[name][key];
    if (sameType(before, next)) return;
    const names = this.selected.has(name) ? [...this.selected].filter((item) => this.config.types[item]?.[key]) : [name];
    /** @type {Changes} */
    const changes = {};
    for (const item of names) {
      const type = item === name ? next : follow(this.config.types[item][key], before, next);
      this.config.types[item][key] = type;
      changes[item] = { [key]: format(type) };
    }
    this.send(changes, on);
    for (const lane of this.lanes) if (lane.key === key && names.includes(lane.name)) this.due.add(lane);
    if (this.dragging) this.drawDue(); // what is under the hand follows at once
    else this.paint.soon();
  }

  /** @param {string} name @param {string} knob @param {string | number} value */
  setKnob(name, knob, value) {
    const names = this.selected.has(name) ? [...this.selected].filter((item) => knob in (this.config.knobs[item] ?? {})) : [name];
    /** @type {Changes} */
    const changes = {};
    for (const item of names) {
      if (knob === "reuse" && !this.row(item)?.reuse.includes(Number(value))) continue;
      this.config.knobs[item][knob] = value;
      changes[item] = { [knob]: value };
    }
    this.send(changes, `${name}.${knob}`);
    this.draw();
  }

  /** @param {string} name */
  row(name) {
    return this.model.get("rows").find((row) => row.name === name);
  }

  // ---- structure ---------------------------------------------------------------------------------------------------

  build() {
    const known = this.model.get("rows");
    const rows = arranged(known, this.model.get("live"), this.config.types, this.wish, this.selected);
    const focus = focused()?.dataset?.focus;
    this.lanes = [];
    this.cells = new Map();
    this.table.replaceChildren(
      h("div", { class: "hx-th hx-c-name" }, this.every, h("span", { text: "Layer" })),
      h("div", { class: "hx-th hx-c-tag" }),
      h("div", { class: "hx-th hx-c-band", title: "Distribution of the magnitudes, in powers of two, under the range of the type" }, this.axis),
      h("div", { class: "hx-th hx-c-type", text: "Type" }),
      h("div", { class: "hx-th hx-c-bits", text: "Bits" }),
      h("div", { class: "hx-th hx-c-int", text: "Integer" }),
      h("div", { class: "hx-th hx-c-knobs", text: "Reuse" }),
      h("div", { class: "hx-th hx-c-share", text: "Share" }),
    );
    this.count.textContent = rows.length < known.length ? `${rows.length} of ${known.length}` : "";
    if (this.wish.fold) for (const block of blocksOf(rows)) buildBlock(this, block);
    else for (const row of rows) buildRow(this, row);
    this.roving(this.lanes[0]);
    this.drawSelection();
    this.draw(true);
    if (focus) find(this.el, `[data-focus="${CSS.escape(focus)}"]`)?.focus();
  }

  /** Set the bits or the type of one tensor in many layers; the kernel checks the text. @param {string} scope @param {string} key @param {string} text */
  setMany(scope, key, text) {
    if (!text) return;
    const bits = /^\d{1,3}$/.test(text) ? Number(text) : null;
    /** @type {Changes} */
    const changes = {};
    for (const [name, types] of Object.entries(this.config.types)) {
      if (!types[key] || (scope === "selected" && !this.selected.has(name))) continue;
      changes[name] = { [key]: bits === null ? text : format(resize(types[key], bits, types[key][1])) };
    }
    if (Object.keys(changes).length) this.send(changes, "many");
  }

  /** Another view asks for a row: bring it into sight and tick it. @param {{ name: string, more: boolean }} wanted */
  showRow({ name, more }) {
    const shown = () => find(this.table, `[data-row="${CSS.escape(name)}"]`);
    if (!shown()) {
      this.showAll();
      this.build();
    }
    this.selected = more ? this.selected.add(name) : new Set([name]);
    this.tick();
    all(this.table, ".hx-shown").forEach((node) => node.classList.remove("hx-shown"));
    shown()?.classList.add("hx-shown");
    shown()?.scrollIntoView({ block: "center", behavior: "instant" });
  }

  /** Show how the values of a tensor are spread. @param {string} layer @param {string} key */
  look(layer, key) {
    this.model.send({ ev: "look", layer, key });
  }

  /** One tab stop for all bands; up and down move it. @param {Lane | undefined} entry */
  roving(entry) {
    for (const lane of this.lanes) for (const handle of Object.values(lane.handles)) handle.setAttribute("tabindex", lane === entry ? "0" : "-1");
  }

  /** Set modes of a tensor. @param {string} name @param {string} key @param {{ signed?: boolean, rounding?: string, overflow?: string }} modes */
  setMode(name, key, modes) {
    const [width, integer, signed, rounding, overflow] = this.config.types[name][key];
    this.setType(name, key, [width, integer, modes.signed ?? signed, modes.rounding ?? rounding, modes.overflow ?? overflow], "mode");
  }

  /** Open or close a layer. @param {string} name */
  toggle(name) {
    if (!this.expanded.delete(name)) this.expanded.add(name);
    this.build();
  }

  /** @param {string} name @param {boolean} on */
  select(name, on) {
    if (on) this.selected.add(name);
    else this.selected.delete(name);
    this.drawSelection();
  }

  selectAll() {
    this.selected = new Set(this.every.checked ? this.model.get("rows").map((row) => row.name) : []);
    this.tick();
  }

  /** Tick the boxes of the layers that are selected. */
  tick() {
    for (const box of all(this.table, "[data-row] > input")) {
      const name = box.closest("[data-row]")?.getAttribute("data-row") ?? "";
      /** @type {HTMLInputElement} */ (box).checked = this.selected.has(name);
    }
    this.drawSelection();
  }

  drawSelection() {
    const count = this.selected.size;
    this.every.checked = count === this.model.get("rows").length;
    this.every.indeterminate = count > 0 && !this.every.checked;
    this.scope.options[1].textContent = count ? `${count} selected` : "selected layers";
    this.scope.value = count ? "selected" : "all";
  }

  // ---- drawing -----------------------------------------------------------------------------------------------------

  width() {
    return this.lanes[0]?.svg.parentElement?.clientWidth || 0;
  }

  /** @param {number} exponent */
  x(exponent) {
    return ((exponent - this.range[0]) / (this.range[1] - this.range[0])) * this.drawn;
  }

  drawDue() {
    for (const lane of this.due) drawLane(this, lane);
    this.due.clear();
  }

  /** Draw everything. The axis stays under the hand: it only grows where a band leaves it, until the rows are built anew. */
  draw(anew = false) {
    const width = this.width();
    if (!width || this.dragging) return; // no width while the page changes its theme: what was drawn still fits
    const fresh = anew || !this.drawn;
    this.drawn = width;
    const [low, high] = axisRange(this.lanes.flatMap((lane) => {
      const type = this.config.types[lane.name]?.[lane.key];
      const spans = type ? [[lsb(type), msb(type)]] : [];
      return lane.spec.box ? [...spans, [lane.spec.box[1], lane.spec.box[4]]] : spans;
    }));
    this.range = fresh ? [low, high] : [Math.min(low, this.range[0]), Math.max(high, this.range[1])];
    this.ticks = axisTicks(...this.range, this.drawn);
    this.axis.setAttribute("width", String(this.drawn));
    this.axis.replaceChildren(...this.ticks.map((tick) => tickLabel(this, tick)));
    this.lanes.forEach((lane) => drawLane(this, lane, true));
    drawKnobs(this);
    this.drawLive();
  }

  /** Shares and counts that came with the latest figures; faded while newer ones are on their way. */
  drawLive() {
    const live = this.model.get("live");
    this.marks.look();
    for (const [name, entry] of this.cells) {
      const share = live.share[name] ?? {};
      for (const { figure, bar, line } of entry.bars) {
        const value = share[figure];
        bar.style.width = `${100 * (value ?? 0)}%`;
        line.title = value === undefined ? "" : `${(100 * value).toFixed(1)} % of the ${WHOLE[figure]}${live.planned ? ", counted from the RTL's plan" : ""}`;
      }
    }
    if (this.drawn) for (const lane of this.lanes) drawEvents(this, lane, live.events[lane.name]?.[lane.key]);
    for (const span of all(this.el, "[data-events]")) span.textContent = live.events[layerOf(span)]?.[span.dataset.events ?? ""]?.text ?? "";
  }
}

export default { render };
