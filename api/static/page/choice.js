import {inTurns} from "./in-turns.js";
import {PAGE_MAX} from "./long-list.js";

/** So many are asked for singly; where others changed more at once, those are not chosen any more. */
const ASKED_MAX = 20;

/**
 * The events that somebody chose from a list. What left the list is not chosen any more: nobody sees it, and
 * it must not be changed or deleted with what is seen. Pure but for what it asks with.
 *
 * Readings of the list are numbered in the order in which they were asked for.
 */
export class Choice {
  /** As they were last read, by id. @type {Map<number, any>} */
  #events = new Map();
  /**
   * Events that may have left the list: the last reading that may not know it, and which version it knew.
   *
   * @type {Map<number, {reading: number, version: number}>}
   */
  #doubted = new Map();
  /**
   * What to ask next: one round at a time, and of those that wait the last.
   *
   * @type {(() => Promise<any>) | null}
   */
  #next = null;
  #isAsking = false;

  get events() {
    return [...this.#events.values()];
  }

  has(id) {
    return this.#events.has(id);
  }

  /** @param {any} event @param {boolean} isChosen */
  set(event, isChosen) {
    if (isChosen) this.#events.set(event.id, event);
    else this.#drop(event.id);
  }

  clear() {
    this.#events.clear();
    this.#doubted.clear();
  }

  /**
   * Others changed events.
   *
   * @param {any} message Of the feed of events.
   * @param {number} reading The last one.
   */
  doubt(message, reading) {
    if (message.type === "event.deleted") this.#drop(message.event_id);
    for (const id of this.#events.keys()) if (isAbout(message, id)) this.#doubt(id, reading);
  }

  /** Messages were missed: any of them may have changed. @param {number} reading */
  doubtAll(reading) {
    for (const id of this.#events.keys()) this.#doubt(id, reading);
  }

  #doubt(id, reading) {
    const {version} = this.#doubted.get(id) ?? this.#events.get(id);
    this.#doubted.set(id, {reading, version});
  }

  /**
   * Go by what the list has now. Of a list that is there in part, the events elsewhere stay as they are.
   *
   * @param {import("./long-list.js").LongList} list @param {number} reading That it is of.
   */
  follow(list, reading) {
    if (!this.#events.size) return;
    const listed = new Map([...list.known()].map(({item}) => [item.id, item]));
    for (const id of this.#events.keys()) {
      const event = listed.get(id);
      if (event) this.#keep(event, reading);
      else if (list.isWhole) this.#drop(id);
    }
  }

  /**
   * Ask for those that others changed, and that stand where the list is not read.
   *
   * @param {number} reading
   * @param {{event: (id: number) => Promise<any>, isListed: (event: any) => Promise<boolean>}} ask `event`
   *   gives null for one that is gone.
   */
  async ask(reading, how) {
    this.#next = () => this.#ask(reading, how);
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      for (let round = this.#next; round; round = this.#next) {
        this.#next = null;
        await round();
      }
    } finally {
      this.#isAsking = false;
    }
  }

  async #ask(reading, {event, isListed}) {
    const doubted = this.#doubtedBefore(reading);
    if (doubted.length > ASKED_MAX) return doubted.forEach((id) => this.#drop(id));
    await inTurns(doubted, async (id) => {
      const now = await event(id);
      const isSame = now?.version === this.#doubted.get(id)?.version;
      const stays = now && (isSame || (await isListed(now)));
      if (!this.#isDoubtedBefore(id, reading)) return;
      if (stays) this.#keep(now, reading);
      else this.#drop(id);
    });
  }

  #doubtedBefore(reading) {
    return [...this.#doubted.keys()].filter((id) => this.#isDoubtedBefore(id, reading));
  }

  #isDoubtedBefore(id, reading) {
    return (this.#doubted.get(id)?.reading ?? Infinity) < reading;
  }

  #keep(event, reading) {
    this.#events.set(event.id, event);
    if (this.#isDoubtedBefore(event.id, reading)) this.#doubted.delete(event.id);
  }

  #drop(id) {
    this.#events.delete(id);
    this.#doubted.delete(id);
  }
}

/** Whether a message may be about an event: one about many names the first and last of them, or none. */
function isAbout({type, event, first_id: first, last_id: last}, id) {
  if (type === "event.updated") return event.id === id;
  return type === "events.changed" && (first ?? id) <= id && id <= (last ?? id);
}

/**
 * Whether a question finds an event, which is asked for by its moment: without reading on to its place. A
 * span that ends before it begins has no events: the server compares the dates.
 *
 * @param {any} event
 * @param {Record<string, any>} question That of the list.
 * @param {(question: Record<string, any>) => Promise<{items: any[], total: number}>} read
 */
export async function isFound(event, question, read) {
  const at = event.event_date;
  if (!(await stands(event, (place) => read({...question, from: at, to: at, ...place})))) return false;
  const spans = [question.from && {to: at}, question.to && {from: at}].filter(Boolean);
  for (const span of spans) if (!(await read({...question, ...span, limit: 1})).total) return false;
  return true;
}

/** Whether an event is among those of its moment, of which there may be many. */
async function stands({id}, read) {
  for (let skip = 0; ; skip += PAGE_MAX) {
    const {items, total} = await read({limit: PAGE_MAX, skip: skip || undefined});
    if (items.some((item) => item.id === id)) return true;
    if (skip + PAGE_MAX >= total) return false;
  }
}
