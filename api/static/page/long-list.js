/**
 * The items of a list of any length by their places. The API gives any page of it; pages are read as places
 * are looked at, and far ones are forgotten. Pure but for what it reads with.
 */

/** The most that one page of the API holds. */
export const PAGE_MAX = 500;

/** Pages that are kept: what is on screen, and what may be scrolled back to at once. */
export const PAGES_KEPT = 12;

/**
 * @typedef {{items: any[], total: number}} Page
 * @typedef {{start: number, items: any[]}} Chunk Consecutive items; `start` is the place of the first.
 */

export class LongList {
  total = 0;
  /** @type {Chunk[]} */
  #chunks = [];
  /** What was there before others changed something, shown until it is read anew. @type {Chunk[]} */
  #stale = [];
  #wanted = {first: 0, end: 0};
  #busy = false;
  #turn = 0;

  /**
   * @param {{read: (how: {skip: number, limit: number}) => Promise<Page | null>, onChange: () => void}} of
   *   `read` gives null where it failed, and has told so.
   */
  constructor({read, onChange}) {
    this.of = {read, onChange};
  }

  /** Begin with the first page of an answer. @param {Page} page */
  start(page) {
    this.#turn += 1;
    this.#stale = [];
    this.#chunks = [{start: 0, items: page.items}];
    this.total = page.total;
  }

  /** Others changed something: what is looked at is read anew. @param {Page} page The first. */
  refresh(page) {
    const stale = [...this.#chunks, ...this.#stale].slice(0, PAGES_KEPT);
    this.start(page);
    this.#stale = stale;
    void this.#fill();
  }

  /** @param {number} place @returns {any} Undefined while it is not read. */
  at(place) {
    return place < this.total ? (itemIn(this.#chunks, place) ?? itemIn(this.#stale, place)) : undefined;
  }

  /** Items that are there. */
  *known() {
    for (const {start, items} of this.#chunks)
      for (const [at, item] of items.entries()) yield {place: start + at, item};
  }

  /** Whether all of it is there, as one answer told it. */
  get isWhole() {
    return this.#chunks.some(({start, items}) => start === 0 && items.length >= this.total);
  }

  /** @param {{id: number}} item As it is now. @returns {boolean} Whether it is there. */
  replace(item) {
    let isThere = false;
    for (const {items} of [...this.#chunks, ...this.#stale]) {
      const at = items.findIndex(({id}) => id === item.id);
      if (at >= 0) [items[at], isThere] = [item, true];
    }
    return isThere;
  }

  /** These places are looked at. */
  want(first, end) {
    this.#wanted = {first, end: Math.min(end, this.total)};
    void this.#fill();
  }

  get #missing() {
    for (let place = this.#wanted.first; place < this.#wanted.end; place++)
      if (itemIn(this.#chunks, place) === undefined) return place;
    return -1;
  }

  /** Read page after page until what is looked at is there: it may be another place meanwhile. */
  async #fill() {
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let place = this.#missing; place >= 0; place = this.#missing) {
        if (!(await this.#read(place))) break;
      }
    } finally {
      this.#busy = false;
    }
  }

  /** @returns {Promise<boolean>} Whether it is worth to read on. */
  async #read(place) {
    const turn = this.#turn;
    const start = place - (place % PAGE_MAX);
    const page = await this.of.read({skip: start, limit: PAGE_MAX});
    // Another question was asked meanwhile, or the list was read anew: begin with what is known now.
    if (turn !== this.#turn) return true;
    if (!page?.items.length) return false;
    this.total = page.total;
    this.#keep({start, items: page.items});
    this.of.onChange();
    // A list may have become shorter meanwhile.
    return itemIn(this.#chunks, place) !== undefined;
  }

  #keep(chunk) {
    const middle = (this.#wanted.first + this.#wanted.end) / 2;
    const distance = ({start, items}) => Math.abs(start + items.length / 2 - middle);
    this.#chunks = [chunk, ...this.#chunks.filter(({start}) => start !== chunk.start)]
      .sort((one, other) => distance(one) - distance(other))
      .slice(0, PAGES_KEPT);
  }
}

const itemIn = (chunks, place) => {
  const chunk = chunks.find(({start, items}) => place >= start && place < start + items.length);
  return chunk?.items[place - chunk.start];
};
