import {GATHER_MS, LEADER_SILENCE_MS, TICK_MS} from "./timing.js";
import {isFinal} from "./verdict.js";

/** Feeds that the server gives over one stream. */
export const MAX_FEEDS = 32;

/**
 * One stream per browser and identity. Tabs elect a leader (whoever holds a Web Lock), which alone streams
 * the union of their feeds and passes each message on (BroadcastChannel). When it closes, the lock
 * goes to the next tab, which goes on after the last message it heard.
 *
 * A stream has a limit of feeds: who asks for more than are left waits until others have gone, and
 * disturbs nobody.
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
 * @property {() => void} onFull The stream has no room for its feeds.
 *
 * @typedef {object} HubParts
 * @property {(on: {onMessage: (message: import("./types.js").Message) => void,
 *   onStatus: (status: import("./types.js").LinkStatus) => void})
 *   => import("./link.js").Link} makeLink
 * @property {{post: (note: any) => void, listen: (hear: (note: any) => void) => void,
 *   close: () => void, shared: boolean}} channel
 * @property {{stand: (lead: (isLeader: boolean) => void, steal?: boolean) => void,
 *   resign: () => void}} election
 *   `stand` calls back with true once this tab leads, and with false if another tab took over.
 * @property {import("./types.js").Clock} clock
 * @property {string} tab A name that no other tab has.
 */
export class Hub {
  #parts;
  #clock;
  #link;
  #leads = false;
  #paused = false;
  #closed = false;
  #terms = 0;
  /** @type {Set<Listener>} */
  #listeners = new Set();
  /** Those that have no room on the stream. @type {Set<Listener>} */
  #crowdedOut = new Set();
  /** Sets of feeds wanted by each tab; known to the leader only. @type {Map<string, string[][]>} */
  #tabs = new Map();
  /** What the stream carries now. @type {Set<string>} */
  #carried = new Set();
  /** What the last stream carried, of whichever leader: it goes before what is new. @type {Set<string>} */
  #settled = new Set();
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
  #watch = null;
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
    parts.election.stand((leads) => this.#lead(leads));
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
    this.#crowdedOut.delete(listener);
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

  /** Nobody listens here any more, and nobody will: leave nothing behind. */
  close() {
    this.leave();
    this.#closed = true;
    this.#clock.cancel(this.#gathering);
    this.#clock.cancel(this.#watch);
    this.#parts.election.resign();
    this.#parts.channel.close();
  }

  #post(note) {
    if (!this.#closed) this.#parts.channel.post(note);
  }

  #wish() {
    const groups = [...this.#listeners].map(({feeds}) => feeds);
    // A tab that was loaded before an update of the server reads `feeds` only.
    const note = {kind: "wish", tab: this.#parts.tab, feeds: [...new Set(groups.flat())], groups};
    if (this.#leads) this.#hearWish(note);
    else this.#post(note);
  }

  #lead(leads) {
    if (this.#closed) return;
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
    if (this.#closed) return;
    this.#heardAt = this.#clock.now();
    if (note.kind === "message") this.#hearMessage(note.message);
    else if (note.kind === "status") this.#hearStatus(note);
    else if (note.kind === "roll-call") this.#wish();
    else if (note.kind === "full" && note.to === this.#parts.tab) this.#hearFull(note.groups);
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
    if (!this.#leads && carried.length) this.#settled = this.#carried;
    const heard = {...status, leader: this.#leads};
    this.#status = heard;
    for (const listener of [...this.#listeners]) {
      const covered = listener.feeds.every((feed) => this.#carried.has(feed));
      if (covered) this.#crowdedOut.delete(listener);
      // The state of a stream that does not carry its feeds says nothing to a listener that waits for room.
      if (this.#crowdedOut.has(listener)) continue;
      listener.onStatus(heard);
      if (covered && status.state === "live") listener.onCovered(term, this.#heardSince(listener));
    }
  }

  /** @param {string[][]} groups Feeds of this tab that have no room. */
  #hearFull(groups) {
    const full = new Set(groups.map(nameOf));
    for (const listener of [...this.#listeners]) {
      if (!full.has(nameOf(listener.feeds)) || this.#crowdedOut.has(listener)) continue;
      this.#crowdedOut.add(listener);
      listener.onFull();
    }
  }

  #heardSince(listener) {
    return this.#opening?.listeners.has(listener) ? this.#opening.cursor : null;
  }

  #hearWish({tab, feeds, groups = [feeds]}) {
    if (feeds.length) this.#tabs.set(tab, groups);
    else this.#tabs.delete(tab);
    this.#wishing.add(tab);
    this.#clock.cancel(this.#gathering);
    this.#gathering = this.#clock.after(() => this.#serve(), GATHER_MS);
  }

  /** Open the stream for what is wanted, unless it carries that already. */
  #serve() {
    const tabs = [...this.#wishing];
    this.#wishing.clear();
    if (!this.#leads) return;
    const wanted = this.#admit();
    if (!wanted.length) this.#stop();
    else if (this.#isOpen && this.#carries(wanted)) tabs.forEach((tab) => this.#welcome(tab));
    else this.#open(wanted);
  }

  /**
   * Choose what fits on one stream: first what is on it already. Who finds no room is told.
   *
   * @returns {string[]}
   */
  #admit() {
    const wishes = [...this.#tabs].flatMap(([tab, groups]) => groups.map((feeds) => ({tab, feeds})));
    const isOld = ({feeds}) => feeds.every((feed) => this.#settled.has(feed));
    const admitted = new Set();
    /** @type {Map<string, string[][]>} */
    const full = new Map();
    for (const wish of [...wishes.filter(isOld), ...wishes.filter((each) => !isOld(each))]) {
      const more = wish.feeds.filter((feed) => !admitted.has(feed));
      if (admitted.size + more.length <= MAX_FEEDS) more.forEach((feed) => admitted.add(feed));
      else full.set(wish.tab, [...(full.get(wish.tab) ?? []), wish.feeds]);
    }
    for (const [tab, groups] of full) this.#tell(tab, {kind: "full", to: tab, groups});
    return [...admitted].sort();
  }

  #tell(tab, note) {
    if (tab === this.#parts.tab) this.#hear(note);
    else this.#post(note);
  }

  #open(wanted) {
    const cursor = this.#link.cursor ?? this.#ownCursor;
    this.#opening = {cursor, listeners: new Set(this.#listeners)};
    this.#settled = new Set(wanted);
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
    this.#watch = this.#clock.after(() => {
      if (this.#leads && this.#tabs.size > 1) this.#post({kind: "beat"});
      const silent = this.#clock.now() - this.#heardAt > LEADER_SILENCE_MS;
      if (silent && !this.#leads && this.#listeners.size) this.#takeOver();
      this.#watchLeader();
    }, TICK_MS);
  }

  #takeOver() {
    this.#heardAt = this.#clock.now();
    this.#parts.election.stand((leads) => this.#lead(leads), true);
  }
}

const nameOf = (feeds) => feeds.join(" ");
