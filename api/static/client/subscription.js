import {faultOf} from "./address.js";
import {MAX_FEEDS} from "./hub.js";
import {carry} from "./merged.js";
import {backoffMs} from "./timing.js";
import {isFinal} from "./verdict.js";

/** Feeds that begin and end, and are wanted from their first message. */
const HAS_END = /^(upload|tarefas)\//;

/** Types that concern the connection, not what it carries. */
const OF_THE_CONNECTION = new Set(["hello", "heartbeat", "bye"]);

/**
 * What one call of `connect()` reads: its feeds, each message once and in order.
 *
 * It asks for its history itself (a short poll from its own cursor), then joins the browser's
 * stream, and closes the seam between the two: what streams in meanwhile is held until a poll
 * has nothing more, or has reached what is held. A stream that began at its own cursor has no seam.
 *
 * @typedef {object} SubscriptionParts
 * @property {string[]} feeds
 * @property {import("./hub.js").Hub} hub
 * @property {import("./position.js").Position} position
 * @property {(cursor: string | null) => Promise<import("./types.js").PollAnswer>} ask Answers at once.
 * @property {import("./types.js").Clock} clock
 * @property {(message: import("./types.js").Message) => void} onMessage
 * @property {(state: import("./types.js").Message) => void} onState
 * @property {(status: import("./types.js").Status) => void} onStatus
 * @property {(reason: string) => void} onReset
 * @property {() => void} [onOver] Nothing is read here any more: told before the last status.
 */
export class Subscription {
  #parts;
  #clock;
  /** Messages that came by the stream while history is being read; null once it flows. */
  #held = /** @type {import("./types.js").Message[] | null} */ ([]);
  /** @type {string | null} */
  #term = null;
  #joined = false;
  #over = false;
  #failures = 0;
  #unfinished;
  /** The latest attempt to start: `retry()` overtakes one that waits. */
  #attempt = 0;
  /** @type {import("./types.js").Status} */
  #status = {state: "connecting", transport: "sse", reason: null, retryMs: null, error: null, leader: false};

  /** @param {SubscriptionParts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.feeds = parts.feeds;
    this.#unfinished = new Set(parts.feeds);
    void this.#start();
  }

  get status() {
    return this.#status;
  }

  get over() {
    return this.#over;
  }

  get cursor() {
    return this.#parts.position.cursor;
  }

  close() {
    if (!this.#over) this.#end("closed");
  }

  retry() {
    if (this.#over) return;
    if (this.#joined) this.#parts.hub.retry();
    else void this.#start();
  }

  /** The page is about to go. */
  save() {
    this.#parts.position.save();
  }

  /** The page came back from the browser's cache, deaf meanwhile: read what it missed. */
  recover() {
    if (this.#joined && !this.#over) void this.#catchUp();
  }

  /** Nothing joins the shared stream before the server agreed to show it to this reader. */
  async #start() {
    const attempt = ++this.#attempt;
    const answer = await this.#ask();
    if (this.#over || attempt !== this.#attempt) return;
    if (isFinal(answer.verdict)) return this.#refused(answer);
    if (answer.verdict !== "reachable") return this.#startLater(answer);
    answer.messages.forEach((message) => this.#deliver(message));
    this.#moveTo(answer.cursor);
    if (this.#over) return;
    this.#joined = true;
    this.#parts.hub.add(this);
  }

  #startLater(answer) {
    const retryMs = this.#waitMs(answer);
    const attempt = this.#attempt;
    const reason = answer.verdict === "busy" ? "limit" : (answer.reason ?? "unreachable");
    this.#clock.after(() => !this.#over && attempt === this.#attempt && void this.#start(), retryMs);
    this.#tell({...this.#status, state: "waiting", reason, retryMs, error: answer.error ?? null});
  }

  #waitMs(answer) {
    return answer.retryMs ?? backoffMs(this.#failures++, this.#clock.random());
  }

  #ask() {
    return this.#parts.ask(this.cursor).catch(faultOf);
  }

  /** All streams of feeds are in use: it goes on by itself once others were closed. */
  onFull() {
    if (this.#over) return;
    const error = `At most ${MAX_FEEDS} feeds on one connection: close some that are not needed.`;
    this.#tell({...this.#status, state: "waiting", reason: "too_many_feeds", retryMs: null, error});
  }

  onStatus(status) {
    if (!this.#over) this.#tell(status);
  }

  /** @param {string} term @param {string | null} [since] */
  onCovered(term, since = null) {
    if (this.#over || term === this.#term) return;
    this.#term = term;
    // The stream began where this reader's history ends: there is no seam between them.
    if (since !== null && since === this.cursor && this.#held) this.#release(this.#held);
    else void this.#catchUp();
  }

  onMessage(message) {
    if (this.#over) return;
    if (this.#held) this.#held.push(message);
    else this.#flow(message);
  }

  #flow(message) {
    this.#deliver(message);
    // The stream is in order over all its feeds: others' messages move the cursor as well.
    if (message.id) this.#moveTo(message.id);
  }

  async #catchUp() {
    const held = (this.#held = []);
    for (;;) {
      const answer = await this.#ask();
      if (this.#over || this.#held !== held) return;
      if (answer.verdict === "busy" || answer.verdict === "unreachable") {
        await this.#pause(this.#waitMs(answer));
        continue;
      }
      if (isFinal(answer.verdict)) return this.#refused(answer);
      if (this.#read(answer, held)) break;
    }
    this.#release(held);
  }

  /** Deliver an answer. @returns {boolean} Whether it closes the seam. */
  #read({messages, cursor}, held) {
    const ids = new Set(messages.map(({id}) => id).filter(Boolean));
    const met = held.some(({id}) => id && ids.has(id));
    messages.forEach((message) => this.#deliver(message));
    this.#moveTo(cursor);
    this.#failures = 0;
    return met || ids.size === 0;
  }

  #release(held) {
    this.#held = null;
    for (const message of held) if (!this.#over) this.#flow(message);
  }

  #pause(ms) {
    return new Promise((resolve) => {
      this.#clock.after(() => resolve(null), ms);
    });
  }

  #moveTo(cursor) {
    if (cursor && !this.#over) this.#parts.position.moveTo(cursor);
  }

  #deliver(message) {
    if (this.#over) return;
    if (message.type === "hello") this.#hello(message);
    if (OF_THE_CONNECTION.has(message.type) || !carry(this.feeds, message.feed)) return;
    if (message.type === "state") return tell(this.#parts.onState, message);
    if (message.id && !this.#parts.position.take(message.id)) return;
    tell(this.#parts.onMessage, message);
    if (message.type === "finished") this.#finished(message);
  }

  #hello({resume, reason, cursor}) {
    if (resume !== "reset") return;
    this.#moveTo(cursor);
    tell(this.#parts.onReset, reason);
  }

  #finished({feed, id}) {
    this.#unfinished.delete(feed);
    if (!HAS_END.test(feed) || this.#unfinished.size > 0) return;
    // The end of what is remembered is this message, not the one before it.
    this.#moveTo(id);
    this.#end("finished");
  }

  /** @param {import("./types.js").PollAnswer} answer */
  #refused({verdict, error = null}) {
    if (verdict === "finished") return this.#end("finished");
    this.#leaveHub();
    this.#tell({...this.#status, state: /** @type {any} */ (verdict), reason: null, retryMs: null, error});
  }

  #end(state) {
    this.#over = true;
    this.#leaveHub();
    if (state === "closed") this.#parts.position.end();
    else this.#parts.position.save();
    this.#parts.onOver?.();
    this.#tell({...this.#status, state, reason: null, retryMs: null, error: null});
  }

  #leaveHub() {
    if (this.#joined) this.#parts.hub.remove(this);
    this.#joined = false;
    this.#term = null;
    this.#held = [];
  }

  #tell(status) {
    this.#status = status;
    tell(this.#parts.onStatus, status);
  }
}

/**
 * Call a program's function. An error in it is reported as one in a DOM listener is, and keeps no message
 * from anybody else, nor the next one from this function.
 */
function tell(listen, value) {
  try {
    listen(value);
  } catch (error) {
    report(error);
  }
}

function report(error) {
  if ("reportError" in globalThis) return globalThis.reportError(error);
  queueMicrotask(() => {
    throw error;
  });
}
