// Designs that the user goes back to, names, opens and passes on: a menu, files that are dropped, links.
import { announce } from "./bus.js";
import { h, hear, opens } from "./dom.js";
import { copyText } from "./save.js";

/** @import { Bus } from "./bus.js" */
/** @import { DesignsListed } from "./protocol.d.ts" */
/** @import { TilesView } from "./types.d.ts" */

const MARK = "#design=";

/**
 * The menu, and what takes designs from outside.
 * @param {TilesView["model"]} model
 * @param {Bus} lane
 * @param {HTMLElement} el the view, whose explorer takes files that are dropped
 */
export function designsMenu(model, lane, el) {
  const steps = h("ol", { class: "hx-steplist", "aria-label": "History" });
  const named = h("ul", { class: "hx-steplist", "aria-label": "Named designs" });
  const name = h("input", { type: "text", placeholder: "name of this design", "aria-label": "Name of this design", maxlength: 60 });
  const path = h("input", { type: "text", placeholder: "design_card.yaml", "aria-label": "Path of a design card or file", spellcheck: "false" });
  const file = h("input", { type: "file", accept: ".yaml,.yml", "aria-label": "Design card or file", class: "hx-hidden", tabindex: -1, on: { change: () => { if (file.files?.[0]) take(file.files[0]); file.value = ""; } } });
  const link = h("button", { type: "button", text: "Copy link", title: "A link that opens this design in the application", on: { click: () => model.send({ ev: "link" }) } });
  const row = (/** @type {() => void} */ form, /** @type {HTMLElement[]} */ ...nodes) => h("form", { class: "hx-line", on: { submit: (event) => { event.preventDefault(); form(); } } }, ...nodes);
  const menu = h(
    "div", { class: "hx-menu hx-designs", popover: "auto", role: "dialog", "aria-label": "Designs" },
    row(() => { model.send({ ev: "name", name: name.value }); name.value = ""; }, name, h("button", { type: "submit", text: "Name it" }), link),
    named,
    row(() => { model.send({ ev: "open_path", seq: announce(lane), path: path.value.trim() }); menu.hidePopover(); }, path, h("button", { type: "submit", text: "Open" }), h("button", { type: "button", text: "Choose file…", on: { click: () => file.click() } }), file),
    h("p", { class: "hx-mute", text: "A design card or design file can also be dropped onto the page." }),
    h("h3", { text: "History" }), steps,
  );
  const button = h("button", { type: "button", text: "Designs…", title: "History, named designs, open a card, copy a link", "aria-haspopup": "dialog" });
  opens(button, menu, { before: () => model.send({ ev: "designs" }), after: () => name.focus() });
  menu.addEventListener("keydown", (event) => { if (event.key !== "Escape") event.stopPropagation(); });

  /** @param {File} item */
  async function take(item) {
    const text = await item.text();
    model.send({ ev: "open_text", seq: announce(lane), name: item.name, text });
    if (menu.matches(":popover-open")) menu.hidePopover();
  }

  const off = [hear(model, (message) => {
    if (message.kind === "designs") list(model, lane, steps, named, message);
    if (message.kind === "link") passOn(link, message.code);
  }), takeDropped(el, take)];
  const frame = requestAnimationFrame(() => followLink(model, lane));
  return { node: h("span", {}, button, menu), stop: () => { off.forEach((remove) => remove()); cancelAnimationFrame(frame); } };
}

/**
 * List history and named designs.
 * @param {TilesView["model"]} model
 * @param {Bus} lane
 * @param {HTMLElement} steps
 * @param {HTMLElement} named
 * @param {DesignsListed} data
 */
function list(model, lane, steps, named, data) {
  const again = () => model.send({ ev: "designs" });
  steps.replaceChildren(...data.steps.map((step) => h("li", {}, h("button", {
    type: "button", "aria-current": step.by === 0 ? "step" : null, on: { click: () => { model.send({ ev: "go", seq: announce(lane), by: step.by }); again(); } },
  }, step.name ? h("b", { text: `${step.name} ` }) : null, step.text))));
  named.replaceChildren(...data.named.map((item) => h(
    "li", {}, h("button", { type: "button", "aria-current": item.current ? "true" : null, text: item.name, on: { click: () => { model.send({ ev: "named", seq: announce(lane), name: item.name }); again(); } } }),
    h("button", { type: "button", text: "×", "aria-label": `Forget the name ${item.name}`, on: { click: () => model.send({ ev: "forget", name: item.name }) } }),
  )));
  steps.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
}

/**
 * Put the link to a design on the clipboard, or into the address of the page.
 * @param {HTMLButtonElement} button
 * @param {string} code
 */
async function passOn(button, code) {
  try {
    await copyText(`${location.origin}${location.pathname}${MARK}${code}`);
    button.textContent = "Copied";
  } catch {
    history.replaceState(null, "", `${MARK}${code}`);
    button.textContent = "The address is the link";
  }
  setTimeout(() => { button.textContent = "Copy link"; }, 2500);
}

/**
 * Open the design of the page's link, once a page.
 * @param {TilesView["model"]} model
 * @param {Bus} lane
 */
function followLink(model, lane) {
  if (!location.hash.startsWith(MARK) || lane.linked) return;
  lane.linked = true;
  model.send({ ev: "open_link", seq: announce(lane), code: location.hash.slice(MARK.length) });
}

/**
 * Take files that are dropped onto the explorer of a view; returns the function that ends it.
 * @param {HTMLElement} el
 * @param {(file: File) => void} take
 */
function takeDropped(el, take) {
  const ended = new AbortController();
  const over = (/** @type {DragEvent} */ event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); };
  const drop = (/** @type {DragEvent} */ event) => {
    const [item] = event.dataTransfer?.files ?? [];
    if (!item || !/\.ya?ml$/.test(item.name)) return;
    event.preventDefault();
    event.stopPropagation();
    take(item);
  };
  requestAnimationFrame(() => { // once the view is part of the page
    const app = /** @type {HTMLElement | null} */ (el.closest(".hx-app"));
    app?.addEventListener("dragover", over, { signal: ended.signal });
    app?.addEventListener("drop", drop, { signal: ended.signal });
  });
  return () => ended.abort();
}
