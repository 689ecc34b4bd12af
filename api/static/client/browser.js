/**
 * What the client needs of a browser: an election among tabs, and a line between them. Elsewhere it does
 * without.
 */

/**
 * Web Locks exist only in browsers, on https and loopback: elsewhere every tab, worker or process streams
 * alone.
 */
const canShare = () =>
  "document" in globalThis && "locks" in (globalThis.navigator ?? {}) && "BroadcastChannel" in globalThis;

/**
 * @param {string} name The same for all tabs that share a stream.
 * @returns {import("./hub.js").HubParts["channel"]}
 */
export function channelNamed(name) {
  if (!canShare()) return noChannel();
  const channel = new BroadcastChannel(name);
  return {
    post: (note) => channel.postMessage(note),
    listen: (hear) => (channel.onmessage = ({data}) => hear(data)),
    close: () => channel.close(),
    shared: true,
  };
}

/** For who streams alone. @returns {import("./hub.js").HubParts["channel"]} */
export const noChannel = () => ({post: () => {}, listen: () => {}, close: () => {}, shared: false});

/** For who streams alone. @returns {import("./hub.js").HubParts["election"]} */
export const noElection = () => ({stand: (lead) => lead(true), resign: () => {}});

/** @param {string} name @returns {import("./hub.js").HubParts["election"]} */
export function electionNamed(name) {
  if (!canShare()) return noElection();
  const candidacy = new AbortController();
  const {signal} = candidacy;
  const untilResigned = () =>
    new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve(null));
    });
  const stand = (lead, steal = false) => {
    const win = () => (signal.aborted ? null : (lead(true), untilResigned()));
    // AbortError: another tab stole the lock from this one; queue again behind it. Anything else says
    // that locks are forbidden here (storage is blocked): asking again would fail for ever.
    const lost = ({name: why}) => {
      if (signal.aborted) return;
      if (why !== "AbortError") return lead(true);
      lead(false);
      stand(lead);
    };
    // A theft cannot be called off (Web Locks §2.3), nor does it wait.
    navigator.locks.request(name, steal ? {steal} : {signal}, win).catch(lost);
  };
  return {stand, resign: () => candidacy.abort()};
}

/**
 * Tell when the world changed under the page.
 *
 * @param {{check: () => void, networkChanged: () => void, leave: () => void, back: () => void}} on
 * @returns {() => void} Stop telling.
 */
export function watchBrowser({check, networkChanged, leave, back}) {
  if (!("addEventListener" in globalThis) || !("document" in globalThis)) return () => {};
  const watch = new AbortController();
  const {signal} = watch;
  const seen = () => document.visibilityState === "visible" && check();
  document.addEventListener("visibilitychange", seen, {signal});
  addEventListener("online", networkChanged, {signal});
  addEventListener("pagehide", leave, {signal});
  addEventListener("pageshow", ({persisted}) => persisted && back(), {signal});
  return () => watch.abort();
}
