// Export, verify and synthesize the design: options, stages, log, cancel; estimate and report side by side.
import { focused, h, hear, labelled, listen, wake } from "./dom.js";
import { tableSaver } from "./save.js";
import { duration } from "./text.js";

/** @import { BuildStatusData } from "./protocol.d.ts" */
/** @import { BuildCommand, BuildView } from "./types.d.ts" */

const START = "Export and synthesize";

/** @param {BuildView} view */
function render({ model, el }) {
  const card = new BuildCard(model, el);
  card.start();
  return () => card.stop();
}

class BuildCard {
  /** @param {BuildView["model"]} model @param {HTMLElement} el */
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.flow = this.pick("flow", "Flow");
    this.face = this.pick("interface", "Interface or back end");
    this.tool = this.pick("tool", "Tool");
    this.folder = h("input", { type: "text", class: "hx-mono", size: 12, "aria-label": "Folder", spellcheck: "false", on: { change: () => model.send({ ev: "option", key: "folder", value: this.folder.value }) } });
    this.named = h("span", { class: "hx-mute" });
    this.choice = h("label", { class: "hx-upright" }, this.named, this.face);
    this.begin = this.button("start", START, "", "hx-primary");
    this.only = this.button("verify", "Export and verify", "Write the project and compare it with the emulator, without synthesis");
    this.cancel = this.button("cancel", "Cancel");
    this.outlook = h("small", { class: "hx-mute", role: "status", "aria-label": "What a synthesis takes" });
    this.warnings = h("ul", { class: "hx-warnings", "aria-label": "Warnings" });
    this.steps = h("div", { class: "hx-steps", role: "progressbar", "aria-label": "Progress of export and synthesis", "aria-valuemin": 0, "aria-valuemax": 100 });
    this.message = h("small", { class: "hx-mute", role: "status" });
    this.log = h("pre", { class: "hx-log", tabindex: 0, role: "log", "aria-label": "Log of the tools" });
    this.result = h("div", { class: "hx-result" });
    this.saver = tableSaver(model, "estimate and report");
    this.timer = 0;
    /** @type {(() => void)[]} */
    this.off = [];
  }

  start() {
    const { model, el, log } = this;
    el.classList.add("hx");
    el.replaceChildren(this.card());
    this.off = [
      listen(model, "change:outlook", () => this.drawOutlook()), listen(model, "change:options", () => this.drawOptions()),
      listen(model, "change:status", () => this.drawStatus()), listen(model, "change:result", () => this.drawResult()),
      hear(model, (message) => {
        if (message.kind === "clear") log.replaceChildren();
        if (message.kind === "log") this.append(message.text);
      }),
    ];
    log.textContent = model.get("log");
    log.hidden = !model.get("log");
    this.drawOptions();
    this.drawStatus();
    this.drawResult();
    this.drawOutlook();
    log.scrollTop = log.scrollHeight;
    wake(model);
  }

  stop() {
    this.off.forEach((remove) => remove());
    clearInterval(this.timer);
  }

  card() {
    const save = this.button("card", "Save design card", "design.yaml with model and data digests, types, versions and figures");
    const note = this.button("notebook", "Save as notebook", "A notebook that reproduces this design");
    return h(
      "div", { class: "hx-card" },
      h("div", { class: "hx-cardhead" }, h("h3", { text: "Export and synthesize" }), this.message),
      h("div", { class: "hx-fields" }, labelled("Flow", this.flow), this.choice, labelled("Tool", this.tool), labelled("Folder", this.folder)),
      this.outlook, this.warnings,
      h("div", { class: "hx-line hx-buttons" }, this.begin, this.only, this.cancel, h("span", { class: "hx-spring" }), save, note),
      this.steps, h("div", { class: "hx-split" }, this.log, this.result),
    );
  }

  /** @param {BuildCommand} ev @param {string} text @param {string} title @param {string | null} look */
  button(ev, text, title = "", look = null) {
    return h("button", { type: "button", class: look, text, title: title || null, on: { click: () => this.model.send({ ev }) } });
  }

  /** @param {string} key @param {string} label */
  pick(key, label) {
    const select = h("select", { "aria-label": label, on: { change: () => this.model.send({ ev: "option", key, value: select.value }) } });
    return select;
  }

  drawOptions() {
    const shown = this.model.get("options");
    for (const { select, values, value } of [
      { select: this.flow, values: shown.flows, value: shown.flow },
      { select: this.face, values: shown.interfaces, value: shown.interface },
      { select: this.tool, values: shown.tools, value: shown.tool },
    ]) {
      select.replaceChildren(...values.map((item) => h("option", { value: item.value, text: item.label })));
      select.value = value;
    }
    this.choice.hidden = shown.interfaces.length < 2;
    this.named.textContent = shown.choice;
    if (focused() !== this.folder) this.folder.value = shown.folder;
  }

  drawStatus() {
    const now = this.model.get("status");
    const running = now.state === "running";
    this.begin.disabled = this.only.disabled = running;
    this.cancel.disabled = !running;
    this.steps.replaceChildren(...now.stages.map((text, index) => h("div", { "data-state": stage(now, index), text })));
    this.steps.setAttribute("aria-valuenow", String(Math.round(100 * now.fraction)));
    this.steps.hidden = now.stages.length === 0;
    this.el.dataset.state = now.state;
    clearInterval(this.timer);
    this.drawTime();
    if (running) this.timer = window.setInterval(() => this.drawTime(), 500);
  }

  drawTime() {
    const now = this.model.get("status");
    const elapsed = now.state === "running" ? Date.now() / 1000 - now.started : now.elapsed;
    this.message.textContent = elapsed ? `${now.message} · ${duration(elapsed)}` : now.message;
  }

  /** @param {string} lines */
  append(lines) {
    const { log } = this;
    log.hidden = false;
    const stick = log.scrollHeight - log.scrollTop - log.clientHeight < 30;
    log.append(lines);
    while (log.childNodes.length > 400) log.firstChild?.remove();
    if (stick) log.scrollTop = log.scrollHeight;
  }

  drawResult() {
    const { caption = "", columns = [], rows, notes = [] } = this.model.get("result");
    if (!rows) { this.result.replaceChildren(); return; }
    this.result.replaceChildren(
      h("table", {}, h("caption", { text: caption }), h("thead", {}, h("tr", {}, ...columns.map((text) => h("th", { scope: "col", text })))),
        h("tbody", {}, ...rows.map((row) => h("tr", {}, h("th", { scope: "row", text: row[0] }), ...row.slice(1).map((text) => h("td", { text })))))),
      this.saver, ...notes.map((text) => h("p", { class: "hx-mute", text })),
    );
  }

  drawOutlook() {
    const { text = "", warnings = [] } = this.model.get("outlook");
    this.outlook.textContent = text;
    this.warnings.hidden = warnings.length === 0;
    this.warnings.replaceChildren(...warnings.map((item) => h("li", { text: item })));
    this.begin.textContent = warnings.length ? "Synthesize anyway" : START;
  }
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
