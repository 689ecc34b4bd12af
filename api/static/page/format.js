import {currentLanguage, number, regional, t} from "./i18n.js";

/** How numbers and times are written for people. */

/** From this on a count is written briefly, as "1.1M": a figure has no more room. */
const LONG = 1e6;

/** A count where there is room for one word. @param {number} count */
export const briefly = (count) =>
  number(count, {notation: count >= LONG ? "compact" : "standard", maximumFractionDigits: 1});

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
export const wallClock = (text) => (text.endsWith("Z") ? serverClock(text) : null) ?? text.slice(0, 16);

/**
 * The day under which a question finds an event, as 2026-12-24: `from` and `to` are days of the server's time
 * zone. It is not that of the venue's clock where that one is in another zone.
 *
 * @param {string} text
 */
export const dayOf = (text) => ((offsetIn(text) && serverClock(text)) || wallClock(text)).slice(0, 10);

/** The offset of a date, as -08:00, or undefined. @param {string} text */
const offsetIn = (text) => /[+-]\d\d:\d\d$/.exec(text)?.[0];

/** The clock of the server's time zone at a moment; null where it is not known. @param {string} text */
function serverClock(text) {
  const zone = globalThis.document?.documentElement.dataset.zone;
  const at = new Date(text);
  if (!zone || Number.isNaN(at.getTime())) return null;
  return clockOf(zone).format(at).replace(" ", "T");
}

/** Made once: it takes longer than what it writes. @type {Map<string, Intl.DateTimeFormat>} */
const clocks = new Map();

/** Swedish writes dates as ISO 8601 does. @param {string} zone */
function clockOf(zone) {
  const known = clocks.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat("sv", {timeZone: zone, dateStyle: "short", timeStyle: "short"});
  clocks.set(zone, made);
  return made;
}

/** The offset of a clock that is not the server's, as people write it: UTC−8, UTC+5:30; else empty. */
function otherZone(text) {
  const offset = offsetIn(text);
  if (!offset || serverClock(text) === wallClock(text)) return "";
  const [, sign, hours, minutes] = /(.)(\d\d):(\d\d)/.exec(offset);
  if (offset.endsWith("00:00")) return "UTC";
  return `UTC${sign === "-" ? "−" : sign}${Number(hours)}${minutes === "00" ? "" : `:${minutes}`}`;
}

/** The day that it is where the events are, as 2026-12-24: a naive time counts in the server's time zone. */
export const today = () => wallClock(new Date().toISOString()).slice(0, 10);

/**
 * The parts of a date as people read them; `clock` is its time with its offset, where that is of another zone
 * than the server's.
 */
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
    clock: [time, otherZone(text)].filter(Boolean).join(" "),
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

/** Two digits of a year say which one it is this far from today. */
const YEARS_NEAR = 50;

/** @param {string} text As "2027-01". */
export function monthName(text) {
  const [, year, month] = /^(\d{4})-(\d\d)/.exec(text) ?? [];
  if (!year) return text;
  const isNear = Math.abs(Number(year) - Number(today().slice(0, 4))) < YEARS_NEAR;
  const name = new Intl.DateTimeFormat(currentLanguage().tag, {month: "short", timeZone: "UTC"}).format(
    new Date(Date.UTC(+year, +month - 1, 1)),
  );
  return `${name.replace(".", "")} ${isNear ? year.slice(2) : year}`;
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
