/**
 * The items of a list of any length by their places. The API gives pages by cursors, from either end; they
 * are read as places are looked at, and far ones are forgotten. Pure but for what it reads with.
 */

/** The most that one page of the API holds. */
export const PAGE_MAX = 500;

/** Pages that are kept: what is on screen, and what may be scrolled back to at once. */
export const PAGES_KEPT = 12;

/** Places from the beginning that are always exact. */
const FAR = 4 * PAGE_MAX;

/**
 * @typedef {{items: any[], next: string | null, total: number}} Page
 * @typedef {{start: number, items: any[]}} Chunk Consecutive items; `start` is the place of the first.
 */

/** One end of the list: where pages may begin, counted from it. */
class End {
  /** Place to the cursor of the page that begins there. @type {Map<number, string>} */
  cursors = new Map([[0, ""]]);

  /** The nearest place at or before one where a page may begin. */
  before(place) {
    let best = 0;
    for (const start of this.cursors.keys()) if (start <= place && start > best) best = start;
    return best;
  }

  /** Note where the next page begins. If that is news, what was known behind it is not so any more. */
  note(place, cursor) {
    if (this.cursors.get(place) !== cursor)
      for (const start of this.cursors.keys()) if (start >= place) this.cursors.delete(start);
    if (cursor) this.cursors.set(place, cursor);
  }
}

export class LongList {
  total = 0;
  #front = new End();
  /** Null where the order cannot be read backwards. @type {End | null} */
  #back = null;
  /** @type {Chunk[]} */
  #chunks = [];
  /** What was there before others changed something, shown until it is read anew. @type {Chunk[]} */
  #stale = [];
  #wanted = {first: 0, end: 0};
  #busy = false;
  #turn = 0;

  /**
   * @param {{read: (how: {cursor: string, limit: number, isBack: boolean}) => Promise<Page | null>,
   *   onChange: () => void}} of `isBack`: in the reverse order. Null: it failed, and was told.
   */
  constructor({read, onChange}) {
    this.of = {read, onChange};
  }

  /** Begin with the first page of an answer. @param {Page} page @param {{canGoBack: boolean}} how */
  start(page, {canGoBack}) {
    this.#turn += 1;
    this.#front = new End();
    this.#back = canGoBack ? new End() : null;
    this.#stale = [];
    this.#chunks = [{start: 0, items: page.items}];
    this.#front.note(page.items.length, page.next ?? "");
    this.total = page.total;
  }

  /** Others changed something: what is looked at is read anew. @param {Page} page The first. */
  refresh(page) {
    this.#turn += 1;
    this.#stale = [...this.#chunks, ...this.#stale].slice(0, PAGES_KEPT);
    if (this.#back) this.#back = new End();
    this.#chunks = [{start: 0, items: page.items}];
    // Far from the beginning a place may be off by what others added: to count anew would take too long.
    if (this.#wanted.first < FAR) this.#front.note(page.items.length, page.next ?? "");
    this.total = page.total;
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
        if (!(await this.#readTowards(place))) break;
        this.of.onChange();
      }
    } finally {
      this.#busy = false;
    }
  }

  async #readTowards(place) {
    const turn = this.#turn;
    const fromEnd = this.total - 1 - place;
    const front = this.#front.before(place);
    const back = this.#back?.before(fromEnd) ?? 0;
    const isBack = this.#back !== null && fromEnd - back < place - front;
    const start = isBack ? back : front;
    const end = /** @type {End} */ (isBack ? this.#back : this.#front);
    const page = await this.of.read({cursor: end.cursors.get(start) ?? "", limit: PAGE_MAX, isBack});
    // Another question was asked meanwhile, or the list was read anew: begin with what is known now.
    if (turn !== this.#turn) return true;
    if (!page?.items.length) return false;
    end.note(start + page.items.length, page.next ?? "");
    if (page.total !== this.total) this.total = page.total;
    const chunk = isBack
      ? {start: Math.max(0, page.total - start - page.items.length), items: [...page.items].reverse()}
      : {start, items: page.items};
    this.#keep(chunk);
    return true;
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
