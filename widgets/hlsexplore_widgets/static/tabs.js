// A tab bar; the panels beside it are widgets that the kernel shows and hides.
import { h, listen, onKeys, wake } from "./dom.js";

function render({ model, el }) {
  el.classList.add("hx");
  const list = h("div", { class: "hx-tabs", role: "tablist", "aria-label": model.get("label") });
  el.replaceChildren(list);
  const choose = (id) => { if (id !== model.get("selected")) model.send({ ev: "tab", id }); };

  function draw(wanted) {
    const selected = wanted ?? model.get("selected");
    const focus = list.contains(document.activeElement);
    list.replaceChildren(...model.get("tabs").map(({ id, label, badge }) => h(
      "button",
      {
        type: "button", role: "tab", "data-tab": id, "aria-selected": String(id === selected), tabindex: id === selected ? 0 : -1,
        on: { click: () => { draw(id); choose(id); } },
      },
      label, badge ? h("span", { class: "hx-badge", text: badge }) : null,
    )));
    if (focus) list.querySelector("[aria-selected=true]")?.focus();
  }

  onKeys(list, (event) => {
    const ids = model.get("tabs").map((tab) => tab.id);
    const at = ids.indexOf(/** @type {HTMLElement | null} */ (document.activeElement)?.dataset.tab);
    const next = { ArrowRight: (at + 1) % ids.length, ArrowLeft: (at + ids.length - 1) % ids.length, Home: 0, End: ids.length - 1 }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    draw(ids[next]);
    list.querySelector("[aria-selected=true]").focus();
    choose(ids[next]);
  });
  const off = [listen(model, "change:selected", () => draw()), listen(model, "change:tabs", () => draw())];
  draw();
  wake(model);
  return () => off.forEach((remove) => remove());
}

export default { render };
