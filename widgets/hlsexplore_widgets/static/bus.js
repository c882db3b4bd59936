// What the widgets of one explorer tell each other inside the page: which edits are still in flight.

/**
 * The latest edit of this page, the trial that is pointed at, and whether the page's link was followed.
 * @typedef {EventTarget & { latest: number, pointed: number | null, linked: boolean }} Bus
 */

/**
 * The bus of an explorer.
 * @param {string} id
 * @returns {Bus}
 */
export function bus(id) {
  const page = /** @type {{ __hlsexplore_buses?: Map<string, Bus> }} */ (globalThis);
  const all = (page.__hlsexplore_buses ??= new Map());
  const found = all.get(id) ?? Object.assign(new EventTarget(), { latest: 0, pointed: null, linked: false });
  all.set(id, found);
  return found;
}

/**
 * Number a new edit and tell every widget that figures on the screen are stale until the kernel answers it.
 * Numbers grow across reloads and windows: they are milliseconds since 1970.
 * @param {Bus} target
 */
export function announce(target) {
  const now = performance.timeOrigin + performance.now();
  target.latest = Math.max(now, target.latest + 0.001);
  target.dispatchEvent(new Event("edit"));
  return target.latest;
}

/**
 * Whether figures that belong to edit `seq` are older than the latest edit.
 * @param {Bus} target
 * @param {number | undefined} seq
 */
export function isStale(target, seq) {
  return (seq || 0) < target.latest;
}

/** Old figures are marked after this long: a mark that comes and goes at once is flicker, and holds up the new figure's paint. */
const PATIENCE_MS = 80;

/**
 * Mark figures that are old, or no longer old.
 * @param {() => boolean} isOld whether they are old now
 * @param {(old: boolean) => void} mark
 * @returns {{ look: () => void, stop: () => void }} `look` marks fresh figures at once, and old ones if they stay so
 */
export function patient(isOld, mark) {
  let timer = 0;
  const check = () => {
    clearTimeout(timer);
    timer = 0;
    mark(isOld());
  };
  return {
    look: () => {
      if (!isOld()) check();
      else if (!timer) timer = window.setTimeout(check, PATIENCE_MS);
    },
    stop: () => clearTimeout(timer),
  };
}

/** What an edit draws waits so long for the kernel's answer, less than two frames: drawn together they are one paint. */
const TOGETHER_MS = 24;

/**
 * Draw what an edit changed together with the kernel's answer, or soon without it.
 * @param {Bus} target
 * @param {() => void} draw
 * @returns {{ soon: () => void, stop: () => void }} `soon` asks for a drawing
 */
export function together(target, draw) {
  let timer = 0;
  const now = () => {
    if (!timer) return;
    clearTimeout(timer);
    timer = 0;
    draw();
  };
  target.addEventListener("answer", now);
  return {
    soon: () => { timer ||= window.setTimeout(now, TOGETHER_MS); },
    stop: () => {
      clearTimeout(timer);
      target.removeEventListener("answer", now);
    },
  };
}

/**
 * Tell every view of the page which trial is under the pointer or has the focus; null for none.
 * @param {Bus} target
 * @param {number | null} number
 */
export function point(target, number) {
  if (target.pointed === number) return;
  target.pointed = number;
  target.dispatchEvent(new Event("point"));
}

/**
 * Tell the table of layers which row the user wants to see.
 * @param {Bus} target
 * @param {string} name the layer
 * @param {boolean} more whether the rows that were picked before stay picked
 */
export function pickRow(target, name, more) {
  target.dispatchEvent(new CustomEvent("row", { detail: { name, more } }));
}
