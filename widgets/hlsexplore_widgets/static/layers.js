// The table whose control is the profile plot: log2 boxes of weights and activations under a draggable band, the type.
import { announce, bus, isStale } from "./bus.js";
import { h, listen, s, set, wake } from "./dom.js";
import { OVERFLOW, ROUNDING, axisRange, axisTicks, cut, describe, follow, format, lsb, moveLsb, moveMsb, msb, resize, sameType, shift } from "./fixed.js";
import { arranged, blocksOf } from "./layer_list.js";
import { findLine, legend, setHead } from "./layers_head.js";
import { reuseMenu } from "./reuse_menu.js";

const LANE = 26;

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
    this.onEdit = () => this.fade();
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
    for (const lane of this.lanes) if (lane.key === key && names.includes(lane.name)) this.drawLane(lane);
    this.send(changes, on);
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
      this.buildLane(table, row, lane);
      if (index === 0) this.buildKnobs(table, row, span);
    });
    if (first) this.buildKnobs(table, row, span);
    if (open) table.append(this.details(row));
  }

  movesOnly(table, row) {
    table.append(h("div", { class: "hx-moves hx-mute", text: "moves elements; keeps the type of its input" }));
    return row;
  }

  buildLane(table, row, lane) {
    const { name } = row;
    const entry = { name, key: lane.key, spec: lane, row };
    const label = `${name} ${lane.label}`;
    const change = (next, on) => this.setType(name, lane.key, next, `${name}.${lane.key}.${on}`);
    const type = () => this.config.types[name][lane.key];
    entry.svg = s("svg", { height: LANE, class: "hx-band-svg", role: "group", "aria-label": `${label}: range` });
    entry.text = h("input", {
      class: "hx-type hx-mono", type: "text", "aria-label": `${label}: type`, spellcheck: "false", "data-focus": `${name}/${lane.key}/text`,
      on: {
        change: () => this.send({ [name]: { [lane.key]: entry.text.value } }, `${label}.text`),
        keydown: (event) => event.stopPropagation(),
        blur: () => setTimeout(() => this.drawLane(entry)),
      },
    });
    const stepper = (title, apply, low) => {
      const output = h("output", { "aria-hidden": "true" });
      const button = (sign, words) => h("button", { type: "button", text: sign > 0 ? "+" : "−", "aria-label": `${label}: one ${title} ${words}`, on: { click: () => change(apply(type(), sign), low) } });
      return { output, node: h("div", { class: "hx-stepper" }, button(-1, "fewer"), output, button(1, "more")) };
    };
    entry.bits = stepper("bit", (value, sign) => resize(value, value[0] + sign, value[1]), "bits");
    entry.integer = stepper("integer bit", (value, sign) => resize(value, value[0], value[1] + sign), "integer");
    table.append(
      h("div", { class: "hx-c-tag" }, h("button", { type: "button", tabindex: -1, class: `hx-tag hx-tag-${lane.look}`, text: lane.tag, title: `${lane.label}: click for a histogram (H on its band)`, "aria-label": `${label}: histogram`, on: { click: () => this.look(name, lane.key) } })),
      h("div", { class: "hx-c-band" }, entry.svg, (entry.strip = h("div", { class: "hx-strip", role: "img" }))),
      h("div", { class: "hx-c-type" }, entry.text),
      h("div", { class: "hx-c-bits" }, entry.bits.node),
      h("div", { class: "hx-c-int" }, entry.integer.node),
    );
    this.buildBand(entry, label, change, type);
    this.lanes.push(entry);
  }

  buildBand(entry, label, change, type) {
    const { svg } = entry;
    entry.grid = s("g", { "aria-hidden": "true" });
    entry.band = s("rect", { class: "hx-band", y: 2, height: LANE - 4, rx: 4 });
    entry.box = s("g", { "aria-hidden": "true", "pointer-events": "none" });
    entry.notes = s("g", { "aria-hidden": "true", "pointer-events": "none" });
    svg.append(entry.grid, entry.band, entry.box);
    entry.handles = {};
    for (const { end, words, move } of [{ end: "lsb", words: "fraction bits", move: moveLsb }, { end: "msb", words: "integer bits", move: moveMsb }]) {
      const handle = s(
        "g", { class: "hx-handle", tabindex: -1, role: "slider", "aria-label": `${label}: ${words}`, "aria-orientation": "horizontal", "data-focus": `${entry.name}/${entry.key}/${end}` },
        s("rect", { x: -8, y: 0, width: 16, height: LANE, fill: "transparent" }),
        s("rect", { class: "hx-grip", x: -2.5, y: 4, width: 5, height: LANE - 8, rx: 2.5 }),
      );
      handle.addEventListener("keydown", (event) => this.onKey(event, entry, end, change, type));
      handle.addEventListener("focus", () => this.roving(entry));
      this.draggable(handle, type, (start, steps) => change(move(start, steps), end));
      entry.handles[end] = handle;
      svg.append(handle);
    }
    svg.append(entry.notes);
    this.draggable(entry.band, type, (start, steps) => change(shift(start, steps), "band"));
  }

  /** Show how the values of a tensor are spread. */
  look(layer, key) {
    this.model.send({ ev: "look", layer, key });
  }

  onKey(event, entry, end, change, type) {
    if (event.key === "h") this.look(entry.name, entry.key);
    const [width, integer] = type();
    const ends = { lsb: { Home: Math.min(0, Math.ceil(this.range[0]) + width - integer), End: width - 1 }, msb: { Home: 1 - width, End: Math.max(0, Math.floor(this.range[1]) - integer) } };
    const steps = { ArrowRight: 1, ArrowLeft: -1, PageUp: 4, PageDown: -4, ...ends[end] }[event.key];
    const lanes = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (steps === undefined && lanes === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (steps !== undefined) change((end === "lsb" ? moveLsb : moveMsb)(type(), steps), end);
    else this.lanes[this.lanes.indexOf(entry) + lanes]?.handles[end].focus();
  }

  /** One tab stop for all bands; up and down move it. */
  roving(entry) {
    for (const lane of this.lanes) for (const handle of Object.values(lane.handles)) handle.setAttribute("tabindex", lane === entry ? 0 : -1);
  }

  draggable(node, type, apply) {
    node.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      node.focus?.({ preventScroll: true });
      node.setPointerCapture(event.pointerId);
      this.currentGesture(null);
      this.dragging = true;
      const start = [...type()];
      const origin = event.clientX;
      const scale = (this.range[1] - this.range[0]) / this.width();
      let last = 0;
      const move = (next) => {
        const steps = Math.round((next.clientX - origin) * scale);
        if (steps !== last) apply(start, (last = steps));
      };
      const up = () => {
        this.dragging = false;
        for (const name of ["pointerup", "pointercancel"]) node.removeEventListener(name, up);
        node.removeEventListener("pointermove", move);
        this.adopt();
        this.draw();
      };
      node.addEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) node.addEventListener(name, up);
    });
  }

  buildKnobs(table, row, span) {
    const cell = h("div", { class: "hx-c-knobs", style: span });
    const entry = { cell };
    if (row.knobs.includes("reuse")) {
      entry.reuse = reuseMenu(this.model, row, () => this.config.knobs[row.name].reuse, (value) => this.setKnob(row.name, "reuse", value));
      cell.append(entry.reuse.node);
    }
    for (const knob of row.choices) {
      if (knob.slider) {
        this.buildShare(row, knob, entry);
        continue;
      }
      const select = h(
        "select", { "aria-label": `${row.name}: ${knob.label}`, title: knob.label, on: { change: () => this.setKnob(row.name, knob.name, knob.numeric ? Number(select.value) : select.value) } },
        ...knob.values.map((value) => h("option", { value, text: `${knob.prefix}${value}` })),
      );
      entry[knob.name] = select;
      cell.append(select);
    }
    const share = h("div", { class: "hx-c-share", style: span });
    entry.bars = ["lut", "dsp", "latency"].map((figure) => {
      const bar = h("i", { class: `hx-bar-${figure}` });
      const line = h("div", { class: "hx-bar" }, bar);
      share.append(line);
      return { figure, bar, line };
    });
    this.cells.set(row.name, entry);
    table.append(cell, share);
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

  /** Rounding, overflow and counts of every tensor of an expanded layer. */
  details(row) {
    const body = h("div", { class: "hx-details", role: "group", "aria-label": `${row.name}: modes` });
    const pick = (lane, index, values, label) => {
      const select = h(
        "select", { "aria-label": `${row.name} ${lane.label}: ${label}`, "data-mode": `${lane.key}/${index}`, on: { change: () => this.setMode(row, lane, index, select.value) } },
        ...values.map((value) => h("option", { value, text: value })),
      );
      return select;
    };
    for (const lane of row.lanes) {
      const signed = h("input", { type: "checkbox", "data-mode": `${lane.key}/2`, on: { change: () => this.setMode(row, lane, 2, signed.checked) } });
      body.append(
        h("span", { class: `hx-tag hx-tag-${lane.look}`, text: lane.tag }), h("span", { text: lane.label }),
        pick(lane, 3, ROUNDING, "rounding"), pick(lane, 4, OVERFLOW, "overflow"),
        h("label", {}, signed, "signed"),
        h("span", { class: "hx-mute", "data-events": lane.key }),
      );
    }
    body.append(h("p", { class: "hx-mute", text: row.detail }));
    return body;
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
    this.axis.replaceChildren(...this.ticks.map((tick) => this.tickLabel(tick)));
    this.lanes.forEach((lane) => this.drawLane(lane, true));
    this.drawKnobs();
    this.drawLive();
  }

  tickLabel(tick) {
    const text = s("text", { x: this.x(tick), y: 12, "text-anchor": "middle", class: "hx-tick" });
    if (tick === 0) text.append("1");
    else text.append("2", s("tspan", { dy: -4, class: "hx-exponent" }, String(tick)));
    return text;
  }

  drawLane(lane, resized = false) {
    const type = this.config.types[lane.name]?.[lane.key];
    if (!type || !this.drawn) return;
    const [low, high] = [lsb(type), msb(type)];
    if (resized) {
      lane.svg.setAttribute("width", this.drawn);
      lane.grid.replaceChildren(...this.ticks.map((tick) => s("line", { class: tick === 0 ? "hx-grid hx-one" : "hx-grid", x1: this.x(tick), x2: this.x(tick), y1: 0, y2: LANE })));
    }
    set(lane.band, { x: this.x(low), width: Math.max(3, this.x(high) - this.x(low)) });
    this.drawBox(lane, low, high);
    for (const end of ["lsb", "msb"]) {
      set(lane.handles[end], {
        transform: `translate(${this.x(end === "lsb" ? low : high)},0)`,
        "aria-valuenow": end === "lsb" ? type[0] - type[1] : type[1],
        "aria-valuemin": -64, "aria-valuemax": 104, "aria-valuetext": describe(type, end),
      });
    }
    if (document.activeElement !== lane.text) lane.text.value = format(type);
    lane.text.title = format(type);
    this.drawStrip(lane);
    lane.bits.output.textContent = type[0];
    lane.integer.output.textContent = type[1];
  }

  /** Whisker from minimum to maximum and box of the quartiles, cut where the type loses values. */
  drawBox(lane, low, high) {
    const { look } = lane.spec;
    const box = lane.spec.box ?? lane.box5;
    if (!box) return;
    const y = LANE / 2;
    const [from, to] = this.range;
    const limit = (value) => Math.min(to, Math.max(from, value));
    const parts = cut([limit(box[0]), limit(box[4])], low, high).map(([a, b, part]) =>
      s("line", { class: part === "inside" ? `hx-whisker hx-${look}` : "hx-whisker hx-lost", x1: this.x(a), x2: this.x(b), y1: y, y2: y }));
    for (const [a, b, part] of cut([limit(box[1]), limit(box[3])], low, high)) {
      parts.push(s("rect", { class: part === "inside" ? `hx-box hx-${look}` : "hx-box hx-lost", x: this.x(a), y: y - 4.5, width: Math.max(1, this.x(b) - this.x(a)), height: 9, rx: 1.5 }));
    }
    parts.push(s("rect", { class: "hx-median", x: this.x(limit(box[2])) - 1, y: y - 5.5, width: 2, height: 11 }));
    lane.box.replaceChildren(...parts);
  }

  /** Shares of the elements by their bits: hatched those that are always 0, the darker the more bits. */
  drawStrip(lane) {
    const widths = this.config.widths?.[lane.name]?.[lane.key];
    lane.strip.hidden = !widths;
    if (!widths || lane.strip.title === widths.text) return;
    lane.strip.title = widths.text;
    lane.strip.setAttribute("aria-label", `${lane.name} ${lane.spec.label}, bits of single elements: ${widths.text}`);
    const most = Math.max(...widths.bars.map(([bits]) => bits), 1);
    const parts = widths.bars.map(([bits, share]) =>
      h("i", { class: bits ? `hx-strip-${lane.spec.look}` : "hx-strip-zero", style: `flex-grow: ${share}; opacity: ${bits ? 0.2 + (0.8 * bits) / most : 1}` }));
    lane.strip.replaceChildren(h("span", { class: "hx-strip-bar" }, ...parts), h("small", { text: widths.note }));
  }

  drawKnobs() {
    for (const small of this.el.querySelectorAll(".hx-proof")) small.textContent = this.config.proofs[small.dataset.name] ?? "";
    for (const [name, entry] of this.cells) {
      const knobs = this.config.knobs[name] ?? {};
      entry.reuse?.draw();
      for (const [knob, value] of Object.entries(knobs)) if (knob !== "reuse" && entry[knob]) entry[knob].value = String(value);
      if (entry.note) entry.note.textContent = `${Math.round(100 * knobs.density)} % kept`;
      if (entry.pattern) entry.pattern.hidden = knobs.density >= 1;
    }
    for (const select of this.el.querySelectorAll(".hx-details [data-mode]")) {
      const name = select.closest(".hx-details").getAttribute("aria-label").slice(0, -": modes".length);
      const [key, index] = select.dataset.mode.split("/");
      const value = this.config.types[name]?.[key]?.[Number(index)];
      if (index === "2") select.checked = value;
      else select.value = value;
    }
  }

  fade() {
    this.el.classList.toggle("hx-stale", isStale(this.bus, this.model.get("live").seq));
  }

  /** Shares and counts that came with the latest figures; faded while newer ones are on their way. */
  drawLive() {
    const live = this.model.get("live");
    this.fade();
    for (const [name, entry] of this.cells) {
      const share = live.share?.[name] ?? {};
      for (const { figure, bar, line } of entry.bars) {
        const value = share[figure];
        bar.style.width = `${100 * (value ?? 0)}%`;
        const whole = { lut: "LUT", dsp: "DSP blocks", latency: "latency" }[figure];
        line.title = value === undefined ? "" : `${(100 * value).toFixed(1)} % of the ${whole}${live.planned ? ", counted from the RTL's plan" : ""}`;
      }
    }
    if (this.drawn) for (const lane of this.lanes) this.drawEvents(lane, live.events?.[lane.name]?.[lane.key]);
    for (const span of this.el.querySelectorAll("[data-events]")) {
      const name = span.closest(".hx-details").getAttribute("aria-label").slice(0, -": modes".length);
      span.textContent = live.events?.[name]?.[span.dataset.events]?.text ?? "";
    }
  }

  drawEvents(lane, events) {
    lane.notes.replaceChildren();
    if (!lane.spec.box && JSON.stringify(lane.box5 ?? null) !== JSON.stringify(events?.box ?? null)) {
      lane.box5 = events?.box;
      this.drawLane(lane);
    }
    lane.svg.parentElement.title = events?.text ?? "";
    if (!events) return;
    const y = LANE / 2 + 4;
    const note = (x, anchor, text) => lane.notes.append(s("text", { class: "hx-note", x, y, "text-anchor": anchor, text }));
    if (events.out) note(this.drawn - 2, "end", `▲ ${events.out}`);
    if (events.below) note(2, "start", `▽ ${events.below}`);
  }
}

export default { render };
