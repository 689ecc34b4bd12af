/** Cells that a person mended, until they are sent. Pure. */

/** Lines that one request carries. */
export const ROWS_A_REQUEST = 500;

export class Repairs {
  /** Line to field to text. @type {Map<number, Record<string, string>>} */
  #cells = new Map();

  get rows() {
    return this.#cells.size;
  }

  /** @returns {string | undefined} */
  of(line, field) {
    return this.#cells.get(line)?.[field];
  }

  set(line, field, text) {
    this.#cells.set(line, {...this.#cells.get(line), [field]: text});
  }

  forget(line) {
    this.#cells.delete(line);
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
    for (const other of like) this.set(other.line, other.field, offersOf(other)[at]);
    return like.length;
  }

  /** @returns {{line: number, cells: Record<string, string>}[][]} */
  requests() {
    const rows = [...this.#cells].map(([line, cells]) => ({line, cells}));
    const requests = [];
    for (let at = 0; at < rows.length; at += ROWS_A_REQUEST)
      requests.push(rows.slice(at, at + ROWS_A_REQUEST));
    return requests;
  }
}

/** Whether the cell of a problem can be mended here: a row that is cut wrongly has none. */
export const isMendable = ({field, code}) =>
  Boolean(field) && code !== "missing_cells" && code !== "extra_cells";

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

/**
 * Kinds of problems with their counts, the most frequent first.
 *
 * @param {import("./import-model.js").ProblemLine[]} problems
 */
export function kindsOf(problems) {
  const kinds = new Map();
  for (const {field, code, message} of problems) {
    const key = `${field} ${code}`;
    const kind = kinds.get(key) ?? {key, field, code, message, count: 0};
    kind.count += 1;
    kinds.set(key, kind);
  }
  return [...kinds.values()].sort((one, other) => other.count - one.count);
}
