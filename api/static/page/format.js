import {currentLanguage, number, regional, t} from "./i18n.js";

/** How numbers and times are written for people. */

export function bytes(count) {
  const units = ["B", "KB", "MB", "GB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, count)) / 10));
  return `${number(count / 1024 ** power, {maximumFractionDigits: power ? 1 : 0})} ${units[power]}`;
}

/** @param {number | null} seconds */
export function duration(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return "–";
  if (seconds < 0.95) return `${number(Math.round(seconds * 1000))} ms`;
  if (seconds < 10) return `${number(seconds, {maximumFractionDigits: 1})} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${number(seconds / 3600, {maximumFractionDigits: 1})} h`;
}

/** A whole date, or a time of day, is written as the reader's country writes it. */
export function moment(text) {
  return new Intl.DateTimeFormat(regional(), {dateStyle: "medium", timeStyle: "short"}).format(
    new Date(text),
  );
}

export function clock(text) {
  return new Intl.DateTimeFormat(regional(), {timeStyle: "medium"}).format(new Date(text));
}

/**
 * The wall clock at the venue, as 2026-12-24T19:00: the digits of the date, never moved to the reader's time
 * zone. UTC is no venue's clock but that of programs: it is shown by the server's time zone.
 *
 * @param {string} text
 */
export function wallClock(text) {
  const zone = globalThis.document?.documentElement.dataset.zone;
  const at = text.endsWith("Z") && zone ? new Date(text) : null;
  if (!at || Number.isNaN(at.getTime())) return text.slice(0, 16);
  // Swedish writes dates as ISO 8601 does.
  const said = new Intl.DateTimeFormat("sv", {timeZone: zone, dateStyle: "short", timeStyle: "short"});
  return said.format(at).replace(" ", "T");
}

/** The day that it is where the events are, as 2026-12-24: a naive time counts in the server's time zone. */
export const today = () => wallClock(new Date().toISOString()).slice(0, 10);

/** The parts of a date as people read them. */
export function venueTime(text) {
  const [, year, month, day, time] = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d:\d\d)/.exec(wallClock(text)) ?? [];
  if (!year) return null;
  const date = new Date(Date.UTC(+year, +month - 1, +day));
  const part = (options) =>
    new Intl.DateTimeFormat(currentLanguage().tag, {timeZone: "UTC", ...options}).format(date);
  return {
    day: String(+day),
    month: part({month: "short"}).replace(".", ""),
    year,
    weekday: part({weekday: "short"}).replace(".", ""),
    time,
  };
}

/** The same in one text, or a day alone; what is no date stays as it is. @param {string} text */
export function dayAndTime(text) {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text);
  const at = venueTime(isDay ? `${text}T00:00` : text);
  if (!at) return text;
  return `${at.day} ${at.month} ${at.year}${isDay ? "" : `, ${at.time}`}`;
}

/** The same with the weekday, which tells a person at once whether a date was read rightly. */
export function weekdayAndTime(text) {
  const at = venueTime(text);
  return at ? `${at.weekday}, ${dayAndTime(text)}` : text;
}

/** @param {string} text As "2027-01". */
export function monthName(text) {
  const [, year, month] = /^(\d{4})-(\d\d)/.exec(text) ?? [];
  if (!year) return text;
  const name = new Intl.DateTimeFormat(currentLanguage().tag, {month: "short", timeZone: "UTC"}).format(
    new Date(Date.UTC(+year, +month - 1, 1)),
  );
  return `${name.replace(".", "")} ${year.slice(2)}`;
}

/** @param {string} month As "2027-01". */
export const monthInFull = (month) =>
  new Intl.DateTimeFormat(currentLanguage().tag, {month: "long", year: "numeric", timeZone: "UTC"}).format(
    new Date(`${month}-01T00:00:00Z`),
  );

/** The name of a field, as docs/files.md names it. */
export function fieldName(field) {
  const known = t(`field.${field}`);
  return known === `field.${field}` ? (field ?? "") : known;
}
