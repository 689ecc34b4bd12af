import assert from "node:assert/strict";
import {readdirSync, readFileSync} from "node:fs";
import {test} from "node:test";
import {ENGLISH, LANGUAGES} from "../../../../api/static/page/languages/index.js";
import * as review from "../../../../api/static/page/review-model.js";
import {OWN_COLUMNS, SUFFIXES} from "../../../../api/static/page/review-origin.js";
import {VENUE_TYPES} from "../../../../api/static/page/venue-types.js";

const en = ENGLISH.words;
const ROOT = new URL("../../../../", import.meta.url);
const read = (path) => readFileSync(new URL(path, ROOT), "utf8");
const sources = (folder) =>
  readdirSync(new URL(folder, ROOT))
    .filter((name) => /\.(js|html)$/.test(name))
    .map((name) => read(folder + name));

/** Codes of problems, as the document of files names them; of warnings, as their sources do. */
const DOCUMENT = read("docs/files.md");
const ERRORS = [
  ...DOCUMENT.slice(DOCUMENT.indexOf("## Errors")).matchAll(/^\| ((?:`[a-z_]+`,? ?)+)\|/gm),
].flatMap(([, cells]) => [...cells.matchAll(/`([a-z_]+)`/g)].map(([, code]) => code));
const WARNINGS = ["domain/rows/warnings.py", "api/services/imports/progress.py"].flatMap((path) =>
  [...read(path).matchAll(/(?:^ {4}"(?=[a-z_]+": ["(])|"code": "|^[A-Z_]+ = ")([a-z_]+)"/gm)].map(
    ([, code]) => code,
  ),
);

/** Codes of problems where the server makes them: a name or a field, then the code. */
const pythonOf = (folder) =>
  readdirSync(new URL(folder, ROOT), {recursive: true, encoding: "utf8"})
    .filter((name) => name.endsWith(".py"))
    .map((name) => read(`${folder}/${name}`));
const PYTHON = [...pythonOf("api"), ...pythonOf("domain")];
const codesOf = (pattern) => [
  ...new Set(PYTHON.flatMap((text) => [...text.matchAll(pattern)].map(([, code]) => code))),
];
/** Sentences of the server by their keys, each with the names of its parameters. */
const sentencesIn = (path, name) =>
  Object.fromEntries(
    [
      ...read(path)
        .split(`${name}: Mapping`)[1]
        .matchAll(/^ {4}"([a-z_.-]+)": (\((?:\n {8}.*)+\n {4}\)|.*),$/gm),
    ].map(([, key, text]) => [key, parametersOf(text)]),
  );
const parametersOf = (text) =>
  new Set([...text.matchAll(/\{(\w+)(?=[:}])/g)].map(([, parameter]) => parameter));
const EXACT = sentencesIn("domain/sentences.py", "SENTENCES");
const REFUSED = sentencesIn("api/http/refusal_sentences.py", "REFUSALS");

/** What stands beside the words in the page: the name of the field, and what was there. */
const BESIDE = ["field", "value"];

const PROBLEMS = codesOf(/\bProblem\(\s*[^,()]*(?:\([^()]*\))?[^,()]*,\s*"([a-z_]+)"/g);
const REFUSALS = codesOf(/\b(?:ImportRefused|TaskFailed)Error\(\s*"([a-z_]+)"/g);

/** Codes that stand by themselves: of refusals that are problem documents, and of imports that end. */
const NAMED = codesOf(/\bcode="([a-z_]+)"/g);

/** Fields that some words of a code are for: those that have a name, and what a webhook delivers. */
const FIELDS = new Set([
  "feeds",
  ...Object.keys(en)
    .filter((key) => key.startsWith("field."))
    .map((key) => key.slice("field.".length)),
]);

/** Kinds of refusals, of which a problem document names one. */
const KINDS = [...read("api/http/problems.py").matchAll(/^ {4}"([a-z-]+)": Kind\(/gm)].map(
  ([, kind]) => kind,
);

/** Steps of tasks, by their codes. */
const STEPS = [
  ...read("api/services/task_sentences.py")
    .split("STEPS = {")[1]
    .split("}")[0]
    .matchAll(/"([a-z.]+)": /g),
].map(([, code]) => `step.${code}`);

const SENTENCES = ["api/services/imports/sentences.py", "api/services/task_sentences.py"].flatMap((path) =>
  [
    ...read(path)
      .split("STEPS = {")[0]
      .matchAll(/^ {4}"([a-z_.]+)": /gm),
  ].map(([, code]) => `log.${code}`),
);
const PROTOCOL = read("docs/feed-protocol.md");
const NOTICES = [
  ...PROTOCOL.slice(PROTOCOL.indexOf("| `kind` of a `notification`")).matchAll(
    /^\| ((?:`[a-z_.]+`(?:, )?)+) \|/gm,
  ),
]
  .flatMap(([, cells]) => [...cells.matchAll(/`([a-z_.]+)`/g)].map(([, kind]) => `notice.${kind}`))
  .flatMap((key) =>
    key === "notice.bulk_change"
      ? ["batch", "replace", "delete", "undo"].map((each) => `${key}.${each}`)
      : [key],
  )
  .flatMap((key) => [key, `${key}.title`]);

test("the codes are found where they are said", () => {
  assert.ok(ERRORS.includes("ambiguous_date") && ERRORS.includes("empty_file") && ERRORS.length > 30);
  assert.ok(WARNINGS.includes("total_row") && WARNINGS.includes("ignored_columns") && WARNINGS.length > 12);
  assert.ok(PROBLEMS.includes("invalid_option") && PROBLEMS.includes("invalid_value"));
  assert.ok(Object.keys(EXACT).length > 100 && EXACT["too_long.cell"].has("limit"));
  assert.ok(Object.keys(REFUSED).length > 15 && REFUSED["forbidden.role"].has("role"));
  assert.ok(REFUSALS.includes("wrong_offset") && REFUSALS.includes("bad_option"));
  assert.ok(KINDS.includes("not-found") && KINDS.length > 20);
  assert.ok(STEPS.includes("step.analysis.concluding") && STEPS.length > 3);
  assert.ok(SENTENCES.includes("log.import.queued") && SENTENCES.includes("log.check.found"));
  assert.ok(NOTICES.includes("notice.user.added") && NOTICES.includes("notice.webhook.gap.title"));
});

for (const {tag: name, words} of LANGUAGES) {
  test(`every sentence of the server has words in ${name}`, () => {
    assert.deepEqual(
      [...SENTENCES, ...NOTICES, ...STEPS, ...KINDS.map((kind) => `fault.${kind}`)].filter(
        (key) => !words[key],
      ),
      [],
    );
  });

  test(`every code of a problem has words in ${name}`, () => {
    assert.deepEqual(
      [...ERRORS, ...PROBLEMS, ...REFUSALS, ...Object.keys(EXACT).map((key) => key.split(".")[0])].filter(
        (code) => !words[`error.${code}`],
      ),
      [],
    );
    assert.deepEqual(
      WARNINGS.filter((code) => !words[`warning.${code}`]),
      [],
    );
  });
}

/** Words of a code that say a part of what it may mean, by what the page knows besides (server-words.js). */
const PARTS = ["notice.import.failed", "notice.import.unread", "notice.task.check"].flatMap((key) => [
  key,
  `${key}.title`,
]);

test("all words for what the server says are for something that it says", () => {
  const errors = new Set([
    ...[...ERRORS, ...PROBLEMS, ...REFUSALS, ...NAMED],
    ...Object.keys(EXACT).map((key) => key.split(".")[0]),
  ]);
  const known = {
    error: (rest) =>
      errors.has(rest) || (errors.has(rest.split(".")[0]) && FIELDS.has(rest.replace(/^\w+\./, ""))),
    warning: (rest) => WARNINGS.includes(rest),
    notice: (rest) => [...NOTICES, ...PARTS].includes(`notice.${rest}`),
    log: (rest) => SENTENCES.includes(`log.${rest}`),
    step: (rest) => STEPS.includes(`step.${rest}`),
    fault: (rest) => KINDS.includes(rest) || ["network", "other"].includes(rest),
  };
  const unsaid = Object.keys(en).filter((key) => {
    const [, kind, rest] = /^(\w+)\.(.+)$/.exec(key) ?? [];
    return kind in known && !known[kind](rest);
  });
  assert.deepEqual(unsaid, []);
});

for (const {tag: name, words} of LANGUAGES) {
  for (const [kind, sentences] of Object.entries({exact: EXACT, refused: REFUSED})) {
    test(`each rule has words in ${name} that say all that the server says (${kind})`, () => {
      const keys = Object.keys(words).filter((key) => key.startsWith(`${kind}.`));
      assert.deepEqual(
        keys.sort(),
        Object.keys(sentences)
          .map((key) => `${kind}.${key}`)
          .sort(),
      );
      for (const [key, told] of Object.entries(sentences)) {
        const said = parametersOf(JSON.stringify(words[`${kind}.${key}`]));
        const missing = [...told].filter((each) => !said.has(each) && !BESIDE.includes(each));
        const unknown = [...said].filter((each) => !told.has(each) && !BESIDE.includes(each));
        assert.deepEqual({missing, unknown}, {missing: [], unknown: []}, key);
      }
    });
  }
}

test("words for a form are those of a rule, without what only a file has", () => {
  for (const {words} of LANGUAGES) {
    const keys = Object.keys(words).filter((key) => key.startsWith("form."));
    assert.ok(keys.length > 0);
    assert.deepEqual(
      keys.filter((key) => !EXACT[key.slice("form.".length)]),
      [],
    );
    for (const key of keys) assert.doesNotMatch(JSON.stringify(words[key]), /quote|cell|aspas|célula/);
  }
});

test("each phrase in a sentence has words", () => {
  const phrases = read("domain/phrases.py");
  const codesIn = (name) =>
    [
      ...phrases
        .split(`"${name}": {`)[1]
        .split("    },")[0]
        .matchAll(/^ {8}"(\w+)": /gm),
    ].map(([, code]) => code);
  for (const [name, kind] of Object.entries({kind: "kind", advice: "advice", why: "why_not_json"})) {
    const keys = Object.keys(en).filter((key) => key.startsWith(`${kind}.`));
    assert.ok(keys.length > 5);
    assert.deepEqual(
      keys.sort(),
      codesIn(name)
        .map((code) => `${kind}.${code}`)
        .sort(),
    );
  }
});

test("steps of tasks are those of the kinds of tasks", () => {
  const told = codesOf(/report\.progress\([^"]*"([^"]+)"/g);
  assert.deepEqual(told.map((code) => `step.${code}`).sort(), [...STEPS].sort());
});

test("every language has the same keys and the same parameters", () => {
  for (const {tag, words} of LANGUAGES) {
    assert.deepEqual(Object.keys(words).sort(), Object.keys(en).sort(), tag);
    for (const key of Object.keys(en))
      assert.deepEqual(
        parametersOf(JSON.stringify(words[key])),
        parametersOf(JSON.stringify(en[key])),
        `${tag} ${key}`,
      );
  }
});

test("one thing has one name in a language", () => {
  for (const {tag, words} of LANGUAGES)
    for (const [one, ...others] of [
      ["events.when.upcoming", "dashboard.upcoming", "result.upcoming"],
      ["events.venue", "field.venue_type", "field.local_info.venue_type"],
    ])
      for (const other of others) assert.equal(words[other], words[one], `${tag} ${other}`);
});

test("what is deleted in Portuguese is so by one word, which its button has", () => {
  const {words} = LANGUAGES.find(({tag}) => tag === "pt-BR");
  assert.equal(words.delete, "Excluir");
  // Text in a cell or a file is no thing that a button deletes.
  const others = Object.entries(words).filter(
    ([key, text]) => !key.startsWith("exact.") && /\bapag(?:a|u)/i.test(JSON.stringify(text)),
  );
  assert.deepEqual(others, []);
});

test("every file of a language is listed", () => {
  const files = readdirSync(new URL("api/static/page/languages", ROOT));
  const whole = files.filter((name) => name !== "index.js" && !name.endsWith("-problems.js"));
  assert.deepEqual(whole.sort(), LANGUAGES.map(({tag}) => `${tag.toLowerCase()}.js`).sort());
});

test("a text that counts has words for each number of its language", () => {
  for (const {tag, words} of LANGUAGES) {
    const categories = new Intl.PluralRules(tag).resolvedOptions().pluralCategories;
    for (const [key, entry] of Object.entries(words))
      if (typeof entry !== "string")
        assert.ok(
          "other" in entry && Object.keys(entry).every((one) => one === "zero" || categories.includes(one)),
          `${tag} ${key}`,
        );
  }
});

/** Parameters that count nothing: texts, codes, moments, sizes with their unit, and numbers of things. */
const NO_COUNTS = new Set(
  `actor address advice answer at because better by bytes cell choices cities city column columns day
  delimiter detail dialect encoding ending event_date event_id example feeds field fields filename
  filters format id is_one kind known label length_bytes limit_bytes line meant month name names not_one
  offset offset_bytes one other own place position proof reason record role server sheet status target
  targets task time title transport unfit upcoming url used_as user value what why zone high low date
  before`.split(/\s+/),
);

/** Sentences with a count beside which no word depends on it, whatever the number. */
const FITS_ANY = new Set([
  "watch.of done",
  "watch.of total",
  "events.capacity count",
  "exact.missing_cells width",
  "exact.extra_cells width",
  "exact.extra_cells.no_header width",
]);

/** What may follow a number, whatever it is. */
const AFTER_ANY = {
  en: /^ (?:accepted|rejected|deleted|restored|changed|equal|cannot|can|of \{|KiB|MiB|s\b)/,
  "pt-BR": /^ (?:não|com|de \{|KiB|MiB|s\b)/,
};

/** After a colon, in brackets or with a sign a number stands for itself, unless a word follows. */
const isAlone = (before, after) => /(?:: |\(|#)$/.test(before) && !/^ \p{L}/u.test(after);

for (const {tag, words} of LANGUAGES)
  test(`words agree with their numbers in ${tag}: a count has forms, or stands alone`, () => {
    const rigid = [];
    for (const [key, entry] of Object.entries(words)) {
      const texts = typeof entry === "string" ? [entry] : Object.values(entry);
      for (const text of texts)
        for (const {1: name, index, 0: whole} of text.matchAll(/\{(\w+)\}/g)) {
          const hasForms = text.includes(`{${name}:`) || (typeof entry !== "string" && name === "count");
          const after = text.slice(index + whole.length);
          const stands = isAlone(text.slice(0, index), after) || AFTER_ANY[tag].test(after);
          if (!hasForms && !stands && !NO_COUNTS.has(name) && !FITS_ANY.has(`${key} ${name}`))
            rigid.push(`${key} ${name}: ${text}`);
        }
    }
    assert.deepEqual(rigid, []);
  });

test("the forms of a number are those of its language, and every number has one", () => {
  for (const {tag, words} of LANGUAGES) {
    const categories = ["zero", ...new Intl.PluralRules(tag).resolvedOptions().pluralCategories];
    for (const [, name, forms] of JSON.stringify(words).matchAll(/\{(\w+):([^{}]+)\}/g)) {
      const named = forms.split("|").map((form) => /^([a-z]+) /.exec(form)?.[1]);
      assert.ok(
        named.includes("other") && named.every((one) => categories.includes(one)),
        `${name}: ${forms}`,
      );
    }
  }
});

test("every key that the page names has words", () => {
  const named = [...sources("api/static/page/"), ...sources("api/static/diagnose/")].flatMap((text) =>
    [
      ...text.matchAll(
        /(?:\bt: \[?|\bt\(|say\(\w+(?:\.\w+)*, |label: |data-t(?:-label)?=|announce\()"([\w.]+)"/g,
      ),
    ].map(([, key]) => key),
  );
  assert.ok(named.length > 100);
  assert.deepEqual(
    [...new Set(named)].filter((key) => !(key in en)),
    [],
  );
});

/** Texts that are put together when they are used, such as `watch.${name}`: their beginnings. */
const beginningsIn = (texts) =>
  texts.flatMap((text) => [...text.matchAll(/`([a-z][\w.]*\.)\$\{/g)].map(([, beginning]) => beginning));

test("every word and every size and colour of the page is used", () => {
  const modules = [...sources("api/static/page/"), ...sources("api/static/diagnose/")];
  const beginnings = beginningsIn(modules);
  const text = modules.join("\n");
  assert.deepEqual(
    Object.keys(en).filter(
      (key) => !text.includes(`"${key}"`) && !beginnings.some((beginning) => key.startsWith(beginning)),
    ),
    [],
  );
  const styles = ["base", "parts", "tokens"].map((name) => read(`api/static/page/${name}.css`)).join("\n");
  const named = [...styles.matchAll(/^ *(--[\w-]+):/gm)].map(([, name]) => name);
  assert.ok(named.length > 20);
  assert.deepEqual(
    [...new Set(named)].filter((name) => !`${styles}${text}`.includes(`var(${name})`)),
    [],
  );
});

test("no module of the page parses markup", () => {
  for (const text of sources("api/static/page/"))
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b/);
});

test("venue types are those of the domain", () => {
  const domain = read("domain/venues.py");
  for (const name of VENUE_TYPES) assert.ok(domain.includes(`"${name}"`), name);
});

test("fields and columns are those of the domain", () => {
  const domain = read("domain/rows/columns.py");
  const textsIn = (name, source = domain) =>
    [...new RegExp(`^${name} = \\(([^)]*)\\)`, "m").exec(source)[1].matchAll(/"(\w+)"/g)].map(
      ([, text]) => text,
    );
  // What a program knows of a venue is no column that a person chooses; a file has it by its name.
  const notChosen = ["past_events", "manually_edited"];
  const flat = textsIn("FLAT").filter((name) => !notChosen.includes(name));
  const fields = [...textsIn("FIELDS"), "id"].filter((name, at, all) => all.indexOf(name) === at);
  assert.deepEqual(
    [...review.FIELDS].sort(),
    [...fields, ...flat.map((name) => `local_info.${name}`)].sort(),
  );
  assert.deepEqual(review.REQUIRED, textsIn("REQUIRED", read("domain/limits.py")));
  const own = [...domain.matchAll(/^[A-Z]+_COLUMN = "(\w+)"/gm)].map(([, name]) => name);
  assert.deepEqual(OWN_COLUMNS, own);
  const titles = /^TITLES.*$/m.exec(read("api/services/imports/rejected_file.py"))[0];
  assert.deepEqual(
    SUFFIXES,
    [...titles.matchAll(/: "(\w+)"/g)].map(([, title]) => title),
  );
});
