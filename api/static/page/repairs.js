/** Cells that a person mended, until they are sent. Pure. */

/** Rows that one request carries. */
const ROWS_A_REQUEST = 500;

/** @typedef {{line: number, record: number, cells: Record<string, string>}} MendedRow */

export class Repairs {
  /** Record to its row: several may begin on one line. @type {Map<number, MendedRow>} */
  #rows = new Map();

  get rows() {
    return this.#rows.size;
  }

  /** @returns {string | undefined} */
  of({record, field}) {
    return this.#rows.get(record)?.cells[field];
  }

  /** @param {{line: number, record: number, field: string}} problem @param {string} text */
  set({line, record, field}, text) {
    const cells = {...this.#rows.get(record)?.cells, [field]: text};
    this.#rows.set(record, {line, record, cells});
  }

  forget(record) {
    this.#rows.delete(record);
  }

  /** Forget what somebody else has mended: what is not rejected any more. @param {Set<number>} rejected */
  keepOnly(rejected) {
    for (const record of this.#rows.keys()) if (!rejected.has(record)) this.#rows.delete(record);
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
    const rows = [...this.#rows.values()];
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
