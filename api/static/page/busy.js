import {t} from "./i18n.js";

/** How the page shows that it is at work: late enough not to flicker, and said once where it takes long. */

/** An answer that comes sooner needs no sign. */
const SHOWN_AFTER_MS = 300;

/** Whoever does not see the sign is told. */
const SAID_AFTER_MS = 3000;

const TICK_MS = 100;

/**
 * Mark an element as busy while something is at work. The time in which a person is asked something does not
 * count: the page waits then, too.
 *
 * @param {Element} element What was pressed, or what is being read.
 * @param {Element[]} more Marked with it.
 * @returns {() => void} It is over.
 */
export function working(element, ...more) {
  const marked = [element, ...more];
  const voice = voiceOf(element);
  let ms = 0;
  const tick = () => {
    const isAsked = isCovered(element);
    if (!isAsked) ms += TICK_MS;
    for (const one of marked) mark(one, ms >= SHOWN_AFTER_MS && !isAsked);
    if (ms === SAID_AFTER_MS && !isAsked) voice.say(t("busy.long"));
  };
  const timer = setInterval(tick, TICK_MS);
  return () => {
    clearInterval(timer);
    for (const one of marked) mark(one, false);
    voice.end();
  };
}

function mark(element, isBusy) {
  if (isBusy) element.setAttribute("aria-busy", "true");
  else element.removeAttribute("aria-busy");
}

/** Whether a dialog stands before it. */
function isCovered(element) {
  const front = [...document.querySelectorAll("dialog:modal")].at(-1);
  return Boolean(front) && !front.contains(element);
}

/** The page behind a dialog is mute, and so is what is busy itself: a dialog has a place of its own. */
function voiceOf(element) {
  const dialog = element.closest("dialog");
  const place = dialog ? document.createElement("div") : document.getElementById("announcer");
  if (dialog) {
    place.className = "unseen";
    place.setAttribute("role", "status");
    dialog.append(place);
  }
  let said = "";
  return {
    say: (text) => (place.textContent = said = text),
    end: () => {
      if (dialog) place.remove();
      else if (said && place.textContent === said) place.textContent = "";
    },
  };
}
