// A thin view of a plotly figure; figures stay plotly figures in Python.
import { announce, bus, isStale, patient, point } from "./bus.js";
import { all, h, listen, s, wake } from "./dom.js";
import { clicked, constraints, lineOf, marksOf, pointed, spotOf, themed } from "./figure.js";
import { plotly } from "./plotly.js";
import { blobOf, csvText, download, fileName, figureRows, saveMenu } from "./save.js";

/** @import { PinData } from "./protocol.d.ts" */
/** @import { DrawnAxis, DrawnLayout, Figure, PlotFigure, Plotly, PlotlyDiv } from "./types.d.ts" */

/** A figure is drawn again once no edit was made for so long: drawing would hold up the paint of the edit's figures. */
const CALM_MS = 250;
const MARKS = {
  current: "M0,-10.5 2.9,-3.6 10.2,-3.2 4.6,1.6 6.4,8.8 0,4.9 -6.4,8.8 -4.6,1.6 -10.2,-3.2 -2.9,-3.6Z",
  baseline: "M-7,-7H7V7H-7Z",
  pointed: "M0,-8.5A8.5,8.5 0 1 1 0,8.5A8.5,8.5 0 1 1 0,-8.5Z",
};
const HOVER_MS = 120;

/** @param {PlotFigure} view */
function render({ model, el }) {
  const view = new PlotView(model, el);
  view.start();
  return () => view.stop();
}

class PlotView {
  /** @param {PlotFigure["model"]} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.bus = bus(model.get("explorer"));
    this.busy = false;
    this.again = false;
    this.stopped = false;
    this.bound = false;
    this.tries = 0;
    this.tick = 0;
    this.retry = 0;
    this.asked = 0;
    this.brushed = 0;
    /** @type {number | null} */
    this.over = null;
    /** @type {(() => void)[]} */
    this.off = [];
    /** @type {HTMLElement[]} */
    this.pins = [];
    /** @type {Plotly | null} */
    this.plotly = null;
    this.div = /** @type {PlotlyDiv} */ (h("div", { class: "hx-figure", role: "group", "aria-label": model.get("label") }));
    this.frame = h("div", { class: "hx-frame" }, this.div);
    this.wait = h("div", { class: "hx-mute hx-wait", text: "drawing…" });
    this.summary = h("div", { class: "hx-hidden", text: model.get("summary") });
    this.caption = h("p", { class: "hx-mute hx-caption", role: "status" });
    this.ring = h("div", { class: "hx-pin", "data-kind": "pointed", "aria-hidden": "true", hidden: true }, s("svg", { viewBox: "-12 -12 24 24" }, s("path", { d: MARKS.pointed })));
    this.path = s("polyline");
    this.line = s("svg", { class: "hx-lineover", "aria-hidden": "true", hidden: true }, this.path);
    this.save = this.saver();
    const isOld = () => model.get("pins").slice(0, 1).some((pin) => isStale(this.bus, pin.seq));
    this.marks = patient(isOld, (old) => this.pins[0]?.classList.toggle("hx-stale", old));
    this.onEdit = () => this.marks.look();
    this.onPoint = () => this.mark();
    const draw = () => this.draw();
    this.theme = new MutationObserver(draw);
    this.size = new ResizeObserver(() => { cancelAnimationFrame(this.tick); this.tick = requestAnimationFrame(draw); });
  }

  async start() {
    const { model, el } = this;
    el.classList.add("hx", "hx-plot");
    this.frame.append(this.ring, this.line);
    el.replaceChildren(this.frame, this.caption, this.wait, this.summary, this.save);
    const caption = () => {
      this.caption.textContent = model.get("caption");
      this.caption.hidden = !model.get("caption");
    };
    caption();
    const name = () => {
      this.div.setAttribute("aria-label", model.get("label"));
      this.save.firstElementChild?.setAttribute("aria-label", `Save plot: ${model.get("label")}`);
    };
    name();
    const draw = () => this.draw();
    this.off = [
      listen(model, "change:figure", draw),
      listen(model, "change:height", draw),
      listen(model, "change:min_width", draw),
      listen(model, "change:caption", caption),
      listen(model, "change:pins", () => this.place()),
      listen(model, "change:summary", () => { this.summary.textContent = model.get("summary"); }),
      listen(model, "change:label", name),
    ];
    this.bus.addEventListener("edit", this.onEdit);
    this.bus.addEventListener("point", this.onPoint);
    this.theme.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
    this.size.observe(el);
    wake(model);
    const { promise, stop } = plotly(model);
    this.off.push(stop);
    this.plotly = await promise;
    if (!this.stopped) await this.draw();
  }

  stop() {
    this.stopped = true;
    this.off.forEach((remove) => remove());
    this.bus.removeEventListener("edit", this.onEdit);
    this.bus.removeEventListener("point", this.onPoint);
    clearTimeout(this.asked);
    this.marks.stop();
    this.theme.disconnect();
    this.size.disconnect();
    cancelAnimationFrame(this.tick);
    clearTimeout(this.retry);
    if (this.plotly) this.plotly.purge(this.div);
  }

  /** Ways to save the plot as it is seen: zoomed, with the marks of the current design and the baseline. */
  saver() {
    const name = (/** @type {string} */ ending) => fileName(this.model.get("label"), ending);
    return saveMenu("plot", [
      ["PNG picture", "saved", async () => download(name("png"), await this.picture("png"))],
      ["SVG drawing", "saved", async () => download(name("svg"), await this.picture("svg"))],
      ["CSV of the values", "saved", () => download(name("csv"), new Blob([csvText(figureRows(this.div.data ?? []))], { type: "text/csv" }))],
      ["Copy the picture", "copied", () => navigator.clipboard.write([new ClipboardItem({ "image/png": this.picture("png") })])],
    ]);
  }

  /** @param {"png" | "svg"} format */
  async picture(format) {
    const { div } = this;
    if (!this.plotly) throw new Error("the plot is not drawn yet");
    const look = getComputedStyle(this.el);
    const colour = (/** @type {string} */ name) => look.getPropertyValue(name).trim();
    const { offsetWidth: width, offsetHeight: height } = div;
    const layout = { ...div.layout, width, height, paper_bgcolor: colour("--hx-panel"), plot_bgcolor: colour("--hx-panel") };
    const marks = div._fullLayout?.xaxis ? marksOf(this.model.get("pins"), colour) : [];
    const url = await this.plotly.toImage({ data: [...(div.data ?? []), ...marks], layout }, { format, width, height, scale: format === "png" ? 2 : 1 });
    return blobOf(url);
  }

  /** Draw the latest figure; draws that arrive meanwhile become one. Nothing is drawn at width 0 (hidden tab, theme switch). */
  async draw() {
    const { model } = this;
    if (!this.plotly || this.stopped) return;
    if (!this.el.clientWidth) {
      // A theme switch hides the page for a moment, unseen by the observer: try again a few times.
      if ((this.tries += 1) < 12) this.retry = window.setTimeout(() => this.draw(), 150);
      return;
    }
    this.tries = 0;
    const wait = this.bound ? this.bus.latest + CALM_MS - performance.timeOrigin - performance.now() : 0;
    if (wait > 0) {
      clearTimeout(this.retry);
      this.retry = window.setTimeout(() => this.draw(), wait);
      return;
    }
    if (this.busy) { this.again = true; return; }
    this.busy = true;
    do {
      this.again = false;
      const text = model.get("figure");
      const height = model.get("height");
      this.div.style.height = `${height}px`;
      if (!text) continue;
      const style = getComputedStyle(this.el);
      const width = Math.max(this.el.clientWidth, model.get("min_width"));
      this.div.style.width = `${width}px`;
      if (width > this.el.clientWidth) this.frame.tabIndex = 0;
      else this.frame.removeAttribute("tabindex");
      const figure = /** @type {Figure} */ (JSON.parse(text));
      figure.layout.uirevision ??= model.get("label"); // a zoom stays while the same figure is drawn anew
      const { data, layout } = themed(figure, (name) => style.getPropertyValue(name).trim(), width, height);
      await this.plotly.react(this.div, data, layout, { displaylogo: false, displayModeBar: false, scrollZoom: false, doubleClick: "reset" });
      if (!this.bound) this.bind();
      this.wait.hidden = true;
      this.el.dataset.drawn = String(Number(this.el.dataset.drawn ?? 0) + 1);
    } while (this.again && !this.stopped);
    this.busy = false;
    this.place();
    this.mark();
  }

  bind() {
    this.bound = true;
    const { div, model } = this;
    const place = () => this.place();
    div.on("plotly_afterplot", place);
    div.on("plotly_relayouting", place);
    div.on("plotly_click", (event) => {
      const found = clicked(event);
      if (found) model.send({ ev: "click", seq: announce(this.bus), ...found });
    });
    div.on("plotly_hover", (event) => this.hover(pointed(event, div.data)));
    div.on("plotly_unhover", () => this.hover(null));
    div.addEventListener("pointerleave", () => this.hover(null));
    div.addEventListener("click", () => {
      const isLine = div.data?.[0]?.type === "parcoords";
      if (isLine && this.over !== null && performance.now() - this.brushed > 400) model.send({ ev: "click", seq: announce(this.bus), id: this.over });
    });
    div.on("plotly_restyle", () => {
      const ranges = constraints(div.data);
      this.brushed = performance.now();
      if (ranges) model.send({ ev: "brush", ranges });
    });
  }

  /** The pointer is over a trial, or over none: mark it in every view, and ask the kernel what there is to say about it. @param {number | null} number */
  hover(number) {
    if (number === this.over) return;
    this.over = number;
    point(this.bus, number);
    clearTimeout(this.asked);
    this.asked = window.setTimeout(() => this.model.send({ ev: "hover", id: number }), HOVER_MS);
  }

  /** Mark the trial that is pointed at in any view: a ring around its point, or its line across all axes. */
  mark() {
    const number = this.bus.pointed;
    const { data, _fullLayout: layout } = this.div;
    const spot = number === null || !hasAxes(layout) ? null : spotOf(data, number);
    const line = number === null ? null : lineOf(data, number);
    this.ring.hidden = !spot;
    this.line.toggleAttribute("hidden", !line);
    if (spot && hasAxes(layout)) {
      const [x, y] = this.at(layout, spot.x, spot.y);
      this.ring.style.transform = `translate(${x}px,${y}px)`;
    }
    if (line) this.trace(line);
  }

  /** Where values are inside the frame, in pixels; what a logarithmic axis has no place for is at its lower end. @param {Required<DrawnLayout>} layout @param {number} x @param {number} y */
  at(layout, x, y) {
    const low = (/** @type {DrawnAxis} */ axis) => axis._id.startsWith("x") ? 0 : axis._length;
    const to = (/** @type {DrawnAxis} */ axis, /** @type {number} */ value) => axis._offset + (axis.type === "log" && value <= 0 ? low(axis) : axis.d2p(value));
    return [this.div.offsetLeft + to(layout.xaxis, x), this.div.offsetTop + to(layout.yaxis, y)];
  }

  /** Draw a line over parallel coordinates, through shares of the axes' ranges by their labels. @param {Map<string, number>} line */
  trace(line) {
    const frame = this.frame.getBoundingClientRect();
    /** @type {[x: number, y: number][]} */
    const points = [];
    for (const axis of all(this.div, ".parcoords .y-axis")) {
      const box = axis.querySelector(".domain")?.getBoundingClientRect();
      const { __data__: drawn } = /** @type {HTMLElement & { __data__?: { label: string } }} */ (axis);
      const share = line.get(drawn?.label ?? "");
      if (box && share !== undefined) points.push([box.left + box.width / 2 - frame.left + this.frame.scrollLeft, box.bottom - share * box.height - frame.top]);
    }
    points.sort((a, b) => a[0] - b[0]);
    this.line.setAttribute("width", String(this.div.clientWidth));
    this.line.setAttribute("height", String(this.div.clientHeight));
    this.path.setAttribute("points", points.map((pair) => pair.join(",")).join(" "));
  }

  /** Put the marks of the current design and the baseline over the plot: no redraw of the figure. */
  place() {
    const layout = this.div._fullLayout;
    const pins = this.model.get("pins");
    while (this.pins.length < pins.length) {
      const pin = h("div", { class: "hx-pin", "aria-hidden": "true" });
      this.pins.push(pin);
      this.frame.append(pin);
    }
    this.pins.forEach((pin, index) => {
      const item = pins[index];
      pin.hidden = true;
      if (item && hasAxes(layout)) this.placePin(pin, item, layout);
    });
    this.marks.look();
  }

  /** Put a mark in its place; a design that lies outside the plot is marked at the edge that it lies beyond. @param {HTMLElement} pin @param {PinData} item @param {Required<DrawnLayout>} layout */
  placePin(pin, item, layout) {
    if (item.x === null || item.y === null) return;
    if (pin.dataset.kind !== item.kind) {
      pin.dataset.kind = item.kind;
      pin.replaceChildren(s("svg", { viewBox: "-12 -12 24 24" }, s("path", { d: MARKS[item.kind] })));
    }
    const [x, y] = this.at(layout, item.x, item.y);
    pin.hidden = !(Number.isFinite(x) && Number.isFinite(y));
    const within = (/** @type {DrawnAxis} */ axis, /** @type {number} */ offset, /** @type {number} */ value) => Math.min(Math.max(value, offset + axis._offset), offset + axis._offset + axis._length);
    const [left, top] = [within(layout.xaxis, this.div.offsetLeft, x), within(layout.yaxis, this.div.offsetTop, y)];
    pin.dataset.off = String(Math.hypot(left - x, top - y) > 2);
    pin.style.transform = `translate(${left}px,${top}px)`;
    pin.title = item.text;
  }
}

/** Whether plotly drew a figure with two axes. @param {DrawnLayout | undefined} layout @returns {layout is Required<DrawnLayout>} */
function hasAxes(layout) {
  return Boolean(layout?.xaxis && layout.yaxis);
}

export default { render };
