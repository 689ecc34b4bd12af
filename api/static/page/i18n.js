import {ENGLISH, LANGUAGES} from "./languages/index.js";

/**
 * A language of the page: all that differs between readers of different languages.
 *
 * @typedef {object} Language
 * @property {string} tag BCP 47; also how numbers and dates are written.
 * @property {string} choose Asks in this language to switch to it.
 * @property {{lang: string, delimiter: string}} files What the server writes for its readers: titles of
 *   columns in the nearest language that it knows, and what parts the cells of a CSV in their Excel.
 * @property {{name: string, rows: (year: number) => string[]}} sample A file to try the import with.
 * @property {Record<string, string | Record<string, string>>} words Texts by key; those that count by
 *   plural category (CLDR). Another number has its forms within a text, where `#` is the number:
 *   `{rejected:one # row is|other # rows are} left`.
 */

const KEPT = "fasttrack.language";

let language = LANGUAGES[0];

/** Parameters of the texts that are on the page, so that a switch of language can say them again. */
const said = new WeakMap();

/** @returns {Language} */
export const currentLanguage = () => language;

/** The reader's own form of the current language where the browser names one: a week begins by country. */
export const regional = () => navigator.languages.find((tag) => isOf(tag, language)) ?? language.tag;

const primary = (tag) => tag.toLowerCase().split("-")[0];

const isOf = (tag, {tag: other}) => primary(tag) === primary(other);

/**
 * @param {string} key
 * @param {Record<string, string | number>} [params] Numbers are written as the language writes them.
 * @returns {string} The key itself when nobody translated it.
 */
export function t(key, params = {}) {
  const entry = language.words[key];
  if (entry === undefined) return key;
  const text = typeof entry === "string" ? entry : formOf(entry, params.count);
  return text.replace(PARAMETER, (whole, name, forms) => {
    if (!(name in params)) return whole;
    const value = shown(params[name]);
    return forms ? formOf(formsIn(forms), params[name]).replaceAll("#", () => value) : value;
  });
}

/** `{name}`, or `{name:one # row|other # rows}`. */
const PARAMETER = /\{(\w+)(?::([^{}]+))?\}/g;

/** @param {string} text @returns {Record<string, string>} By plural category. */
const formsIn = (text) =>
  Object.fromEntries(text.split("|").map((form) => /^(\w+) (.*)$/.exec(form)?.slice(1) ?? ["other", form]));

/** None may have a sentence of its own: Portuguese says 0 as it says 1. */
function formOf(forms, count) {
  if (Number(count) === 0 && "zero" in forms) return forms.zero;
  return forms[new Intl.PluralRules(language.tag).select(Number(count))] ?? forms.other;
}

const shown = (value) => (typeof value === "number" ? number(value) : isolated(String(value)));

/** Letters that are written from right to left: Hebrew, Arabic and their neighbours. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** What is named in a sentence must not turn the sentence around. Source: Unicode UAX 9, isolates. */
const isolated = (text) => (RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text);

export const number = (value, options) => new Intl.NumberFormat(language.tag, options).format(value);

/** A sentence of the server, for those who read English: others get the words of its code alone. */
export const inEnglish = (sentence) => (language === ENGLISH ? (sentence ?? "") : "");

/** Whether this key has words. */
export const isKnown = (key) => key in language.words;

/** Names of the parameters that a text speaks of. @param {string} key @returns {string[]} */
export function needs(key) {
  const entry = language.words[key] ?? "";
  const text = typeof entry === "string" ? entry : entry.other;
  return [...text.matchAll(PARAMETER)].map(([, name]) => name);
}

/** Put a text on an element; it is said again when the language changes. */
export function say(element, key, params) {
  said.set(element, params);
  element.dataset.t = key;
  const text = t(key, params);
  if (element.textContent !== text) element.textContent = text;
}

/** Say everything on the page in the current language. */
function sayAll() {
  for (const element of document.querySelectorAll("[data-t]"))
    say(element, element.dataset.t, said.get(element));
  for (const element of document.querySelectorAll("[data-t-label]"))
    element.setAttribute("aria-label", t(element.dataset.tLabel));
}

function preferred() {
  const kept = LANGUAGES.find(({tag}) => tag === localStorage.getItem(KEPT));
  const spoken = navigator.languages.flatMap((tag) => LANGUAGES.find((one) => isOf(tag, one)) ?? []);
  return kept ?? spoken[0] ?? ENGLISH;
}

/** Begin in the language that was chosen, else in the browser's. */
export function startLanguage() {
  use(preferred());
}

/** The language that comes after the current one, in turn. */
export const nextLanguage = () => LANGUAGES[(LANGUAGES.indexOf(language) + 1) % LANGUAGES.length];

export function switchLanguage() {
  use(nextLanguage());
  localStorage.setItem(KEPT, language.tag);
  document.dispatchEvent(new Event("language"));
}

function use(next) {
  language = next;
  document.documentElement.lang = next.tag;
  sayAll();
}
