// plotly.js in the page: it comes once, from the kernel, gzipped.
import { hear } from "./dom.js";

/** @import { PlotFigure, Plotly } from "./types.d.ts" */

const ASK_MS = 15_000;

/** The scripts of the page by version. */
export function scripts() {
  const page = /** @type {{ __hlsexplore_plotly?: Record<string, Promise<Plotly>> }} */ (globalThis);
  return (page.__hlsexplore_plotly ??= {});
}

/**
 * Get plotly.js: from the page if it is there, else from this model's kernel; whoever asks first loads it for all.
 * @param {PlotFigure["model"]} model
 */
export function plotly(model) {
  return (scripts()[model.get("plotly_version")] ??= fetched(model));
}

/** Ask a kernel until it answers. @param {PlotFigure["model"]} model @returns {Promise<Plotly>} */
function fetched(model) {
  return new Promise((resolve) => {
    const ask = () => model.send({ ev: "plotly" });
    const timer = window.setInterval(ask, ASK_MS);
    const off = hear(model, async (message, [script]) => {
      if (message.kind !== "plotly") return;
      off();
      clearInterval(timer);
      resolve(await evaluate(script));
    });
    ask();
  });
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
