// The table whose control is the profile plot: log2 boxes of weights and activations under a draggable band, the type.
import { announce, bus, isStale, patient } from "./bus.js";
import { h, listen, s, wake } from "./dom.js";
import { axisRange, axisTicks, follow, format, lsb, msb, resize, sameType } from "./fixed.js";
import { arranged, blocksOf } from "./layer_list.js";
import { findLine, legend, setHead } from "./layers_head.js";
import { buildLane } from "./lane_build.js";
import { drawEvents, drawLane, tickLabel } from "./lane_draw.js";
import { buildKnobs, details, drawKnobs } from "./layer_knobs.js";

function render({ model, el }) {
  const view = new LayersView(model, el);
  view.start();
  return () => view.stop();
}

class LayersView {
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.bus = bus(model.get("explorer"));
    this.config = structuredClone(model.get("config"));
    this.selected = new Set();
    this.expanded = new Set();
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
    this.onEdit = () => this.marks.look();
    this.onRow = (event) => this.showRow(event.detail);
    this.observer = new ResizeObserver(() => {
      cancelAnimationFrame(this.frame);
      this.frame = requestAnimationFrame(() => this.draw());
    });
    this.drawn = 0;
    /** @type {number[]} */
    this.ticks = [];
    /** @type {Map<string, any>} */
    this.cells = new Map();
  }

  start() {
    const { model } = this;
    this.el.classList.add("hx", "hx-tablehost");
    const head = setHead(model, (scope, key, text) => this.setMany(scope, key, text));
    const line = findLine(this.wish, () => this.build());
    this.scope = head.scope;
    this.count = line.count;
    this.table = h("div", { class: "hx-layers", role: "group", "aria-label": "Types and knobs of each layer" });
    this.el.replaceChildren(h("div", { class: "hx-card" }, head.node, line.node, this.table, legend()));
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
    cancelAnimationFrame(this.frame);
  }

  // ---- changes -----------------------------------------------------------------------------------------------------

  /** Take over what the kernel holds, unless a newer edit of this page is under way. */
  adopt() {
    const next = this.model.get("config");
    if (next.seq < this.bus.latest || this.dragging) return;
    const isSame = ["types", "knobs", "widths", "proofs"].every((part) => JSON.stringify(next[part]) === JSON.stringify(this.config[part]));
    this.config = structuredClone(next);
    if (!isSame) this.draw();
  }

  /** Edits on one control in quick succession, and everything within one drag, are one step of the history. */
  currentGesture(on) {
    const now = performance.now();
    if (!this.dragging && (this.gesture.on !== on || now - this.gesture.at > 700)) this.gesture.id = `g${performance.timeOrigin + now}`;
    this.gesture.on = on;
    this.gesture.at = now;
    return this.gesture.id;
  }

  send(changes, on) {
    const seq = announce(this.bus);
    this.model.send({ ev: "edit", seq, gesture: this.currentGesture(on), changes });
  }

  /** Set one tensor's type; the other selected layers follow by the same number of bits. */
  setType(name, key, next, on) {
    const before = this.config.types[name][key];
    if (sameType(before, next)) return;
    const names = this.selected.has(name) ? [...this.selected].filter((item) => this.config.types[item]?.[key]) : [name];
    const changes = {};
    for (const item of names) {
      const type = item === name ? next : follow(this.config.types[item][key], before, next);
      this.config.types[item][key] = type;
      changes[item] = { [key]: format(type) };
    }
    this.send(changes, on);
    for (const lane of this.lanes) if (lane.key === key && names.includes(lane.name)) drawLane(this, lane);
  }

  setKnob(name, knob, value) {
    const names = this.selected.has(name) ? [...this.selected].filter((item) => knob in (this.config.knobs[item] ?? {})) : [name];
    const changes = {};
    for (const item of names) {
      if (knob === "reuse" && !this.row(item).reuse.includes(value)) continue;
      this.config.knobs[item][knob] = value;
      changes[item] = { [knob]: value };
    }
    this.send(changes, `${name}.${knob}`);
    this.draw();
  }

  row(name) {
    return this.model.get("rows").find((row) => row.name === name);
  }

  // ---- structure ---------------------------------------------------------------------------------------------------

  build() {
    const all = this.model.get("rows");
    const rows = arranged(all, this.model.get("live"), this.config.types, this.wish, this.selected);
    const focus = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.focus;
    this.lanes = [];
    this.cells = new Map();
    this.axis = s("svg", { height: 16, "aria-hidden": "true" });
    this.all = h("input", { type: "checkbox", "aria-label": "Select all layers", on: { change: () => this.selectAll() } });
    const { table } = this;
    table.replaceChildren(
      h("div", { class: "hx-th hx-c-name" }, this.all, h("span", { text: "Layer" })),
      h("div", { class: "hx-th hx-c-tag" }),
      h("div", { class: "hx-th hx-c-band", title: "Distribution of the magnitudes, in powers of two, under the range of the type" }, this.axis),
      h("div", { class: "hx-th hx-c-type", text: "Type" }),
      h("div", { class: "hx-th hx-c-bits", text: "Bits" }),
      h("div", { class: "hx-th hx-c-int", text: "Integer" }),
      h("div", { class: "hx-th hx-c-knobs", text: "Reuse" }),
      h("div", { class: "hx-th hx-c-share", text: "Share" }),
    );
    this.count.textContent = rows.length < all.length ? `${rows.length} of ${all.length}` : "";
    if (this.wish.fold) for (const block of blocksOf(rows)) this.buildBlock(table, block);
    else for (const row of rows) this.buildRow(table, row);
    this.roving(this.lanes[0]);
    this.drawSelection();
    this.draw(true);
    if (focus) this.el.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus();
  }

  /** Set the bits or the type of one tensor in many layers; the kernel checks the text. */
  setMany(scope, key, text) {
    if (!text) return;
    const bits = /^\d{1,3}$/.test(text) ? Number(text) : null;
    const changes = {};
    for (const [name, types] of Object.entries(this.config.types)) {
      if (!types[key] || (scope === "selected" && !this.selected.has(name))) continue;
      changes[name] = { [key]: bits === null ? text : format(resize(types[key], bits, types[key][1])) };
    }
    if (Object.keys(changes).length) this.send(changes, "many");
  }

  /** A line for the layers of a block, which opens it. */
  buildBlock(table, { name, rows }) {
    if (rows.length > 1) {
      const open = this.opened.has(name);
      const share = rows.reduce((sum, row) => sum + (this.model.get("live").share?.[row.name]?.lut ?? 0), 0);
      const button = h("button", {
        class: "hx-more", type: "button", "aria-expanded": String(open), "aria-label": `${name}: ${rows.length} layers`, "data-focus": `block/${name}`,
        on: { click: () => { if (!this.opened.delete(name)) this.opened.add(name); this.build(); } },
      }, h("span", { "aria-hidden": "true", text: "›" }));
      table.append(h("div", { class: "hx-rule" }), h("div", { class: "hx-block" }, button, h("b", { text: name }), h("small", { class: "hx-mute", text: `${rows.length} layers${share ? `, ${(100 * share).toFixed(0)} % of the LUT` : ""}` })));
      if (!open) return;
    }
    for (const row of rows) this.buildRow(table, row);
  }

  /** Another view asks for a row: bring it into sight and tick it. */
  showRow({ name, more }) {
    const find = () => this.table.querySelector(`[data-row="${CSS.escape(name)}"]`);
    if (!find()) {
      Object.assign(this.wish, { text: "", only: "", fold: false });
      this.el.querySelectorAll(".hx-findline :is(input, select)").forEach((node) => { if (node.type === "checkbox") node.checked = false; else if (node.ariaLabel !== "Order of the layers") node.value = ""; });
      this.build();
    }
    this.selected = more ? this.selected.add(name) : new Set([name]);
    this.table.querySelectorAll(".hx-c-name > input").forEach((box) => { box.checked = this.selected.has(box.closest("[data-row]")?.dataset.row); });
    this.drawSelection();
    this.table.querySelectorAll(".hx-shown").forEach((node) => node.classList.remove("hx-shown"));
    find()?.classList.add("hx-shown");
    find()?.scrollIntoView({ block: "center", behavior: "instant" });
  }

  buildRow(table, row) {
    const open = this.expanded.has(row.name);
    const lanes = row.lanes.filter((lane) => open || lane.main);
    const span = `grid-row: span ${Math.max(1, lanes.length)}`;
    const id = row.name;
    const check = h("input", { type: "checkbox", "aria-label": `Select ${id}`, on: { change: () => this.select(id, check.checked) } });
    check.checked = this.selected.has(id);
    const more = h("button", {
      class: "hx-more", type: "button", "aria-expanded": String(open), "aria-label": `${id}: all types`, title: "All types and modes of this layer", "data-focus": `${id}/more`,
      on: { click: () => this.toggle(id) },
    }, h("span", { "aria-hidden": "true", text: "›" }));
    table.append(h("div", { class: "hx-rule" }));
    table.append(h(
      "div", { class: "hx-c-name", style: span, "data-row": id },
      check, more,
      h("div", { class: "hx-name", title: row.detail }, h("b", { text: id }), h("small", { text: `${row.kind} ${row.shape}` }), h("small", { class: "hx-proof", "data-name": id })),
    ));
    const first = lanes.length === 0 ? this.movesOnly(table, row) : null;
    lanes.forEach((lane, index) => {
      buildLane(this, table, row, lane);
      if (index === 0) buildKnobs(this, table, row, span);
    });
    if (first) buildKnobs(this, table, row, span);
    if (open) table.append(details(this, row));
  }

  movesOnly(table, row) {
    table.append(h("div", { class: "hx-moves hx-mute", text: "moves elements; keeps the type of its input" }));
    return row;
  }

  /** Show how the values of a tensor are spread. */
  look(layer, key) {
    this.model.send({ ev: "look", layer, key });
  }

  /** One tab stop for all bands; up and down move it. */
  roving(entry) {
    for (const lane of this.lanes) for (const handle of Object.values(lane.handles)) handle.setAttribute("tabindex", lane === entry ? 0 : -1);
  }

  /** A slider of the share of the weights that stay; it moves all selected layers, and is one step of the history. */
  buildShare(row, knob, entry) {
    const slider = h("input", {
      type: "range", min: "0.02", max: "1", step: "0.02", "aria-label": `${row.name}: ${knob.label}`, title: knob.label,
      on: { input: () => this.setKnob(row.name, knob.name, Number(slider.value)) },
    });
    const note = h("small");
    entry[knob.name] = slider;
    entry.note = note;
    entry.cell.append(h("div", { class: "hx-share-kept" }, slider, note));
  }

  setMode(row, lane, index, value) {
    const next = [...this.config.types[row.name][lane.key]];
    next[index] = value;
    this.setType(row.name, lane.key, next, "mode");
  }

  toggle(name) {
    if (!this.expanded.delete(name)) this.expanded.add(name);
    this.build();
  }

  select(name, on) {
    if (on) this.selected.add(name);
    else this.selected.delete(name);
    this.drawSelection();
  }

  selectAll() {
    this.selected = new Set(this.all.checked ? this.model.get("rows").map((row) => row.name) : []);
    this.el.querySelectorAll(".hx-c-name > input").forEach((input) => (input.checked = this.all.checked));
    this.drawSelection();
  }

  drawSelection() {
    const count = this.selected.size;
    this.all.checked = count === this.model.get("rows").length;
    this.all.indeterminate = count > 0 && !this.all.checked;
    this.scope.options[1].textContent = count ? `${count} selected` : "selected layers";
    this.scope.value = count ? "selected" : "all";
  }

  // ---- drawing -----------------------------------------------------------------------------------------------------

  width() {
    return this.lanes[0]?.svg.parentElement.clientWidth || 0;
  }

  x(exponent) {
    return ((exponent - this.range[0]) / (this.range[1] - this.range[0])) * this.drawn;
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
    this.axis.setAttribute("width", this.drawn);
    this.axis.replaceChildren(...this.ticks.map((tick) => tickLabel(this, tick)));
    this.lanes.forEach((lane) => drawLane(this, lane, true));
    drawKnobs(this, );
    this.drawLive();
  }

  /** Shares and counts that came with the latest figures; faded while newer ones are on their way. */
  drawLive() {
    const live = this.model.get("live");
    this.marks.look();
    for (const [name, entry] of this.cells) {
      const share = live.share?.[name] ?? {};
      for (const { figure, bar, line } of entry.bars) {
        const value = share[figure];
        bar.style.width = `${100 * (value ?? 0)}%`;
        const whole = { lut: "LUT", dsp: "DSP blocks", latency: "latency" }[figure];
        line.title = value === undefined ? "" : `${(100 * value).toFixed(1)} % of the ${whole}${live.planned ? ", counted from the RTL's plan" : ""}`;
      }
    }
    if (this.drawn) for (const lane of this.lanes) drawEvents(this, lane, live.events?.[lane.name]?.[lane.key]);
    for (const span of this.el.querySelectorAll("[data-events]")) {
      const name = span.closest(".hx-details").getAttribute("aria-label").slice(0, -": modes".length);
      span.textContent = live.events?.[name]?.[span.dataset.events]?.text ?? "";
    }
  }

}

export default { render };
