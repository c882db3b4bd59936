// What happens to a figure between the kernel and plotly.js: pure functions.

/** Replace every `var(--name)` in a figure by the colour that the page's theme gives it; long lists of numbers stay. */
export function recolour(value, lookup) {
  if (typeof value === "string") return value.startsWith("var(--") ? lookup(value.slice(4, -1)) || "#888888" : value;
  if (Array.isArray(value)) {
    return value.length > 2 && typeof value[0] === "number" ? value : value.map((item) => recolour(item, lookup));
  }
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, recolour(item, lookup)]));
  return value;
}

/** Complete a figure with the look of the page. */
export function themed(figure, lookup, width, height) {
  const { data, layout } = recolour(figure, lookup);
  const grid = lookup("--hx-grid");
  const axis = { gridcolor: grid, zerolinecolor: grid, linecolor: grid, tickcolor: grid, automargin: true };
  const full = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", uirevision: "keep", ...layout, width, height,
    font: { family: "Inter, system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif", size: 12, color: lookup("--hx-fg"), ...layout.font },
    hoverlabel: { bgcolor: lookup("--hx-panel"), bordercolor: lookup("--hx-line"), font: { color: lookup("--hx-fg"), size: 12 }, align: "left", ...layout.hoverlabel },
  };
  delete full.template;
  for (const name of new Set(["xaxis", "yaxis", ...Object.keys(layout)])) {
    if (/^[xy]axis\d*$/.test(name)) full[name] = { ...axis, ...layout[name] };
  }
  return { data, layout: full };
}

/** The point of a click that stands for a design or a part of it: its custom data, or null. */
export function clicked(event) {
  const point = event.points?.[0];
  if (!point) return null;
  const custom = point.customdata ?? point.data?.customdata?.[point.pointNumber];
  if (custom === undefined || custom === null) return null;
  return { id: Array.isArray(custom) ? custom[0] : custom };
}

/** Ranges that were brushed on parallel coordinates, by label; null if the figure has none. */
export function constraints(data) {
  const trace = data?.find((item) => item.type === "parcoords");
  if (!trace) return null;
  const ranges = {};
  for (const dimension of trace.dimensions) {
    const range = dimension.constraintrange;
    if (range?.length) ranges[dimension.name ?? dimension.label] = Array.isArray(range[0]) ? range : [range];
  }
  return ranges;
}
