// A list box of the legal reuse factors, each with what it would cost.
import { find, focused, h, listen, onKeys, opens } from "./dom.js";

/** @import { RowData } from "./protocol.d.ts" */
/** @import { LayersTable } from "./types.d.ts" */

/**
 * @param {LayersTable["model"]} model
 * @param {RowData} row
 * @param {() => number} get
 * @param {(value: number) => void} choose
 */
export function reuseMenu(model, row, get, choose) {
  const button = h("button", { type: "button", class: "hx-reuse", "aria-haspopup": "listbox", "data-focus": `${row.name}/reuse` });
  const list = h("div", { class: "hx-menu", role: "listbox", popover: "auto", tabindex: -1, "aria-label": `${row.name}: reuse factors` });
  let stop = () => {};

  /** @param {number} value */
  function option(value) {
    const cost = model.get("costs")[row.name]?.[value];
    const cells = cost ?? ["…", "…", "…"];
    return h(
      "div", { role: "option", tabindex: -1, "data-value": value, "aria-selected": String(value === get()), on: { click: () => pick(value) } },
      h("b", { text: `×${value}` }), ...cells.map((text) => h("span", { text })),
    );
  }

  function fillList() {
    if (!list.isConnected) { // the table was built anew while the list was open
      stop();
      return;
    }
    const at = focused()?.dataset.value ?? get();
    const head = h("div", { class: "hx-menuhead", "aria-hidden": "true" }, ...["reuse", "cycles", "DSP", "LUT"].map((text) => h("span", { text })));
    list.replaceChildren(head, ...row.reuse.map(option));
    if (list.matches(":popover-open")) find(list, `[data-value="${at}"]`)?.focus();
  }

  /** @param {number} value */
  function pick(value) {
    list.hidePopover();
    button.focus();
    if (value !== get()) choose(value);
  }

  const after = () => {
    fillList();
    stop = listen(model, "change:costs", fillList);
  };
  opens(button, list, { before: () => model.send({ ev: "costs", layer: row.name }), after, closed: () => stop() });
  onKeys(list, (event) => {
    const options = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[role=option]")]);
    const at = options.findIndex((item) => item === focused());
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: options.length - 1 };
    const next = steps[event.key];
    if (next !== undefined) options[Math.max(0, Math.min(options.length - 1, next))].focus();
    else if (at >= 0 && (event.key === "Enter" || event.key === " ")) pick(Number(options[at].dataset.value));
    else if (event.key === "Escape") { list.hidePopover(); button.focus(); }
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  function draw() {
    button.textContent = `×${get()}`;
    button.setAttribute("aria-label", `${row.name}: reuse ${get()}`);
  }

  return { node: h("div", {}, button, list), draw };
}
