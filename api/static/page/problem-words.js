import {bytes, dayAndTime, fieldName} from "./format.js";
import {currentLanguage, inEnglish, isKnown, needs, t} from "./i18n.js";

/**
 * Problems in the reader's language: exactly, by code, rule and parameters; in general, by the code alone,
 * where many are told as one.
 *
 * @typedef {{code?: string, rule?: string | null, field?: string, value?: string | null, message?: string,
 *   params?: Record<string, any> | null}} Told A problem, or why an import or a task failed.
 */

const listed = (items) => [items].flat().join(", ");

/** Parameters that are codes or amounts, as they stand in a sentence. */
const SHOWN = {
  field: fieldName,
  // An empty one could not be seen in a sentence.
  value: (text) => (text?.trim() === "" ? `“${text}”` : text),
  fields: (fields) => listed([fields].flat().map(fieldName)),
  one: dayAndTime,
  other: dayAndTime,
  target: fieldName,
  targets: (fields) => listed([fields].flat().map(fieldName)),
  used_as: fieldName,
  known: listed,
  columns: listed,
  names: listed,
  status: (status) => t(`state.${status}`),
  role: (role) => t(`role.${role}`),
  own: (role) => t(`role.${role}`),
  kind: (kind) => t(`kind.${kind}`),
  advice: (advice) => t(`advice.${advice}`),
  why: (why) => t(`why_not_json.${why}`),
  is_one: (day) => t(`weekday.${day}`),
  not_one: (day) => t(`weekday.${day}`),
  limit_bytes: bytes,
  length_bytes: bytes,
  offset_bytes: bytes,
  id: String,
};

/** Words of a sentence, or null where they, or what they speak of, are not there: of an earlier version. */
function worded(key, params) {
  if (!isKnown(key) || !needs(key).every((name) => params[name] != null)) return null;
  const shown = Object.entries(params).map(([name, value]) => [name, SHOWN[name]?.(value) ?? value]);
  return t(key, Object.fromEntries(shown));
}

/** @param {Told} problem @returns {string | null} */
export function exactWords({code, rule, field, value, params}) {
  const told = {...params, field, value: value ?? params?.value ?? null};
  return worded(`exact.${code}${rule ? `.${rule}` : ""}`, told);
}

/** What a kind of problem is; some rules have words of their own for a field. @param {Told} problem */
export function generalWords({code, field, message}) {
  const key = [`error.${code}.${field}`, `error.${code}`].find(isKnown);
  return key ? t(key) : (message ?? "");
}

/** What is wrong with one value, row or file, and what to do. @param {Told} problem */
export const reasonOf = (problem) => exactWords(problem) ?? generalWords(problem);

/** The same beside the control of a form, which has no cells and no quotes. @param {Told} problem */
export const reasonInForm = (problem) =>
  worded(`form.${problem.code}.${problem.rule}`, problem.params ?? {}) ?? reasonOf(problem);

/** What is offered instead of a value: dates as people read them. @param {{field?: string}} problem */
export const offerText = ({field}, text) => (field === "event_date" ? dayAndTime(text) : text);

/** What there is beyond the words of a code, where those are all: the value. @param {Told} problem */
export function moreOf(problem) {
  if (exactWords(problem)) return "";
  const value = problem.value ?? problem.params?.value;
  return inEnglish(problem.message) || (value ? `“${value}”` : "");
}

/** @param {Partial<import("./api.js").Fault>} fault @returns {string} Why a call failed. */
export function faultText({status, detail, code, kind, rule, params, errors = []}) {
  if (!status) return t("fault.network");
  const [first] = errors;
  const exact = first ? exactWords(first) : worded(`refused.${kind}.${rule}`, params ?? {});
  if (exact) return isSentence(exact) ? exact : [fieldOf(first), exact].filter(Boolean).join(" ");
  const key = [`error.${code}`, `fault.${kind}`].find(isKnown);
  if (!key) return t("fault.other", {detail: inEnglish(detail) || String(status)});
  const field = key === `error.${code}` ? fieldOf(first) : "";
  return [field, t(key), inEnglish(detail) && `(${detail})`].filter(Boolean).join(" ");
}

const fieldOf = (problem) => (problem?.field ? fieldName(problem.field) : "");

/** Words about a file or a request stand alone; those about a field follow its name. */
const isSentence = (words) =>
  words.endsWith(".") && words[0] !== words[0].toLocaleLowerCase(currentLanguage().tag);
