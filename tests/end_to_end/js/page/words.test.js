import assert from "node:assert/strict";
import {readdirSync, readFileSync} from "node:fs";
import {test} from "node:test";
import en from "../../../../api/static/page/words-en.js";
import pt from "../../../../api/static/page/words-pt.js";
import {VENUE_TYPES} from "../../../../api/static/page/venue-types.js";

const ROOT = new URL("../../../../", import.meta.url);
const read = (path) => readFileSync(new URL(path, ROOT), "utf8");
const sources = (folder) => readdirSync(new URL(folder, ROOT)).filter((name) => /\.(js|html)$/.test(name)).map((name) => read(folder + name));

/** Codes of problems, as the domain names them. */
const CODES = ["control_character", "invalid_unicode", "required", "too_long", "too_short", "invalid_date", "date_out_of_range",
  "too_many_items", "invalid_json", "duplicate_key", "invalid_type", "out_of_range", "unknown_venue_type", "encoding_error",
  "malformed_quote", "unclosed_quote", "missing_cells", "extra_cells", "empty_file", "not_text", "missing_columns",
  "duplicate_columns", "too_many_columns", "too_large", "interrupted"];

for (const [name, words] of Object.entries({pt, en})) {
  test(`every code of a problem has words in ${name}`, () => {
    assert.deepEqual(CODES.filter((code) => !words[`error.${code}`]), []);
  });
}

test("both languages have the same keys and the same parameters", () => {
  assert.deepEqual(Object.keys(pt).sort(), Object.keys(en).sort());
  const parameters = (words, key) => [...JSON.stringify(words[key]).matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
  for (const key of Object.keys(pt)) assert.deepEqual(new Set(parameters(pt, key)), new Set(parameters(en, key)), key);
});

test("every key that the page names has words", () => {
  const named = [...sources("api/static/page/"), ...sources("api/static/diagnose/")].flatMap((text) =>
    [...text.matchAll(/(?:\bt: \[?|\bt\(|say\(\w+(?:\.\w+)*, |label: |data-t(?:-label)?=|announce\()"([\w.]+)"/g)].map(([, key]) => key));
  assert.ok(named.length > 100);
  assert.deepEqual([...new Set(named)].filter((key) => !(key in en)), []);
});

test("no module of the page parses markup", () => {
  for (const text of sources("api/static/page/")) assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b/);
});

test("venue types are those of the domain", () => {
  const domain = read("domain/venues.py");
  for (const name of VENUE_TYPES) assert.ok(domain.includes(`"${name}"`), name);
});
