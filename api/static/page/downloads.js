import {currentLanguage} from "./i18n.js";
import {h} from "./dom.js";
import {PREFIX} from "./server.js";
import {query} from "./api.js";

/** What opens by a double click first. */
export const FORMATS = ["xlsx", "csv", "json", "ndjson", "ics"];

/** What a file that people open is asked for besides its format, in the language of the page. */
export function forPeople(format) {
  const {lang, delimiter} = currentLanguage().files;
  return {
    ...(["xlsx", "csv"].includes(format) && {lang}),
    // Excel expects semicolons where the comma is the decimal sign.
    ...(format === "csv" && delimiter !== "," && {delimiter}),
  };
}

/** @param {() => Record<string, string>} filters Those of the list that is shown. */
export function downloads(filters) {
  const format = h(
    "select",
    {label: "events.downloadAs"},
    ...FORMATS.map((name) => h("option", {value: name, t: `events.format.${name}`})),
  );
  const download = () => {
    const wanted = query({...filters(), format: format.value, ...forPeople(format.value)});
    location.href = `${PREFIX}/api/v1/eventos/download${wanted}`;
  };
  return h(
    "div.row",
    {},
    h("div", {}, format),
    h("button", {type: "button", t: "events.download", onclick: download}),
  );
}
