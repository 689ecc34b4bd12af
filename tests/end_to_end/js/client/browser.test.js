import assert from "node:assert/strict";
import {test} from "node:test";
import {electionNamed} from "../../../../api/static/client/browser.js";
import {settle} from "./fakes.js";

/** Web Locks whose requests the test settles. */
function withLocks(request) {
  Object.defineProperty(globalThis, "document", {value: {}, configurable: true});
  Object.defineProperty(globalThis, "navigator", {value: {locks: {request}}, configurable: true});
}

test("a tab whose lock was stolen queues again", async () => {
  const asked = [];
  withLocks((name, options, hold) => new Promise((_, reject) => asked.push({hold, reject})));
  const leads = [];
  electionNamed("x").stand((isLeader) => leads.push(isLeader));
  asked[0].hold();
  asked[0].reject(new DOMException("stolen", "AbortError"));
  await settle();
  assert.deepEqual(leads, [true, false]);
  assert.equal(asked.length, 2);
});

test("where locks are forbidden a tab streams alone, and does not ask for ever", async () => {
  let asked = 0;
  withLocks(async () => {
    asked += 1;
    throw new DOMException("storage is blocked", "SecurityError");
  });
  const leads = [];
  electionNamed("x").stand((isLeader) => leads.push(isLeader));
  await settle();
  await settle();
  assert.deepEqual([leads, asked], [[true], 1]);
});

test("who resigns gives the lock back, and asks for it no more", async () => {
  const asked = [];
  withLocks((name, {signal}, hold) => {
    const held = {hold, signal};
    asked.push(held);
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  });
  const leads = [];
  const [holder, waiting] = [electionNamed("x"), electionNamed("x")];
  holder.stand((isLeader) => leads.push(isLeader));
  waiting.stand((isLeader) => leads.push(isLeader));
  const until = asked[0].hold();
  waiting.resign();
  holder.resign();
  await until;
  await settle();
  assert.equal(asked[1].hold(), null);
  assert.deepEqual([leads, asked.length], [[true], 2]);
});
