/** What the list of events is asked for, as the address holds it. Pure. */

import {folded} from "./folding.js";

export const FILTERS = [
  "q",
  "city",
  "from",
  "to",
  "venue_type",
  "upload_id",
  "sort",
  "when",
  "layout",
  "month",
];

/** Orders that a person can choose, and the keys of their names; the first is that of the span. */
export const SORTS = [
  ["", "events.bySpan"],
  ["event_date", "events.byDate"],
  ["-event_date", "events.byDateDown"],
  ["title", "events.byTitle"],
  ["-id", "events.byNew"],
];

/** Characters of a filter that the server reads. */
export const LONGEST_SEARCH = 200;

/** Which events, by when they are; the first is what a person sees who asks for nothing. */
export const WHEN = ["upcoming", "past", "all"];

/** @param {string} today As 2026-07-01, by the server's clock. */
export function questionOf(params, today) {
  const {city, venue_type, upload_id, sort} = params;
  const q = isSought(params.q ?? "") ? params.q : undefined;
  const isMonth = params.layout === "month";
  const isPast = !isMonth && whenOf(params) === "past";
  return {
    q,
    city,
    venue_type,
    upload_id,
    ...(isMonth ? daysOf(monthOf(params, today)) : spanOf(params, today)),
    sort: sort || (isPast ? "-event_date" : "event_date"),
  };
}

function spanOf(params, today) {
  const when = whenOf(params);
  const to = params.to || (when === "past" ? `${today}T00:00` : "");
  return {from: params.from || (when === "upcoming" ? today : ""), to};
}

/** The month that a calendar shows, as 2026-07. */
export const monthOf = ({month}, today) => (isCalendarMonth(month) ? month : today.slice(0, 7));

/** The first and the last day of a month. */
function daysOf(month) {
  const [year, number] = month.split("-").map(Number);
  const last = new Date(Date.UTC(year, number, 0)).getUTCDate();
  return {from: `${month}-01`, to: `${month}-${last}`};
}

/**
 * What an answer must match for a choice of events to be about what is seen: the order of the list does not
 * matter.
 */
export const scopeOf = ({sort: _sort, ...question}, layout = "") => JSON.stringify([question, layout]);

/** Whether a text has more than blanks and accents: the server refuses those, and people begin with them. */
const isSought = (text) =>
  text
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .trim() !== "";

/** A span of dates, or an import, means what it says: also what is over. */
export function whenOf({when, from, to, upload_id: upload}) {
  if (WHEN.includes(when)) return when;
  return from || to || upload ? "all" : "upcoming";
}

/** Members of the address by which somebody narrows the list: not its order, nor its layout. */
export const NARROWING = ["q", "city", "from", "to", "venue_type", "upload_id"];

/** Whether there is something to clear: also an order that nobody can choose. */
export const isFiltered = (params) =>
  NARROWING.some((name) => params[name]) || !SORTS.some(([name]) => name === (params.sort ?? ""));

/** @param {string} [month] As 2026-07. */
export const isCalendarMonth = (month = "") => /^\d{4}-(?:0[1-9]|1[0-2])$/.test(month);

/** @param {string} month As 2026-07. @param {number} by Months. */
export function monthAfter(month, by) {
  const [year, number] = month.split("-").map(Number);
  const date = new Date(Date.UTC(year, number - 1 + by, 1));
  return `${date.getUTCFullYear()}-${String(date.getUTCMonth() + 1).padStart(2, "0")}`;
}

/** @param {string} day As 2026-07-01. @param {number} by Days. */
export const dayAfter = (day, by) =>
  new Date(Date.parse(`${day}T00:00:00Z`) + by * 86_400_000).toISOString().slice(0, 10);

/**
 * Where a key leads from a day of a month: a day or a week on, to an end of its week, a month on; null for
 * any other key. A month that has no such day leads to its last.
 *
 * @param {string} key As events name it.
 * @param {string} day As 2026-07-01.
 * @param {string[][]} weeks Those of the month.
 * @returns {string | null}
 */
export function dayByKey(key, day, weeks) {
  const by = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7}[key];
  if (by) return dayAfter(day, by);
  const week = weeks.find((days) => days.includes(day));
  if (key === "Home") return week?.[0] ?? null;
  if (key === "End") return week?.[6] ?? null;
  if (key !== "PageUp" && key !== "PageDown") return null;
  const month = monthAfter(day.slice(0, 7), key === "PageUp" ? -1 : 1);
  const last = dayAfter(`${monthAfter(month, 1)}-01`, -1);
  return `${month}-${day.slice(8)}` > last ? last : `${month}-${day.slice(8)}`;
}

/**
 * The weeks of a month, each of seven days, those of the months beside it included.
 *
 * @param {string} month As 2026-07.
 * @param {number} firstWeekday 0 for Sunday.
 * @returns {string[][]}
 */
export function weeksOf(month, firstWeekday) {
  const [year, number] = month.split("-").map(Number);
  const first = new Date(Date.UTC(year, number - 1, 1));
  const lead = (first.getUTCDay() - firstWeekday + 7) % 7;
  const days = new Date(Date.UTC(year, number, 0)).getUTCDate();
  const weeks = Math.ceil((lead + days) / 7);
  const dayAt = (at) => new Date(Date.UTC(year, number - 1, 1 - lead + at)).toISOString().slice(0, 10);
  return Array.from({length: weeks}, (_, week) => [0, 1, 2, 3, 4, 5, 6].map((day) => dayAt(week * 7 + day)));
}

/** Cities that a person may mean: those that begin so first, then those that have it inside. */
export function citiesLike(cities, text, limit = 8) {
  const wanted = folded(text);
  const begins = cities.filter(({city}) => folded(city).startsWith(wanted));
  const within = cities.filter(({city}) => !folded(city).startsWith(wanted) && folded(city).includes(wanted));
  return [...begins, ...within].slice(0, limit);
}
