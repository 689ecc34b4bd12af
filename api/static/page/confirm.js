import {h} from "./dom.js";
import {t} from "./i18n.js";

/**
 * Ask before something that is hard to take back.
 *
 * @param {string} key Of the question. @param {Record<string, string | number>} [params]
 * @param {{action: string, danger?: boolean, otherwise?: string}} how `action`: key of what the button does.
 *   `otherwise`: key of what the other one does. Where something would be lost (`danger`) that one has the
 *   keyboard: a key too many loses nothing.
 * @returns {Promise<boolean>}
 */
export function confirmed(key, params, {action, danger = true, otherwise = danger ? "keep" : "cancel"}) {
  return new Promise((resolve) => {
    const yes = h(`button.${danger ? "danger" : "primary"}`, {type: "submit", value: "yes", t: action});
    const no = h("button", {type: "submit", value: "no", t: [otherwise, params]});
    const dialog = h(
      "dialog.question",
      {"aria-label": t(key, params), role: "alertdialog"},
      h("form.stack", {method: "dialog"}, h("p", {t: [key, params]}), h("div.row.end", {}, no, yes)),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
    (danger ? no : yes).focus();
  });
}
