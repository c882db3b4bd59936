// Designs that the user goes back to, names, opens and passes on: a menu, files that are dropped, links.
import { announce } from "./bus.js";
import { h, hear, under } from "./dom.js";
import { copyText } from "./save.js";

/** @import { Bus } from "./bus.js" */
/** @import { DesignsListed } from "./protocol.d.ts" */
/** @import { TilesView } from "./types.d.ts" */

const MARK = "#design=";

/**
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
  const button = h("button", { type: "button", text: "Designs…", title: "History, named designs, open a card, copy a link", "aria-haspopup": "dialog", "aria-expanded": "false", on: { click: () => {
    model.send({ ev: "designs" });
    menu.showPopover();
    under(menu, button);
    name.focus();
  } } });
  menu.addEventListener("toggle", (event) => button.setAttribute("aria-expanded", String(event.newState === "open")));
  menu.addEventListener("keydown", (event) => { if (event.key !== "Escape") event.stopPropagation(); });

  /** @param {File} item */
  async function take(item) {
    const text = await item.text();
    model.send({ ev: "open_text", seq: announce(lane), name: item.name, text });
    if (menu.matches(":popover-open")) menu.hidePopover();
  }

  /** @param {DesignsListed} data */
  function list(data) {
    steps.replaceChildren(...data.steps.map((step) => h("li", {}, h("button", {
      type: "button", "aria-current": step.by === 0 ? "step" : null, on: { click: () => { model.send({ ev: "go", seq: announce(lane), by: step.by }); model.send({ ev: "designs" }); } },
    }, step.name ? h("b", { text: `${step.name} ` }) : null, step.text))));
    named.replaceChildren(...data.named.map((item) => h(
      "li", {}, h("button", { type: "button", "aria-current": item.current ? "true" : null, text: item.name, on: { click: () => { model.send({ ev: "named", seq: announce(lane), name: item.name }); model.send({ ev: "designs" }); } } }),
      h("button", { type: "button", text: "×", "aria-label": `Forget the name ${item.name}`, on: { click: () => model.send({ ev: "forget", name: item.name }) } }),
    )));
    steps.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }

  /** @param {string} code */
  async function passOn(code) {
    const base = `${location.origin}${location.pathname}`;
    try {
      await copyText(`${base}${MARK}${code}`);
      link.textContent = "Copied";
    } catch {
      history.replaceState(null, "", `${MARK}${code}`);
      link.textContent = "The address is the link";
    }
    setTimeout(() => { link.textContent = "Copy link"; }, 2500);
  }

  const over = (/** @type {DragEvent} */ event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); };
  const drop = (/** @type {DragEvent} */ event) => {
    const [item] = event.dataTransfer?.files ?? [];
    if (!item || !/\.ya?ml$/.test(item.name)) return;
    event.preventDefault();
    event.stopPropagation();
    take(item);
  };
  /** @type {HTMLElement | null} */
  let app = null;
  requestAnimationFrame(() => {
    app = el.closest(".hx-app");
    app?.addEventListener("dragover", over);
    app?.addEventListener("drop", drop);
    if (location.hash.startsWith(MARK) && !lane.linked) {
      lane.linked = true;
      model.send({ ev: "open_link", seq: announce(lane), code: location.hash.slice(MARK.length) });
    }
  });
  const off = hear(model, (message) => {
    if (message.kind === "designs") list(message);
    if (message.kind === "link") passOn(message.code);
  });
  return { node: h("span", {}, button, menu), stop: () => {
    off();
    app?.removeEventListener("dragover", over);
    app?.removeEventListener("drop", drop);
  } };
}
