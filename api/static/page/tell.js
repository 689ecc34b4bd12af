import {h} from "./dom.js";
import {t} from "./i18n.js";
import {faultText} from "./problem-words.js";

/** What is said to people: politely to screen readers, or visibly when something went wrong. */

const ANNOUNCE_EVERY_MS = 5000;
let lastAnnounced = -ANNOUNCE_EVERY_MS;

/** Announce, at most once in five seconds unless it matters: a live region must not chatter. */
export function announce(key, params, {important = false} = {}) {
  const now = performance.now();
  if (!important && now - lastAnnounced < ANNOUNCE_EVERY_MS) return;
  lastAnnounced = now;
  document.getElementById("announcer").textContent = t(key, params);
}

/**
 * Show a sentence for a few seconds: longer while the keyboard or the pointer is on it.
 *
 * @param {string} text
 * @param {{action?: {key: string, run: () => void}, ms?: number, onEnd?: () => void,
 *   back?: () => HTMLElement | null}} [how] `action`: a button beside it. `back`: where the keyboard goes
 *   afterwards; the button takes it meanwhile. `onEnd`: the sentence goes, the button unpressed.
 */
export function toast(text, {action, ms = 7000, onEnd = () => {}, back} = {}) {
  end();
  const element = inFront(toastElement());
  const finish = (then) => {
    clearTimeout(timer);
    const hadKeyboard = element.contains(document.activeElement);
    element.hidden = true;
    end = () => {};
    then();
    if (hadKeyboard) back?.()?.focus();
  };
  let timer = 0;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => (isHeld(element) ? wait() : finish(onEnd)), ms);
  };
  const button =
    action && h("button.quiet", {type: "button", t: action.key, onclick: () => finish(action.run)});
  element.replaceChildren(h("span", {}, text), ...(button ? [button] : []));
  element.hidden = false;
  // Who has read it need not wait until it goes.
  element.onclick = ({target}) => target.closest("button") || finish(onEnd);
  end = () => finish(onEnd);
  wait();
  if (back) button?.focus();
}

/** Ends what is shown: one sentence at a time. */
let end = () => {};
let found = null;

/** A pointer on it, or a keyboard: of a click alone nobody knows whether it still reads. */
const isHeld = (element) => element.matches(":hover") || Boolean(element.querySelector(":focus-visible"));

/** Held: a dialog that it is shown in takes it along when it goes. */
const toastElement = () => (found ??= document.getElementById("toast"));

/** A dialog that is open covers the page, and the page behind it is mute: what is said then is said in it. */
function inFront(element) {
  const dialog = [...document.querySelectorAll("dialog:modal")].at(-1);
  (dialog ?? document.body).append(element);
  dialog?.addEventListener("close", () => document.body.append(element), {once: true});
  return element;
}

/** Say why a call failed. */
export function toastFault(fault) {
  toast(faultText(fault));
}
