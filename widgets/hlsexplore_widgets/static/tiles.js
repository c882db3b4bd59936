// Title, history buttons and the read-outs; figures of an edit that is still in flight are shown as such.
import { announce, bus, isStale, patient } from "./bus.js";
import { designsMenu } from "./designs.js";
import { find, h, listen, put, set, wake } from "./dom.js";
import { helpPage } from "./help.js";
import { tableSaver } from "./save.js";
import { targetMenu } from "./target.js";
import { toolTable } from "./tools.js";

/** @import { TileData } from "./protocol.d.ts" */
/** @import { TilesView } from "./types.d.ts" */

const MOST_COLUMNS = 10; // in one row; several outputs have a tile each

/** @param {TilesView} view */
function render({ model, el }) {
  const lane = bus(model.get("explorer"));
  el.classList.add("hx");
  /** @type {(ev: "undo" | "redo" | "reset" | "pin", text: string, title: string) => HTMLButtonElement} */
  const command = (ev, text, title) => h("button", { type: "button", text, title, on: { click: () => model.send({ ev, seq: announce(lane) }) } });
  const undo = command("undo", "Undo", "Undo the last change (Ctrl+Z)");
  const redo = command("redo", "Redo", "Redo (Ctrl+Shift+Z)");
  const title = h("h2");
  const subtitle = h("span", { class: "hx-mute" });
  const grid = h("div", { class: "hx-tiles" });
  const spoken = h("div", { class: "hx-hidden", role: "status", "aria-live": "polite" });
  const target = targetMenu(model, lane);
  const compared = toolTable(model);
  const designs = designsMenu(model, lane, el);
  const help = helpPage();
  const tools = h(
    "div", { class: "hx-tools", role: "toolbar", "aria-label": "History" },
    undo, redo,
    command("reset", "Reset", "Back to the first design"), command("pin", "Pin as baseline", "Show differences against this design"),
    compared.button,
    h("button", { type: "button", text: "Compare", title: "Put this design beside others, below", on: { click: () => model.send({ ev: "compare" }) } }),
    designs.node, tableSaver(model, "figures of the design"), help.node,
  );
  const skip = h("button", { type: "button", class: "hx-skip", text: "Skip to the trials", on: { click: () => find(el.closest(".hx-app") ?? document, ".hx-area-explore [role=tab][aria-selected=true]")?.focus() } });
  el.replaceChildren(skip, h("div", { class: "hx-head" }, h("div", { class: "hx-brand" }, title, subtitle, target.node), h("span", { class: "hx-spring" }), tools), grid, compared.region, spoken);
  el.classList.add("hx-sticky");
  /** Only the tiles stick to the top: what stands above them scrolls away. */
  const stick = () => {
    el.style.setProperty("--hx-above", `${-grid.offsetTop}px`);
    const app = /** @type {HTMLElement | null} */ (el.closest(".hx-app"));
    if (!app) return;
    app.style.setProperty("--hx-tiles-height", `${grid.offsetHeight + 8}px`);
    set(app, { role: "region", "aria-label": `Explorer of ${model.get("shown").title}` }); // a landmark: all of the page lies in it
  };
  const observer = new ResizeObserver(stick);
  observer.observe(el);
  /** @type {Map<string, Tile>} */
  const tiles = new Map();
  let timer = 0;
  let late = 0;

  /** @param {TileData} item */
  function drawTile(item) {
    const part = tiles.get(item.id) ?? built(item.id);
    if (!tiles.has(item.id)) grid.append(part.node);
    tiles.set(item.id, part);
    put(part.name, "textContent", item.label);
    put(part.node.dataset, "pending", String(Boolean(item.pending)));
    put(part.node.dataset, "refining", String(Boolean(item.refining)));
    if (item.value === undefined) { // on its way: the old figure stays, marked as such
      if (!part.value.textContent) part.value.textContent = "–";
      return;
    }
    put(part.value, "textContent", item.value);
    put(part.source, "textContent", item.source ?? "");
    put(part.unit, "textContent", item.unit ?? "");
    put(part.delta, "textContent", item.delta ?? "");
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

  function draw() {
    const shown = model.get("shown");
    put(title, "textContent", shown.title);
    put(subtitle, "textContent", shown.subtitle);
    undo.disabled = !shown.can_undo;
    redo.disabled = !shown.can_redo;
    const ids = new Set(shown.tiles.map((item) => item.id));
    for (const [id, part] of tiles) if (!ids.has(id)) { part.node.remove(); tiles.delete(id); }
    shown.tiles.forEach(drawTile);
    const columns = String(shown.tiles.length > MOST_COLUMNS ? Math.ceil(shown.tiles.length / 2) : shown.tiles.length);
    if (grid.style.getPropertyValue("--hx-columns") !== columns) grid.style.setProperty("--hx-columns", columns);
    el.dataset.seq = String(shown.seq);
    el.dataset.revision = String(shown.revision);
    el.dataset.times = JSON.stringify(shown.times);
    fade();
    clearTimeout(timer);
    timer = window.setTimeout(() => { spoken.textContent = [...tiles.values()].map((part) => `${part.name.textContent} ${part.value.textContent} ${part.unit.textContent}`.trimEnd()).join(", "); }, 900);
  }

  const isOld = () => model.get("shown").stale || isStale(lane, model.get("shown").seq);
  const marks = patient(() => isOld() || model.get("shown").pending, (old) => {
    grid.classList.toggle("hx-waits", old);
    grid.classList.toggle("hx-stale", old && isOld());
  });

  function fade() {
    const shown = model.get("shown");
    const stale = isOld();
    grid.setAttribute("aria-busy", String(stale || shown.pending));
    marks.look();
    clearTimeout(late);
    if (stale || shown.pending) late = window.setTimeout(() => { model.send({ ev: "refresh" }); fade(); }, 2500);
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const node = /** @type {HTMLElement} */ (event.target);
    if (!(el.closest(".hx-app") ?? el).contains(node)) return;
    const typing = node.matches("input:not([type=checkbox]), textarea, select");
    if (event.key === "?" && !typing) {
      event.preventDefault();
      event.stopPropagation();
      help.open();
      return;
    }
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || typing) return;
    event.preventDefault();
    event.stopPropagation();
    (event.shiftKey ? redo : undo).click();
  }

  const off = [listen(model, "change:shown", draw), listen(model, "change:tools", compared.draw)];
  lane.addEventListener("edit", fade);
  document.addEventListener("keydown", onKey, true);
  draw();
  wake(model);
  return () => {
    off.forEach((remove) => remove());
    target.stop();
    designs.stop();
    observer.disconnect();
    marks.stop();
    lane.removeEventListener("edit", fade);
    document.removeEventListener("keydown", onKey, true);
    clearTimeout(timer);
    clearTimeout(late);
  };
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
