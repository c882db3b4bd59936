// Small helpers to build HTML and SVG; no framework.

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {Element} node
 * @param {Record<string, any>} attributes `text`, `class`, `on` (a map of listeners) and plain attributes; null and false are left out
 * @param {(Node | string | null)[]} children
 */
function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "text") node.textContent = value;
    else if (key === "on") for (const [name, listener] of Object.entries(value)) node.addEventListener(name, listener);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/**
 * Make an HTML element.
 * @param {string} tag
 * @param {Record<string, any>} attributes as for `fill`
 * @param {...(Node | string | null)} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/**
 * Make an SVG element.
 * @param {string} tag
 * @param {Record<string, any>} attributes as for `fill`
 * @param {...(Node | string | null)} children
 * @returns {any}
 */
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/**
 * Set attributes of an existing element; null removes one.
 * @param {Element} node
 * @param {Record<string, any>} attributes
 */
export function set(node, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) node.removeAttribute(key);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
}

/**
 * Listen to the keys of an element and of those in it; shortcuts of the page around leave them alone, such as the arrow
 * keys of Notebook 7. The mark has to stand on what has the focus itself.
 * @param {Element} node
 * @param {(event: KeyboardEvent) => void} listener
 */
export function onKeys(node, listener) {
  const mark = (/** @type {Event} */ event) => /** @type {Element} */ (event.target).setAttribute("data-lm-suppress-shortcuts", "true");
  node.addEventListener("focusin", mark);
  node.addEventListener("keydown", /** @type {EventListener} */ (listener));
}

/**
 * Set a property if it differs: the same text again would make the browser lay the page out again.
 * @param {any} node
 * @param {string} name
 * @param {unknown} value
 */
export function put(node, name, value) {
  if (node[name] !== value) node[name] = value;
}

/**
 * The kernel's half of a widget, as anywidget hands it over.
 * @typedef {{ get(name: string): any, set(name: string, value: unknown): void, save_changes(): void, send(content: object): void,
 *   on(event: string, callback: (...values: any[]) => void): void, off(event: string, callback: (...values: any[]) => void): void }} Model
 */

/**
 * Register a listener on a model and return the function that removes it.
 * @param {Model} model
 * @param {string} event
 * @param {(...values: any[]) => void} callback
 * @returns {() => void}
 */
export function listen(model, event, callback) {
  model.on(event, callback);
  return () => model.off(event, callback);
}

/**
 * Let the kernel know that a view exists: widgets in a busy cell only work after a first state update went through.
 * @param {Model} model
 */
export function wake(model) {
  model.set("views", (model.get("views") || 0) + 1);
  model.save_changes();
}

/**
 * Put an open popover below its button, or above where there is no room below.
 * @param {HTMLElement} list
 * @param {HTMLElement} button
 */
export function under(list, button) {
  const box = button.getBoundingClientRect();
  const size = list.getBoundingClientRect();
  const below = window.innerHeight - box.bottom > size.height + 8 || box.top < size.height + 8;
  list.style.left = `${Math.max(4, Math.min(box.left, window.innerWidth - size.width - 8))}px`;
  list.style.top = `${below ? Math.max(4, Math.min(box.bottom + 2, window.innerHeight - size.height - 4)) : box.top - size.height - 2}px`;
}
