/** Every duration of the client, in milliseconds, and the reason for it. */

/** How long each transport may take to prove itself. A WebSocket also answers a ping in that time. */
export const READY_MS = {sse: 3000, ws: 6000, poll: 20_000};

/** A stream that ends sooner than this was cut by something between: servers keep them for hours. */
export const YOUNG_MS = 20_000;

/** Breaks of young streams before the transport is given up. */
export const YOUNG_BREAKS = 2;

/** Between looks at the silence. Ticks that come much later mean that the machine slept. */
export const TICK_MS = 5000;
export const SLEPT_MS = 3 * TICK_MS;

/** After this a fallback asks again whether the network got better; doubled after each refusal. */
export const REPROBE_MS = 10 * 60_000;
export const REPROBE_MAX_MS = 2 * 60 * 60_000;

/** The longest a follower waits for a leader that says nothing at all. */
export const LEADER_SILENCE_MS = 45_000;

/** How long a leader collects the wishes of other tabs before it opens the stream. */
export const GATHER_MS = 30;

/** Silence after which a stream is dead: two heartbeats lost, and some slack for slow networks. */
export const silenceMs = (heartbeatSeconds) => heartbeatSeconds * 2000 + 3000;

/** Full jitter (AWS "Exponential Backoff and Jitter"): 0.25 s at least, 30 s at most. */
export function backoffMs(attempt, random) {
  const ceiling = Math.min(30_000, 500 * 2 ** Math.min(attempt, 10));
  return 250 + random * (ceiling - 250);
}

/** @type {import("./types.js").Clock} */
export const realClock = {
  now: () => Date.now(),
  after: (run, ms) => setTimeout(run, ms),
  cancel: (timer) => clearTimeout(timer),
  random: () => Math.random(),
};
