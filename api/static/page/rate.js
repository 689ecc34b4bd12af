/** Rate of a count that grows, over the last seconds: steady to the eye, quick to follow. */

const WINDOW_MS = 5000;

export class Rate {
  /** @type {{at: number, count: number}[]} */
  #samples = [];

  /** @param {number} at Milliseconds. @param {number} count */
  add(at, count) {
    this.#samples.push({at, count});
    while (this.#samples.length > 2 && at - this.#samples[0].at > WINDOW_MS) this.#samples.shift();
  }

  /** @returns {number | null} Per second; null before anything can be said. */
  get perSecond() {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || last.at - first.at < 200) return null;
    return ((last.count - first.count) * 1000) / (last.at - first.at);
  }
}

/** @returns {number | null} Seconds left at this rate. */
export function secondsLeft(done, total, perSecond) {
  if (!total || !perSecond) return null;
  return Math.max(0, total - done) / perSecond;
}
