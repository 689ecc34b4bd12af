import {currentLanguage} from "./i18n.js";
import {h} from "./dom.js";
import {PREFIX} from "./server.js";
import {query} from "./api.js";

/** What opens by a double click first. */
const FORMATS = ["xlsx", "csv", "json", "ndjson", "ics"];

/** @param {() => Record<string, string>} filters Those of the list that is shown. */
export function downloads(filters) {
  const format = h(
    "select",
    {label: "events.downloadAs"},
    ...FORMATS.map((name) => h("option", {value: name, t: `events.format.${name}`})),
  );
  const download = () => {
    const lang = currentLanguage() === "en" ? "en" : "pt";
    // Excel in Portuguese expects semicolons, since the comma is its decimal sign.
    const forPeople = {
      ...(["xlsx", "csv"].includes(format.value) && {lang}),
      ...(format.value === "csv" && lang === "pt" && {delimiter: ";"}),
    };
    const wanted = query({...filters(), format: format.value, ...forPeople});
    location.href = `${PREFIX}/api/v1/eventos/download${wanted}`;
  };
  return h(
    "div.row",
    {},
    h("div", {}, format),
    h("button", {type: "button", t: "events.download", onclick: download}),
  );
}
