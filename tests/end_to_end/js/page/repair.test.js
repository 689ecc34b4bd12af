import assert from "node:assert/strict";
import {test} from "node:test";
import {ImportModel} from "../../../../api/static/page/import-model.js";
import {hasRejectedRows, likeliest, NEW, originsOf} from "../../../../api/static/page/review-origin.js";
import {RowHeights} from "../../../../api/static/page/row-heights.js";
import {rowTitle} from "../../../../api/static/page/row-title.js";

const named = (...names) => names.map((name) => ({name, field: null}));
const COLUMNS = [
  {name: "Título", field: "title"},
  {name: "Data", field: "event_date"},
  {name: "Cidade", field: "city"},
  {name: "Obs", field: null},
];
const RETURNED = {columns: named("Título", "Data", "Cidade", "Obs", "_line", "_errors")};
const imported = (id, more = {}) => ({
  upload_id: id,
  status: "completed",
  filename: "agenda.csv",
  rejected: 2,
  columns: COLUMNS,
  options: {dry_run: false, mode: "partial", repairs_of: null},
  actor: "dora",
  ...more,
});
const anyOf = () => true;
const idsOf = (uploads, preview = RETURNED, name = "agenda-rejected.csv", mayChange = anyOf) =>
  originsOf(uploads, preview, name, mayChange).map(({upload_id: id}) => id);

test("a file with the columns of a rejected file has rejected rows, whatever else it has", () => {
  assert.equal(hasRejectedRows(RETURNED), true);
  assert.equal(hasRejectedRows({columns: named(" _LINE", "title", "_errors")}), true);
  assert.equal(hasRejectedRows({columns: named("_line", "title")}), false);
  assert.equal(hasRejectedRows({columns: COLUMNS}), false);
});

test("rows go back to an ended import that has such columns and rejected rows, and to no other", () => {
  for (const status of ["completed", "failed", "cancelled"])
    assert.deepEqual(idsOf([imported("x", {status})]), ["x"], status);
  for (const status of ["receiving", "staged", "processing", "interrupted", "undoing", "undone"])
    assert.deepEqual(idsOf([imported("x", {status})]), [], status);
  const options = imported("x").options;
  for (const other of [
    {rejected: 0},
    {columns: null},
    {columns: COLUMNS.slice(1)},
    {options: {...options, dry_run: true}},
    {options: {...options, mode: "atomic"}},
  ])
    assert.deepEqual(idsOf([imported("x", other)]), [], JSON.stringify(other));
});

test("rows go back to no import that the person may not change", () => {
  const uploads = [imported("x"), imported("y", {actor: "enzo"})];
  const own = (name) => idsOf(uploads, RETURNED, "agenda-rejected.csv", (actor) => actor === name);
  assert.deepEqual([own("dora"), own("enzo"), own("bia")], [["x"], ["y"], []]);
});

test("columns may be moved, be fewer, and be written in another case", () => {
  const preview = {columns: named("_line", "CIDADE", "titulo", "_errors")};
  assert.deepEqual(idsOf([imported("x")], preview), ["x"]);
  assert.deepEqual(idsOf([imported("x")], {columns: named("_line", "_errors")}), []);
  assert.deepEqual(idsOf([imported("x")], {columns: named("_line", "_errors", "Preço")}), []);
});

test("columns of a file without a header are called by fields and places", () => {
  const columns = [{name: "", field: "title"}, {name: "", field: "city"}, {name: ""}];
  const preview = {columns: named("title", "city", "#3", "_line", "_errors")};
  assert.deepEqual(idsOf([imported("x", {columns})], preview), ["x"]);
});

test("the import whose name a file has comes first, then the newest", () => {
  const uploads = [imported("new", {filename: "outra.csv"}), imported("old"), imported("older")];
  assert.deepEqual(idsOf(uploads), ["old", "older", "new"]);
  for (const name of [
    "agenda-rejected.csv",
    "agenda-rejeitadas.xlsx",
    "Agenda-rejeitadas (2).csv",
    "agenda-rejected(1).json",
  ])
    assert.equal(idsOf(uploads, RETURNED, name)[0], "old", name);
  for (const name of ["agenda.csv", "minhas.csv", "-rejected.csv", ""])
    assert.equal(idsOf(uploads, RETURNED, name)[0], "new", name);
  const accented = [
    imported("a", {filename: "outra.csv"}),
    imported("b", {filename: "Programação: maio.csv"}),
  ];
  assert.equal(idsOf(accented, RETURNED, "Programação_ maio-rejeitadas.csv")[0], "b");
});

test("one import that fits is taken for granted; of several, one that is named, or none", () => {
  const of = (uploads, name = "minhas.csv") => likeliest(originsOf(uploads, RETURNED, name, anyOf));
  assert.equal(of([imported("x")]), "x");
  assert.equal(of([imported("x"), imported("y")]), "");
  assert.equal(of([imported("x", {filename: "b.csv"}), imported("y")], "agenda-rejected.csv"), "y");
  assert.equal(of([imported("x"), imported("y")], "agenda-rejected.csv"), "");
  assert.equal(of([]), "");
  assert.notEqual(of([]), NEW);
});

test("rows that came back and failed again are those of their first import", () => {
  const options = {...imported("x").options, repairs_of: "x"};
  const again = imported("y", {options, filename: "agenda-rejected.csv"});
  assert.deepEqual(idsOf([again, imported("x")]), ["x"]);
  assert.equal(idsOf([again, imported("x")], RETURNED, "agenda-rejected-rejected.csv")[0], "y");
});

test("a row is called by its title, or by when and where it is, or by its first cells", () => {
  for (const [cells, called] of [
    [["Frevo", "2027-01-01", "Recife", "x"], "Frevo"],
    [[" ", "01/01/2027", "Recife", "x"], "01/01/2027 · Recife"],
    [["", "", "Recife", "x"], "Recife"],
    [["", "", "", " x "], "x"],
    [["", "", "", ""], ""],
    [[], ""],
    [["", "", "", "", "surplus"], "surplus"],
  ])
    assert.equal(rowTitle(cells, COLUMNS), called, JSON.stringify(cells));
  assert.equal(rowTitle(["a", "", "b", "c", "d"], []), "a · b · c");
  const long = rowTitle(["👩".repeat(50_000)], COLUMNS);
  assert.equal(long, `${"👩".repeat(80)}…`);
});

test("rows are called by their cells once the columns are known, and anew when they were mended", () => {
  const model = new ImportModel("x");
  const error = {field: "city", code: "required", message: "", value: "", suggestion: null};
  const row = (record, title, city = "") => ({
    line: record + 1,
    record,
    errors: [error],
    cells: [title, "", city, ""],
  });
  model.addProblems(row(1, "Frevo"));
  assert.equal(model.titles.size, 0);
  const details = {status: "completed", accepted: 0, rejected: 2, columns: COLUMNS};
  model.load(details);
  model.addProblems(row(2, "Coco"));
  model.nameRow(row(1, "Frevo"));
  assert.deepEqual(
    [...model.titles],
    [
      [2, "Coco"],
      [1, "Frevo"],
    ],
  );
  model.repaired({accepted: 0, rejected: 2}, [2], [row(2, "Coco de roda")]);
  assert.equal(model.titles.get(2), "Coco de roda");
  model.load({...details, rejected: 1});
  assert.equal(model.titles.size, 0);
});

test("heights of a long list are those that were measured, and the usual one for all others", () => {
  const heights = new RowHeights();
  heights.have(20_000, 40);
  assert.equal(heights.total, 800_000);
  assert.equal(heights.measure(1, 40), false);
  assert.equal(heights.measure(1, 100), true);
  assert.equal(heights.measure(1, 100), false);
  assert.deepEqual([heights.top(1), heights.top(2), heights.total], [40, 140, 800_060]);
  assert.deepEqual(
    [0, 39, 40, 139, 140, 1e9].map((y) => heights.at(y)),
    [0, 0, 1, 1, 2, 20_000],
  );
  heights.have(3, 40);
  assert.equal(heights.total, 180);
  heights.forget();
  assert.equal(heights.total, 120);
});

test("the rows on screen are drawn, a few around them, and never one that is not there", () => {
  const heights = new RowHeights();
  heights.have(1000, 10);
  heights.measure(500, 95);
  for (const [scrollTop, height, first, end] of [
    [0, 100, 0, 17],
    [5000, 90, 494, 507],
    [5095, 100, 495, 518],
    [1e9, 100, 994, 1000],
  ])
    assert.deepEqual(heights.window(scrollTop, height), {first, end}, `${scrollTop}`);
  heights.have(0, 10);
  assert.deepEqual(heights.window(0, 100), {first: 0, end: 0});
});
