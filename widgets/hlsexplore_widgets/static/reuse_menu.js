// A list box of the legal reuse factors, each with what it would cost.
import { h, listen, onKeys, under } from "./dom.js";

/**
 * @param {any} model widget model with the trait `costs`
 * @param {{ name: string, reuse: number[] }} row
 * @param {() => number} get
 * @param {(value: number) => void} choose
 */
export function reuseMenu(model, row, get, choose) {
  const button = h("button", { type: "button", class: "hx-reuse", "aria-haspopup": "listbox", "aria-expanded": "false", "data-focus": `${row.name}/reuse` });
  const list = h("div", { class: "hx-menu", role: "listbox", popover: "auto", tabindex: -1, "aria-label": `${row.name}: reuse factors` });
  let stop = () => {};

  function option(value) {
    const cost = model.get("costs")[row.name]?.[value];
    const cells = cost ?? ["…", "…", "…"];
    return h(
      "div", { role: "option", tabindex: -1, "data-value": value, "aria-selected": String(value === get()), on: { click: () => pick(value) } },
      h("b", { text: `×${value}` }), ...cells.map((text) => h("span", { text })),
    );
  }

  function fillList() {
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.value;
    const head = h("div", { class: "hx-menuhead", "aria-hidden": "true" }, ...["reuse", "cycles", "DSP", "LUT"].map((text) => h("span", { text })));
    list.replaceChildren(head, ...row.reuse.map(option));
    const target = list.querySelector(`[data-value="${focused ?? get()}"]`);
    if (list.matches(":popover-open")) target?.focus();
  }

  function open() {
    model.send({ ev: "costs", layer: row.name });
    list.showPopover();
    fillList();
    under(list, button);
    stop = listen(model, "change:costs", fillList);
  }

  function pick(value) {
    list.hidePopover();
    button.focus();
    if (value !== get()) choose(value);
  }

  button.addEventListener("click", open);
  list.addEventListener("toggle", (event) => {
    const isOpen = event.newState === "open";
    button.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) stop();
  });
  onKeys(list, (event) => {
    const options = [...list.querySelectorAll("[role=option]")];
    const at = options.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: options.length - 1 }[event.key];
    if (next !== undefined) options[Math.max(0, Math.min(options.length - 1, next))].focus();
    else if (event.key === "Enter" || event.key === " ") pick(Number(/** @type {HTMLElement} */ (document.activeElement).dataset.value));
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
