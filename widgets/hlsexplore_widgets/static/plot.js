// A thin view of a plotly figure. plotly.js comes once per page, from the kernel, gzipped; figures stay plotly figures in Python.
import { announce, bus, isStale } from "./bus.js";
import { h, listen, s, wake } from "./dom.js";
import { clicked, constraints, themed } from "./figure.js";

const MARKS = {
  current: "M0,-10.5 2.9,-3.6 10.2,-3.2 4.6,1.6 6.4,8.8 0,4.9 -6.4,8.8 -4.6,1.6 -10.2,-3.2 -2.9,-3.6Z",
  baseline: "M-7,-7H7V7H-7Z",
};

/** Get plotly.js: from the page if it is there, else from this model's kernel; whoever asks first loads it for all. */
function plotly(model) {
  const slot = (globalThis.__hlsexplore_plotly ??= {});
  const key = model.get("plotly_version");
  if (slot[key]) return slot[key].promise;
  const entry = (slot[key] = {});
  entry.promise = new Promise((resolve) => { entry.resolve = resolve; });
  const off = listen(model, "msg:custom", async (message, buffers) => {
    if (message.kind !== "plotly") return;
    off();
    clearInterval(entry.timer);
    entry.resolve(await evaluate(buffers[0]));
  });
  const ask = () => model.send({ ev: "plotly" });
  entry.timer = setInterval(ask, 15000);
  ask();
  return entry.promise;
}

/** Unpack and run the script without letting it see a module loader of the page. */
async function evaluate(gz) {
  const bytes = gz.buffer ? new Uint8Array(gz.buffer, gz.byteOffset, gz.byteLength) : gz;
  const text = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  const script = document.createElement("script");
  script.textContent = `(()=>{const define=undefined,module=undefined,exports=undefined;${text}\n;globalThis.__hlsexplore_P=typeof Plotly!=="undefined"?Plotly:globalThis.Plotly;})();`;
  document.head.append(script);
  script.remove();
  return globalThis.__hlsexplore_P;
}

function render({ model, el }) {
  const view = new PlotView(model, el);
  view.start();
  return () => view.stop();
}

class PlotView {
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.bus = bus(model.get("explorer"));
    this.busy = false;
    this.again = false;
    this.stopped = false;
  }

  async start() {
    const { model, el } = this;
    el.classList.add("hx", "hx-plot");
    this.div = h("div", { class: "hx-figure", role: "group", "aria-label": model.get("label") });
    this.wait = h("div", { class: "hx-mute hx-wait", text: "drawing…" });
    this.summary = h("div", { class: "hx-hidden", text: model.get("summary") });
    el.replaceChildren(this.div, this.wait, this.summary);
    this.pins = [];
    const draw = () => this.draw();
    this.off = [
      listen(model, "change:figure", draw),
      listen(model, "change:height", draw),
      listen(model, "change:pins", () => this.place()),
      listen(model, "change:summary", () => { this.summary.textContent = model.get("summary"); }),
      listen(model, "change:label", () => this.div.setAttribute("aria-label", model.get("label"))),
    ];
    this.bus.addEventListener("edit", (this.onEdit = () => this.fade()));
    this.theme = new MutationObserver(draw);
    this.theme.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
    this.size = new ResizeObserver(() => { cancelAnimationFrame(this.frame); this.frame = requestAnimationFrame(draw); });
    this.size.observe(el);
    wake(model);
    this.plotly = await plotly(model);
    if (!this.stopped) await this.draw();
  }

  stop() {
    this.stopped = true;
    this.off.forEach((remove) => remove());
    this.bus.removeEventListener("edit", this.onEdit);
    this.theme.disconnect();
    this.size.disconnect();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.retry);
    if (this.plotly) this.plotly.purge(this.div);
  }

  /** Draw the latest figure; draws that arrive meanwhile become one. Nothing is drawn at width 0 (hidden tab, theme switch). */
  async draw() {
    if (!this.plotly || this.stopped) return;
    if (!this.el.clientWidth) {
      // A theme switch hides the page for a moment, unseen by the observer: try again a few times.
      if ((this.tries = (this.tries ?? 0) + 1) < 12) this.retry = setTimeout(() => this.draw(), 150);
      return;
    }
    this.tries = 0;
    if (this.busy) { this.again = true; return; }
    this.busy = true;
    do {
      this.again = false;
      const text = this.model.get("figure");
      const height = this.model.get("height");
      this.div.style.height = `${height}px`;
      if (!text) continue;
      const style = getComputedStyle(this.el);
      const { data, layout } = themed(JSON.parse(text), (name) => style.getPropertyValue(name).trim(), this.el.clientWidth, height);
      await this.plotly.react(this.div, data, layout, { displaylogo: false, displayModeBar: false, scrollZoom: false, doubleClick: "reset" });
      if (!this.bound) this.bind();
      this.wait.hidden = true;
      this.el.dataset.drawn = String(Number(this.el.dataset.drawn ?? 0) + 1);
    } while (this.again && !this.stopped);
    this.busy = false;
    this.place();
  }

  bind() {
    this.bound = true;
    const { div, model } = this;
    const place = () => this.place();
    div.on("plotly_afterplot", place);
    div.on("plotly_relayouting", place);
    div.on("plotly_click", (event) => {
      const point = clicked(event);
      if (point) model.send({ ev: "click", seq: announce(this.bus), ...point });
    });
    div.on("plotly_selected", (event) => model.send({ ev: "select", ids: event ? event.points.map((point) => point.customdata?.[0] ?? point.customdata) : null }));
    div.on("plotly_restyle", () => {
      const ranges = constraints(div.data);
      if (ranges) model.send({ ev: "brush", ranges });
    });
  }

  /** Put the marks of the current design and the baseline over the plot: no redraw of the figure. */
  place() {
    const layout = this.div._fullLayout;
    const pins = this.model.get("pins");
    while (this.pins.length < pins.length) {
      const pin = h("div", { class: "hx-pin", "aria-hidden": "true" });
      this.pins.push(pin);
      this.el.append(pin);
    }
    this.pins.forEach((pin, index) => {
      const item = pins[index];
      const axes = layout?.xaxis && layout?.yaxis;
      pin.hidden = !item || !axes || item.x === null || item.y === null;
      if (pin.hidden) return;
      if (pin.dataset.kind !== item.kind) {
        pin.dataset.kind = item.kind;
        pin.replaceChildren(s("svg", { viewBox: "-12 -12 24 24" }, s("path", { d: MARKS[item.kind] })));
      }
      const { xaxis, yaxis } = layout;
      const to = (axis, value) => axis._offset + axis.d2p(value);
      const [x, y] = [to(xaxis, item.x), to(yaxis, item.y)];
      const inside = (axis, at) => at >= axis._offset - 2 && at <= axis._offset + axis._length + 2;
      pin.hidden = !(Number.isFinite(x) && Number.isFinite(y) && inside(xaxis, x) && inside(yaxis, y));
      pin.style.transform = `translate(${this.div.offsetLeft + x}px,${this.div.offsetTop + y}px)`;
      pin.title = item.text ?? "";
    });
    this.fade();
  }

  fade() {
    const current = this.model.get("pins")[0];
    this.pins[0]?.classList.toggle("hx-stale", Boolean(current) && isStale(this.bus, current.seq));
  }
}

export default { render };
