/** After a message: what follows it, such as a delivery, is stored by then. */
const SOON_MS = 1500;

/**
 * Reads again what others change, once however many messages tell of it, and only while somebody looks: a
 * view that is shown again reads by itself.
 */
export class WhileSeen {
  #root;
  #read;
  #lookMs;
  #soon = 0;
  #later = 0;

  /**
   * @param {HTMLElement} root
   * @param {() => void} read Calls `wasRead` when it begins.
   * @param {{lookMs?: number}} [how] `lookMs`: what no message tells is seen so late at most; 0 where
   *   messages tell all.
   */
  constructor(root, read, {lookMs = 0} = {}) {
    this.#root = root;
    this.#read = read;
    this.#lookMs = lookMs;
    document.addEventListener("visibilitychange", () => this.soon());
  }

  /** Something may have changed. */
  soon() {
    if (this.#soon || !this.#isSeen) return;
    this.#soon = setTimeout(() => {
      this.#soon = 0;
      this.#look();
    }, SOON_MS);
  }

  wasRead() {
    clearTimeout(this.#later);
    if (this.#lookMs) this.#later = setTimeout(() => this.#look(), this.#lookMs);
  }

  #look() {
    if (this.#isSeen) this.#read();
  }

  get #isSeen() {
    return !document.hidden && this.#root.isConnected && !this.#root.closest("[hidden]");
  }
}
