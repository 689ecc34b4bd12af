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
 * @returns {() => void} Takes the sentence away, if it still stands, where it is not so any more.
 */
export function toast(text, {action, ms = 7000, onEnd = () => {}, back} = {}) {
  // What can be undone stays so for its time, whatever else is to be said.
  if (isAnswered && !action) return note(text);
  end();
  isAnswered = Boolean(action);
  const element = inFront(toastElement());
  const finish = (then) => {
    clearTimeout(timer);
    const hadKeyboard = element.contains(document.activeElement);
    element.hidden = true;
    end = () => {};
    isAnswered = false;
    then();
    if (hadKeyboard) back?.()?.focus();
  };
  let timer = 0;
  const wait = (times = HELD_TIMES) => {
    clearTimeout(timer);
    timer = setTimeout(() => (times && isHeld(element) ? wait(times - 1) : finish(onEnd)), ms);
  };
  const button =
    action && h("button.quiet", {type: "button", t: action.key, onclick: () => finish(action.run)});
  element.replaceChildren(h("span", {}, text), ...(button ? [button] : []));
  element.hidden = false;
  // Who has read it need not wait until it goes.
  element.onclick = ({target}) => target.closest("button") || finish(onEnd);
  element.onkeydown = ({key}) => {
    if (key === "Escape") finish(onEnd);
  };
  const own = (end = () => finish(onEnd));
  wait();
  if (back) button?.focus();
  return () => end === own && finish(() => {});
}

/** Somebody may have gone away with the keyboard on it. */
const HELD_TIMES = 8;

/** Ends what is shown: one sentence at a time. */
let end = () => {};

/** Whether what is shown has a button. */
let isAnswered = false;

/** Say something beside a sentence that waits for an answer. @returns {() => void} Takes it away. */
function note(text) {
  const element = toastElement();
  element.querySelector("[data-note]")?.remove();
  const added = h("span", {"data-note": ""}, text);
  element.prepend(added);
  return () => added.remove();
}

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
