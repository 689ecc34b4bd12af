import {backoffMs, READY_MS, silenceMs, SLEPT_MS, TICK_MS, YOUNG_BREAKS, YOUNG_MS} from "./timing.js";
import {isFinal} from "./verdict.js";

/**
 * One stream, kept up: it changes the transport when the network breaks one, carries its cursor
 * along, and knows a dead network from a refusal.
 *
 * Pure but for the clock, the transports and the probe it is given.
 *
 * @typedef {object} LinkParts
 * @property {Record<import("./types.js").Transport, (opening: import("./types.js").Opening,
 *   sink: import("./types.js").Sink) => import("./types.js").Connection>} transports
 * @property {(feeds: string[], cursor: string | null) => Promise<import("./types.js").Finding>} probe
 *   Asks the server without a stream whether it would answer.
 * @property {import("./choice.js").Choice} choice
 * @property {import("./types.js").Clock} clock
 * @property {(message: import("./types.js").Message) => void} onMessage
 * @property {(status: import("./types.js").LinkStatus) => void} onStatus
 *
 * @typedef {object} Session One connection, from its opening on.
 * @property {import("./types.js").Transport} transport
 * @property {import("./types.js").Connection} [connection]
 * @property {number | null} readyAt
 * @property {boolean} hello
 * @property {number} heardAt
 * @property {number} silenceMs A longer silence means that it is dead.
 */
export class Link {
  #parts;
  #clock;
  #choice;
  /**
   * The connection in use; a report of any other one comes too late and is dropped.
   *
   * @type {Session | null}
   */
  #session = null;
  /** Whose answer is awaited, while the network is being checked. */
  #inquiry = /** @type {object | null} */ (null);
  #timer = null;
  /** Until then the server asked not to be asked. */
  #asideUntil = 0;
  #tick = null;
  #failures = 0;
  #youngBreaks = 0;
  #keepaliveMs = 0;

  /** @param {LinkParts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#choice = parts.choice;
    /** @type {string[]} */
    this.feeds = [];
    /** @type {string | null} */
    this.cursor = null;
    /** @type {import("./types.js").State} */
    this.state = "closed";
  }

  /**
   * Stream these feeds from now on, after `cursor`.
   *
   * @param {string[]} feeds
   * @param {string | null} cursor
   */
  open(feeds, cursor) {
    this.feeds = feeds;
    this.cursor = cursor;
    this.#connect();
  }

  close() {
    this.#drop();
    this.#tell("closed");
  }

  /** Go on after a sign-in, or at once instead of after the wait. */
  retry() {
    if (this.state !== "live" && this.feeds.length) this.#connect();
  }

  /** The machine woke, or the page is seen again: look whether all is well. */
  check() {
    if (this.state === "waiting" && this.#clock.now() >= this.#asideUntil) this.#connect();
    else if (this.state === "live" && this.#isSilent) this.#connect();
  }

  /** The network is another one. What was learnt of the old one is dropped. */
  networkChanged() {
    const isFallback = this.#choice.current !== "sse";
    this.#choice.forget();
    this.#youngBreaks = this.#keepaliveMs = 0;
    if (this.state === "live" && isFallback) this.#connect();
    else this.check();
  }

  get #isSilent() {
    return this.#session !== null && this.#clock.now() - this.#session.heardAt > this.#session.silenceMs;
  }

  #connect() {
    this.#drop();
    const transport = this.#choice.current;
    /** @type {Session} */
    const session = {transport, readyAt: null, hello: false, heardAt: this.#clock.now(), silenceMs: Infinity};
    this.#session = session;
    this.#tell("connecting", this.#choice.reason);
    this.#timer = this.#clock.after(() => this.#notReady(), READY_MS[transport]);
    const opening = {feeds: this.feeds, cursor: this.cursor, keepaliveMs: this.#keepaliveMs};
    const connection = this.#parts.transports[transport](opening, this.#sink(session));
    if (this.#session === session) session.connection = connection;
    else connection.close();
  }

  /** @param {Session} session @returns {import("./types.js").Sink} */
  #sink(session) {
    const ifCurrent =
      (report) =>
      (...values) => {
        if (this.#session !== session) return;
        session.heardAt = this.#clock.now();
        report(...values);
      };
    return {
      ready: ifCurrent(() => this.#ready(session)),
      message: ifCurrent((message) => this.#message(message, session)),
      cursor: ifCurrent((cursor) => (this.cursor = cursor)),
      closed: ifCurrent((verdict, retryMs) => this.#closed(verdict, retryMs, session)),
    };
  }

  #drop() {
    const session = this.#session;
    this.#session = this.#inquiry = null;
    this.#asideUntil = 0;
    session?.connection?.close();
    this.#clock.cancel(this.#timer);
    this.#clock.cancel(this.#tick);
  }

  /**
   * @param {import("./types.js").State} state
   * @param {string | null} [reason]
   * @param {number | null} [retryMs]
   * @param {string | null} [error]
   */
  #tell(state, reason = null, retryMs = null, error = null) {
    this.state = state;
    this.#parts.onStatus({state, transport: this.#choice.current, reason, retryMs, error});
  }

  #message(message, session) {
    if (message.type === "hello") this.#hello(message, session);
    else if (message.type === "bye") return this.#bye(message);
    else if (message.type === "pong") return;
    else if (message.id) this.cursor = message.id;
    this.#parts.onMessage(message);
  }

  #hello(hello, session) {
    this.cursor = hello.cursor;
    session.hello = true;
    // A poll hears nothing between its answers; its own time limit watches it.
    if (session.transport !== "poll") session.silenceMs = silenceMs(hello.heartbeat_s);
  }

  #ready(session) {
    if (session.readyAt !== null) return;
    session.readyAt = this.#clock.now();
    this.#failures = 0;
    this.#choice.confirm();
    this.#clock.cancel(this.#timer);
    this.#planReprobe();
    this.#watch(session.readyAt);
    this.#tell("live", this.#choice.reason);
  }

  #planReprobe() {
    const ms = this.#choice.reprobeInMs();
    if (ms > 0) this.#timer = this.#clock.after(() => this.#reprobe(), ms);
  }

  #reprobe() {
    this.#choice.reprobe();
    this.#youngBreaks = 0;
    this.#connect();
  }

  /** Look at the silence now and then; a look that comes late means that the machine slept. */
  #watch(lastLook) {
    this.#tick = this.#clock.after(() => {
      const now = this.#clock.now();
      if (!this.#isSilent) this.#watch(now);
      else if (now - lastLook > SLEPT_MS) this.#connect();
      else void this.#blame("silent");
    }, TICK_MS);
  }

  #notReady() {
    void this.#blame(this.#session?.hello ? "no_pong" : "no_hello");
  }

  #closed(verdict, retryMs, {readyAt}) {
    if (verdict && isFinal(verdict)) this.#refused(verdict);
    else if (verdict === "busy") this.#standAside("limit", retryMs ?? 5000 + 10_000 * this.#clock.random());
    else if (readyAt === null) void this.#blame("refused");
    else this.#broken(this.#clock.now() - readyAt);
  }

  #broken(livedMs) {
    this.#youngBreaks = livedMs < YOUNG_MS ? this.#youngBreaks + 1 : 0;
    // Were it an idle cut, pings at half its time keep the next WebSocket up.
    if (livedMs < YOUNG_MS) this.#keepaliveMs = Math.max(1000, livedMs / 2);
    if (this.#youngBreaks < YOUNG_BREAKS) this.#wait("broken", 500 * this.#clock.random());
    else void this.#blame("broken_young");
  }

  #bye({reason, retry_ms: retryMs}) {
    if (reason === "finished") this.#refused("finished");
    else if (reason === "expired") this.#refused("unauthorised");
    else this.#standAside(reason, retryMs ?? backoffMs(this.#failures++, this.#clock.random()));
  }

  /** Wait as long as the server asked: only a person who says "now" may shorten it. */
  #standAside(reason, ms) {
    this.#wait(reason, ms);
    this.#asideUntil = this.#clock.now() + ms;
  }

  /** @param {any} verdict @param {string | null} [error] */
  #refused(verdict, error = null) {
    this.#drop();
    this.#tell(verdict, null, null, error);
  }

  /** @param {string} reason @param {number} ms @param {string | null} [error] */
  #wait(reason, ms, error = null) {
    this.#drop();
    this.#tell("waiting", reason, ms, error);
    this.#timer = this.#clock.after(() => this.#connect(), ms);
  }

  /** Something failed: the transport's fault only if a short question gets its answer. */
  async #blame(reason) {
    this.#drop();
    const inquiry = (this.#inquiry = {});
    this.#tell("checking", reason);
    const finding = await this.#parts.probe(this.feeds, this.cursor);
    if (this.#inquiry === inquiry) this.#judge(finding, reason);
  }

  /** @param {import("./types.js").Finding} finding @param {string} reason */
  #judge({verdict, reason: fault, error}, reason) {
    if (isFinal(verdict)) return this.#refused(verdict, error);
    this.#youngBreaks = 0;
    if (verdict === "reachable" && this.#choice.advance(reason)) return this.#connect();
    const why = verdict === "reachable" ? reason : verdict === "busy" ? "limit" : (fault ?? "unreachable");
    this.#wait(why, backoffMs(this.#failures++, this.#clock.random()), error);
  }
}
