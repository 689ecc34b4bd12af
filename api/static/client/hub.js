import {GATHER_MS, LEADER_SILENCE_MS, TICK_MS} from "./timing.js";
import {isFinal} from "./verdict.js";

/**
 * One stream per browser. Tabs elect a leader (whoever holds a Web Lock), which alone streams the
 * union of their feeds and passes each message on (BroadcastChannel). When it closes, the lock
 * goes to the next tab, which goes on after the last message it heard.
 *
 * Whoever listens here may miss messages around a change of leader, and hears some twice; it
 * asks for what it missed when `onCovered` says that the stream carries its feeds.
 *
 * @typedef {object} Listener
 * @property {string[]} feeds
 * @property {(message: import("./types.js").Message) => void} onMessage
 * @property {(status: import("./types.js").Status) => void} onStatus
 * @property {string | null} cursor After which it has seen nothing yet.
 * @property {(term: string, since?: string | null) => void} onCovered The stream carries its feeds; each
 *   leadership is a new term. `since`: the cursor after which this listener has heard all of the stream.
 *
 * @typedef {object} HubParts
 * @property {(on: {onMessage: (message: import("./types.js").Message) => void,
 *   onStatus: (status: import("./types.js").LinkStatus) => void})
 *   => import("./link.js").Link} makeLink
 * @property {{post: (note: any) => void, listen: (hear: (note: any) => void) => void,
 *   shared: boolean}} channel
 * @property {(lead: (isLeader: boolean) => void, steal?: boolean) => void} elect Calls back with
 *   true once this tab leads, and with false if another tab took over.
 * @property {import("./types.js").Clock} clock
 * @property {string} tab A name that no other tab has.
 */
export class Hub {
  #parts;
  #clock;
  #link;
  #leads = false;
  #paused = false;
  #terms = 0;
  /** @type {Set<Listener>} */
  #listeners = new Set();
  /** Feeds wanted by each tab; known to the leader only. @type {Map<string, string[]>} */
  #tabs = new Map();
  /** What the stream carries now. @type {Set<string>} */
  #carried = new Set();
  /** Latest state of each feed, for those who come late. @type {Map<string, any>} */
  #states = new Map();
  #cursor = null;
  /**
   * How the stream was last opened, until it is live: whoever listened then hears all that comes after.
   *
   * @type {{cursor: string | null, listeners: Set<Listener>} | null}
   */
  #opening = null;
  /** @type {import("./types.js").Status | null} */
  #status = null;
  #gathering = null;
  /** Tabs whose wishes wait to be served. @type {Set<string>} */
  #wishing = new Set();
  #heardAt;

  /** @param {HubParts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#heardAt = parts.clock.now();
    this.#link = parts.makeLink({
      onMessage: (message) => this.#passOn({kind: "message", message}),
      onStatus: (status) => this.#announce(status),
    });
    parts.channel.listen((note) => this.#hear(note));
    parts.elect((leads) => this.#lead(leads));
    this.#watchLeader();
  }

  /** @param {Listener} listener */
  add(listener) {
    this.#listeners.add(listener);
    this.#wish();
  }

  /** @param {Listener} listener */
  remove(listener) {
    this.#listeners.delete(listener);
    this.#wish();
  }

  retry() {
    if (this.#leads) this.#link.retry();
    else this.#post({kind: "retry"});
  }

  check() {
    if (this.#leads) this.#link.check();
  }

  networkChanged() {
    if (this.#leads) this.#link.networkChanged();
  }

  /** This tab goes away: the others need not wait for its silence. */
  leave() {
    this.#post({kind: "wish", tab: this.#parts.tab, feeds: []});
    this.#paused = this.#leads;
    this.#leads = false;
    this.#link.close();
  }

  /** The browser kept this tab in its cache, and shows it again. */
  comeBack() {
    if (this.#paused) this.#lead(true);
    else this.#wish();
  }

  get #ownFeeds() {
    return [...new Set([...this.#listeners].flatMap(({feeds}) => feeds))];
  }

  #post(note) {
    this.#parts.channel.post(note);
  }

  #wish() {
    const note = {kind: "wish", tab: this.#parts.tab, feeds: this.#ownFeeds};
    if (this.#leads) this.#hearWish(note);
    else this.#post(note);
  }

  #lead(leads) {
    this.#leads = leads;
    if (!leads) return this.#link.close();
    this.#terms += 1;
    this.#link.cursor = this.#cursor;
    this.#tabs.clear();
    this.#carried.clear();
    this.#post({kind: "roll-call"});
    this.#wish();
  }

  /** Say it here and, if there are others, to them. */
  #passOn(note) {
    this.#hear(note);
    if (this.#tabs.size > 1) this.#post(note);
  }

  #announce(status) {
    if (!this.#leads) return;
    const isLive = status.state === "live";
    if (isLive) this.#carried = new Set(this.#link.feeds);
    this.#passOn(this.#statusNote(status));
    if (isLive) this.#opening = null;
  }

  #statusNote(status) {
    return {kind: "status", status, term: `${this.#parts.tab}/${this.#terms}`, carried: [...this.#carried]};
  }

  #hear(note) {
    this.#heardAt = this.#clock.now();
    if (note.kind === "message") this.#hearMessage(note.message);
    else if (note.kind === "status") this.#hearStatus(note);
    else if (note.kind === "roll-call") this.#wish();
    else if (this.#leads && note.kind === "wish") this.#hearWish(note);
    else if (this.#leads && note.kind === "retry") this.#link.retry();
    else if (note.kind === "states" && note.to === this.#parts.tab)
      note.messages.forEach(this.#hearMessage, this);
  }

  #hearMessage(message) {
    this.#cursor = message.id ?? message.cursor ?? this.#cursor;
    if (message.type === "state") this.#states.set(message.feed, message);
    for (const listener of [...this.#listeners]) listener.onMessage(message);
  }

  #hearStatus({status, term, carried}) {
    this.#carried = new Set(carried);
    const heard = {...status, leader: this.#leads};
    this.#status = heard;
    for (const listener of [...this.#listeners]) {
      listener.onStatus(heard);
      const covered = listener.feeds.every((feed) => this.#carried.has(feed));
      if (covered && status.state === "live") listener.onCovered(term, this.#heardSince(listener));
    }
  }

  #heardSince(listener) {
    return this.#opening?.listeners.has(listener) ? this.#opening.cursor : null;
  }

  #hearWish({tab, feeds}) {
    if (feeds.length) this.#tabs.set(tab, feeds);
    else this.#tabs.delete(tab);
    this.#wishing.add(tab);
    this.#clock.cancel(this.#gathering);
    this.#gathering = this.#clock.after(() => this.#serve(), GATHER_MS);
  }

  /** Open the stream for what is wanted, unless it carries that already. */
  #serve() {
    const tabs = [...this.#wishing];
    this.#wishing.clear();
    const wanted = [...new Set([...this.#tabs.values()].flat())].sort();
    if (!this.#leads) return;
    if (!wanted.length) this.#stop();
    else if (this.#isOpen && this.#carries(wanted)) tabs.forEach((tab) => this.#welcome(tab));
    else this.#open(wanted);
  }

  #open(wanted) {
    const cursor = this.#link.cursor ?? this.#ownCursor;
    this.#opening = {cursor, listeners: new Set(this.#listeners)};
    this.#link.open(wanted, cursor);
  }

  /** Where a first stream begins: after what its only listener has seen, so that it misses nothing. */
  get #ownCursor() {
    const [only, ...others] = this.#listeners;
    return only && !others.length ? only.cursor : null;
  }

  /**
   * A stream that was refused is none: a tab that wishes was just admitted by the server, with the sign-in
   * that all tabs share.
   */
  get #isOpen() {
    const {state} = this.#link;
    return state !== "closed" && !isFinal(state);
  }

  #carries(wanted) {
    return wanted.every((feed) => this.#link.feeds.includes(feed));
  }

  #stop() {
    this.#carried.clear();
    this.#link.close();
  }

  #welcome(tab) {
    if (!this.#status) return;
    const note = this.#statusNote(this.#status);
    if (tab === this.#parts.tab) return this.#hear(note);
    this.#post(note);
    this.#post({kind: "states", to: tab, messages: [...this.#states.values()]});
  }

  /** A leader that a phone froze holds its lock and says nothing: take it away. */
  #watchLeader() {
    if (!this.#parts.channel.shared) return;
    this.#clock.after(() => {
      if (this.#leads && this.#tabs.size > 1) this.#post({kind: "beat"});
      const silent = this.#clock.now() - this.#heardAt > LEADER_SILENCE_MS;
      if (silent && !this.#leads && this.#listeners.size) this.#takeOver();
      this.#watchLeader();
    }, TICK_MS);
  }

  #takeOver() {
    this.#heardAt = this.#clock.now();
    this.#parts.elect((leads) => this.#lead(leads), true);
  }
}
