/** What a reader has seen: its cursor, kept over a reload, and the ids that may come twice. */

/** Ids kept: more than any one answer carries. */
const SEEN_MAX = 5000;

/**
 * Where a tab goes on after a reload: the first to ask is given what an earlier page noted, everybody later
 * begins anew. Who asked and read nothing hands it on.
 */
export class Heirloom {
  /** @type {Set<string>} */
  #taken = new Set();

  /**
   * @param {string} key
   * @param {{load: () => any, save: (value: any) => void}} memory
   */
  of(key, memory) {
    let isMine = false;
    const load = () => {
      if (this.#taken.has(key)) return null;
      isMine = true;
      this.#taken.add(key);
      return memory.load();
    };
    const giveBack = () => {
      if (isMine) this.#taken.delete(key);
      isMine = false;
    };
    return {load, save: memory.save, giveBack};
  }
}

/** Between writes to the session's storage. */
const SAVE_MS = 250;

export class Position {
  #seen = new Set();
  #memory;
  #clock;
  #saving = null;
  #moved = false;

  /**
   * @param {{load: () => any, save: (value: any) => void, giveBack?: () => void}} memory
   * @param {import("./types.js").Clock} clock
   * @param {string | null} [cursor] Where to begin, whatever the memory has.
   */
  constructor(memory, clock, cursor = null) {
    this.#memory = memory;
    this.#clock = clock;
    const remembered = memory.load();
    const kept = cursor || remembered;
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
    this.#moved = true;
    this.#saving ??= this.#clock.after(() => this.save(), SAVE_MS);
  }

  /** Write at once: the page is about to go. */
  save() {
    this.#clock.cancel(this.#saving);
    this.#saving = null;
    this.#memory.save(this.cursor);
  }

  /** The program wants no more of it. */
  end() {
    if (this.#moved) return this.save();
    this.#memory.giveBack?.();
  }
}
