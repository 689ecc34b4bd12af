import {h, icon, ICONS} from "./dom.js";
import {currentLanguage} from "./i18n.js";
import {PREFIX} from "./server.js";
import {query} from "./api.js";

const ACCEPTED =
  ".csv,.tsv,.txt,.xlsx,.xlsm,.xlsb,.xls,.ods,.json,.ndjson,.jsonl,.ics,.zip,text/csv,text/calendar";

/**
 * Where files come in by a button; they may be dropped or pasted anywhere on the page.
 *
 * @param {{onFiles: (files: File[]) => void, onSample: () => void}} on
 * @returns {HTMLElement}
 */
export function dropzone({onFiles, onSample}) {
  const taken = () => {
    const files = [...(input.files ?? [])];
    input.value = "";
    onFiles(files);
  };
  const input = h("input", {type: "file", multiple: true, hidden: true, accept: ACCEPTED, onchange: taken});
  const template = () => {
    location.href = `${PREFIX}/api/v1/uploads/template.xlsx${query({lang: currentLanguage().files.lang})}`;
  };
  return h(
    "div.drop.for-editors",
    {"data-drop": ""},
    icon(ICONS.upload, 40),
    h("strong", {t: "drop.title"}),
    h("p.soft", {t: "drop.or"}),
    input,
    h(
      "div.row",
      {},
      h("button.primary", {type: "button", t: "drop.choose", onclick: () => input.click()}),
      h("button", {type: "button", t: "drop.template", onclick: template}),
      h("button.quiet", {type: "button", t: "drop.sample", onclick: onSample}),
    ),
  );
}
