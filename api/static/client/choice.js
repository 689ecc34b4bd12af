import {REPROBE_MAX_MS, REPROBE_MS} from "./timing.js";

/** In the order of preference. */
export const TRANSPORTS = /** @type {import("./types.js").Transport[]} */ (["sse", "ws", "poll"]);

/**
 * Which transport to use: the first that works here, remembered per origin, asked again later.
 *
 * A remembered fallback that is old is not used at once: the first choice gets another try, and
 * if it fails, what was remembered follows without trying the ones between.
 */
export class Choice {
  #memory;
  #now;
  /**
   * @type {{transport: import("./types.js").Transport, reason: string, at: number, delayMs: number} |
   * null}
   */
  #found;

  /**
   * @param {{load: () => any, save: (value: any) => void}} memory
   * @param {() => number} now
   */
  constructor(memory, now) {
    this.#memory = memory;
    this.#now = now;
    this.#found = sane(memory.load());
    /** @type {import("./types.js").Transport} */
    this.current = "sse";
    /** @type {string | null} Why `current` is not the first choice. */
    this.reason = null;
    if (this.#found && this.reprobeInMs() > 0) this.#use(this.#found.transport, "remembered");
  }

  #use(transport, reason) {
    this.current = transport;
    this.reason = reason;
  }

  /** Milliseconds until the first choice deserves another try. */
  reprobeInMs() {
    if (!this.#found) return 0;
    return Math.max(0, this.#found.at + this.#found.delayMs - this.#now());
  }

  /** Give up `current` for `reason`. @returns {boolean} False when nothing is left to try. */
  advance(reason) {
    const next = this.#next();
    if (!next) return false;
    this.#use(next, reason);
    return true;
  }

  #next() {
    const later = TRANSPORTS.slice(TRANSPORTS.indexOf(this.current) + 1);
    const known = this.#found?.transport;
    return known && later.includes(known) ? known : later[0];
  }

  /** `current` works: remember it, or that the first choice works again. */
  confirm() {
    if (this.current === "sse") return this.forget();
    if (this.#found?.transport === this.current && this.reprobeInMs() > 0) return;
    const delayMs = Math.min(REPROBE_MAX_MS, this.#found ? this.#found.delayMs * 2 : REPROBE_MS);
    this.#found = {transport: this.current, reason: this.reason ?? "", at: this.#now(), delayMs};
    this.#memory.save(this.#found);
  }

  /** Try the first choice again, keeping what is known to work. */
  reprobe() {
    this.#use("sse", null);
  }

  /** Another network: what was learnt does not hold, and the first choice deserves its try. */
  forget() {
    this.#found = null;
    this.#memory.save(null);
    this.reprobe();
  }
}

function sane(value) {
  const good = value && TRANSPORTS.includes(value.transport) && value.at >= 0 && value.delayMs > 0;
  return good ? value : null;
}

/**
 * A memory in web storage. Storage that is full or forbidden is a memory that forgets.
 *
 * @param {() => Storage} storage Called late: merely naming it throws where it is forbidden.
 * @param {string} key
 */
export function memoryIn(storage, key) {
  return {
    load() {
      try {
        return JSON.parse(storage().getItem(key) ?? "null");
      } catch {
        return null;
      }
    },
    save(value) {
      try {
        if (value === null) storage().removeItem(key);
        else storage().setItem(key, JSON.stringify(value));
      } catch {
        // A private window: the stream works, it only starts from the first choice next time.
      }
    },
  };
}
