import {h} from "./dom.js";
import {t} from "./i18n.js";
import {faultText} from "./problem-words.js";

/** What is said to people: politely to screen readers, or visibly when something went wrong. */

const ANNOUNCE_EVERY_MS = 5000;
let lastAnnounced = -ANNOUNCE_EVERY_MS;
let hiding;

/** Announce, at most once in five seconds unless it matters: a live region must not chatter. */
export function announce(key, params, {important = false} = {}) {
  const now = performance.now();
  if (!important && now - lastAnnounced < ANNOUNCE_EVERY_MS) return;
  lastAnnounced = now;
  document.getElementById("announcer").textContent = t(key, params);
}

/**
 * Show a sentence for a few seconds.
 *
 * @param {string} text
 * @param {{action?: {key: string, run: () => void}, ms?: number}} [how] `action`: a button beside it.
 */
export function toast(text, {action, ms = 7000} = {}) {
  const element = document.getElementById("toast");
  const hide = () => (element.hidden = true);
  const button =
    action && h("button.quiet", {type: "button", t: action.key, onclick: () => (hide(), action.run())});
  element.replaceChildren(h("span", {}, text), ...(button ? [button] : []));
  element.hidden = false;
  // Who has read it need not wait until it goes.
  element.onclick = hide;
  clearTimeout(hiding);
  hiding = setTimeout(hide, ms);
}

/** Say why a call failed. */
export function toastFault(fault) {
  toast(faultText(fault));
}
