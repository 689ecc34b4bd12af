import {NARROWING, whenOf} from "./event-query.js";
import {dayAndTime, fieldName} from "./format.js";
import {t} from "./i18n.js";

/**
 * What a list was narrowed to, in words: for paper, which has no controls.
 *
 * @param {Record<string, string>} params Of the address.
 */
export function filtersInWords(params) {
  const isMonth = params.layout === "month";
  // A month has dates of its own, and says itself which.
  const names = NARROWING.filter((name) => params[name] && !(isMonth && SPAN.includes(name)));
  const said = names.map((name) => `${fieldName(name)}: ${valueOf(name, params[name])}`);
  return [!isMonth && t(`events.when.${whenOf(params)}`), ...said].filter(Boolean).join(" · ");
}

const SPAN = ["from", "to"];

const valueOf = (name, value) => {
  if (name === "q") return `“${value}”`;
  return SPAN.includes(name) ? dayAndTime(value) : value;
};
