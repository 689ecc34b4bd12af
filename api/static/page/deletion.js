import {call} from "./api.js";
import {tagOf} from "./event-tag.js";
import {toast, toastFault} from "./tell.js";
import {t} from "./i18n.js";
import {registerWaiting} from "./waiting.js";

/** How long a deletion can be taken back. */
const UNDO_MS = 7000;

/**
 * Deletions that can be taken back: events vanish from the page at once, and from the server when the
 * time to undo is over, when the person signs out, or when the page goes.
 */
export class Deletions {
  /** Tags of what the person saw, by id. @type {Map<number, string>} */
  #waiting = new Map();
  /** Takes away the sentence that offers to undo. */
  #endOffer = () => {};

  /** @param {() => void} onChange Events vanished, or came back. */
  constructor(onChange) {
    this.onChange = onChange;
    registerWaiting({
      count: () => this.#waiting.size,
      carryOut: () => this.#carryOutAll(),
      forget: () => this.#waiting.clear(),
    });
    addEventListener("pagehide", () => void this.#carryOutAll({keepalive: true}));
  }

  has(id) {
    return this.#waiting.has(id);
  }

  /**
   * @param {{id: number, version: number, updated_at: string, title: string}[]} events
   * @param {{back: () => HTMLElement | null}} keyboard Where it goes when there is nothing more to undo.
   */
  add(events, {back}) {
    const ids = events.map(({id}) => id);
    for (const event of events) this.#waiting.set(event.id, tagOf(event));
    this.onChange();
    const said =
      events.length === 1
        ? t("events.deleted", {title: events[0].title})
        : t("events.deletedMany", {count: events.length});
    // The next sentence takes the place of this one: what can no longer be undone is done.
    this.#endOffer = toast(said, {
      action: {key: "undo", run: () => this.#takeBack(ids)},
      ms: UNDO_MS,
      onEnd: () => void this.#carryOut(ids),
      back,
    });
  }

  #takeBack(ids) {
    for (const id of ids) this.#waiting.delete(id);
    this.onChange();
  }

  /** Now, before the time to undo is over: from here on nothing can be undone, whatever fails. */
  #carryOutAll(how = {}) {
    this.#endOffer();
    return this.#carryOut([...this.#waiting.keys()], how);
  }

  /** @returns {Promise<boolean>} Whether all of them are gone. */
  async #carryOut(ids, {keepalive = false} = {}) {
    const doomed = ids.filter((id) => this.#waiting.has(id));
    const done = await Promise.all(doomed.map((id) => this.#delete(id, this.#waiting.get(id), keepalive)));
    for (const id of doomed) this.#waiting.delete(id);
    if (doomed.length && !keepalive) this.onChange();
    return done.every(Boolean);
  }

  /** @returns {Promise<boolean>} */
  #delete(id, tag, keepalive) {
    // Only what the person saw: an event that somebody changed meanwhile stays, and is said.
    const headers = {"If-Match": tag};
    return call("DELETE", `/eventos/${id}`, {headers, keepalive}).then(
      () => true,
      (fault) => {
        if (fault.status === 404) return true;
        if (fault.status === 412) toast(t("events.changedMeanwhile"));
        else toastFault(fault);
        return false;
      },
    );
  }
}
