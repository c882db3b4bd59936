// A line of the table built: its band with two ends to drag, its type as text, its steppers.
import { h, onKeys, s } from "./dom.js";
import { moveLsb, moveMsb, resize, shift } from "./fixed.js";
import { LANE, drawLane } from "./lane_draw.js";

export function buildLane(view, table, row, lane) {
  const { name } = row;
  const entry = { name, key: lane.key, spec: lane, row };
  const label = `${name} ${lane.label}`;
  const change = (next, on) => view.setType(name, lane.key, next, `${name}.${lane.key}.${on}`);
  const type = () => view.config.types[name][lane.key];
  entry.svg = s("svg", { height: LANE, class: "hx-band-svg", role: "group", "aria-label": `${label}: range` });
  entry.text = h("input", {
    class: "hx-type hx-mono", type: "text", "aria-label": `${label}: type`, spellcheck: "false", "data-focus": `${name}/${lane.key}/text`,
    on: {
      change: () => view.send({ [name]: { [lane.key]: entry.text.value } }, `${label}.text`),
      keydown: (event) => event.stopPropagation(),
      blur: () => setTimeout(() => drawLane(view, entry)),
    },
  });
  const stepper = (title, apply, low) => {
    const output = h("output", { "aria-hidden": "true" });
    const button = (sign, words) => h("button", { type: "button", text: sign > 0 ? "+" : "−", "aria-label": `${label}: one ${title} ${words}`, on: { click: () => change(apply(type(), sign), low) } });
    return { output, node: h("div", { class: "hx-stepper" }, button(-1, "fewer"), output, button(1, "more")) };
  };
  entry.bits = stepper("bit", (value, sign) => resize(value, value[0] + sign, value[1]), "bits");
  entry.integer = stepper("integer bit", (value, sign) => resize(value, value[0], value[1] + sign), "integer");
  table.append(
    h("div", { class: "hx-c-tag" }, h("button", { type: "button", tabindex: -1, class: `hx-tag hx-tag-${lane.look}`, text: lane.tag, title: `${lane.label}: click for a histogram (H on its band)`, "aria-label": `${label}: histogram`, on: { click: () => view.look(name, lane.key) } })),
    h("div", { class: "hx-c-band" }, entry.svg, (entry.strip = h("div", { class: "hx-strip", role: "img" }))),
    h("div", { class: "hx-c-type" }, entry.text),
    h("div", { class: "hx-c-bits" }, entry.bits.node),
    h("div", { class: "hx-c-int" }, entry.integer.node),
  );
  buildBand(view, entry, label, change, type);
  view.lanes.push(entry);
}

function buildBand(view, entry, label, change, type) {
  const { svg } = entry;
  entry.grid = s("g", { "aria-hidden": "true" });
  entry.band = s("rect", { class: "hx-band", y: 2, height: LANE - 4, rx: 4 });
  entry.box = s("g", { "aria-hidden": "true", "pointer-events": "none" });
  entry.notes = s("g", { "aria-hidden": "true", "pointer-events": "none" });
  svg.append(entry.grid, entry.band, entry.box);
  entry.handles = {};
  for (const { end, words, move } of [{ end: "lsb", words: "fraction bits", move: moveLsb }, { end: "msb", words: "integer bits", move: moveMsb }]) {
    const handle = s(
      "g", { class: "hx-handle", tabindex: -1, role: "slider", "aria-label": `${label}: ${words}`, "aria-orientation": "horizontal", "data-focus": `${entry.name}/${entry.key}/${end}` },
      s("rect", { x: -8, y: 0, width: 16, height: LANE, fill: "transparent" }),
      s("rect", { class: "hx-grip", x: -2.5, y: 4, width: 5, height: LANE - 8, rx: 2.5 }),
    );
    onKeys(handle, (event) => onKey(view, event, entry, end, change, type));
    handle.addEventListener("focus", () => view.roving(entry));
    draggable(view, handle, type, (start, steps) => change(move(start, steps), end));
    entry.handles[end] = handle;
    svg.append(handle);
  }
  svg.append(entry.notes);
  draggable(view, entry.band, type, (start, steps) => change(shift(start, steps), "band"));
}

function onKey(view, event, entry, end, change, type) {
  if (event.key === "h") view.look(entry.name, entry.key);
  const [width, integer] = type();
  const ends = { lsb: { Home: Math.min(0, Math.ceil(view.range[0]) + width - integer), End: width - 1 }, msb: { Home: 1 - width, End: Math.max(0, Math.floor(view.range[1]) - integer) } };
  const steps = { ArrowRight: 1, ArrowLeft: -1, PageUp: 4, PageDown: -4, ...ends[end] }[event.key];
  const lanes = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (steps === undefined && lanes === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  if (steps !== undefined) change((end === "lsb" ? moveLsb : moveMsb)(type(), steps), end);
  else view.lanes[view.lanes.indexOf(entry) + lanes]?.handles[end].focus();
}

function draggable(view, node, type, apply) {
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    node.focus?.({ preventScroll: true });
    node.setPointerCapture(event.pointerId);
    view.currentGesture(null);
    view.dragging = true;
    const start = [...type()];
    const origin = event.clientX;
    const scale = (view.range[1] - view.range[0]) / view.width();
    let last = 0;
    const move = (next) => {
      const steps = Math.round((next.clientX - origin) * scale);
      if (steps !== last) apply(start, (last = steps));
    };
    const up = () => {
      view.dragging = false;
      for (const name of ["pointerup", "pointercancel"]) node.removeEventListener(name, up);
      node.removeEventListener("pointermove", move);
      view.adopt();
      view.draw();
    };
    node.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) node.addEventListener(name, up);
  });
}
