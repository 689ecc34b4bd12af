/**
 * FastTrack's feeds: live, from behind any proxy, each message once. In pages, workers, Node 20 and
 * later, and Deno.
 *
 *     import {connect} from "/client/fasttrack.js";
 *     const feed = connect(["upload/arquivo1", "dashboard"], {
 *       onMessage: (message) => console.log(message.type, message.progresso),
 *       onState: (state) => console.log(state.feed, state),
 *       onStatus: ({state, transport, reason}) => console.log(state, transport, reason),
 *     });
 *     feed.close();
 *
 * Server-Sent Events first, then WebSocket, then long poll; one stream for all tabs of a person. No
 * dependencies. docs/client.md has examples.
 */
import {faultOf, urlOf} from "./address.js";
import {channelNamed, electionNamed, noChannel, noElection, watchBrowser} from "./browser.js";
import {Choice, memoryIn} from "./choice.js";
import {Hub} from "./hub.js";
import {Link} from "./link.js";
import {pollOnce, pollOver} from "./poll.js";
import {Heirloom, Position} from "./position.js";
import {sseOver} from "./sse.js";
import {Subscription} from "./subscription.js";
import {realClock} from "./timing.js";
import {wsOver} from "./ws.js";

/**
 * @typedef {import("./types.js").Message} Message
 * @typedef {import("./types.js").Status} Status
 *
 * @typedef {object} Options
 * @property {(message: Message) => void} [onMessage] Durable messages, each once and in order.
 * @property {(state: Message) => void} [onState] The latest value of `dashboard` or `presenca`.
 * @property {(status: Status) => void} [onStatus] Transport in use, and why; connected or not.
 * @property {(reason: string) => void} [onReset] Messages were missed that are no longer kept, or
 *   the server's store is another one: fetch the present state by REST.
 * @property {string | null} [cursor] Go on after this message: the `id` of the last one that an earlier run
 *   of the program handled. It precedes what `remember` kept.
 * @property {boolean} [remember] Go on after the last message when the tab reloads (default): so does the
 *   first call for these feeds after the load; later ones begin anew. With false a reload reads
 *   `upload/*` and `tarefas/*` from their first message again. Programs have no `sessionStorage`, and
 *   remember nothing: they keep the cursor themselves.
 * @property {string} [base] Server of another origin, as `https://events.example`; else the one that gave this module.
 * @property {() => Promise<string>} [ticket] Draws a ticket there: `POST /api/v1/tickets`.
 * @property {() => import("./types.js").Token | Promise<import("./types.js").Token>} [token] A personal
 *   token, for programs that are no page; nothing, where the server wants none. It is sent as
 *   `Authorization` and never stands in a URL.
 * @property {string | null} [identity] Who reads, as the name of the person that `ticket` or `token` is for.
 *   Calls with the same identity share one stream, in all tabs; without it, those of one page that give the
 *   same functions.
 *
 * @typedef {object} Feed
 * @property {() => void} close
 * @property {() => void} retry After a sign-in, or to try at once.
 * @property {Status} status
 * @property {string | null} cursor
 */

/**
 * @typedef {import("./address.js").Server & {identity: string | null}} Reader Who reads from which server.
 *
 * @typedef {object} Shared One stream, and the calls that read it.
 * @property {Reader} reader
 * @property {Hub} hub
 * @property {Map<Subscription, Reader>} subscriptions
 * @property {() => void} close
 */

/** Those that somebody reads. One stream never serves two people: it runs on the credentials of one. */
const streams = /** @type {Set<Shared>} */ (new Set());

const heirloom = new Heirloom();

const nothing = () => {};

/**
 * The path under which the page's own server stands, as this module's address has it: it may be behind a
 * proxy.
 */
const ownBase = () => {
  const origin = globalThis.location?.origin;
  const found = /^(.*)\/client\/fasttrack\.js$/.exec(import.meta.url);
  return origin && found?.[1].startsWith(`${origin}/`) ? found[1].slice(origin.length) : "";
};

/**
 * Read feeds.
 *
 * @param {string | string[]} feeds Names of feeds, at most 32 for all calls that share a stream.
 * @param {Options} [options]
 * @returns {Feed}
 * @throws {TypeError} No feed is named, or no server.
 */
export function connect(feeds, options = {}) {
  const names = namesIn(feeds);
  const reader = {
    base: (options.base ?? ownBase()).replace(/\/$/, ""),
    ticket: options.ticket ?? null,
    token: options.token ?? null,
    identity: options.identity || null,
  };
  urlOf(reader, "poll");
  const stream = streamOf(reader);
  const subscription = new Subscription({
    feeds: names,
    hub: stream.hub,
    position: positionOf(names, reader, options),
    ask: (cursor) => pollOnce(reader, names, {cursor, wait: 0}),
    clock: realClock,
    onMessage: options.onMessage ?? nothing,
    onState: options.onState ?? nothing,
    onStatus: options.onStatus ?? nothing,
    onReset: options.onReset ?? nothing,
    onOver: () => leave(stream, subscription),
  });
  stream.subscriptions.set(subscription, reader);
  return subscription;
}

/** @param {string | string[]} feeds */
function namesIn(feeds) {
  const names = [...new Set([feeds].flat())].sort();
  if (names.length && names.every((name) => name && typeof name === "string")) return names;
  throw new TypeError('connect() needs the name of a feed, such as "eventos", or a list of names');
}

/** @param {string[]} names @param {Reader} reader @param {Options} options */
function positionOf(names, reader, {remember = true, cursor = null}) {
  const key = `fasttrack.cursor:${placeOf(reader)}:${names.join(" ")}`;
  const memory = memoryIn(() => sessionStorage, key);
  const forgetful = {load: () => null, save: nothing};
  return new Position(remember ? heirloom.of(key, memory) : forgetful, realClock, cursor);
}

/** @param {Reader} reader */
const placeOf = ({base, identity}) => (identity ? `${base} ${identity}` : base);

/** @param {Reader} reader */
function streamOf(reader) {
  const found = [...streams].find((stream) => isSame(stream.reader, reader));
  return found ?? openStream(reader);
}

/** @param {Reader} one @param {Reader} other */
function isSame(one, other) {
  if (one.base !== other.base || one.identity !== other.identity) return false;
  return one.identity !== null || (one.ticket === other.ticket && one.token === other.token);
}

/** @param {Reader} reader @returns {Shared} */
function openStream(reader) {
  const name = `fasttrack:${placeOf(reader)}`;
  // A browser has one session, which all its tabs have; of somebody's functions another tab knows nothing.
  const isKnownToTabs = reader.identity !== null || !(reader.ticket || reader.token);
  const election = isKnownToTabs ? electionNamed(name) : noElection();
  /** @type {Map<Subscription, Reader>} */
  const subscriptions = new Map();
  const hub = new Hub({
    makeLink: (on) => linkTo(newestOf(reader.base, subscriptions), on),
    channel: isKnownToTabs ? channelNamed(name) : noChannel(),
    election,
    clock: realClock,
    tab: Math.random().toString(36).slice(2),
  });
  const unwatch = watchBrowser({
    check: () => hub.check(),
    networkChanged: () => hub.networkChanged(),
    leave: () => ([...subscriptions.keys()].forEach((subscription) => subscription.save()), hub.leave()),
    back: () => (hub.comeBack(), [...subscriptions.keys()].forEach((subscription) => subscription.recover())),
  });
  const stream = {reader, hub, subscriptions, close: () => (unwatch(), hub.close())};
  streams.add(stream);
  return stream;
}

/**
 * A stream asks the functions of its newest reader: those of one that has left may know nothing any more.
 *
 * @param {string} base
 * @param {Map<Subscription, Reader>} subscriptions
 * @returns {import("./address.js").Server}
 */
function newestOf(base, subscriptions) {
  const newest = () => [...subscriptions.values()].at(-1);
  return {
    base,
    get ticket() {
      return newest()?.ticket ?? null;
    },
    get token() {
      return newest()?.token ?? null;
    },
  };
}

/** Without readers a stream ends, and what it knew of them is forgotten. */
function leave(stream, subscription) {
  stream.subscriptions.delete(subscription);
  if (stream.subscriptions.size) return;
  streams.delete(stream);
  stream.close();
}

function linkTo(server, {onMessage, onStatus}) {
  const memory = memoryIn(() => localStorage, `fasttrack.transport:${server.base}`);
  return new Link({
    transports: {sse: sseOver(server), ws: wsOver(server), poll: pollOver(server)},
    probe: (feeds, cursor) => pollOnce(server, feeds, {cursor, wait: 0}).catch(faultOf),
    choice: new Choice(memory, realClock.now),
    clock: realClock,
    onMessage,
    onStatus,
  });
}
