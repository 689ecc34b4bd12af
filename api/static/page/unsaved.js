/** What was typed and not sent: whoever leaves the page is asked first. */

/** @type {Set<() => boolean>} */
const places = new Set();

/**
 * @param {() => boolean} isUnsaved
 * @returns {() => void} Takes it back, when the place is gone.
 */
export function askBeforeLeaving(isUnsaved) {
  places.add(isUnsaved);
  return () => places.delete(isUnsaved);
}

export const hasUnsaved = () => [...places].some((isUnsaved) => isUnsaved());

/** It has been thrown away: nobody is asked any more. */
export const forgetUnsaved = () => places.clear();

addEventListener("beforeunload", (event) => {
  if (hasUnsaved()) event.preventDefault();
});
