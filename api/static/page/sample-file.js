import {currentLanguage} from "./i18n.js";

/** A small file as people have them, with what the review is for: a title row, a time column, some faults. */
export function sampleFile() {
  const {name, rows} = currentLanguage().sample;
  return new File([rows(new Date().getFullYear() + 1).join("\r\n")], name, {type: "text/csv"});
}
