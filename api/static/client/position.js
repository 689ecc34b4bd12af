/** What a reader has seen: its cursor, kept over a reload, and the ids that may come twice. */

/** Ids kept: more than any one answer carries. */
const SEEN_MAX = 5000;

/** Between writes to the session's storage. */
const SAVE_MS = 250;

export class Position {
  #seen = new Set();
  #memory;
  #clock;
  #saving = null;

  /**
   * @param {{load: () => any, save: (value: any) => void}} memory
   * @param {import("./types.js").Clock} clock
   * @param {string | null} [cursor] Where to begin, whatever the memory has.
   */
  constructor(memory, clock, cursor = null) {
    this.#memory = memory;
    this.#clock = clock;
    const kept = cursor || memory.load();
    /** @type {string | null} */
    this.cursor = typeof kept === "string" ? kept : null;
  }

  /** Note the message. @returns {boolean} Whether it is seen for the first time. */
  take(id) {
    if (this.#seen.has(id)) return false;
    this.#seen.add(id);
    if (this.#seen.size > SEEN_MAX) this.#seen.delete(this.#seen.values().next().value);
    return true;
  }

  moveTo(cursor) {
    this.cursor = cursor;
    this.#saving ??= this.#clock.after(() => this.save(), SAVE_MS);
  }

  /** Write at once: the page is about to go. */
  save() {
    this.#clock.cancel(this.#saving);
    this.#saving = null;
    this.#memory.save(this.cursor);
  }

  forget() {
    this.cursor = null;
    this.save();
  }
}
