/** Where the rows of a long list stand, of which each has a height of its own. Pure. */

/** Rows that are drawn above and below those on screen. */
const MARGIN_ROWS = 6;

export class RowHeights {
  /** Pixels of rows that were measured, by their places. @type {Map<number, number>} */
  #measured = new Map();
  #count = 0;
  #usual = 1;
  /** The top of each row, and the end of the last; null where they have to be added up anew. */
  #tops = null;

  /** @param {number} count @param {number} usual Pixels of a row that was not measured. */
  have(count, usual) {
    if (count === this.#count && usual === this.#usual) return;
    this.#count = count;
    this.#usual = usual;
    this.#tops = null;
  }

  /** Other rows, or the same ones in another width. */
  forget() {
    this.#measured.clear();
    this.#tops = null;
  }

  /** @returns {boolean} Whether it stood otherwise before. */
  measure(at, height) {
    if ((this.#measured.get(at) ?? this.#usual) === height) return false;
    this.#measured.set(at, height);
    this.#tops = null;
    return true;
  }

  /** @param {number} at A row; their count for the end of the last. */
  top(at) {
    return this.#added[at];
  }

  get total() {
    return this.#added[this.#count];
  }

  /** The row at a height. */
  at(y) {
    const tops = this.#added;
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (tops[middle + 1] <= y) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @returns {{first: number, end: number}} Rows to draw, `end` excluded. */
  window(scrollTop, height) {
    const first = Math.min(this.#count, Math.max(0, this.at(scrollTop) - MARGIN_ROWS));
    return {first, end: Math.min(this.#count, this.at(scrollTop + height) + 1 + MARGIN_ROWS)};
  }

  get #added() {
    if (this.#tops) return this.#tops;
    const tops = new Float64Array(this.#count + 1);
    for (let at = 0; at < this.#count; at += 1)
      tops[at + 1] = tops[at] + (this.#measured.get(at) ?? this.#usual);
    return (this.#tops = tops);
  }
}
