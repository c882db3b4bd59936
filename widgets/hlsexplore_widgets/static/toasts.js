// Messages about what went wrong or was done, with the way out; they stay until they are closed.
import { h, listen, wake } from "./dom.js";

function render({ model, el }) {
  el.classList.add("hx", "hx-toasts");
  el.setAttribute("role", "region");
  el.setAttribute("aria-label", "Messages");
  const live = h("div", { role: "log", "aria-live": "polite", "aria-label": "Messages" });
  el.replaceChildren(live);
  const shown = new Map();

  function draw() {
    const messages = model.get("messages");
    for (const [id, node] of shown) if (!messages.some((item) => item.id === id)) { node.remove(); shown.delete(id); }
    for (const { id, level, text } of messages) {
      if (shown.has(id)) continue;
      const node = h(
        "div", { class: `hx-toast hx-${level}`, "data-level": level },
        h("span", { class: "hx-toast-mark", "aria-hidden": "true", text: { error: "!", done: "✓", note: "i" }[level] }),
        h("div", { class: "hx-toast-text", text }),
        h("button", { type: "button", "aria-label": "Close message", text: "×", on: { click: () => model.send({ ev: "close", id }) } }),
      );
      shown.set(id, node);
      live.append(node);
    }
  }

  const off = listen(model, "change:messages", draw);
  draw();
  wake(model);
  return off;
}

export default { render };
