// plotly.js in the page: it comes once, from the kernel, gzipped.
import { hear } from "./dom.js";

/** @import { PlotFigure, Plotly } from "./types.d.ts" */

const ASK_MS = 15_000;

/** plotly.js on its way to the page, or there. @typedef {{ promise: Promise<Plotly>, resolve: (plotly: Plotly) => void, isThere: boolean }} Slot */

/** The scripts of the page by version. */
export function scripts() {
  const page = /** @type {{ __hlsexplore_plotly?: Record<string, Slot> }} */ (globalThis);
  return (page.__hlsexplore_plotly ??= {});
}

/** @returns {Slot} */
function emptySlot() {
  /** @type {(plotly: Plotly) => void} */
  let resolve = () => {};
  const promise = new Promise((/** @type {(plotly: Plotly) => void} */ done) => { resolve = done; });
  return { promise, resolve, isThere: false };
}

/**
 * Get plotly.js: from the page if it is there, else from a kernel. The first view asks at once; the others ask too if it does
 * not come, for the first one may be gone by then, or its kernel.
 * @param {PlotFigure["model"]} model
 * @returns {{ promise: Promise<Plotly>, stop: () => void }} `stop` ends the asking
 */
export function plotly(model) {
  const key = model.get("plotly_version");
  const isFirst = !(key in scripts());
  const slot = (scripts()[key] ??= emptySlot());
  if (slot.isThere) return { promise: slot.promise, stop: () => {} };
  const ask = () => model.send({ ev: "plotly" });
  const timer = window.setInterval(ask, ASK_MS);
  const off = hear(model, async (message, [script]) => {
    if (message.kind !== "plotly") return;
    stop();
    if (slot.isThere) return;
    slot.isThere = true;
    slot.resolve(await evaluate(script));
  });
  const stop = () => {
    off();
    clearInterval(timer);
  };
  slot.promise.then(stop);
  if (isFirst) ask();
  return { promise: slot.promise, stop };
}

/**
 * Unpack and run the script without letting it see a module loader of the page.
 * @param {DataView} gz
 */
async function evaluate(gz) {
  const text = await new Response(new Blob([/** @type {DataView<ArrayBuffer>} */ (gz)]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  const script = document.createElement("script");
  script.textContent = `(()=>{const define=undefined,module=undefined,exports=undefined;${text}\n;globalThis.__hlsexplore_P=typeof Plotly!=="undefined"?Plotly:globalThis.Plotly;})();`;
  document.head.append(script);
  script.remove();
  return /** @type {{ __hlsexplore_P: Plotly }} */ (/** @type {unknown} */ (globalThis)).__hlsexplore_P;
}
