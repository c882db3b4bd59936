// A tab bar; the panels beside it are widgets that the kernel shows and hides.
import { find, focused, h, listen, onKeys, wake } from "./dom.js";

/** @import { TabsView } from "./types.d.ts" */

/** @param {TabsView} view */
function render({ model, el }) {
  el.classList.add("hx");
  const list = h("div", { class: "hx-tabs", role: "tablist", "aria-label": model.get("label") });
  el.replaceChildren(list);
  const choose = (/** @type {string} */ id) => { if (id !== model.get("selected")) model.send({ ev: "tab", id }); };

  function draw(selected = model.get("selected")) {
    const focus = list.contains(document.activeElement);
    list.replaceChildren(...model.get("tabs").map(({ id, label }) => h(
      "button",
      {
        type: "button", role: "tab", "data-tab": id, "aria-selected": String(id === selected), tabindex: id === selected ? 0 : -1,
        on: { click: () => { draw(id); choose(id); } },
      },
      label,
    )));
    if (focus) find(list, "[aria-selected=true]")?.focus();
  }

  onKeys(list, (event) => {
    const ids = model.get("tabs").map((tab) => tab.id);
    const at = ids.indexOf(focused()?.dataset.tab ?? "");
    /** @type {Record<string, number>} */
    const steps = { ArrowRight: (at + 1) % ids.length, ArrowLeft: (at + ids.length - 1) % ids.length, Home: 0, End: ids.length - 1 };
    const next = steps[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    draw(ids[next]);
    find(list, "[aria-selected=true]")?.focus();
    choose(ids[next]);
  });
  const off = [listen(model, "change:selected", () => draw()), listen(model, "change:tabs", () => draw())];
  draw();
  wake(model);
  return () => off.forEach((remove) => remove());
}

export default { render };
