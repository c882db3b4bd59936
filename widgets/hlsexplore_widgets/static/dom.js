// Small helpers to build HTML and SVG; no framework.

const SVG = "http://www.w3.org/2000/svg";

/** @import { Answer, ComponentTraits } from "./protocol.d.ts" */
/** @import { Attributes, Child, Model } from "./types.d.ts" */

/**
 * @template {Element} Made
 * @param {Made} node
 * @param {Attributes} attributes `text`, `on` (a map of listeners) and plain attributes; null and false are left out
 * @param {Child[]} children
 */
function fill(node, { text, on, ...rest }, children) {
  if (text !== undefined) node.textContent = String(text);
  for (const [name, listener] of Object.entries(on ?? {})) node.addEventListener(name, /** @type {EventListener} */ (listener));
  for (const [key, value] of Object.entries(rest)) if (isGiven(value)) node.setAttribute(key, value === true ? "" : String(value));
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Whether an attribute is there. @param {unknown} value */
function isGiven(value) {
  return value !== null && value !== undefined && value !== false;
}

/**
 * Make an HTML element.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} attributes as for `fill`
 * @param {...Child} children
 */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/**
 * Make an SVG element.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} attributes as for `fill`
 * @param {...Child} children
 */
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/**
 * Set attributes of an existing element; null removes one.
 * @param {Element} node
 * @param {Attributes} attributes
 */
export function set(node, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (isGiven(value)) node.setAttribute(key, value === true ? "" : String(value));
    else node.removeAttribute(key);
  }
}

/**
 * Find an element inside another.
 * @param {ParentNode} node
 * @param {string} selector
 */
export function find(node, selector) {
  return /** @type {HTMLElement | null} */ (node.querySelector(selector));
}

/**
 * All elements inside another that a selector means.
 * @param {ParentNode} node
 * @param {string} selector
 */
export function all(node, selector) {
  return /** @type {HTMLElement[]} */ ([...node.querySelectorAll(selector)]);
}

/** The element of the page that has the focus. */
export function focused() {
  return /** @type {HTMLElement | null} */ (document.activeElement);
}

/**
 * Listen to the keys of an element and of those in it, Shift+Enter among them.
 * @param {Element} node
 * @param {(event: KeyboardEvent) => void} listener
 */
export function onKeys(node, listener) {
  node.setAttribute("data-keys", "all");
  node.addEventListener("keydown", /** @type {EventListener} */ (listener));
}

/**
 * Keep keys that are pressed in a panel from the shortcuts of the page around. Jupyter takes plain letters, arrows and Enter
 * for its cells unless a text is being written: from a list, a button or a check box too. Keys with Ctrl, Alt or Cmd, and
 * Shift+Enter, which runs a cell, stay Jupyter's. It looks for a mark on what has the focus; it listens on the document, of
 * whose keys the window hears before. One listener serves all panels of a page.
 */
function keepKeys() {
  const page = /** @type {{ __hlsexplore_keys?: boolean }} */ (globalThis);
  if (page.__hlsexplore_keys) return;
  page.__hlsexplore_keys = true;
  window.addEventListener("keydown", (event) => {
    const node = event.target;
    if (!(node instanceof Element) || !node.closest(".hx")) return;
    const runs = event.key === "Enter" && event.shiftKey && !node.closest("[data-keys]");
    const isTheirs = event.ctrlKey || event.altKey || event.metaKey || runs;
    set(node, { "data-lm-suppress-shortcuts": isTheirs ? null : "true" });
  }, true);
}

/**
 * Set a property if it differs: the same text again would make the browser lay the page out again.
 * @template {object} Target
 * @template {keyof Target} Name
 * @param {Target} node
 * @param {Name} name
 * @param {Target[Name]} value
 */
export function put(node, name, value) {
  if (node[name] !== value) node[name] = value;
}

/**
 * Write the text of an element that holds nothing else. Its text node stays: with a new one the browser builds and lays
 * out more than the element.
 * @param {Element} node
 * @param {unknown} value
 */
export function write(node, value) {
  const text = String(value);
  const own = node.firstChild;
  if (own instanceof Text && own === node.lastChild) put(own, "data", text);
  else put(node, "textContent", text);
}

/**
 * Hear of a trait of a model, and return the function that ends it.
 * @template Traits
 * @template Event
 * @param {Model<Traits, Event>} model
 * @param {`change:${string & keyof Traits}` | "comm_live_update"} event
 * @param {() => void} callback
 * @returns {() => void}
 */
export function listen(model, event, callback) {
  model.on(event, callback);
  return () => model.off(event, callback);
}

/**
 * Hear the messages of a model, and return the function that ends it.
 * @param {Pick<Model<ComponentTraits, never>, "on" | "off">} model
 * @param {(message: Answer, buffers: DataView[]) => void} callback
 * @returns {() => void}
 */
export function hear(model, callback) {
  model.on("msg:custom", callback);
  return () => model.off("msg:custom", callback);
}

/**
 * A view is there: its keys are kept, and the kernel knows of it. Widgets in a busy cell only work after a first state
 * update went through.
 * @param {Pick<Model<ComponentTraits, never>, "get" | "set" | "save_changes">} model
 */
export function wake(model) {
  keepKeys();
  model.set("views", (model.get("views") || 0) + 1);
  model.save_changes();
}

/**
 * A control under what it is called.
 * @param {string} text
 * @param {HTMLElement} node
 */
export function labelled(text, node) {
  return h("label", { class: "hx-upright" }, h("span", { class: "hx-mute", text }), node);
}

/**
 * A bar that shows how far something is.
 * @param {string} label
 */
export function progressBar(label) {
  const bar = h("i");
  const node = h("div", { class: "hx-progress", role: "progressbar", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100 }, bar);
  const show = (/** @type {number} */ fraction) => {
    bar.style.width = `${100 * fraction}%`;
    node.setAttribute("aria-valuenow", String(Math.round(100 * fraction)));
  };
  return { node, show };
}

/**
 * Let a button open a popover beside it and say whether it is open.
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} list
 * @param {{ before?: () => void, after?: () => void, closed?: () => void }} then what else is done: before it opens, once it is open, once it is closed
 */
export function opens(button, list, { before, after, closed }) {
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", () => {
    before?.();
    list.showPopover();
    under(list, button);
    after?.();
  });
  list.addEventListener("toggle", (event) => {
    button.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState === "closed") closed?.();
  });
}

/**
 * Put an open popover below its button, or above where there is no room below.
 * @param {HTMLElement} list
 * @param {HTMLElement} button
 */
function under(list, button) {
  const box = button.getBoundingClientRect();
  const size = list.getBoundingClientRect();
  const below = window.innerHeight - box.bottom > size.height + 8 || box.top < size.height + 8;
  list.style.left = `${Math.max(4, Math.min(box.left, window.innerWidth - size.width - 8))}px`;
  list.style.top = `${below ? Math.max(4, Math.min(box.bottom + 2, window.innerHeight - size.height - 4)) : box.top - size.height - 2}px`;
}
