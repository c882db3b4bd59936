// What the widgets of one explorer tell each other inside the page: which edits are still in flight.

/**
 * The bus of an explorer: an EventTarget with the number of the latest edit made in this page.
 * @param {string} id
 * @returns {EventTarget & { latest: number }}
 */
export function bus(id) {
  const all = (globalThis.__hlsexplore_buses ??= new Map());
  if (!all.has(id)) all.set(id, Object.assign(new EventTarget(), { latest: 0 }));
  return all.get(id);
}

/**
 * Number a new edit and tell every widget that figures on the screen are stale until the kernel answers it.
 * Numbers grow across reloads and windows: they are milliseconds since 1970.
 */
export function announce(target) {
  const now = performance.timeOrigin + performance.now();
  target.latest = Math.max(now, target.latest + 0.001);
  target.dispatchEvent(new Event("edit"));
  return target.latest;
}

/** Whether figures that belong to edit `seq` are older than the latest edit. */
export function isStale(target, seq) {
  return (seq || 0) < target.latest;
}
