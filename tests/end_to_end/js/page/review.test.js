import assert from "node:assert/strict";
import {test} from "node:test";
import {
  asksForDateOrder,
  asksForHeaderRow,
  existingIn,
  memberOf,
  Review,
  writtenBy,
} from "../../../../api/static/page/review-model.js";
import {columnIn, countLike, kindsOf, offersOf, Repairs} from "../../../../api/static/page/repairs.js";
import {hasEnded, hasRowsIn, isOver, rowsIn, statusOf} from "../../../../api/static/page/import-status.js";

const PREVIEW = {
  columns: [
    {name: "Evento", field: "title"},
    {name: "Data", field: "event_date"},
    {name: "Local", field: "local"},
    {name: "Obs", field: null},
    {name: "Obs", field: null},
  ],
  mapping: {},
  rows: [{line: 2, event: {title: "Festa", event_date: "2027-01-01T00:00:00"}, cells: [], errors: []}],
  unused: [{column: 4, name: "Obs", values: ["x", "y"]}],
};

const reviewOf = (preview) => {
  const review = new Review();
  review.read(preview);
  return review;
};

test("what the server reads by itself needs no option", () => {
  const review = reviewOf(PREVIEW);
  assert.deepEqual(review.options, {});
  assert.deepEqual(review.missing, ["city"]);
  assert.equal(review.columns[2].field, "local_info.location_name");
  assert.deepEqual(
    review.columns.map(({examples}) => examples),
    [["Festa"], ["2027-01-01T00:00:00"], [], ["x", "y"], []],
  );
});

test("a choice says of every field where it is, by place where a name is not one column's alone", () => {
  const review = reviewOf(PREVIEW);
  review.choose(4, "city");
  review.choose(2, "");
  const {mapping} = review.options;
  assert.equal(mapping.title, "Evento");
  assert.equal(mapping.city, "#5");
  assert.equal(mapping["local_info.location_name"], null);
  assert.equal(mapping.description, null);
  assert.deepEqual(review.missing, []);
});

test("a field is one column's: choosing another lets go of the first", () => {
  const review = reviewOf(PREVIEW);
  review.choose(3, "title");
  assert.deepEqual(
    review.columns.map(({field}) => field),
    [null, "event_date", "local_info.location_name", "title", null],
  );
});

test("choices outlive another look at the same columns, not other columns", () => {
  const review = reviewOf(PREVIEW);
  review.choose(3, "city");
  review.read(PREVIEW);
  assert.equal(review.columns[3].field, "city");
  review.read({...PREVIEW, columns: [{name: "Title", field: "title"}]});
  assert.deepEqual(
    review.columns.map(({field}) => field),
    ["title"],
  );
});

test("a proposal fills columns that have no field, and what was decided before stands above it", () => {
  const review = reviewOf({...PREVIEW, mapping: {city: "#4", title: "Data"}});
  assert.equal(review.columns[3].field, "city");
  assert.equal(review.columns[0].field, "title");
  review.remember({mapping: {title: "Data"}, defaults: {city: "Recife"}, date_format: "dmy"});
  assert.equal(review.columns[1].field, "title");
  assert.deepEqual([review.options.defaults, review.options.date_format], [{city: "Recife"}, "dmy"]);
});

test("what was decided goes on where it was left, over whatever was decided for other files", () => {
  const review = reviewOf(PREVIEW);
  review.choose(4, "city");
  review.choose(2, "");
  review.replace("venue_type", "Auditorium", "Auditório");
  review.defaults.description = "Sarau";
  Object.assign(review.chosen, {date_format: "dmy", mode: "atomic"});
  const later = new Review();
  later.restore(JSON.parse(JSON.stringify(review.options)));
  assert.equal(later.isDecided, true);
  // The first answer comes without the mapping, of which the columns are told then.
  assert.equal(later.read(PREVIEW), true);
  assert.deepEqual(later.options, review.options);
  assert.equal(later.read(PREVIEW), false);
  assert.deepEqual(later.options, review.options);
});

test("without a mapping the columns stay what the server reads them as", () => {
  const later = new Review();
  later.restore({sheet: "Agenda"});
  assert.equal(later.read(PREVIEW), false);
  assert.deepEqual([later.options, later.columns[0].field], [{sheet: "Agenda"}, "title"]);
});

const PROPOSED = {
  columns: [
    {name: "Evento", field: "title"},
    {name: "Hora do show", field: null},
    {name: "Local", field: "local"},
    {name: "Artista", field: null},
    {name: "Artista", field: null},
  ],
  mapping: {title: "Evento", event_time: "Hora do show", participants: "#4"},
};

/** What the server answers to a mapping: its columns are read so. */
const answerTo = (preview, {mapping = {}}, more = {}) => ({
  ...preview,
  ...more,
  columns: preview.columns.map((column, at) => {
    const isMeant = ([, name]) => name === column.name || name === `#${at + 1}`;
    return {...column, field: Object.entries(mapping).find(isMeant)?.[0] ?? column.field};
  }),
});

test("a proposal that is shown chosen is sent, and the rows are read anew with it", () => {
  const review = new Review();
  assert.equal(review.read(PROPOSED), true);
  const mapping = {event_time: "Hora do show", participants: "#4"};
  assert.deepEqual(review.options, {mapping});
  assert.equal(review.read(answerTo(PROPOSED, review.options)), false);
  assert.deepEqual(review.options, {mapping});
  assert.equal(review.columns[2].field, "local_info.location_name");
  review.choose(3, "");
  assert.deepEqual(
    [review.options.mapping.event_time, review.options.mapping.participants],
    ["Hora do show", null],
  );
});

test("of a file that lacks columns all that are shown are sent, whether or not a value is to come", () => {
  const fault = {code: "missing_columns"};
  const lacking = {
    columns: [
      {name: "Nome da coisa", field: "title"},
      {name: "Quando foi", field: "event_date"},
    ],
    mapping: {title: "Nome da coisa", event_date: "Quando foi"},
    fault,
  };
  const review = new Review();
  assert.equal(review.read(lacking), true);
  assert.deepEqual(review.options, {mapping: lacking.mapping});
  assert.equal(review.read(answerTo(lacking, review.options, {fault})), false);
  review.defaults.city = "Recife";
  assert.equal(review.read(answerTo(lacking, review.options, {fault: null})), false);
  assert.deepEqual(review.options, {mapping: lacking.mapping, defaults: {city: "Recife"}});
});

test("nothing is sent of columns that are asked about, or whose letters are", () => {
  for (const code of ["duplicate_columns", "unclear_encoding"]) {
    const review = new Review();
    assert.equal(review.read({...PROPOSED, fault: {code}}), false);
    assert.deepEqual(review.options, {});
  }
});

test("a proposal is that of the columns that are there: others are proposed anew", () => {
  const review = reviewOf(PROPOSED);
  const other = {columns: [{name: "Title", field: "title"}], mapping: {title: "Title"}};
  assert.equal(review.read(other), true);
  assert.deepEqual(review.options, {});
  assert.equal(review.read(PROPOSED), true);
  review.readAnew();
  assert.deepEqual(review.options, {});
});

test("over a reload a proposal stays one, and what was remembered stands above it", () => {
  const later = new Review();
  later.restore(JSON.parse(JSON.stringify(reviewOf(PROPOSED).options)));
  assert.equal(later.read(PROPOSED), true);
  assert.equal(later.touched, false);
  assert.deepEqual(later.options.mapping, {event_time: "Hora do show", participants: "#4"});
  later.remember({mapping: {event_time: null}});
  assert.deepEqual(
    [later.options.mapping.event_time, later.options.mapping.participants, later.options.mapping.title],
    [null, "#4", "Evento"],
  );
});

test("the one date of an earlier file is not that of rows whose days stand elsewhere", () => {
  const remembered = {defaults: {event_date: "2026-12-05", city: "Recife"}};
  for (const [fault, date] of [
    [null, "2026-12-05"],
    [{code: "missing_columns"}, "2026-12-05"],
    [{code: "missing_columns", rule: "headings"}, undefined],
  ]) {
    const review = reviewOf(PREVIEW);
    review.remember(remembered, fault);
    assert.deepEqual([review.options.defaults.event_date, review.options.defaults.city], [date, "Recife"]);
  }
});

test("a name that may be longer than it is shown is called by its place", () => {
  const long = {columns: [{name: "Hora ".repeat(16), field: null}], mapping: {}};
  const review = reviewOf(long);
  review.choose(0, "event_time");
  assert.equal(review.options.mapping.event_time, "#1");
});

test("values that were replaced and defaults are options; empty ones are not", () => {
  const review = reviewOf(PREVIEW);
  review.replace("venue_type", "Auditorium", "Auditório");
  review.defaults.city = " ";
  assert.deepEqual(review.options, {values: {venue_type: {Auditorium: "Auditório"}}});
});

test("the order of dates is asked for only where the file leaves it open", () => {
  const ambiguous = {rows: [{errors: [{code: "ambiguous_date"}]}]};
  assert.equal(asksForDateOrder(PREVIEW, null), false);
  assert.equal(asksForDateOrder(ambiguous, null), true);
  assert.equal(asksForDateOrder(PREVIEW, {problems: [{code: "ambiguous_date"}]}), true);
  // A date that contradicts the order: which of the two lines is wrong, only the person knows.
  for (const rule of ["dmy_proved", "mdy_proved"]) {
    const rows = [{errors: [{code: "invalid_date", rule}]}];
    assert.equal(asksForDateOrder({...PREVIEW, rows}, null), true);
  }
  assert.equal(asksForDateOrder({...PREVIEW, rows: [{errors: [{code: "invalid_date"}]}]}, null), false);
});

test("the line of the column names is asked for where there may be another one, or none, and only in tables", () => {
  const asks = (preview, check = null) =>
    Boolean(asksForHeaderRow({delimiter: ";", rows: [], ...preview}, check));
  const lacking = {fault: {code: "missing_columns", rule: "no_header"}};
  const other = {rows: [{errors: [{code: "other_header"}]}]};
  assert.deepEqual(
    [{}, {header_row: 3}, lacking, other, {fault: {code: "unclear_encoding"}}].map((preview) =>
      asks(preview),
    ),
    [false, true, true, true, false],
  );
  assert.equal(asks({}, {problems: [{code: "other_header"}]}), true);
  assert.equal(asks({...lacking, delimiter: null, sheet: "Agenda"}), true);
  assert.equal(asks({...lacking, delimiter: null, format: "json"}), false);
});

test("events that are there already are counted, and known by their numbers", () => {
  const check = {existing: {key: ["id", "title"], new: 5, changed: 2, same: 3}};
  assert.deepEqual(existingIn(check), {count: 5, changed: 2, same: 3, hasIds: true});
  assert.equal(existingIn(null).count, 0);
});

test("a member of an event is text", () => {
  const event = {participants: ["Ana", "Bia"], local_info: {capacity: 3}, title: "Festa"};
  assert.deepEqual(
    ["participants", "local_info.capacity", "local_info", "title", "city", null].map((field) =>
      memberOf(event, field),
    ),
    ["Ana; Bia", "3", "", "Festa", "", ""],
  );
});

const problem = (line, value, suggestion = null, code = "unknown_venue_type") => ({
  line,
  record: line - 1,
  field: "local_info.venue_type",
  code,
  value,
  suggestion,
});

test("one click mends all that are alike, and nothing else", () => {
  const problems = [
    problem(2, "Teatr", "Teatro"),
    problem(3, "Teatr", "Teatro"),
    problem(4, "Salao X"),
    problem(5, "Parq", "Parque"),
  ];
  const repairs = new Repairs();
  assert.equal(countLike(problems[0], problems), 2);
  assert.equal(repairs.takeAllLike(problems[0], problems), 2);
  assert.deepEqual(repairs.requests(), [
    [
      {line: 2, record: 1, cells: {"local_info.venue_type": "Teatro"}},
      {line: 3, record: 2, cells: {"local_info.venue_type": "Teatro"}},
    ],
  ]);
});

test("of dates that have two readings one order is taken for all", () => {
  const ambiguous = (line, value, ...suggestions) => ({
    line,
    record: line - 1,
    field: "event_date",
    code: "ambiguous_date",
    value,
    suggestion: null,
    suggestions,
  });
  const problems = [
    ambiguous(2, "02/05/2027", "2027-05-02", "2027-02-05"),
    ambiguous(3, "03/05/2027", "2027-05-03", "2027-03-05"),
    {...problem(4, "02/05/2027", null, "invalid_date"), field: "event_date"},
  ];
  assert.deepEqual(offersOf(problems[0]), ["2027-05-02", "2027-02-05"]);
  assert.equal(countLike(problems[0], problems), 2);
  const repairs = new Repairs();
  assert.equal(repairs.takeAllLike(problems[0], problems, 1), 2);
  assert.deepEqual(
    problems.map((one) => repairs.of(one)),
    ["2027-02-05", "2027-03-05", undefined],
  );
});

test("what is written over a cell goes once somebody else has mended or changed that cell", () => {
  const cell = (record, field, value) => ({line: record + 1, record, field, value});
  const left = (...problems) => {
    const repairs = new Repairs();
    repairs.set(cell(1, "city", "??"), "Recife");
    repairs.set(cell(1, "event_date", null), "2027-01-01");
    repairs.set(cell(2, "city", ""), "Olinda");
    repairs.set(cell(2, "city", ""), "Natal");
    repairs.keepOnly(problems);
    return repairs.requests().flatMap((rows) => rows.map(({record, cells}) => [record, cells]));
  };
  const [city, date, other] = [cell(1, "city", "??"), cell(1, "event_date", null), cell(2, "city", "")];
  const [recife, january] = [{city: "Recife"}, {event_date: "2027-01-01"}];
  for (const [problems, kept] of [
    [
      [city, date, other],
      [
        [1, {...recife, ...january}],
        [2, {city: "Natal"}],
      ],
    ],
    [[city, date], [[1, {...recife, ...january}]]],
    [[city], [[1, recife]]],
    [[date], [[1, january]]],
    // Its cell has another value, or is another row's.
    [[cell(1, "city", "Resife"), other], [[2, {city: "Natal"}]]],
    [[cell(3, "city", "??"), cell(2, "title", "")], []],
    [[cell(2, "city", null)], []],
    // Of one cell several things may be wrong, which quote it in several ways.
    [[city, cell(1, "city", "?? "), cell(1, "city", undefined)], [[1, recife]]],
    [[], []],
  ])
    assert.deepEqual(left(...problems), kept, JSON.stringify(problems));
});

test("of an import that takes no more rows nothing is kept", () => {
  const repairs = new Repairs();
  repairs.set({line: 2, record: 1, field: "city"}, "Recife");
  repairs.forgetAll();
  assert.deepEqual([repairs.rows, repairs.requests()], [0, []]);
});

test("what is typed while its row is on its way waits, if its cell is still rejected", () => {
  const still = [{record: 1, errors: [{field: "city", value: "??"}]}];
  for (const [errors, now, kept] of [
    [still, "Recife", "Recife"],
    [still, "??", undefined],
    [[], "Recife", undefined],
    [[{record: 1, errors: [{field: "title", value: ""}]}], "Recife", undefined],
    [[{record: 2, errors: still[0].errors}], "Recife", undefined],
  ]) {
    const repairs = new Repairs();
    const city = {line: 2, record: 1, field: "city"};
    repairs.set(city, "??");
    const [[row]] = repairs.requests();
    repairs.set(city, now);
    repairs.sent(row, errors);
    assert.equal(repairs.of(city), kept, JSON.stringify([errors, now]));
  }
});

test("rows that begin on one line are mended one by one", () => {
  const repairs = new Repairs();
  const [one, other] = [1, 2].map((record) => ({line: 1, record, field: "city"}));
  repairs.set(one, "Recife");
  repairs.set(other, "Olinda");
  assert.deepEqual(repairs.requests(), [
    [
      {line: 1, record: 1, cells: {city: "Recife"}},
      {line: 1, record: 2, cells: {city: "Olinda"}},
    ],
  ]);
  repairs.forget(1);
  assert.deepEqual([repairs.of(one), repairs.of(other)], [undefined, "Olinda"]);
});

test("a thousand mended rows go in requests of a size that the server takes", () => {
  const repairs = new Repairs();
  for (let record = 1; record <= 1100; record++) repairs.set({line: record + 1, record, field: "title"}, "x");
  assert.deepEqual(
    repairs.requests().map((rows) => rows.length),
    [500, 500, 100],
  );
  repairs.forget(1);
  assert.equal(repairs.rows, 1099);
});

test("problems are grouped by kind, the most frequent first", () => {
  const kinds = kindsOf([problem(1, "a"), problem(2, "b", null, "required"), problem(3, "c")]);
  assert.deepEqual(
    kinds.map(({code, count}) => [code, count]),
    [
      ["unknown_venue_type", 2],
      ["required", 1],
    ],
  );
});

test("a chip says no more than what is so", () => {
  const said = (status, accepted, rejected, more = {}) => statusOf({status, accepted, rejected, ...more}).key;
  assert.equal(said("completed", 60, 0), "state.completed");
  assert.equal(said("completed", 0, 60), "state.nothingIn");
  assert.equal(said("completed", 10, 50), "state.completedWith");
  assert.equal(said("completed", 10, 50, {isDryRun: true}), "state.checked");
  assert.equal(said("cancelled", 10, 0), "state.cancelled");
});

test("an import can be undone while rows of it are in", () => {
  const can = (status, accepted, more = {}) => hasRowsIn({status, accepted, rejected: 0, ...more});
  for (const status of ["completed", "failed", "cancelled", "interrupted"])
    assert.equal(can(status, 5), true, status);
  assert.equal(can("completed", 0), false);
  assert.equal(can("completed", 5, {isDryRun: true}), false);
  assert.equal(can("failed", 5, {isAtomic: true}), false);
  assert.equal(can("undone", 5), false);
  assert.equal(can("processing", 5), false);
  assert.equal(can("undoing", 5), false);
});

test("rows that made and changed no event leave nothing to undo, where the server tells them", () => {
  for (const [accepted, outcomes, count] of [
    [5, {}, 5],
    [5, {created: undefined, updated: undefined}, 5],
    [5, {created: null, updated: null}, 5],
    [5, {created: 5, updated: 0, unchanged: 0, skipped: 0}, 5],
    [5, {created: 0, updated: 1, unchanged: 4, skipped: 0}, 1],
    [5, {created: 1, updated: 2, unchanged: 1, skipped: 1}, 3],
    [5, {created: 0, updated: 0, unchanged: 5, skipped: 0}, 0],
    [5, {created: 0, updated: 0, unchanged: 0, skipped: 5}, 0],
    [0, {created: 0, updated: 0}, 0],
  ]) {
    assert.equal(rowsIn({accepted, outcomes}), count, JSON.stringify(outcomes));
    assert.equal(hasRowsIn({status: "completed", accepted, rejected: 0, outcomes}), count > 0);
  }
});

test("an import is read while it may be cancelled, and over once nothing more happens to it", () => {
  const states = (is) =>
    "receiving staged processing interrupted undoing completed failed cancelled undone"
      .split(" ")
      .filter((status) => is({status}));
  assert.deepEqual(states(hasEnded), ["undoing", "completed", "failed", "cancelled", "undone"]);
  assert.deepEqual(states(isOver), ["completed", "failed", "cancelled", "undone"]);
});

test("events that stay as they are are none that an import writes", () => {
  const check = {accepted: 9, existing: {changed: 2, same: 3, key: ["title"]}};
  assert.equal(writtenBy(check, undefined), 9);
  assert.equal(writtenBy(check, "insert"), 9);
  assert.equal(writtenBy(check, "update"), 6);
  assert.equal(writtenBy(check, "skip"), 4);
  assert.equal(writtenBy({accepted: 5, existing: {changed: 0, same: 5}}, "skip"), 0);
});

test("a column that a spreadsheet copied is several cells, and nothing else is", () => {
  for (const [text, cells] of [
    ["a\r\nb\r\n", ["a", "b"]],
    ["a\nb", ["a", "b"]],
    ["a\r\n\r\nb\r\n", ["a", "", "b"]],
    ['"Sarau" da Lua\r\nFrevo\r\n', ['"Sarau" da Lua', "Frevo"]],
    ["a\r\n", []],
    ["a", []],
    ["", []],
    ["a\tb\r\nc\td\r\n", []],
    ['"a\nb"\r\nc\r\n', []],
  ])
    assert.deepEqual(columnIn(text), cells, JSON.stringify(text));
});
