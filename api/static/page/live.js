import {signInAgain} from "./api.js";
import {connect} from "./server.js";
import {toastFault} from "./tell.js";

/**
 * What the page follows from its beginning to its end, whichever view is seen: read as one, so that a
 * first load asks once and opens one stream.
 */
const FEEDS = ["dashboard", "eventos", "presenca"];
const OF_ADMINISTRATORS = "admin";

/**
 * @typedef {object} On
 * @property {(message: any) => void} [onMessage]
 * @property {(state: any) => void} [onState]
 * @property {() => void} [onReset] Messages were missed: read what is there anew.
 */

/** @type {Map<On, string[]>} */
const listeners = new Map();

/** The latest state of each feed, for views that are built later. @type {Map<string, any>} */
const states = new Map();

/**
 * Read feeds. Where the server asks for a sign-in, they go on after their last message once the person is
 * back. Who stops looking closes them, also meanwhile.
 *
 * @param {string | string[]} feeds
 * @param {import("/client/fasttrack.js").Options} options
 * @returns {import("/client/fasttrack.js").Feed}
 */
function follow(feeds, options) {
  const goOn = () => {
    // Feeds share one stream: the first that goes on may have taken this one along.
    if (feed.status.state === "unauthorised") feed.retry();
  };
  const feed = connect(feeds, {
    ...options,
    onStatus: (status) => {
      options.onStatus?.(status);
      if (status.state === "unauthorised") void signInAgain().then(goOn, toastFault);
    },
  });
  return feed;
}

/**
 * Follow an import or a task: from its first message to its end, and over a reload once more.
 *
 * @param {string} feed
 * @param {(message: any) => void} onMessage
 */
export const followOne = (feed, onMessage) => follow(feed, {remember: false, onMessage});

/**
 * Begin to follow. @param {string} role @param {(status: any) => void} onStatus
 * @returns {{retry: () => void}}
 */
export function startLive(role, onStatus) {
  const feeds = role === "admin" ? [OF_ADMINISTRATORS, ...FEEDS] : FEEDS;
  return follow(feeds, {
    onStatus,
    onMessage: (message) => listening(message.feed).forEach((on) => on.onMessage?.(message)),
    onState: (state) => {
      states.set(state.feed, state);
      listening(state.feed).forEach((on) => on.onState?.(state));
    },
    onReset: () => [...listeners.keys()].forEach((on) => on.onReset?.()),
  });
}

const listening = (feed) => [...listeners].filter(([, feeds]) => feeds.includes(feed)).map(([on]) => on);

/**
 * Hear some of the feeds, for as long as the page is there or until what is returned is called.
 *
 * @param {string[]} feeds
 * @param {On} on
 * @returns {() => void}
 */
export function listen(feeds, on) {
  listeners.set(on, feeds);
  for (const feed of feeds) if (states.has(feed)) on.onState?.(states.get(feed));
  return () => void listeners.delete(on);
}
