import {FIELDS, memberOf} from "./review-model.js";
import {fieldName, weekdayAndTime} from "./format.js";
import {h} from "./dom.js";
import {reasonOf} from "./problem-words.js";
import {t} from "./i18n.js";

const ROWS = 20;

/**
 * The first rows of a file as they would be read, in the fields that columns or values are chosen for.
 *
 * @param {any} preview As the server answers it.
 * @param {import("./review-model.js").Review} review
 */
export function firstRows({rows = [], fault}, review) {
  if (!rows.length) return h("p.empty", {}, fault ? reasonOf(fault) : t("none"));
  const shown = FIELDS.filter(
    (field) => field !== "event_time" && (review.has(field) || review.defaults[field]),
  );
  const first = rows.slice(0, ROWS);
  const hasFaults = first.some(({errors}) => errors?.length);
  const head = h(
    "tr",
    {},
    h("th", {t: "rejects.line"}),
    // Beside the line: the last of many columns is out of sight.
    hasFaults && h("th", {t: "rejects.reason"}),
    ...shown.map((name) => h("th", {t: `field.${name}`})),
  );
  const body = first.map((row) => rowOf(row, {shown, review, hasFaults}));
  return h(
    "div.tables",
    {tabindex: "0", role: "region", label: "mapping.rows", "data-keep": "rows"},
    h("table", {}, h("thead", {}, head), h("tbody", {}, ...body)),
  );
}

function rowOf(row, {shown, review, hasFaults}) {
  const {line, errors} = row;
  const reasons = (errors ?? []).map((error) => `${fieldName(error.field)} ${reasonOf(error)}`).join("; ");
  return h(
    `tr${errors?.length ? ".faulty" : ""}`,
    {},
    h("td.numbers", {}, String(line)),
    hasFaults && h("td.reasons", {}, reasons),
    ...shown.map((name) => h("td.clip", {}, asRead(row, name, review))),
  );
}

/** Dates and flags as people read them: what the cells say stands among the columns above. */
function asRead(row, name, review) {
  const value = valueIn(row, name, review);
  if (!row.event) return value;
  if (name === "event_date") return weekdayAndTime(value);
  return name === "local_info.is_accessible" && value ? t(value === "true" ? "yes" : "no") : value;
}

/** What a row has for a field: as it was read, or of a faulty row the cell itself. */
function valueIn({event, cells}, field, review) {
  if (!event) {
    const at = review.columns.findIndex((column) => column.field === field);
    return (at >= 0 ? cells?.[at] : "") || review.defaults[field] || "";
  }
  return memberOf(event, field);
}
