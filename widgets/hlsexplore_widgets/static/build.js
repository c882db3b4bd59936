// Export, verify and synthesize the design: options, stages, log, cancel; estimate and report side by side.
import { h, hear, listen, wake } from "./dom.js";
import { tableSaver } from "./save.js";
import { duration } from "./text.js";

/** @import { BuildStatusData } from "./protocol.d.ts" */
/** @import { BuildView } from "./types.d.ts" */

/** @param {BuildView} view */
function render({ model, el }) {
  el.classList.add("hx");
  const pick = (/** @type {string} */ key, /** @type {string} */ label) => {
    const select = h("select", { "aria-label": label, on: { change: () => model.send({ ev: "option", key, value: select.value }) } });
    return select;
  };
  const flow = pick("flow", "Flow");
  const face = pick("interface", "Interface or back end");
  const tool = pick("tool", "Tool");
  const folder = h("input", { type: "text", class: "hx-mono", size: 12, "aria-label": "Folder", spellcheck: "false", on: { change: () => model.send({ ev: "option", key: "folder", value: folder.value }) } });
  const start = h("button", { type: "button", class: "hx-primary", text: "Export and synthesize", on: { click: () => model.send({ ev: "start" }) } });
  const only = h("button", { type: "button", text: "Export and verify", title: "Write the project and compare it with the emulator, without synthesis", on: { click: () => model.send({ ev: "verify" }) } });
  const stop = h("button", { type: "button", text: "Cancel", on: { click: () => model.send({ ev: "cancel" }) } });
  const card = h("button", { type: "button", text: "Save design card", title: "design.yaml with model and data digests, types, versions and figures", on: { click: () => model.send({ ev: "card" }) } });
  const note = h("button", { type: "button", text: "Save as notebook", title: "A notebook that reproduces this design", on: { click: () => model.send({ ev: "notebook" }) } });
  const outlook = h("small", { class: "hx-mute", role: "status", "aria-label": "What a synthesis takes" });
  const warnings = h("ul", { class: "hx-warnings", "aria-label": "Warnings" });
  const steps = h("div", { class: "hx-steps", role: "progressbar", "aria-label": "Progress of export and synthesis", "aria-valuemin": 0, "aria-valuemax": 100 });
  const message = h("small", { class: "hx-mute", role: "status" });
  const log = h("pre", { class: "hx-log", tabindex: 0, role: "log", "aria-label": "Log of the tools" });
  const result = h("div", { class: "hx-result" });
  const named = h("span", { class: "hx-mute" });
  const choice = h("label", { class: "hx-upright" }, named, face);
  const labelled = (/** @type {string} */ text, /** @type {HTMLElement} */ node) => h("label", { class: "hx-upright" }, h("span", { class: "hx-mute", text }), node);
  el.replaceChildren(h(
    "div", { class: "hx-card" },
    h("div", { class: "hx-cardhead" }, h("h3", { text: "Export and synthesize" }), message),
    h("div", { class: "hx-fields" }, labelled("Flow", flow), choice, labelled("Tool", tool), labelled("Folder", folder)),
    outlook, warnings,
    h("div", { class: "hx-line hx-buttons" }, start, only, stop, h("span", { class: "hx-spring" }), card, note),
    steps, h("div", { class: "hx-split" }, log, result),
  ));
  const saver = tableSaver(model, "estimate and report");
  let timer = 0;

  function options() {
    const shown = model.get("options");
    for (const { select, values, value } of [
      { select: flow, values: shown.flows, value: shown.flow },
      { select: face, values: shown.interfaces, value: shown.interface },
      { select: tool, values: shown.tools, value: shown.tool },
    ]) {
      select.replaceChildren(...values.map((item) => h("option", { value: item.value, text: item.label })));
      select.value = value;
    }
    choice.hidden = shown.interfaces.length < 2;
    named.textContent = shown.choice;
    if (document.activeElement !== folder) folder.value = shown.folder;
  }

  function status() {
    const now = model.get("status");
    const running = now.state === "running";
    start.disabled = only.disabled = running;
    stop.disabled = !running;
    steps.replaceChildren(...now.stages.map((text, index) => h("div", { "data-state": stage(now, index), text })));
    steps.setAttribute("aria-valuenow", String(Math.round(100 * now.fraction)));
    steps.hidden = now.stages.length === 0;
    el.dataset.state = now.state;
    clearInterval(timer);
    tick();
    if (running) timer = window.setInterval(tick, 500);
  }

  function tick() {
    const now = model.get("status");
    const elapsed = now.state === "running" ? Date.now() / 1000 - now.started : now.elapsed;
    message.textContent = elapsed ? `${now.message} · ${duration(elapsed)}` : now.message;
  }

  /** @param {string} lines */
  function append(lines) {
    log.hidden = false;
    const stick = log.scrollHeight - log.scrollTop - log.clientHeight < 30;
    log.append(lines);
    while (log.childNodes.length > 400) log.firstChild?.remove();
    if (stick) log.scrollTop = log.scrollHeight;
  }

  function table() {
    const { caption = "", columns = [], rows, notes = [] } = model.get("result");
    if (!rows) { result.replaceChildren(); return; }
    result.replaceChildren(
      h("table", {}, h("caption", { text: caption }), h("thead", {}, h("tr", {}, ...columns.map((text) => h("th", { scope: "col", text })))),
        h("tbody", {}, ...rows.map((row) => h("tr", {}, h("th", { scope: "row", text: row[0] }), ...row.slice(1).map((text) => h("td", { text })))))),
      saver, ...notes.map((text) => h("p", { class: "hx-mute", text })),
    );
  }

  function ahead() {
    const { text = "", warnings: items = [] } = model.get("outlook");
    outlook.textContent = text;
    warnings.hidden = items.length === 0;
    warnings.replaceChildren(...items.map((item) => h("li", { text: item })));
    start.textContent = items.length ? "Synthesize anyway" : "Export and synthesize";
  }

  const off = [
    listen(model, "change:outlook", ahead),
    listen(model, "change:options", options), listen(model, "change:status", status), listen(model, "change:result", table),
    hear(model, (content) => {
      if (content.kind === "clear") log.replaceChildren();
      if (content.kind === "log") append(content.text);
    }),
  ];
  log.textContent = model.get("log");
  log.hidden = !model.get("log");
  options(); status(); table(); ahead();
  log.scrollTop = log.scrollHeight;
  wake(model);
  return () => { off.forEach((remove) => remove()); clearInterval(timer); };
}

/** What each condition of a build is to the stage that it is in. @type {Record<string, string>} */
const REACHED = { running: "running", failed: "failed", cancelled: "failed" };

/**
 * What is to be seen of a stage.
 * @param {BuildStatusData} now
 * @param {number} index
 */
function stage(now, index) {
  if (now.state === "done" || index < now.stage) return "done";
  return (index === now.stage && REACHED[now.state]) || "waiting";
}

export default { render };
