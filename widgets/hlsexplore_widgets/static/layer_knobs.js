// Knobs of a layer: reuse, choices, and the modes of its tensors where it is opened.
import { h } from "./dom.js";
import { OVERFLOW, ROUNDING } from "./fixed.js";
import { reuseMenu } from "./reuse_menu.js";

export function buildKnobs(view, table, row, span) {
  const cell = h("div", { class: "hx-c-knobs", style: span });
  const entry = { cell };
  if (row.knobs.includes("reuse")) {
    entry.reuse = reuseMenu(view.model, row, () => view.config.knobs[row.name].reuse, (value) => view.setKnob(row.name, "reuse", value));
    cell.append(entry.reuse.node);
  }
  for (const knob of row.choices) {
    if (knob.slider) {
      view.buildShare(row, knob, entry);
      continue;
    }
    const select = h(
      "select", { "aria-label": `${row.name}: ${knob.label}`, title: knob.label, on: { change: () => view.setKnob(row.name, knob.name, knob.numeric ? Number(select.value) : select.value) } },
      ...knob.values.map((value) => h("option", { value, text: `${knob.prefix}${value}` })),
    );
    entry[knob.name] = select;
    cell.append(select);
  }
  const share = h("div", { class: "hx-c-share", style: span });
  entry.bars = ["lut", "dsp", "latency"].map((figure) => {
    const bar = h("i", { class: `hx-bar-${figure}` });
    const line = h("div", { class: "hx-bar" }, bar);
    share.append(line);
    return { figure, bar, line };
  });
  view.cells.set(row.name, entry);
  table.append(cell, share);
}

/** Rounding, overflow and counts of every tensor of an expanded layer. */
export function details(view, row) {
  const body = h("div", { class: "hx-details", role: "group", "aria-label": `${row.name}: modes` });
  const pick = (lane, index, values, label) => {
    const select = h(
      "select", { "aria-label": `${row.name} ${lane.label}: ${label}`, "data-mode": `${lane.key}/${index}`, on: { change: () => view.setMode(row, lane, index, select.value) } },
      ...values.map((value) => h("option", { value, text: value })),
    );
    return select;
  };
  for (const lane of row.lanes) {
    const signed = h("input", { type: "checkbox", "data-mode": `${lane.key}/2`, on: { change: () => view.setMode(row, lane, 2, signed.checked) } });
    body.append(
      h("span", { class: `hx-tag hx-tag-${lane.look}`, text: lane.tag }), h("span", { text: lane.label }),
      pick(lane, 3, ROUNDING, "rounding"), pick(lane, 4, OVERFLOW, "overflow"),
      h("label", {}, signed, "signed"),
      h("span", { class: "hx-mute", "data-events": lane.key }),
    );
  }
  body.append(h("p", { class: "hx-mute", text: row.detail }));
  return body;
}

export function drawKnobs(view) {
  for (const small of view.el.querySelectorAll(".hx-proof")) small.textContent = view.config.proofs[small.dataset.name] ?? "";
  for (const [name, entry] of view.cells) {
    const knobs = view.config.knobs[name] ?? {};
    entry.reuse?.draw();
    for (const [knob, value] of Object.entries(knobs)) if (knob !== "reuse" && entry[knob]) entry[knob].value = String(value);
    if (entry.note) entry.note.textContent = `${Math.round(100 * knobs.density)} % kept`;
    if (entry.dsp_budget) entry.dsp_budget.hidden = knobs.multiplier !== "mixed";
    if (entry.pattern) entry.pattern.hidden = knobs.density >= 1;
  }
  for (const select of view.el.querySelectorAll(".hx-details [data-mode]")) {
    const name = select.closest(".hx-details").getAttribute("aria-label").slice(0, -": modes".length);
    const [key, index] = select.dataset.mode.split("/");
    const value = view.config.types[name]?.[key]?.[Number(index)];
    if (index === "2") select.checked = value;
    else select.value = value;
  }
}
