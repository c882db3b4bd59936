// Title, history buttons and the read-outs; figures of an edit that is still in flight are shown as such.
import { announce, bus, isStale, patient } from "./bus.js";
import { designsMenu } from "./designs.js";
import { find, h, listen, put, set, wake, write } from "./dom.js";
import { helpPage } from "./help.js";
import { tableSaver } from "./save.js";
import { targetMenu } from "./target.js";
import { toolTable } from "./tools.js";

/** @import { TileData } from "./protocol.d.ts" */
/** @import { TilesView } from "./types.d.ts" */

const MOST_COLUMNS = 10; // in one row; several outputs have a tile each

/** @param {TilesView} view */
function render({ model, el }) {
  const head = new TilesHead(model, el);
  head.start();
  return () => head.stop();
}

class TilesHead {
  /** @param {TilesView["model"]} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.bus = bus(model.get("explorer"));
    this.undo = this.command("undo", "Undo", "Undo the last change (Ctrl+Z)");
    this.redo = this.command("redo", "Redo", "Redo (Ctrl+Shift+Z)");
    this.title = h("h2");
    this.subtitle = h("span", { class: "hx-mute" });
    this.grid = h("div", { class: "hx-tiles" });
    this.spoken = h("div", { class: "hx-hidden", role: "status", "aria-live": "polite" });
    this.target = targetMenu(model, this.bus);
    this.compared = toolTable(model);
    this.designs = designsMenu(model, this.bus, el);
    this.help = helpPage();
    this.observer = new ResizeObserver(() => this.stick());
    /** @type {Map<string, Tile>} */
    this.tiles = new Map();
    this.timer = 0;
    this.late = 0;
    this.isLost = false;
    /** @type {(() => void)[]} */
    this.off = [];
    this.marks = patient(() => this.isOld() || model.get("shown").pending, (old) => {
      this.grid.classList.toggle("hx-waits", old);
      this.grid.classList.toggle("hx-stale", old && this.isOld());
    });
    this.onEdit = () => this.fade();
    this.onKeydown = (/** @type {KeyboardEvent} */ event) => this.onKey(event);
  }

  start() {
    const { model, el } = this;
    el.classList.add("hx", "hx-sticky");
    el.replaceChildren(this.skip(), this.head(), this.grid, this.compared.region, this.spoken);
    this.observer.observe(el);
    this.off = [listen(model, "comm_live_update", () => this.lose()), listen(model, "change:shown", () => this.draw()), listen(model, "change:tools", this.compared.draw)];
    this.bus.addEventListener("edit", this.onEdit);
    document.addEventListener("keydown", this.onKeydown, true);
    this.draw();
    wake(model);
  }

  stop() {
    this.off.forEach((remove) => remove());
    this.target.stop();
    this.designs.stop();
    this.observer.disconnect();
    this.marks.stop();
    this.bus.removeEventListener("edit", this.onEdit);
    document.removeEventListener("keydown", this.onKeydown, true);
    clearTimeout(this.timer);
    clearTimeout(this.late);
  }

  /** @param {"undo" | "redo" | "reset" | "pin"} ev @param {string} text @param {string} title */
  command(ev, text, title) {
    return h("button", { type: "button", text, title, on: { click: () => this.model.send({ ev, seq: announce(this.bus) }) } });
  }

  /** Title and buttons. */
  head() {
    const { model } = this;
    const tools = h(
      "div", { class: "hx-tools", role: "toolbar", "aria-label": "History" },
      this.undo, this.redo,
      this.command("reset", "Reset", "Back to the first design"), this.command("pin", "Pin as baseline", "Show differences against this design"),
      this.compared.button,
      h("button", { type: "button", text: "Compare", title: "Put this design beside others, below", on: { click: () => model.send({ ev: "compare" }) } }),
      this.designs.node, tableSaver(model, "figures of the design"), this.help.node,
    );
    return h("div", { class: "hx-head" }, h("div", { class: "hx-brand" }, this.title, this.subtitle, this.target.node), h("span", { class: "hx-spring" }), tools);
  }

  skip() {
    const go = () => find(this.el.closest(".hx-app") ?? document, ".hx-area-explore [role=tab][aria-selected=true]")?.focus();
    return h("button", { type: "button", class: "hx-skip", text: "Skip to the trials", on: { click: go } });
  }

  /** Only the tiles stick to the top: what stands above them scrolls away. */
  stick() {
    this.el.style.setProperty("--hx-above", `${-this.grid.offsetTop}px`);
    const app = /** @type {HTMLElement | null} */ (this.el.closest(".hx-app"));
    if (!app) return;
    app.style.setProperty("--hx-tiles-height", `${this.grid.offsetHeight + 8}px`);
    set(app, { role: "region", "aria-label": `Explorer of ${this.model.get("shown").title}` }); // a landmark: all of the page lies in it
  }

  /** @param {TileData} item */
  drawTile(item) {
    const part = this.tiles.get(item.id) ?? built(item.id);
    if (!this.tiles.has(item.id)) this.grid.append(part.node);
    this.tiles.set(item.id, part);
    write(part.name, item.label);
    put(part.node.dataset, "pending", String(Boolean(item.pending)));
    put(part.node.dataset, "refining", String(Boolean(item.refining)));
    if (item.value === undefined) { // on its way: the old figure stays, marked as such
      if (!part.value.textContent) part.value.textContent = "–";
      return;
    }
    write(part.value, item.value);
    write(part.source, item.source ?? "");
    write(part.unit, item.unit ?? "");
    write(part.delta, item.delta ?? "");
    put(part.delta.dataset, "tone", item.tone ?? "");
    put(part.node, "title", item.tip ?? "");
    put(part.node.dataset, "tone", item.alarm ?? "");
    put(part.track, "hidden", item.fraction === undefined);
    put(part.mark, "hidden", item.upper === undefined);
    const [bar, low, high] = [item.fraction, item.lower, item.upper].map((share) => Math.min(100, 100 * (share ?? 0)));
    put(part.bar.style, "width", `${bar}%`);
    put(part.mark.style, "left", `${low}%`);
    put(part.mark.style, "width", `${Math.max(0, high - low)}%`);
  }

  draw() {
    const shown = this.model.get("shown");
    write(this.title, shown.title);
    write(this.subtitle, shown.subtitle);
    this.undo.disabled = !shown.can_undo;
    this.redo.disabled = !shown.can_redo;
    const ids = new Set(shown.tiles.map((item) => item.id));
    for (const [id, part] of this.tiles) if (!ids.has(id)) { part.node.remove(); this.tiles.delete(id); }
    shown.tiles.forEach((item) => this.drawTile(item));
    const columns = String(shown.tiles.length > MOST_COLUMNS ? Math.ceil(shown.tiles.length / 2) : shown.tiles.length);
    if (this.grid.style.getPropertyValue("--hx-columns") !== columns) this.grid.style.setProperty("--hx-columns", columns);
    this.el.dataset.seq = String(shown.seq);
    this.el.dataset.revision = String(shown.revision);
    this.el.dataset.times = JSON.stringify(shown.times);
    this.fade();
    if (!isStale(this.bus, shown.seq)) this.bus.dispatchEvent(new Event("answer"));
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => { this.spoken.textContent = [...this.tiles.values()].map((part) => `${part.name.textContent} ${part.value.textContent} ${part.unit.textContent}`.trimEnd()).join(", "); }, 900);
  }

  isOld() {
    const shown = this.model.get("shown");
    return shown.stale || isStale(this.bus, shown.seq);
  }

  fade() {
    const shown = this.model.get("shown");
    const stale = this.isOld();
    this.grid.setAttribute("aria-busy", String(stale || shown.pending));
    this.marks.look();
    clearTimeout(this.late);
    if ((stale || shown.pending) && !this.isLost) this.late = window.setTimeout(() => this.ask(), 2500);
  }

  /** Nothing came for a while: ask for it, and say so where it was not even answered. */
  ask() {
    if (isStale(this.bus, this.model.get("shown").seq)) this.bus.dispatchEvent(new Event("late"));
    this.model.send({ ev: "refresh" });
    this.fade();
  }

  /** The kernel is gone, and no figures are on their way. */
  lose() {
    this.isLost = true;
    clearTimeout(this.late);
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const node = /** @type {HTMLElement} */ (event.target);
    if (!(this.el.closest(".hx-app") ?? this.el).contains(node)) return;
    const typing = node.matches("input:not([type=checkbox]), textarea, select");
    if (event.key === "?" && !typing) {
      event.preventDefault();
      event.stopPropagation();
      this.help.open();
      return;
    }
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || typing) return;
    event.preventDefault();
    event.stopPropagation();
    (event.shiftKey ? this.redo : this.undo).click();
  }
}

/** A read-out's elements. @typedef {ReturnType<typeof built>} Tile */

/** Build the elements of a read-out. @param {string} id */
function built(id) {
  const [name, source] = [h("span"), h("span", { class: "hx-source" })];
  const [value, unit] = [h("b"), h("small")];
  const delta = h("div", { class: "hx-delta" });
  const [bar, mark] = [h("i"), h("u")];
  const track = h("div", { class: "hx-budget" }, bar, mark);
  const node = h("div", { class: "hx-tile", "data-tile": id }, h("div", { class: "hx-label" }, name, source), h("div", { class: "hx-value" }, value, " ", unit), delta, track);
  return { name, source, value, unit, delta, bar, mark, track, node };
}

export default { render };
