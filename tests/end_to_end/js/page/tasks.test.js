import assert from "node:assert/strict";
import {beforeEach, test} from "node:test";
import {briefly, monthName, today} from "../../../../api/static/page/format.js";
import {isInFront, replaceAddress} from "../../../../api/static/page/router.js";
import {monthsNear} from "../../../../api/static/page/task-result.js";

const months = (...labels) => labels.map((label) => ({label, value: 1}));
const year = (number) => Array.from({length: 12}, (_, at) => `${number}-${String(at + 1).padStart(2, "0")}`);
const NOW = "2026-11";
const TO_COME = ["2026-11", "2026-12", ...year(2027).slice(0, 10)];

for (const [about, labels, shown, later] of [
  ["nothing", [], [], 0],
  ["the year to come", TO_COME, TO_COME, 0],
  ["a far event beside a full year", [...TO_COME, "2027-11", "2200-12"], TO_COME, 2],
  [
    "months before, where there is room",
    ["2026-09", ...TO_COME.slice(0, 11)],
    ["2026-09", ...TO_COME.slice(0, 11)],
    0,
  ],
  ["months before, where there is none", ["2026-10", ...TO_COME], TO_COME, 0],
  ["the past alone: its latest", [...year(2024), ...year(2025)], year(2025), 0],
  ["the past and a far event", [...year(2025), "2200-12"], year(2025), 1],
  ["far years alone: their first", [...year(2031), "2032-01"], year(2031), 1],
  ["one far month", ["2200-12"], ["2200-12"], 0],
])
  test(`months of an analysis: ${about}`, () => {
    const drawn = monthsNear(months(...labels), NOW);
    assert.deepEqual(
      {months: drawn.months.map(({label}) => label), later: drawn.later},
      {months: shown, later},
    );
  });

test("a year is told from that of another century", () => {
  const now = Number(today().slice(0, 4));
  for (const far of [now - 100, now - 50, now + 50, now + 100, 2200])
    assert.match(monthName(`${far}-12`), new RegExp(` ${far}$`));
  for (const near of [now - 49, now, now + 49])
    assert.match(monthName(`${near}-12`), new RegExp(` ${String(near).slice(2)}$`));
});

test("a count is written briefly where it would be long", () => {
  const lengths = [0, 999, 999_999, 1_000_000, 12_345_678, 1_090_788_795, 1e15].map(
    (count) => briefly(count).length,
  );
  assert.ok(Math.max(...lengths) <= 10, String(lengths));
  assert.match(briefly(999_999), /^999\D999$/);
});

beforeEach(() => {
  Object.assign(globalThis, {
    location: {hash: ""},
    history: {replaceState: (_state, _title, hash) => (globalThis.location.hash = hash)},
  });
});

for (const [at, to, becomes] of [
  ["#import", "#import/abc", "#import/abc"],
  ["#import/abc", "#import", "#import"],
  ["#events?q=a", "#events?q=ab", "#events?q=ab"],
  ["#events", "#import/abc", "#events"],
  ["#events?q=a", "#webhooks", "#events?q=a"],
  ["#tasks/x", "#import", "#tasks/x"],
  ["#webhooks/x", "#webhooks", "#webhooks"],
])
  test(`a view changes the address only while it is in front: ${to} at ${at}`, () => {
    globalThis.location.hash = at;
    replaceAddress(to);
    assert.equal(globalThis.location.hash, becomes);
    assert.equal(isInFront(to.slice(1).split(/[/?]/)[0]), becomes === to);
  });
