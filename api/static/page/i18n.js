import en from "./words-en.js";
import pt from "./words-pt.js";

const WORDS = {"pt-BR": pt, en};
const KEPT = "fasttrack.language";

let language = "pt-BR";

/** Parameters of the texts that are on the page, so that a switch of language can say them again. */
const said = new WeakMap();

export const currentLanguage = () => language;

/**
 * @param {string} key
 * @param {Record<string, string | number>} [params] Numbers are written as the language writes them.
 * @returns {string} The key itself when nobody translated it.
 */
export function t(key, params = {}) {
  const entry = WORDS[language][key];
  if (entry === undefined) return key;
  const text = typeof entry === "string" ? entry : (entry[plural(params.count)] ?? entry.other);
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in params ? shown(params[name]) : whole));
}

const plural = (count) => new Intl.PluralRules(language).select(Number(count));

const shown = (value) => (typeof value === "number" ? number(value) : String(value));

export const number = (value, options) => new Intl.NumberFormat(language, options).format(value);

/** A sentence of the server, for those who read English: others get the words of its code alone. */
export const inEnglish = (sentence) => (language === "en" ? (sentence ?? "") : "");

/** Whether this key has words. */
export const isKnown = (key) => key in WORDS[language];

/** Names of the parameters that a text speaks of. @param {string} key @returns {string[]} */
export function needs(key) {
  const entry = WORDS[language][key] ?? "";
  const text = typeof entry === "string" ? entry : entry.other;
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
}

/** Put a text on an element; it is said again when the language changes. */
export function say(element, key, params) {
  said.set(element, params);
  element.dataset.t = key;
  const text = t(key, params);
  if (element.textContent !== text) element.textContent = text;
}

/** Say everything below `root` in the current language. */
export function sayAll(root = document) {
  for (const element of root.querySelectorAll("[data-t]")) say(element, element.dataset.t, said.get(element));
  for (const element of root.querySelectorAll("[data-t-label]"))
    element.setAttribute("aria-label", t(element.dataset.tLabel));
}

function preferred() {
  const kept = localStorage.getItem(KEPT);
  if (kept && kept in WORDS) return kept;
  const first = navigator.languages.find((tag) => /^(pt|en)\b/i.test(tag)) ?? "en";
  return first.toLowerCase().startsWith("pt") ? "pt-BR" : "en";
}

/** Begin in the language that was chosen, else in the browser's. */
export function startLanguage() {
  use(preferred());
}

export function switchLanguage() {
  use(language === "en" ? "pt-BR" : "en");
  localStorage.setItem(KEPT, language);
  document.dispatchEvent(new Event("language"));
}

function use(next) {
  language = next;
  document.documentElement.lang = next;
  sayAll();
}
