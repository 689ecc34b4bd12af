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
   * Take the suggestion of every problem that is like one, of the same field, code and value.
   *
   * @param {import("./import-model.js").ProblemLine[]} problems
   * @returns {number} How many.
   */
  takeAllLike({field, code, value}, problems) {
    const like = problems.filter(
      (other) => other.field === field && other.code === code && other.value === value && other.suggestion,
    );
    for (const {line, suggestion} of like) this.set(line, field, suggestion);
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

/** Problems that differ in nothing but their line. */
export function countLike(problem, problems) {
  return problems.filter(
    ({field, code, value}) => field === problem.field && code === problem.code && value === problem.value,
  ).length;
}

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
