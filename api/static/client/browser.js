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
  if (!canShare()) return {post: () => {}, listen: () => {}, shared: false};
  const channel = new BroadcastChannel(name);
  return {
    post: (note) => channel.postMessage(note),
    listen: (hear) => (channel.onmessage = ({data}) => hear(data)),
    shared: true,
  };
}

/** @param {string} name @returns {import("./hub.js").HubParts["elect"]} */
export function electionNamed(name) {
  const stand = (lead, steal = false) => {
    if (!canShare()) return lead(true);
    const forEver = () => (lead(true), new Promise(() => {}));
    // AbortError: another tab stole the lock from this one; queue again behind it. Anything else says
    // that locks are forbidden here (storage is blocked): asking again would fail for ever.
    const lost = ({name: why}) => (why === "AbortError" ? (lead(false), stand(lead)) : lead(true));
    navigator.locks.request(name, {steal}, forEver).catch(lost);
  };
  return stand;
}

/**
 * Tell when the world changed under the page.
 *
 * @param {{check: () => void, networkChanged: () => void, leave: () => void, back: () => void}} on
 */
export function watchBrowser({check, networkChanged, leave, back}) {
  if (!("addEventListener" in globalThis) || !("document" in globalThis)) return;
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && check());
  addEventListener("online", networkChanged);
  addEventListener("pagehide", leave);
  addEventListener("pageshow", ({persisted}) => persisted && back());
}
