import {READY_MS, YOUNG_MS} from "/client/timing.js";

/**
 * What findings mean. Pure.
 *
 * @typedef {"good" | "held" | "cut" | "refused" | "mute"} Verdict
 *   `held`: opened, but nothing came in time. `mute`: no answer to a ping.
 */

/**
 * @param {"sse" | "ws" | "poll"} transport
 * @param {import("./probes.js").Finding} finding
 * @returns {Verdict}
 */
export function verdictOf(transport, {status, helloMs, cutMs, pongMs}) {
  if (helloMs === null) return isRefused(transport, status, cutMs) ? "refused" : "held";
  if (helloMs > READY_MS[transport]) return "held";
  if (transport === "ws" && pongMs === null) return "mute";
  if (cutMs !== null && cutMs < YOUNG_MS) return "cut";
  return "good";
}

/**
 * Without any status a request was refused if it failed, and held back if nothing had come when the watch
 * ended.
 */
function isRefused(transport, status, cutMs) {
  if (transport === "ws") return status !== null && cutMs < 3000;
  return status === null ? cutMs !== null : status !== 200;
}

/** The transport that the client will use: the first good one; a poll copes with cuts. */
export function choiceOf(verdicts) {
  return (
    ["sse", "ws", "poll"].find((transport) => verdicts[transport] === "good") ??
    (verdicts.poll === "cut" ? "poll" : null)
  );
}

/** What an administrator should change: keys of the dictionary, in the order of their use. */
export function adviceOf(verdicts, findings) {
  const advice = [];
  if (verdicts.sse === "held") advice.push("diagnose.advice.held");
  if (verdicts.sse === "cut") advice.push("diagnose.advice.cut");
  if (verdicts.sse === "refused") advice.push("diagnose.advice.refused");
  if (findings.sse.encoding) advice.push("diagnose.advice.compressed");
  if (verdicts.ws === "refused") advice.push("diagnose.advice.upgrade");
  if (verdicts.ws === "held" || verdicts.ws === "mute") advice.push("diagnose.advice.mute");
  if (verdicts.ws === "cut") advice.push("diagnose.advice.idle");
  if (verdicts.poll === "cut") advice.push("diagnose.advice.poll");
  return advice;
}
