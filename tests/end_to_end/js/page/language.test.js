import assert from "node:assert/strict";
import {test} from "node:test";
import {LANGUAGES} from "../../../../api/static/page/languages/index.js";
import {
  currentLanguage,
  nextLanguage,
  regional,
  startLanguage,
  switchLanguage,
  t,
} from "../../../../api/static/page/i18n.js";

/** As a person would add it: a tag, words, and what is said of files. */
const spanish = {
  ...LANGUAGES[0],
  tag: "es",
  choose: "Cambiar a español",
  words: {...LANGUAGES[0].words, save: "Guardar"},
};

const page = {documentElement: {lang: ""}, querySelectorAll: () => [], dispatchEvent: () => true};

/** A browser whose reader wants these languages, and chose one before. */
function browser(languages, kept = null) {
  const items = new Map([["fasttrack.language", kept]]);
  const globals = {
    document: page,
    localStorage: {getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value)},
    navigator: {languages},
  };
  for (const [name, value] of Object.entries(globals))
    Object.defineProperty(globalThis, name, {value, configurable: true});
}

LANGUAGES.push(spanish);

for (const [languages, kept, tag] of [
  [["pt-BR"], null, "pt-BR"],
  [["pt-PT", "en"], null, "pt-BR"],
  [["en-GB", "pt-BR"], null, "en"],
  [["fr", "es-MX", "en"], null, "es"],
  [["fr", "de"], null, "en"],
  [[], null, "en"],
  [["pt-BR"], "en", "en"],
  [["pt-BR"], "es", "es"],
  [["pt-BR"], "xx", "pt-BR"],
])
  test(`a browser of ${languages} that kept ${kept} begins in ${tag}`, () => {
    browser(languages, kept);
    startLanguage();
    assert.equal(currentLanguage().tag, tag);
    assert.equal(page.documentElement.lang, tag);
  });

test("the button leads through every language, and asks in the one it leads to", () => {
  browser(["pt-BR"]);
  startLanguage();
  const asked = LANGUAGES.map(() => {
    const {choose} = nextLanguage();
    switchLanguage();
    return [choose, currentLanguage().tag];
  });
  assert.deepEqual(asked, [
    ["Switch to English", "en"],
    ["Cambiar a español", "es"],
    ["Mudar para português", "pt-BR"],
  ]);
  switchLanguage();
  switchLanguage();
  assert.equal(t("save"), "Guardar");
  startLanguage();
  assert.equal(currentLanguage().tag, "es", "what was chosen is kept");
});

test("a week begins by the reader's country, where the browser names one", () => {
  for (const [languages, expected] of [
    [["en-GB"], "en-GB"],
    [["pt-BR", "en-AU"], "en-AU"],
    [["pt-BR"], "en"],
  ]) {
    browser(languages, "en");
    startLanguage();
    assert.equal(regional(), expected);
  }
});

test("a name that is written from right to left does not turn its sentence around", () => {
  browser(["en"]);
  startLanguage();
  assert.equal(t("events.saved", {title: "Mostra"}), "“Mostra” was saved.");
  assert.equal(t("events.saved", {title: "مهرجان"}), "“\u2068مهرجان\u2069” was saved.");
});
