import {h} from "./dom.js";
import {wallClock} from "./format.js";

/** Years have four digits: without an end the keyboard types six. */
export const LAST_DAY = "9999-12-31";

/** A control for when an event begins. @param {Record<string, any>} [attributes] */
export const dateInput = (attributes = {}) =>
  h("input", {type: "datetime-local", required: true, max: `${LAST_DAY}T23:59`, ...attributes});

/** The picker knows neither seconds nor offsets: what it did not change stays as it was. */
export function dateOf(picked, event) {
  if (event && picked === wallClock(event.event_date)) return event.event_date;
  // A time in UTC was shown by the server's zone, and so is what was picked instead.
  const offset = event?.event_date.match(/[+-]\d\d:\d\d$/)?.[0];
  return picked && offset ? `${picked}:00${offset}` : picked;
}
