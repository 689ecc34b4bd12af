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
 * Server-Sent Events first, then WebSocket, then long poll; one stream for all tabs. No
 * dependencies. docs/client.md has examples.
 */
import {channelNamed, electionNamed, watchBrowser} from "./browser.js";
import {Choice, memoryIn} from "./choice.js";
import {Hub} from "./hub.js";
import {Link} from "./link.js";
import {pollOnce, pollOver} from "./poll.js";
import {Position} from "./position.js";
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
 * @property {boolean} [remember] Go on after the last message when the tab reloads (default). With
 *   false a reload reads `upload/*` and `tarefas/*` from their first message again. Programs have no
 *   `sessionStorage`, and remember nothing: they keep the cursor themselves.
 * @property {string} [base] Server of another origin, as `https://events.example`; else the one that gave this module.
 * @property {() => Promise<string>} [ticket] Draws a ticket there: `POST /api/v1/tickets`.
 * @property {() => import("./types.js").Token | Promise<import("./types.js").Token>} [token] A personal
 *   token, for programs that are no page; nothing, where the server wants none. It is sent as
 *   `Authorization` and never stands in a URL.
 *
 * @typedef {object} Feed
 * @property {() => void} close
 * @property {() => void} retry After a sign-in, or to try at once.
 * @property {Status} status
 * @property {string | null} cursor
 */

/** One per server. @type {Map<string, {hub: Hub, subscriptions: Set<Subscription>}>} */
const shared = new Map();

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
 * @param {string | string[]} feeds Names of feeds, at most 32 for all of a browser's tabs together.
 * @param {Options} [options]
 * @returns {Feed}
 */
export function connect(feeds, options = {}) {
  const names = [...new Set([feeds].flat())].sort();
  const server = {
    base: (options.base ?? ownBase()).replace(/\/$/, ""),
    ticket: options.ticket ?? null,
    token: options.token ?? null,
  };
  const {hub, subscriptions} = hubOf(server);
  const subscription = new Subscription({
    feeds: names,
    hub,
    position: positionOf(names, server, options),
    ask: (cursor) => pollOnce(server, names, {cursor, wait: 0}),
    clock: realClock,
    onMessage: options.onMessage ?? nothing,
    onState: options.onState ?? nothing,
    onStatus: options.onStatus ?? nothing,
    onReset: options.onReset ?? nothing,
  });
  for (const old of subscriptions) if (old.over) subscriptions.delete(old);
  subscriptions.add(subscription);
  return subscription;
}

/** @param {string[]} names @param {import("./address.js").Server} server @param {Options} options */
function positionOf(names, server, {remember = true, cursor = null}) {
  const key = `fasttrack.cursor:${server.base}:${names.join(" ")}`;
  const forgetful = {load: () => null, save: nothing};
  return new Position(remember ? memoryIn(() => sessionStorage, key) : forgetful, realClock, cursor);
}

function hubOf(server) {
  let entry = shared.get(server.base);
  if (!entry) shared.set(server.base, (entry = openHub(server)));
  return entry;
}

function openHub(server) {
  const name = `fasttrack:${server.base}`;
  const hub = new Hub({
    makeLink: (on) => linkTo(server, on),
    channel: channelNamed(name),
    elect: electionNamed(name),
    clock: realClock,
    tab: Math.random().toString(36).slice(2),
  });
  const subscriptions = new Set();
  watchBrowser({
    check: () => hub.check(),
    networkChanged: () => hub.networkChanged(),
    leave: () => (subscriptions.forEach((subscription) => subscription.save()), hub.leave()),
    back: () => (hub.comeBack(), subscriptions.forEach((subscription) => subscription.recover())),
  });
  return {hub, subscriptions};
}

function linkTo(server, {onMessage, onStatus}) {
  const memory = memoryIn(() => localStorage, `fasttrack.transport:${server.base}`);
  return new Link({
    transports: {sse: sseOver(server), ws: wsOver(server), poll: pollOver(server)},
    probe: (feeds, cursor) =>
      pollOnce(server, feeds, {cursor, wait: 0}).then(
        ({verdict}) => verdict,
        () => /** @type {const} */ ("unreachable"),
      ),
    choice: new Choice(memory, realClock.now),
    clock: realClock,
    onMessage,
    onStatus,
  });
}
