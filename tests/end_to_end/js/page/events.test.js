import assert from "node:assert/strict";
import {test} from "node:test";
import {
  citiesLike,
  dayAfter,
  dayByKey,
  isCalendarMonth,
  isFiltered,
  monthAfter,
  questionOf,
  scopeOf,
  weeksOf,
  whenOf,
} from "../../../../api/static/page/event-query.js";
import {filtersInWords} from "../../../../api/static/page/filter-words.js";
import {PAGE, readDays, SHOWN} from "../../../../api/static/page/month-days.js";
import {dayOf, today, venueTime, weekdayAndTime} from "../../../../api/static/page/format.js";
import {addressOf, parseRoute} from "../../../../api/static/page/router.js";

const TODAY = "2026-11-28";

test("who asks for nothing sees what is to come, the nearest first", () => {
  assert.deepEqual(questionOf({}, TODAY), {
    q: undefined,
    city: undefined,
    venue_type: undefined,
    upload_id: undefined,
    from: TODAY,
    to: "",
    sort: "event_date",
  });
});

test("blanks and accents alone are not sought yet", () => {
  for (const q of ["", " ", "\u00b4", "\u0301", " \u00a8 "])
    assert.equal(questionOf({q}, TODAY).q, undefined);
  for (const q of ["a", " á", "-"]) assert.equal(questionOf({q}, TODAY).q, q);
});

test("the past is shown backwards, and ends where today begins", () => {
  const {from, to, sort} = questionOf({when: "past"}, TODAY);
  assert.deepEqual([from, to, sort], ["", "2026-11-28T00:00", "-event_date"]);
});

test("a span of dates, or an import, is shown whole", () => {
  assert.equal(whenOf({from: "2020-01-01"}), "all");
  assert.equal(whenOf({upload_id: "a"}), "all");
  assert.equal(whenOf({when: "never"}), "upcoming");
  assert.equal(questionOf({from: "2020-01-01", to: "2020-02-01"}, TODAY).to, "2020-02-01");
  assert.equal(isFiltered({when: "all"}), false);
  assert.equal(isFiltered({city: "Recife"}), true);
});

test("a month is whole weeks, whatever day they begin on", () => {
  for (const month of ["2026-02", "2026-11", "2028-02", "2027-08"]) {
    for (const first of [0, 1, 6]) {
      const weeks = weeksOf(month, first);
      assert.ok(weeks.every((week) => week.length === 7));
      assert.ok(weeks.every((week) => new Date(week[0]).getUTCDay() === first));
      const days = weeks.flat().filter((day) => day.startsWith(month));
      assert.equal(days[0], `${month}-01`);
      assert.equal(new Set(days).size, days.length);
      assert.ok(
        weeks[0].some((day) => day.startsWith(month)) && weeks.at(-1).some((day) => day.startsWith(month)),
      );
    }
  }
});

test("months follow each other over the turn of a year", () => {
  assert.equal(monthAfter("2026-12", 1), "2027-01");
  assert.equal(monthAfter("2026-01", -1), "2025-12");
});

test("a month is one that there is", () => {
  for (const month of ["2026-01", "2027-12", "2028-10"]) assert.ok(isCalendarMonth(month));
  for (const month of ["2027-13", "2027-00", "2027-1", "", undefined, "2027-120"])
    assert.ok(!isCalendarMonth(month));
});

test("a city is found by its beginning first, without case and accents", () => {
  const cities = ["São Paulo", "Recife", "Ribeirão Preto", "Barra de São Miguel"].map((city) => ({city}));
  assert.deepEqual(
    citiesLike(cities, "sao").map(({city}) => city),
    ["São Paulo", "Barra de São Miguel"],
  );
  assert.deepEqual(
    citiesLike(cities, "RECIF").map(({city}) => city),
    ["Recife"],
  );
  assert.equal(citiesLike(cities, "", 2).length, 2);
});

test("a city is found by plain letters for those with strokes, and the other way round", () => {
  const cities = ["Łódź", "København", "Diyarbakır", "Straßburg", "Lodz"].map((city) => ({city}));
  for (const [text, found] of [
    ["lodz", ["Łódź", "Lodz"]],
    ["ŁÓDŹ", ["Łódź", "Lodz"]],
    ["kobenhavn", ["København"]],
    ["diyarbakir", ["Diyarbakır"]],
    ["STRASSBURG", ["Straßburg"]],
  ])
    assert.deepEqual(
      citiesLike(cities, text).map(({city}) => city),
      found,
      text,
    );
});

test("an address leads back to what it was made of", () => {
  for (const [view, id, params] of [
    ["events", null, {city: "São Paulo", q: "a&b=c#d"}],
    ["event", "12", {}],
    ["import", "a/b %?", {}],
    ["tasks", null, {}],
  ]) {
    assert.deepEqual(parseRoute(addressOf(view, {id, params})), {view, id, params});
  }
  assert.deepEqual(parseRoute("#event/100%"), {view: "event", id: "100%", params: {}});
  assert.equal(addressOf("events", {params: {q: "", city: null}}), "#events");
});

test("today is the day of the server's time zone, whatever the reader's clock", () => {
  const before = globalThis.document;
  for (const zone of ["Pacific/Kiritimati", "America/Sao_Paulo", "UTC"]) {
    globalThis.document = /** @type {any} */ ({documentElement: {dataset: {zone}}});
    assert.equal(today(), new Intl.DateTimeFormat("sv", {timeZone: zone}).format(new Date()));
  }
  globalThis.document = before;
});

/** Run with the server in a time zone. */
function inZone(zone, run) {
  const before = globalThis.document;
  globalThis.document = /** @type {any} */ ({documentElement: {dataset: {zone}}});
  try {
    run();
  } finally {
    globalThis.document = before;
  }
}

test("an event stands on the day under which a question finds it: that of the server's time zone", () => {
  const table = [
    ["America/Recife", "2026-10-31T23:00:00-08:00", "2026-11-01", "23:00 UTC−8"],
    ["America/Recife", "2026-12-02T01:00:00+05:30", "2026-12-01", "01:00 UTC+5:30"],
    ["America/Recife", "2026-12-02T01:00:00+00:00", "2026-12-01", "01:00 UTC"],
    ["America/Recife", "2026-12-02T01:00:00Z", "2026-12-01", "22:00"],
    ["America/Recife", "2026-12-31T23:59:59-03:00", "2026-12-31", "23:59"],
    ["America/Recife", "2026-12-31T23:59:59", "2026-12-31", "23:59"],
    ["America/Recife", "2026-12-31", "2026-12-31", undefined],
    ["Europe/Berlin", "2026-07-01T00:30:00+02:00", "2026-07-01", "00:30"],
    ["Europe/Berlin", "2026-07-01T00:30:00+01:00", "2026-07-01", "00:30 UTC+1"],
    ["Pacific/Kiritimati", "2026-12-31T11:00:00+00:00", "2027-01-01", "11:00 UTC"],
  ];
  for (const [zone, text, day, clock] of table)
    inZone(zone, () => assert.deepEqual([dayOf(text), venueTime(text)?.clock], [day, clock], text));
});

test("an order that nobody can choose is cleared as a filter is", () => {
  for (const sort of ["", "event_date", "title", undefined]) assert.equal(isFiltered({sort}), false);
  for (const sort of ["x", "id", "Title"]) assert.equal(isFiltered({sort}), true);
});

test("what a list was narrowed to is said in words", () => {
  for (const [params, said] of [
    [{}, "Próximos"],
    [{when: "past", city: "Recife"}, "Passados · Cidade: Recife"],
    [
      {from: "2026-12-01", to: "2026-12-24", venue_type: "Teatro", sort: "title"},
      "Todos · De: 1 dez 2026 · Até: 24 dez 2026 · Tipo de local: Teatro",
    ],
    [{layout: "month", month: "2026-12", from: "2026-12-01", q: "frevo"}, "O que se busca: “frevo”"],
  ])
    assert.equal(filtersInWords(params), said);
});

test("a date that was read is told with its weekday, and what is no date stays as it is", () => {
  assert.equal(weekdayAndTime("2027-02-03T19:30:00"), "qua, 3 fev 2027, 19:30");
  assert.equal(weekdayAndTime(""), "");
});

test("a month asks for its own days, whatever span the list had", () => {
  const month = {layout: "month", when: "past", from: "2020-01-01", to: "2020-01-02"};
  for (const [name, last] of [
    ["2028-02", "2028-02-29"],
    ["2026-12", "2026-12-31"],
  ]) {
    const {from, to, sort} = questionOf({...month, month: name}, TODAY);
    assert.deepEqual([from, to, sort], [`${name}-01`, last, "event_date"]);
  }
  const {from, to} = questionOf({layout: "month", month: "2026-99"}, TODAY);
  assert.deepEqual([from, to], ["2026-11-01", "2026-11-30"]);
});

test("a choice of events is about one question, in any order", () => {
  const scope = (params) => scopeOf(questionOf(params, TODAY), params.layout);
  assert.equal(scope({city: "Recife"}), scope({city: "Recife", sort: "title"}));
  for (const params of [{}, {city: "Olinda"}, {city: "Recife", q: "a"}, {city: "Recife", layout: "month"}])
    assert.notEqual(scope(params), scope({city: "Recife"}));
});

for (const total of [0, 1, SHOWN, PAGE, PAGE + 1, 3 * PAGE])
  test(`each day of a month has its count and its first events: ${total} events`, async () => {
    const days = weeksOf("2027-03", 0).flat();
    const events = Array.from({length: total}, (_, at) => ({
      id: at,
      day: days[Math.floor((at * 20) / total)],
    }));
    const asked = [];
    const read = async ({from, to, limit}) => {
      asked.push([from, to]);
      const found = events.filter(({day}) => from <= day && day <= to);
      return {items: found.slice(0, limit), total: found.length};
    };
    const {days: found, isCrowded} = await readDays(days, read, ({day}) => day);
    assert.deepEqual([...found.keys()].sort(), days);
    for (const [day, {count, events: shown}] of found) {
      const all = events.filter((event) => event.day === day);
      assert.deepEqual([count, shown], [all.length, all.slice(0, SHOWN)]);
    }
    assert.equal(isCrowded, total > PAGE);
    assert.equal(asked.length, isCrowded ? 1 + days.length : 1);
  });

test("keys lead from day to day of a month, and into the months beside it", () => {
  const weeks = weeksOf("2026-12", 0);
  const table = [
    ["ArrowLeft", "2026-12-01", "2026-11-30"],
    ["ArrowRight", "2026-12-31", "2027-01-01"],
    ["ArrowUp", "2026-12-03", "2026-11-26"],
    ["ArrowDown", "2026-12-24", "2026-12-31"],
    ["Home", "2026-12-16", "2026-12-13"],
    ["End", "2026-12-16", "2026-12-19"],
    ["PageUp", "2026-12-31", "2026-11-30"],
    ["PageDown", "2026-12-31", "2027-01-31"],
    ["PageDown", "2027-01-31", "2027-02-28"],
    ["PageUp", "2028-03-30", "2028-02-29"],
    ["Enter", "2026-12-16", null],
    ["Tab", "2026-12-16", null],
  ];
  for (const [key, day, next] of table) assert.equal(dayByKey(key, day, weeks), next, `${key} ${day}`);
});

test("a day after another is found over the ends of months, years and daylight saving", () => {
  for (const [day, by, next] of [
    ["2028-02-28", 1, "2028-02-29"],
    ["2026-12-31", 1, "2027-01-01"],
    ["2026-03-29", -7, "2026-03-22"],
    ["2026-10-25", 1, "2026-10-26"],
  ])
    assert.equal(dayAfter(day, by), next);
});
