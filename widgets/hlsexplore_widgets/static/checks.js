// A list of check boxes behind a button.
import { find, h, opens } from "./dom.js";

/**
 * A button that opens a list of check boxes; every change is sent at once, and `done` is called at the end.
 * @param {{ id: string, label: string, value: string[], values: string[][] }} item
 * @param {(chosen: string[]) => void} send
 * @param {() => void} done
 */
export function checks(item, send, done) {
  const chosen = new Set(item.value);
  const boxes = item.values.map(([value, text]) => {
    const box = h("input", { type: "checkbox", value, on: { change: () => { if (box.checked) chosen.add(value); else chosen.delete(value); send([...chosen]); } } });
    box.checked = chosen.has(value);
    return h("label", {}, box, text);
  });
  const list = h("div", { class: "hx-menu hx-checks", id: `checks-${item.id}`, role: "group", "aria-label": item.label, popover: "auto" }, ...boxes);
  const button = h("button", { type: "button", "data-choice": item.id, "aria-haspopup": "true", text: `${item.label} (${chosen.size} of ${item.values.length}) ▾` });
  opens(button, list, { after: () => find(list, "input")?.focus(), closed: done });
  return h("span", {}, button, list);
}
