import {call} from "./api.js";
import {toast, toastFault} from "./tell.js";
import {t} from "./i18n.js";

/** How long a deletion can be taken back. */
const UNDO_MS = 7000;

/**
 * Deletions that can be taken back: events vanish from the page at once, and from the server when the
 * time to undo is over, or when the page goes.
 */
export class Deletions {
  /** @type {Map<number, {version: number}>} */
  #waiting = new Map();
  #timer = 0;

  /** @param {() => void} onChange Events vanished, or came back. */
  constructor(onChange) {
    this.onChange = onChange;
    addEventListener("pagehide", () => void this.#carryOut({keepalive: true}));
  }

  has(id) {
    return this.#waiting.has(id);
  }

  /** @param {{id: number, version: number, title: string}[]} events */
  async add(events) {
    await this.#carryOut();
    for (const {id, version} of events) this.#waiting.set(id, {version});
    this.onChange();
    const said =
      events.length === 1
        ? t("events.deleted", {title: events[0].title})
        : t("events.deletedMany", {count: events.length});
    toast(said, {action: {key: "undo", run: () => this.#takeBack()}, ms: UNDO_MS});
    this.#timer = setTimeout(() => void this.#carryOut(), UNDO_MS);
  }

  #takeBack() {
    clearTimeout(this.#timer);
    this.#waiting.clear();
    this.onChange();
  }

  async #carryOut({keepalive = false} = {}) {
    clearTimeout(this.#timer);
    const doomed = [...this.#waiting];
    await Promise.all(doomed.map(([id, {version}]) => this.#delete(id, version, keepalive)));
    for (const [id] of doomed) this.#waiting.delete(id);
    if (doomed.length && !keepalive) this.onChange();
  }

  async #delete(id, version, keepalive) {
    // Only what the person saw: an event that somebody changed meanwhile stays, and is said.
    await call("DELETE", `/eventos/${id}`, {headers: {"If-Match": `"${id}-${version}"`}, keepalive}).catch(
      (fault) => {
        if (fault.status === 412) toast(t("events.changedMeanwhile"));
        else if (fault.status !== 404) toastFault(fault);
      },
    );
  }
}
