import assert from "node:assert/strict";
import {test} from "node:test";
import {filterProblems, ImportModel} from "../../../../api/static/page/import-model.js";
import {Rate, secondsLeft} from "../../../../api/static/page/rate.js";
import {windowOf} from "../../../../api/static/page/window-of.js";
import {amountsOf} from "../../../../api/static/page/charts.js";

const progress = (line, more = {}) => ({
  type: "progress",
  line,
  record: line - 1,
  title: `E${line}`,
  progresso: line,
  accepted: line - 1,
  rejected: 0,
  bytes: line * 10,
  total_bytes: 1000,
  ...more,
});
const problem = {field: "city", code: "required", message: "city is required", value: "", suggestion: null};

test("counts and progress never fall, whatever order messages come in", () => {
  const model = new ImportModel("x", () => 0);
  model.take(progress(9));
  model.take(progress(4));
  assert.deepEqual([model.progress, model.accepted], [9, 8]);
});

test("a rejected row is told once, by the feed or by the list", () => {
  const model = new ImportModel("x", () => 0);
  model.take({
    ...progress(3),
    type: "row_error",
    rejected: 1,
    errors: [problem, {...problem, field: "title"}],
  });
  model.addProblems({line: 3, record: 2, errors: [problem]});
  // Of minified JSON several rows begin on one line.
  model.addProblems({line: 3, record: 3, errors: [problem]});
  assert.deepEqual(
    model.problems.map(({line, record, field}) => `${line} ${record} ${field}`),
    ["3 2 city", "3 2 title", "3 3 city"],
  );
  model.repaired({accepted: 1, rejected: 1}, [2], []);
  assert.deepEqual(
    model.problems.map(({record}) => record),
    [3],
  );
});

test("rejected rows beyond those told by the feed are known to be missing", () => {
  const model = new ImportModel("x", () => 0);
  model.take({...progress(3), type: "row_error", rejected: 5, errors: [problem]});
  assert.equal(model.rowsNotShown, 4);
});

test("a mended row that is refused again stays where it was", () => {
  const model = new ImportModel("x", () => 0);
  for (const record of [1, 2, 3]) model.addProblems({line: record + 1, record, errors: [problem]});
  const again = {...problem, code: "too_long"};
  model.repaired({accepted: 0, rejected: 3}, [2], [{line: 3, record: 2, errors: [again]}]);
  assert.deepEqual(
    model.problems.map(({record, code}) => `${record} ${code}`),
    ["1 required", "2 too_long", "3 required"],
  );
});

test("what somebody else mended of an import that is over is asked anew, and what is the same is not", () => {
  const model = new ImportModel("x", () => 0);
  const details = {status: "completed", accepted: 4, rejected: 2};
  model.load(details);
  for (const record of [1, 2]) model.addProblems({line: record + 1, record, errors: [problem]});
  model.load(details);
  assert.deepEqual([model.rowsNotShown, model.problems.length], [0, 2]);
  model.load({...details, accepted: 5, rejected: 1});
  assert.deepEqual([model.accepted, model.rejected, model.rowsNotShown], [5, 1, 1]);
  model.addProblems({line: 3, record: 2, errors: [problem]});
  assert.deepEqual([...model.rejectedRecords], [2]);
});

test("messages that come late, all at once, make no import faster", () => {
  const model = new ImportModel("x", () => 0);
  model.take(progress(101, {at: "2027-01-01T00:00:00.000Z"}));
  model.take(progress(201, {at: "2027-01-01T00:00:02.000Z"}));
  assert.equal(model.rowsPerSecond, 50);
});

test("a failed import keeps the progress that it had", () => {
  const model = new ImportModel("x", () => 0);
  model.take(progress(40));
  model.take({
    type: "finished",
    status: "failed",
    accepted: 39,
    rejected: 0,
    seconds: 2,
    error: {code: "too_large", message: "…"},
  });
  assert.deepEqual(
    [model.progress, model.status, model.isOver, model.secondsLeft],
    [40, "failed", true, null],
  );
});

test("time left follows the bytes read", () => {
  const rate = new Rate();
  rate.add(0, 0);
  rate.add(1000, 100);
  rate.add(2000, 200);
  assert.equal(rate.perSecond, 100);
  assert.equal(secondsLeft(200, 1000, rate.perSecond), 8);
  assert.equal(secondsLeft(200, null, rate.perSecond), null);
});

test("what the server has of a file is no less than it has read, and all of one that is whole there", () => {
  const model = new ImportModel("x", () => 0);
  model.take(progress(4));
  assert.deepEqual([model.arrived, model.bytes], [40, 40]);
  model.load({status: "processing", accepted: 3, rejected: 0, bytes: 700, total_bytes: 1000});
  assert.deepEqual([model.arrived, model.bytes], [700, 40], "what has arrived is not read yet");
  model.take(progress(80));
  assert.equal(model.arrived, 800);
  const whole = new ImportModel("y", () => 0);
  whole.isWhole = true;
  assert.equal(whole.arrived, 0);
  whole.take(progress(4));
  assert.deepEqual([whole.arrived, whole.bytes], [1000, 40]);
  whole.take(progress(5, {total_bytes: null}));
  assert.equal(whole.arrived, 1000);
});

test("an import that is being undone has no time left, and no row of it brings it back", () => {
  const model = new ImportModel("x", () => 0);
  model.load({status: "undoing", accepted: 3, rejected: 0, bytes: 700, total_bytes: 1000, seconds: 2});
  model.take(progress(4));
  assert.deepEqual(
    [model.status, model.secondsLeft, model.hasEnded, model.isOver],
    ["undoing", null, true, false],
  );
});

test("the filter knows no case and no accents", () => {
  const problems = [
    {line: 2, ...problem, value: "São Paulo"},
    {line: 3, ...problem, value: "Recife"},
  ];
  assert.deepEqual(
    filterProblems(problems, "sao", () => "", new Map()).map(({line}) => line),
    [2],
  );
  assert.equal(filterProblems(problems, " ", () => "", new Map()).length, 2);
});

test("the filter finds rows by what they are called", () => {
  const problems = [1, 2, 3].map((record) => ({line: record + 1, record, ...problem}));
  const titles = new Map([
    [1, "Ciranda"],
    [2, "Forró pé de serra"],
  ]);
  const found = filterProblems(problems, "FORRO PE", () => "", titles);
  assert.deepEqual(
    found.map(({record}) => record),
    [2],
  );
});

test("ten thousand rows are drawn a screenful at a time", () => {
  const {first, end} = windowOf({scrollTop: 220_000, height: 352, rowHeight: 44, count: 10_000});
  assert.ok(first <= 5000 && end >= 5008 && end - first < 30);
  assert.deepEqual(windowOf({scrollTop: 0, height: 352, rowHeight: 44, count: 0}), {first: 0, end: 0});
});

test("rows that were under way do not hide that the upload broke off", () => {
  const model = new ImportModel("x", () => 0);
  model.status = "interrupted";
  model.take(progress(4));
  assert.deepEqual([model.status, model.rows], ["interrupted", 3]);
});

test("charts take counts in every form of the API", () => {
  const expected = [{label: "Recife", value: 3, name: "Recife"}];
  assert.deepEqual(amountsOf({Recife: 3}), expected);
  assert.deepEqual(amountsOf([["Recife", 3]]), expected);
  assert.deepEqual(amountsOf([{city: "Recife", count: 3}]), expected);
});
