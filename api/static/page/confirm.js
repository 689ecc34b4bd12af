import {leaveWithAddress} from "./dialog-address.js";
import {h} from "./dom.js";
import {t} from "./i18n.js";

/**
 * Ask before something that is hard to take back. Who goes elsewhere meanwhile has not agreed.
 *
 * @param {string} key Of the question. @param {Record<string, string | number>} [params]
 * @param {{action: string, signal?: AbortSignal, danger?: boolean, otherwise?: string}} how `action`: key of
 *   what the button does. `signal`: what the question is about is not shown any more. `otherwise`: key of
 *   what the other one does. Where something would be lost (`danger`) that one has the keyboard: a key too
 *   many loses nothing.
 * @returns {Promise<boolean>}
 */
export function confirmed(
  key,
  params,
  {action, signal, danger = true, otherwise = danger ? "keep" : "cancel"},
) {
  return new Promise((resolve) => {
    const yes = h(`button.${danger ? "danger" : "primary"}`, {type: "submit", value: "yes", t: action});
    const no = h("button", {type: "submit", value: "no", t: [otherwise, params]});
    const dialog = h(
      "dialog.question",
      {"aria-label": t(key, params), role: "alertdialog"},
      h("form.stack", {method: "dialog"}, h("p", {t: [key, params]}), h("div.row.end", {}, no, yes)),
    );
    const leave = async () => (unfollow(), dialog.close("no"), true);
    const unfollow = leaveWithAddress(leave);
    signal?.addEventListener("abort", leave, {once: true});
    dialog.addEventListener("close", () => {
      unfollow();
      signal?.removeEventListener("abort", leave);
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
    (danger ? no : yes).focus();
  });
}
