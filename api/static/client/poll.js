import {addressOf, headersOf} from "./address.js";
import {verdictOfStatus} from "./verdict.js";

const LONGEST_WAIT_SECONDS = 25;
const SHORTEST_WAIT_SECONDS = 1;

/** Over the longest wait: an answer that takes this long is lost. */
const LOST_MS = 40_000;

/**
 * Ask once.
 *
 * @param {import("./address.js").Server} server
 * @param {string[]} feeds
 * @param {{cursor: string | null, wait: number, replay?: string | null, signal?: AbortSignal}} how
 * @returns {Promise<import("./types.js").PollAnswer>} Rejects when the network gave no whole answer.
 */
export async function pollOnce(server, feeds, {cursor, wait, replay = null, signal}) {
  const url = await addressOf(server, "poll", feeds, {last_event_id: cursor, wait, replay});
  const lost = AbortSignal.timeout(LOST_MS);
  const headers = await headersOf(server);
  const answer = await fetch(url, {headers, cache: "no-store", signal: signal ? anyOf(signal, lost) : lost});
  const verdict = verdictOfStatus(answer.status);
  if (verdict === "refused") return refusalIn(answer, cursor);
  if (verdict !== "reachable") return {verdict, cursor, messages: [], retryMs: retryMsOf(answer)};
  const {messages, cursor: next} = await answer.json();
  return {verdict, cursor: next, messages};
}

/**
 * The words of a server that did not understand the question (RFC 9457). A proxy that says the same has
 * none: its server is away.
 *
 * @returns {Promise<import("./types.js").PollAnswer>}
 */
async function refusalIn(answer, cursor) {
  const isProblem = (answer.headers.get("Content-Type") ?? "").startsWith("application/problem+json");
  const problem = isProblem ? await answer.json() : null;
  if (!problem) return {verdict: "unreachable", cursor, messages: []};
  return {verdict: "refused", cursor, messages: [], error: problem.detail ?? problem.title ?? null};
}

/** Retry-After in its form of seconds (RFC 9110 §10.2.3), which is the one that the server writes. */
function retryMsOf(answer) {
  const seconds = Number(answer.headers.get("Retry-After"));
  return seconds > 0 ? seconds * 1000 : null;
}

/** AbortSignal.any, which browsers of 2023 lack. */
function anyOf(...signals) {
  const controller = new AbortController();
  for (const signal of signals) signal.addEventListener("abort", () => controller.abort(signal.reason));
  return controller.signal;
}

/**
 * The wait to ask for after one was cut: half of what the network allowed.
 *
 * @param {number} wait Seconds asked for.
 * @param {number} tookMs Until the answer was cut.
 * @returns {number | null} Seconds, or null when it was not the wait that failed.
 */
export function shorterWait(wait, tookMs) {
  const half = Math.floor(tookMs / 2000);
  if (wait <= SHORTEST_WAIT_SECONDS || half < SHORTEST_WAIT_SECONDS) return null;
  return Math.min(half, wait - 1);
}

/**
 * Open feeds as a long poll. The first call does not wait, so that the transport is proved at once.
 *
 * @param {import("./address.js").Server} server
 * @returns {(opening: import("./types.js").Opening, sink: import("./types.js").Sink)
 *   => import("./types.js").Connection}
 */
export const pollOver = (server) => (opening, sink) => {
  const abort = new AbortController();
  void ask(server, opening, sink, abort.signal);
  return {close: () => abort.abort()};
};

async function ask(server, {feeds, cursor}, sink, signal) {
  let wait = 0;
  let longest = LONGEST_WAIT_SECONDS;
  for (;;) {
    const asked = Date.now();
    const replay = cursor ? null : "none";
    const answer = await pollOnce(server, feeds, {cursor, wait, replay, signal}).catch(() => null);
    if (signal.aborted) return;
    if (answer?.verdict !== "reachable") {
      const shorter =
        answer && answer.verdict !== "unreachable" ? null : shorterWait(wait, Date.now() - asked);
      if (shorter === null) return sink.closed(answer?.verdict ?? null, answer?.retryMs);
      wait = longest = shorter;
      continue;
    }
    cursor = answer.cursor;
    report(answer, sink);
    if (signal.aborted) return;
    wait = longest;
  }
}

function report({messages, cursor}, sink) {
  sink.ready();
  for (const message of messages) sink.message(message);
  sink.cursor(cursor);
}
