// The network as a graph: types, cost and loss on layers and edges; click selects the row of the table.
import { bus, pickRow } from "./bus.js";
import { h, listen, onKeys, put, s, wake } from "./dom.js";
import { NODE, found, laidOut, pathOf } from "./network_layout.js";
import { download, saveMenu } from "./save.js";

/** @import { Line } from "./network_layout.js" */
/** @import { NetworkNode } from "./protocol.d.ts" */
/** @import { NetworkGraph } from "./types.d.ts" */

/** @typedef {{ x: number, y: number }} Place */
/** @typedef {ReturnType<NetworkView["box"]>} Box */

const ZOOM = 1.25;
const [SMALLEST, LARGEST] = [0.08, 2.5];
/** Space around the network in a picture, and the most pixels on a side of it. */
const [EDGE, MOST_PX] = [12, 8192];
/** What a picture takes over from the page's style sheet. */
const DRAWN = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "font-family", "font-size", "font-weight", "text-anchor", "opacity", "paint-order"];

/** @param {NetworkGraph} view */
function render({ model, el }) {
  const view = new NetworkView(model, el);
  view.start();
  return () => view.stop();
}

class NetworkView {
  /** @param {NetworkGraph["model"]} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.bus = bus(model.get("explorer"));
    /** @type {Map<string, Box>} */
    this.boxes = new Map();
    /** @type {{ edge: Line, path: SVGPathElement, text: SVGTextElement }[]} */
    this.lines = [];
    this.view = { x: 0, y: 0, scale: 1 };
    this.size = { width: 1, height: 1 };
    /** @type {string[]} */
    this.matches = [];
    this.match = 0;
    this.fitted = false;
    /** Ends the drag. */
    this.dropped = new AbortController();
    /** @type {(() => void)[]} */
    this.off = [];
    this.observer = new ResizeObserver(() => { if (!this.fitted) this.fit(); });
    this.search = h("input", { type: "search", placeholder: "find a layer", "aria-label": "Find a layer", on: { input: () => this.find(0), keydown: (event) => { if (event.key === "Enter") this.find(event.shiftKey ? -1 : 1); event.stopPropagation(); } } });
    this.said = h("span", { class: "hx-mute", role: "status" });
    this.layer = s("g");
    this.svg = s("svg", { class: "hx-network", tabindex: 0, role: "group", "aria-label": "Network graph: arrow keys move, + and − zoom, Enter selects the layer's row" }, this.layer);
  }

  start() {
    const { model, el } = this;
    el.classList.add("hx");
    const button = (/** @type {string} */ text, /** @type {string} */ title, /** @type {() => void} */ run) => h("button", { type: "button", text, "aria-label": title, title, on: { click: run } });
    el.replaceChildren(h("div", { class: "hx-line" }, this.search, this.said, h("span", { class: "hx-spring" }), button("−", "Zoom out", () => this.zoom(1 / ZOOM)), button("+", "Zoom in", () => this.zoom(ZOOM)), button("Fit", "Show the whole network", () => this.fit()), this.saver()), this.svg);
    this.build();
    this.svg.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    this.svg.addEventListener("pointerdown", (event) => this.onDrag(event));
    onKeys(this.svg, (event) => this.onKey(event));
    this.off = [listen(model, "change:live", () => this.draw()), listen(model, "change:graph", () => this.build())];
    this.observer.observe(this.svg);
    wake(model);
  }

  stop() {
    this.off.forEach((remove) => remove());
    this.observer.disconnect();
    this.dropped.abort();
  }

  build() {
    const { nodes, edges } = this.model.get("graph");
    const placed = laidOut(nodes, edges);
    this.size = placed;
    this.boxes = new Map();
    this.lines = placed.edges.map((edge) => {
      const path = s("path", { class: "hx-edge", d: pathOf(edge.points), "marker-end": "url(#hx-arrow)" });
      const text = s("text", { class: "hx-edgetext", x: edge.label.x - 66, y: edge.label.y + 4 });
      return { edge, path, text };
    });
    const arrow = s("defs", {}, s("marker", { id: "hx-arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, s("path", { class: "hx-arrow", d: "M0,0L8,4L0,8Z" })));
    placed.nodes.forEach((place, at) => this.boxes.set(place.name, this.box(nodes[at], place)));
    this.layer.replaceChildren(arrow, ...this.lines.flatMap(({ path, text }) => [path, text]), ...[...this.boxes.values()].map((box) => box.node));
    this.fitted = false;
    this.fit();
    this.draw();
  }

  /** A layer with what it shows. @param {NetworkNode} node @param {Place} place */
  box(node, { x, y }) {
    const text = (/** @type {number} */ dy, /** @type {string} */ cls, words = "") => s("text", { x: 10, y: dy, class: cls, text: words });
    const type = text(35, "hx-nodetype");
    const cost = s("text", { x: NODE.width - 10, y: 18, class: "hx-nodecost", "text-anchor": "end" });
    const loss = s("text", { x: NODE.width - 10, y: 35, class: "hx-nodeloss", "text-anchor": "end" });
    const bar = s("rect", { class: "hx-nodebar", x: 10, y: NODE.height - 11, height: 4, rx: 2, width: 0 });
    const title = s("title");
    const group = s(
      "g", { class: "hx-node", role: "button", tabindex: -1, "data-layer": node.name, transform: `translate(${x},${y})`, "aria-label": `${node.name}, ${node.kind} ${node.shape}: select its row` },
      title, s("rect", { class: "hx-nodebox", width: NODE.width, height: NODE.height, rx: 8 }),
      text(18, "hx-nodename", short(node.name, 16)), type, cost, loss,
      s("rect", { class: "hx-nodetrack", x: 10, y: NODE.height - 11, height: 4, rx: 2, width: NODE.width - 20 }), bar,
    );
    group.addEventListener("click", (event) => this.pick(node.name, event.ctrlKey || event.metaKey || event.shiftKey));
    return { node: group, data: node, place: { x, y }, type, cost, loss, bar, title };
  }

  /** Put the newest figures on layers and edges. */
  draw() {
    const { layers, edges } = this.model.get("live");
    for (const [name, box] of this.boxes) {
      const { type = "", cost = "", share = 0, loss = "", tip = "" } = layers?.[name] ?? {};
      put(box.type, "textContent", type || `${box.data.kind} ${box.data.shape}`);
      put(box.cost, "textContent", cost);
      put(box.loss, "textContent", loss);
      put(box.title, "textContent", `${name}: ${box.data.kind} ${box.data.shape}\n${tip}`);
      box.bar.setAttribute("width", String((NODE.width - 20) * share));
    }
    for (const { edge, path, text } of this.lines) {
      const { type = "", loss = "" } = edges?.[edge.from] ?? {};
      put(text, "textContent", [type, loss].filter(Boolean).join("  "));
      path.classList.toggle("hx-lossy", Boolean(loss));
    }
  }

  /** Mark a layer and ask for its row. @param {string} name @param {boolean} more whether others stay picked */
  pick(name, more) {
    for (const box of this.boxes.values()) box.node.classList.toggle("hx-picked", box.data.name === name);
    this.boxes.get(name)?.node.focus({ preventScroll: true });
    pickRow(this.bus, name, more);
  }

  /** Go to a layer that is looked for. @param {number} by steps from the last one; 0 looks anew */
  find(by) {
    this.matches = found(this.model.get("graph").nodes, this.search.value);
    this.match = by === 0 ? 0 : (this.match + by + this.matches.length) % Math.max(1, this.matches.length);
    for (const [name, box] of this.boxes) box.node.classList.toggle("hx-found", this.matches.includes(name));
    put(this.said, "textContent", this.search.value ? `${this.matches.length ? this.match + 1 : 0} of ${this.matches.length}` : "");
    if (this.matches.length) this.centre(this.matches[this.match]);
  }

  /** @param {string} name */
  centre(name) {
    const place = this.boxes.get(name)?.place;
    if (!place) return;
    const scale = Math.max(this.view.scale, 0.7);
    this.move({ scale, x: this.svg.clientWidth / 2 - scale * (place.x + NODE.width / 2), y: this.svg.clientHeight / 2 - scale * (place.y + NODE.height / 2) });
  }

  /** @param {Place & { scale: number }} view */
  move(view) {
    this.view = view;
    this.fitted = true;
    this.layer.setAttribute("transform", `translate(${view.x},${view.y}) scale(${view.scale})`);
    this.svg.dataset.scale = view.scale.toFixed(3);
  }

  saver() {
    return saveMenu("network graph", [
      ["PNG picture", "saved", async () => download("network.png", await this.png())],
      ["SVG drawing", "saved", () => download("network.svg", new Blob([this.drawing()], { type: "image/svg+xml" }))],
      ["Copy the picture", "copied", () => navigator.clipboard.write([new ClipboardItem({ "image/png": this.png() })])],
    ]);
  }

  /** The whole network as a file of its own: its styles, which are the page's, go into it. */
  drawing() {
    const { width, height } = this.size;
    const copy = /** @type {SVGGElement} */ (this.layer.cloneNode(true));
    copy.removeAttribute("transform");
    const [own, copied] = [[...this.layer.querySelectorAll("*")], [...copy.querySelectorAll("*")]];
    own.forEach((node, at) => {
      const look = getComputedStyle(node);
      copied[at].setAttribute("style", DRAWN.map((name) => `${name}:${look.getPropertyValue(name)}`).join(";"));
      for (const name of ["tabindex", "role", "class"]) copied[at].removeAttribute(name);
    });
    const back = s("rect", { width: width + 2 * EDGE, height: height + 2 * EDGE, fill: getComputedStyle(this.svg).backgroundColor });
    const whole = s("svg", { xmlns: "http://www.w3.org/2000/svg", width: width + 2 * EDGE, height: height + 2 * EDGE }, back, s("g", { transform: `translate(${EDGE},${EDGE})` }, copy));
    return new XMLSerializer().serializeToString(whole);
  }

  /** @returns {Promise<Blob>} */
  async png() {
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(this.drawing())}`;
    await image.decode();
    const scale = Math.min(2, MOST_PX / Math.max(image.width, image.height));
    const canvas = h("canvas", { width: Math.round(image.width * scale), height: Math.round(image.height * scale) });
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture is too large"))), "image/png"));
  }

  /** The whole network, or as much of its beginning as can be read. */
  fit() {
    const [width, height] = [this.svg.clientWidth, this.svg.clientHeight];
    if (!width) return;
    const scale = Math.min(1, Math.max(width / this.size.width, 0.02), Math.max(height / this.size.height, 0.02));
    this.move({ scale, x: (width - scale * this.size.width) / 2, y: Math.max(0, (height - scale * this.size.height) / 2) });
  }

  /** @param {number} factor @param {Place} at what stays where it is */
  zoom(factor, at = { x: this.svg.clientWidth / 2, y: this.svg.clientHeight / 2 }) {
    const { x, y, scale } = this.view;
    const next = Math.min(LARGEST, Math.max(SMALLEST, scale * factor));
    this.move({ scale: next, x: at.x - ((at.x - x) * next) / scale, y: at.y - ((at.y - y) * next) / scale });
  }

  /** @param {WheelEvent} event */
  onWheel(event) {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    const box = this.svg.getBoundingClientRect();
    this.zoom(Math.exp(-event.deltaY / 300), { x: event.clientX - box.left, y: event.clientY - box.top });
  }

  /** @param {PointerEvent} event */
  onDrag(event) {
    if (event.button !== 0) return;
    this.dropped.abort();
    this.dropped = new AbortController();
    const { signal } = this.dropped;
    const start = { ...this.view };
    const origin = { x: event.clientX, y: event.clientY };
    const move = (/** @type {PointerEvent} */ next) => {
      if (Math.hypot(next.clientX - origin.x, next.clientY - origin.y) > 3) this.move({ ...start, x: start.x + next.clientX - origin.x, y: start.y + next.clientY - origin.y });
    };
    window.addEventListener("pointermove", move, { signal });
    for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, () => this.dropped.abort(), { signal });
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const names = [...this.boxes.keys()];
    const at = names.indexOf(/** @type {SVGElement} */ (event.target).dataset.layer ?? "");
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length };
    const to = steps[event.key];
    if (to !== undefined) {
      const next = names[Math.max(0, Math.min(names.length - 1, to))];
      this.boxes.get(next)?.node.focus({ preventScroll: true });
      this.centre(next);
    } else if (event.key === "+" || event.key === "-") this.zoom(event.key === "+" ? ZOOM : 1 / ZOOM);
    else if (event.key === "Enter" && at >= 0) this.pick(names[at], event.shiftKey);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** @param {string} text @param {number} most */
function short(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

export default { render };
