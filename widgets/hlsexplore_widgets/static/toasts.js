// Messages about what went wrong or was done, with the way out, above the page wherever it is scrolled to. Errors stay until
// they are closed; others go after a while, unless somebody points at them.
import { bus } from "./bus.js";
import { h, listen, wake } from "./dom.js";

/** @import { Bus } from "./bus.js" */
/** @import { ToastsView } from "./types.d.ts" */

const STAY_MS = 12_000;
const LOST = "The kernel behind this explorer has ended or was restarted. What is shown stays as it was and answers no more: run the cell again (an application: reload the page).";
const LATE = "The kernel is busy and has not answered the last change yet. The figures follow as soon as it does.";
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
      const node = toast(level, text, () => model.send({ ev: "close", id }));
      shown.set(id, node);
      live.append(node);
      if (level !== "error") leave(id, node);
    }
    open(live);
  }

  const page = pageMessages(el, live, bus(model.get("explorer")));
  const off = [listen(model, "change:messages", draw), listen(model, "comm_live_update", page.lose), page.stop];
  draw();
  requestAnimationFrame(draw); // the layer opens once it is part of the page
  wake(model);
  return () => {
    off.forEach((remove) => remove());
    shown.clear(); // what waits to close a message finds none
  };
}

/** Build a message. @param {string} level @param {string} text @param {() => void} close */
function toast(level, text, close) {
  return h(
    "div", { class: `hx-toast hx-${level}`, "data-level": level },
    h("span", { class: "hx-toast-mark", "aria-hidden": "true", text: SIGNS[level] }),
    h("div", { class: "hx-toast-text", text }),
    h("button", { type: "button", "aria-label": "Close message", text: "×", on: { click: close } }),
  );
}

/** Open the layer of messages if there are any, and close it if not. @param {HTMLElement} live */
function open(live) {
  if (live.isConnected && live.matches(":popover-open") !== live.childElementCount > 0) live.togglePopover();
}

/**
 * What the page says without the kernel: that it is late, or gone.
 * @param {HTMLElement} el
 * @param {HTMLElement} live
 * @param {Bus} lane
 */
function pageMessages(el, live, lane) {
  /** @type {HTMLElement | null} */
  let own = null;
  function hush() {
    own?.remove();
    own = null;
    open(live);
  }
  function say(/** @type {string} */ level, /** @type {string} */ text) {
    own?.remove();
    own = toast(level, text, hush);
    live.append(own);
    open(live);
  }
  const late = () => say("note", LATE);
  const answered = () => { if (own) hush(); };
  function stop() {
    lane.removeEventListener("late", late);
    lane.removeEventListener("answer", answered);
  }
  /** Nothing in the panels would be answered any more. */
  function lose() {
    stop();
    say("error", LOST);
    for (const node of el.closest(".hx-app")?.children ?? []) if (node instanceof HTMLElement && node !== el) node.inert = true;
  }
  lane.addEventListener("late", late);
  lane.addEventListener("answer", answered);
  return { lose, stop };
}

export default { render };
