import {t} from "./i18n.js";

/** What the review says of a file before it is checked. */

/** What the file was read as. */
export function howRead({
  encoding,
  delimiter,
  sheet,
  kind,
  format,
  date_format: order,
  date_format_line: line,
  header_row: header,
}) {
  const parts = [];
  if (sheet) parts.push(t("mapping.sheet", {sheet}));
  else if (encoding && delimiter) {
    parts.push(t("mapping.detected", {encoding, delimiter: delimiter === "\t" ? "TAB" : delimiter}));
  } else if (kind ?? format) parts.push(t("review.kind", {kind: String(kind ?? format).toUpperCase()}));
  if (header === 0) parts.push(t("review.headerNone"));
  if (header > 1) parts.push(t("review.headerAt", {line: header}));
  if (order === "dmy" || order === "mdy")
    parts.push(t(line ? `review.proved.${order}` : `review.order.${order}`, {line: line ?? ""}));
  return parts.join(" · ");
}

/** A sheet as one chooses it: its name, and how long it is. */
export const sheetOption = (sheet) => {
  const name = sheet.name ?? sheet;
  return [name, sheet.rows === undefined ? name : t("review.sheetRows", {name, count: sheet.rows})];
};
