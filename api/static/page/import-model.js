import {folded} from "./folding.js";
import {hasEnded, isOver} from "./import-status.js";
import {Rate, secondsLeft} from "./rate.js";
import {rowTitle} from "./row-title.js";

/** Problems kept in the page; the rest is in rejected.csv. */
const PROBLEMS_MAX = 20_000;

/**
 * One import as its feed tells it. Pure: messages in, figures out.
 *
 * @typedef {{line: number, record: number, field: string, code: string, message: string,
 *   value: string | null, suggestion: string | null, suggestions?: string[]}} ProblemLine
 */
export class ImportModel {
  /** @param {string} id @param {() => number} [now] Milliseconds. */
  constructor(id, now = () => performance.now()) {
    this.id = id;
    this.#now = now;
    this.status = "receiving";
    this.progress = 0;
    this.accepted = 0;
    this.rejected = 0;
    this.line = 0;
    this.title = "";
    this.bytes = 0;
    /** @type {number | null} */
    this.totalBytes = null;
    /** Bytes that the server has, as it told last; all, of a file that `isWhole` there. */
    this.received = 0;
    this.isWhole = false;
    this.sent = 0;
    this.sentTotal = 0;
    /** @type {number | null} */
    this.seconds = null;
    this.error = null;
    /** @type {ProblemLine[]} */
    this.problems = [];
    /** How often they had to be asked for anew. */
    this.listing = 0;
    /** @type {{code?: string, message: string, count?: number, names?: string[]}[]} */
    this.warnings = [];
    this.options = {};
    /** What became of accepted rows. @type {Record<string, number>} */
    this.outcomes = {};
    /** Of the file, in its order; null until they are known. @type {{field: string | null}[] | null} */
    this.columns = null;
    /** What rejected rows are called, by record; "" where nothing is known. @type {Map<number, string>} */
    this.titles = new Map();
  }

  #now;
  #rows = new Rate();
  #read = new Rate();
  #recordsWithProblems = new Set();

  get rows() {
    return this.accepted + this.rejected;
  }

  get isDryRun() {
    return Boolean(this.options.dry_run);
  }

  get isAtomic() {
    return this.options.mode === "atomic";
  }

  /** The import that its rows went back to. @returns {string | null} */
  get origin() {
    return this.options.repairs_of ?? null;
  }

  get isOver() {
    return isOver(this);
  }

  get hasEnded() {
    return hasEnded(this);
  }

  /** Bytes that the server has: those that it has read, at the least. */
  get arrived() {
    if (this.isWhole && this.totalBytes) return this.totalBytes;
    return Math.max(this.received, this.bytes);
  }

  get rowsPerSecond() {
    return this.hasEnded && this.seconds ? this.rows / Math.max(this.seconds, 0.001) : this.#rows.perSecond;
  }

  /** @returns {number | null} */
  get secondsLeft() {
    return this.hasEnded ? null : secondsLeft(this.bytes, this.totalBytes, this.#read.perSecond);
  }

  /** How many rejected rows are not in `problems`. */
  get rowsNotShown() {
    return Math.max(0, this.rejected - this.#recordsWithProblems.size);
  }

  /** Whether no more problems are kept. */
  get isFull() {
    return this.problems.length >= PROBLEMS_MAX;
  }

  /** @param {Record<string, any>} message Of the feed `upload/{id}`. */
  take(message) {
    if (message.type === "progress") this.#progress(message);
    else if (message.type === "row_error") this.#rowError(message);
    else if (message.type === "log" && message.level !== "info" && message.level !== "debug")
      this.warnings.push(message);
    else if (message.type === "log") this.note = message;
    else if (message.type === "finished") this.#finished(message);
  }

  #progress(message) {
    // Rows that had arrived before the upload broke off are still being read.
    if (!this.hasEnded && this.status !== "interrupted") this.status = "processing";
    this.progress = Math.max(this.progress, message.progresso);
    this.line = message.line;
    this.title = message.title ?? this.title;
    this.bytes = message.bytes;
    this.totalBytes = message.total_bytes ?? this.totalBytes;
    this.#count(message);
    // By the server's clock: what comes late, all at once, was not done in that moment.
    const at = message.at ? Date.parse(message.at) : this.#now();
    this.#rows.add(at, this.rows);
    this.#read.add(at, this.bytes);
  }

  #count({accepted, rejected, created, updated, unchanged, skipped}) {
    this.accepted = Math.max(this.accepted, accepted);
    this.rejected = Math.max(this.rejected, rejected);
    this.outcomes = {created, updated, unchanged, skipped};
  }

  #rowError(message) {
    this.#progress(message);
    this.addProblems(message);
  }

  /** Rows that were mended, and those that still break rules. */
  repaired(upload, records, errors) {
    this.accepted = upload.accepted;
    this.rejected = upload.rejected;
    const {created, updated, unchanged, skipped} = upload;
    this.outcomes = {created, updated, unchanged, skipped};
    const sent = new Set(records);
    this.problems = this.problems.filter(({record}) => !sent.has(record));
    for (const record of sent) this.#recordsWithProblems.delete(record);
    for (const row of errors) this.addProblems(row);
    // What is still wrong stays where it was.
    this.problems.sort((one, other) => one.record - other.record);
  }

  /** Records of the rows that are known to be rejected. @returns {Set<number>} */
  get rejectedRecords() {
    return new Set(this.problems.map(({record}) => record));
  }

  /** Each row once, whether the feed or the list of rejected rows told it first. */
  addProblems({line, record, errors, cells = null}) {
    if (cells) this.nameRow({record, cells});
    if (this.#recordsWithProblems.has(record) || this.isFull) return;
    this.#recordsWithProblems.add(record);
    for (const error of errors) this.problems.push({line, record, ...error});
  }

  /**
   * Take what a rejected row is called from its cells, which the feed does not tell.
   *
   * @param {{record: number, cells: string[]}} row
   */
  nameRow({record, cells}) {
    if (this.columns) this.titles.set(record, rowTitle(cells, this.columns));
  }

  #finished(message) {
    const {status, seconds, error} = message;
    this.status = status;
    this.#count(message);
    this.seconds = seconds;
    this.error = error;
    if (status === "completed") this.progress = 100;
  }

  /** What the history knows, for an import whose feed is no longer kept. */
  load(details) {
    // Somebody else mended rows: which are left is asked anew.
    if (this.isOver && details.rejected < this.rejected) {
      this.listing += 1;
      this.problems = [];
      this.#recordsWithProblems.clear();
      this.titles.clear();
      this.accepted = this.rejected = 0;
    }
    this.status = details.status;
    this.#count(details);
    Object.assign(this, {
      line: details.line,
      received: details.bytes,
      totalBytes: details.total_bytes,
      seconds: details.seconds,
      error: details.error,
    });
    this.options = details.options ?? {};
    this.columns = details.columns ?? null;
    if (details.warnings?.length) this.warnings = details.warnings;
    this.filename = details.filename;
    this.actor = details.actor;
    if (details.status === "completed" || details.status === "undone") this.progress = 100;
  }
}

/**
 * @param {ProblemLine[]} problems
 * @param {string} text
 * @param {(problem: ProblemLine) => string} reasonOf
 * @param {Map<number, string>} titles What rows are called, by record.
 * @returns {ProblemLine[]} Those that have `text` in any cell or are called so, without case and accents.
 */
export function filterProblems(problems, text, reasonOf, titles) {
  const wanted = folded(text);
  if (!wanted) return problems;
  return problems.filter((problem) =>
    folded(
      [
        problem.line,
        titles.get(problem.record) ?? "",
        problem.field,
        problem.code,
        problem.message,
        problem.value,
        problem.suggestion,
        reasonOf(problem),
      ].join(" "),
    ).includes(wanted),
  );
}
