import {confirmed} from "./confirm.js";
import {leaveWithAddress} from "./dialog-address.js";
import {t} from "./i18n.js";
import {toast} from "./tell.js";
import {askBeforeLeaving} from "./unsaved.js";

/** How long a call that stores is waited for: until then its form is locked. */
export const ANSWER_WITHIN_MS = 30_000;

/**
 * Show a dialog that stores something. One rule for all of them: what was sent cannot be left, nor changed,
 * as if it had not been. Until the answer is there, or has been waited for long enough, the form is locked
 * and stays; who wants to leave is told so. What was typed and not sent is not left without a question. To go
 * to another address is to leave, too.
 *
 * @param {HTMLDialogElement} dialog
 * @param {{isDirty?: () => boolean, onStop?: () => void, onClose?: () => void}} [on] `onStop`: somebody wants
 *   to leave while something is under way.
 */
export function openForm(dialog, {isDirty = () => false, onStop = saySending, onClose = () => {}} = {}) {
  let isSending = false;
  let isOver = false;
  /** @type {Promise<boolean> | null} Asked once, whatever leads away. */
  let asked = null;
  /** @type {HTMLElement | null} */
  let held = null;
  const close = () => {
    isOver = true;
    unfollow();
    dialog.close();
  };
  const leave = async () => {
    // It has been left; its listeners go a moment later.
    if (!dialog.open) return true;
    if (isSending) return (onStop(), false);
    asked ??= (isDirty() ? isThrownAway() : Promise.resolve(true)).finally(() => (asked = null));
    const isLeft = await asked;
    if (isLeft) close();
    return isLeft;
  };
  /** @template Answer @param {() => Promise<Answer>} work @returns {Promise<Answer>} */
  const store = async (work) => {
    const unlock = lock(dialog);
    isSending = true;
    try {
      return await work();
    } finally {
      isSending = false;
      unlock();
    }
  };
  const unguard = askBeforeLeaving(() => isSending || isDirty());
  const unfollow = leaveWithAddress(leave);
  // Escape leaves as the button does: not without asking about what was typed.
  dialog.addEventListener("cancel", (happening) => (happening.preventDefault(), void leave()));
  dialog.addEventListener("focusin", ({target}) => (held = /** @type {HTMLElement} */ (target)));
  dialog.addEventListener("close", () => {
    if (!isOver) return reopen();
    unguard();
    dialog.remove();
    onClose();
  });
  /** Browsers close a dialog that is asked to often enough. */
  const reopen = () => {
    dialog.showModal();
    held?.focus();
    void leave();
  };
  document.body.append(dialog);
  dialog.showModal();
  return {leave, close, store};
}

const isThrownAway = () =>
  confirmed("events.discardSure", {}, {action: "events.discard", otherwise: "events.keepEditing"});

const saySending = () => toast(t("busy.sending"));

const isChoice = (element) => element.matches("select, input[type=checkbox], input[type=radio]");

/**
 * Keep what a form holds as it was sent. The keyboard stays where it is: what is disabled would lose it.
 *
 * @param {HTMLElement} dialog
 * @returns {() => void} Unlocks it.
 */
export function lock(dialog) {
  const form = dialog.querySelector("form") ?? dialog.firstElementChild;
  const controls = [...form.querySelectorAll("input, select, textarea")];
  const choices = controls.filter(isChoice);
  const texts = /** @type {HTMLInputElement[]} */ (controls).filter(
    (control) => !isChoice(control) && !control.readOnly,
  );
  const isLocked = (yes) => {
    for (const text of texts) text.readOnly = yes;
    for (const [element, name] of [[form, "aria-busy"], ...choices.map((one) => [one, "aria-disabled"])])
      if (yes) element.setAttribute(name, "true");
      else element.removeAttribute(name);
    for (const name of ["click", "mousedown", "keydown"])
      form[yes ? "addEventListener" : "removeEventListener"](name, hold, true);
  };
  isLocked(true);
  return () => isLocked(false);
}

/** Nothing but text can be read only: what would choose something else is held back. */
function hold(event) {
  const leads = event.type === "keydown" && ["Tab", "Escape"].includes(event.key);
  if (!leads && isChoice(event.target)) event.preventDefault();
}
