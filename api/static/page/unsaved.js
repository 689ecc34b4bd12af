/** What was typed and not sent: whoever leaves the page is asked first. */

/** @type {Set<() => boolean>} */
const places = new Set();

/**
 * @param {() => boolean} hasUnsaved
 * @returns {() => void} Takes it back, when the place is gone.
 */
export function askBeforeLeaving(hasUnsaved) {
  places.add(hasUnsaved);
  return () => places.delete(hasUnsaved);
}

addEventListener("beforeunload", (event) => {
  if ([...places].some((hasUnsaved) => hasUnsaved())) event.preventDefault();
});
