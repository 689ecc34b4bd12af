/**
 * A dialog belongs to the address that it was opened at: what it asks about, changes or stores stands there.
 * Whatever changes the address leaves the dialog first, as its own button does, and only then does the page
 * follow. Where it is not left, because something is under way or somebody keeps what was typed, the page
 * stays as well, and the address is put back.
 */

/**
 * Dialogs that are open, the last one in front.
 *
 * @type {Set<{address: string, leave: () => Promise<boolean>}>}
 */
const places = new Set();

/** Whether they are being left: one question at a time, however often somebody presses "Back". */
let isLeaving = false;

/**
 * Leave a dialog when the address changes.
 *
 * @param {() => Promise<boolean>} leave As if it was cancelled; whether it is left.
 * @returns {() => void} Takes it back, as soon as the dialog is closed.
 */
export function leaveWithAddress(leave) {
  const place = {address: location.href, leave};
  places.add(place);
  return () => places.delete(place);
}

/** @param {HashChangeEvent} event */
async function follow(event) {
  // An address that was gone to before a dialog was opened is told of later.
  const others = [...places].filter(({address}) => address !== location.href);
  if (!isLeaving && !others.length) return;
  event.stopImmediatePropagation();
  if (isLeaving) return;
  isLeaving = true;
  const isLeft = await areLeft(others.reverse()).finally(() => (isLeaving = false));
  if (isLeft) tell(event.oldURL);
  else if (location.href !== event.oldURL) history.pushState(null, "", event.oldURL);
}

/** @returns {Promise<boolean>} Whether all are, from the front: those behind one that stays do so as well. */
async function areLeft(dialogs) {
  for (const {leave} of dialogs) if (!(await leave())) return false;
  return true;
}

/** Let the page follow. The keyboard must not vanish with what the dialog was opened from. */
function tell(oldURL) {
  const held = document.activeElement;
  dispatchEvent(new HashChangeEvent("hashchange", {oldURL, newURL: location.href}));
  const isGone = held !== document.body && document.activeElement === document.body;
  if (isGone || document.activeElement.closest(".view[hidden]"))
    document.getElementById("main").focus({preventScroll: true});
}

// Before the views, which listen as well.
addEventListener("hashchange", follow, true);
