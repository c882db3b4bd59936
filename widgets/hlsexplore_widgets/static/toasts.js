// Messages about what went wrong or was done, with the way out, above the page wherever it is scrolled to. Errors stay until
// they are closed; others go after a while, unless somebody points at them.
import { h, listen, wake } from "./dom.js";

/** @import { ToastsView } from "./types.d.ts" */

const STAY_MS = 12_000;
/** What stands before a message. @type {Record<string, string>} */
const SIGNS = { error: "!", done: "✓", note: "i" };

/** @param {ToastsView} view */
function render({ model, el }) {
  el.classList.add("hx", "hx-toasts");
  el.setAttribute("role", "region");
  el.setAttribute("aria-label", "Messages");
  const live = h("div", { class: "hx-toast-layer", role: "log", "aria-live": "polite", "aria-label": "Messages", popover: "manual" });
  el.replaceChildren(live);
  /** @type {Map<number, HTMLElement>} */
  const shown = new Map();

  /** Close a message after a while; it waits as long as a pointer or the focus is on it. @param {number} id @param {HTMLElement} node */
  function leave(id, node) {
    setTimeout(() => {
      if (!shown.has(id)) return;
      if (node.matches(":hover, :focus-within")) leave(id, node);
      else model.send({ ev: "close", id });
    }, STAY_MS);
  }

  function draw() {
    const messages = model.get("messages");
    for (const [id, node] of shown) if (!messages.some((item) => item.id === id)) { node.remove(); shown.delete(id); }
    for (const { id, level, text } of messages) {
      if (shown.has(id)) continue;
      const node = h(
        "div", { class: `hx-toast hx-${level}`, "data-level": level },
        h("span", { class: "hx-toast-mark", "aria-hidden": "true", text: SIGNS[level] }),
        h("div", { class: "hx-toast-text", text }),
        h("button", { type: "button", "aria-label": "Close message", text: "×", on: { click: () => model.send({ ev: "close", id }) } }),
      );
      shown.set(id, node);
      live.append(node);
      if (level !== "error") leave(id, node);
    }
    if (live.isConnected && live.matches(":popover-open") !== shown.size > 0) live.togglePopover();
  }

  const off = listen(model, "change:messages", draw);
  draw();
  requestAnimationFrame(draw); // the layer opens once it is part of the page
  wake(model);
  return () => {
    off();
    shown.clear(); // what waits to close a message finds none
  };
}

export default { render };
