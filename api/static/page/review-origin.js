/** Where the rejected rows of a file came from: which imports it may go back to. Pure. */
import {ENDED} from "./import-status.js";
import {folded} from "./folding.js";

/** Columns that a file of rejected rows has beside its own. */
export const OWN_COLUMNS = ["_line", "_record", "_errors", "_extra_cells"];

/** What stands behind the name of an import in that of its rejected rows; a browser may count copies. */
export const SUFFIXES = ["rejected", "rejeitadas"];
const OF_REJECTED = new RegExp(`-(?:${SUFFIXES.join("|")})(?: ?\\(\\d+\\))?$`);

/** An answer: the rows are no import's. */
export const NEW = "new";

/** Candidates that are offered. */
const OFFERED = 8;

/** Whether a file has rows that an import rejected. @param {{columns: {name: string}[]}} preview */
export function hasRejectedRows({columns}) {
  const names = columns.map(({name}) => folded(name));
  return names.includes("_line") && names.includes("_errors");
}

/**
 * The imports that rows of a file may go back to, the likeliest first: of equals the newest.
 *
 * @param {any[]} uploads As the server lists them.
 * @param {{columns: {name: string}[]}} preview
 * @param {string} filename
 * @param {(actor: string) => boolean} mayChange Whether the person may change what somebody sent.
 */
export function originsOf(uploads, {columns}, filename, mayChange) {
  const names = columns.map(({name}) => folded(name)).filter((name) => name && !OWN_COLUMNS.includes(name));
  const fitting = uploads
    .filter((upload) => isMendable(upload) && mayChange(upload.actor) && hasColumns(upload, names))
    .map((upload) => ({...upload, isNamed: isNameOf(upload.filename, filename)}))
    // Rows that came back and failed again are still rejected in their first import.
    .filter(({options, isNamed}) => isNamed || !options.repairs_of);
  return [...fitting.filter(({isNamed}) => isNamed), ...fitting.filter(({isNamed}) => !isNamed)].slice(
    0,
    OFFERED,
  );
}

/** The one import that rows go back to unless somebody says otherwise; "" where that is not clear. */
export function likeliest(origins) {
  const named = origins.filter(({isNamed}) => isNamed);
  const [only, ...others] = named.length ? named : origins;
  return only && !others.length ? only.upload_id : "";
}

/** Whether rejected rows of an import can be mended. */
const isMendable = ({status, rejected, options}) =>
  ENDED.includes(status) && rejected > 0 && !options.dry_run && options.mode !== "atomic";

/** Columns without a name are called by their fields or their places. */
function hasColumns({columns}, names) {
  const known = new Set(
    (columns ?? []).flatMap(({name, field}, at) => [folded(name ?? ""), field ?? "", `#${at + 1}`]),
  );
  return names.length > 0 && names.every((name) => known.has(name));
}

/** Whether a file is called as the rejected rows of an import are. */
function isNameOf(imported, returned) {
  const stem = folded(stemOf(returned));
  return OF_REJECTED.test(stem) && plain(stem.replace(OF_REJECTED, "")) === plain(folded(stemOf(imported)));
}

const stemOf = (name) => name.replace(/^.*[\\/]/, "").replace(/(.)\.[^.]*$/, "$1");

/** Systems replace other characters of a name by ones of their own. */
const plain = (text) => text.replace(/[^\p{L}\p{N}]+/gu, "");
