// Start, pause, resume and stop a sweep; how far it is and what it found.
import { h, labelled, listen, progressBar, wake } from "./dom.js";
import { duration } from "./text.js";

/** @import { SweepCommand, SweepView } from "./types.d.ts" */

/** @param {SweepView} view */
function render({ model, el }) {
  el.classList.add("hx");
  const field = (/** @type {string} */ key, /** @type {string} */ label, /** @type {HTMLInputElement | HTMLSelectElement} */ node) => {
    node.addEventListener("change", () => model.send({ ev: "option", key, value: node.value }));
    node.setAttribute("aria-label", label);
    return labelled(label, node);
  };
  const number = (/** @type {number} */ low, /** @type {number} */ high) => h("input", { type: "number", min: low, max: high, step: 1 });
  const numbers = { trials: number(1, 1000000), low: number(1, 64), high: number(1, 64) };
  const selects = { scope: h("select"), reuse: h("select"), sampler: h("select") };
  const controls = { ...numbers, ...selects };
  const labels = { trials: "Trials", low: "Bits from", high: "Bits to", scope: "Precision", reuse: "Reuse", sampler: "Search" };
  const keys = /** @type {(keyof typeof controls)[]} */ (Object.keys(controls));
  /** @type {(ev: SweepCommand, text: string, primary?: boolean) => HTMLButtonElement} */
  const button = (ev, text, primary) => h("button", { type: "button", class: primary ? "hx-primary" : null, text, on: { click: () => model.send({ ev }) } });
  const start = button("start", "Start sweep", true);
  const pause = button("pause", "Pause");
  const stop = button("stop", "Stop");
  const message = h("span", { class: "hx-mute", role: "status" });
  const progress = progressBar("Progress of the sweep");
  el.replaceChildren(h("div", { class: "hx-fields" }, ...keys.map((key) => field(key, labels[key], controls[key]))), h("div", { class: "hx-line" }, start, pause, stop, message), progress.node);

  function options() {
    const shown = model.get("options");
    for (const key of /** @type {(keyof typeof selects)[]} */ (Object.keys(selects))) {
      selects[key].replaceChildren(...shown.choices[key].map(([value, text]) => h("option", { value, text })));
      selects[key].value = shown[key];
    }
    for (const key of /** @type {(keyof typeof numbers)[]} */ (Object.keys(numbers))) if (document.activeElement !== numbers[key]) numbers[key].value = String(shown[key]);
  }

  function status() {
    const now = model.get("status");
    const active = now.state === "running" || now.state === "paused";
    start.disabled = active;
    pause.disabled = !active;
    stop.disabled = !active;
    pause.textContent = now.state === "paused" ? "Resume" : "Pause";
    for (const node of Object.values(controls)) node.disabled = active;
    progress.show(now.fraction);
    el.dataset.state = now.state;
    message.textContent = [now.message, now.remaining_s ? `about ${duration(now.remaining_s)} left` : ""].filter(Boolean).join(" · ");
  }

  const off = [listen(model, "change:options", options), listen(model, "change:status", status)];
  options(); status();
  wake(model);
  return () => off.forEach((remove) => remove());
}

export default { render };
