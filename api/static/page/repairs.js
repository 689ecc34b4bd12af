/** Cells that a person mended, until they are sent. Pure. */

/** Rows that one request carries. */
const ROWS_A_REQUEST = 500;

/**
 * @typedef {{line: number, record: number, cells: Record<string, string>}} MendedRow
 * @typedef {MendedRow & {over: Record<string, string | null>}} KeptRow `over`: what stood in its cells.
 */

export class Repairs {
  /** Record to its row: several may begin on one line. @type {Map<number, KeptRow>} */
  #rows = new Map();
  /** Settles when those that are on their way are answered. @type {Promise<any> | null} */
  sending = null;

  get rows() {
    return this.#rows.size;
  }

  /** @returns {string | undefined} */
  of({record, field}) {
    return this.#rows.get(record)?.cells[field];
  }

  /**
   * @param {{line: number, record: number, field: string, value?: string | null}} problem
   * @param {string} text
   */
  set({line, record, field, value = null}, text) {
    const row = this.#rows.get(record);
    const cells = {...row?.cells, [field]: text};
    this.#rows.set(record, {line, record, cells, over: {...row?.over, [field]: value}});
  }

  forget(record) {
    this.#rows.delete(record);
  }

  /**
   * Forget a row that was sent. What was typed over it since waits, where its cell is still rejected.
   *
   * @param {MendedRow} row
   * @param {{record: number, errors: {field: string, value?: string | null}[]}[]} rejected Of this request.
   */
  sent({record, cells}, rejected) {
    const row = this.#rows.get(record);
    const left = rejected.find((one) => one.record === record)?.errors ?? [];
    const isLeft = ([name, text]) => text !== cells[name] && left.some(({field}) => field === name);
    const kept = Object.entries(row?.cells ?? {}).filter(isLeft);
    if (!kept.length) return this.forget(record);
    const over = Object.fromEntries(left.map(({field, value = null}) => [field, value]));
    this.#rows.set(record, {line: row.line, record, cells: Object.fromEntries(kept), over});
  }

  forgetAll() {
    this.#rows.clear();
  }

  /**
   * Forget what somebody else has mended or changed: what is written over a cell that is not rejected any
   * more, or has another value.
   *
   * @param {import("./import-model.js").ProblemLine[]} problems All of those that are left.
   */
  keepOnly(problems) {
    if (!this.rows) return;
    const nameOf = (...cell) => JSON.stringify(cell);
    const there = new Set(problems.map(({record, field, value = null}) => nameOf(record, field, value)));
    for (const {line, record, cells, over} of [...this.#rows.values()]) {
      const isThere = ([field]) => there.has(nameOf(record, field, over[field]));
      const kept = Object.entries(cells).filter(isThere);
      if (kept.length) this.#rows.set(record, {line, record, cells: Object.fromEntries(kept), over});
      else this.#rows.delete(record);
    }
  }

  /**
   * Take an offer of every problem that is like one.
   *
   * @param {import("./import-model.js").ProblemLine} problem
   * @param {import("./import-model.js").ProblemLine[]} problems
   * @param {number} [at] Which of its offers.
   * @returns {number} How many.
   */
  takeAllLike(problem, problems, at = 0) {
    const like = problems.filter((other) => isLike(problem, other) && offersOf(other)[at]);
    for (const other of like) this.set(other, offersOf(other)[at]);
    return like.length;
  }

  /** @returns {MendedRow[][]} */
  requests() {
    const rows = [...this.#rows.values()].map(({line, record, cells}) => ({line, record, cells}));
    const requests = [];
    for (let at = 0; at < rows.length; at += ROWS_A_REQUEST)
      requests.push(rows.slice(at, at + ROWS_A_REQUEST));
    return requests;
  }
}

/** Whether the cell of a problem can be mended here: a row that is cut wrongly has none. */
export const isMendable = (problem) => Boolean(problem.field) && !isCutWrongly(problem);

/** Whether a row has too few or too many cells: nobody knows which cell is which. */
export const isCutWrongly = ({code}) => code === "missing_cells" || code === "extra_cells";

/** The cells of a column that a spreadsheet copied; none for one cell, or where their ends are unclear. */
export function columnIn(text) {
  const cells = text.replace(/\r?\n$/, "").split(/\r?\n/);
  // A cell with a line break in it is quoted.
  const isBroken = cells.some((cell) => cell.startsWith('"') && cell.split('"').length % 2 === 0);
  return cells.length < 2 || text.includes("\t") || isBroken ? [] : cells.map((cell) => cell.trim());
}

/** What a problem offers to put into its cell: a suggestion, or each reading of a date. */
export const offersOf = ({suggestion, suggestions}) => suggestions ?? (suggestion ? [suggestion] : []);

/** Whether one answer suits both: dates that may be read in two orders are alike, whatever the day. */
const isLike = (one, other) =>
  one.field === other.field &&
  one.code === other.code &&
  (one.code === "ambiguous_date" || one.value === other.value);

/** Problems that one answer suits. */
export const countLike = (problem, problems) => problems.filter((other) => isLike(problem, other)).length;

/** What kind a problem is of. @param {{field: string, code: string}} problem */
export const kindOf = ({field, code}) => `${field} ${code}`;

/**
 * Kinds of problems with their counts, the most frequent first.
 *
 * @param {import("./import-model.js").ProblemLine[]} problems
 */
export function kindsOf(problems) {
  const kinds = new Map();
  for (const {field, code, message} of problems) {
    const key = kindOf({field, code});
    const kind = kinds.get(key) ?? {key, field, code, message, count: 0};
    kind.count += 1;
    kinds.set(key, kind);
  }
  return [...kinds.values()].sort((one, other) => other.count - one.count);
}
