import assert from "node:assert/strict";
import {register} from "node:module";
import {test} from "node:test";

// The pages import the client by its address on the server.
const root = JSON.stringify(new URL("../../../../api/static", import.meta.url).href);
const place = `name.startsWith("/client/") ? ${root} + name : name`;
const resolve = `export const resolve = (name, context, next) => next(${place}, context);`;
register(`data:text/javascript,${encodeURIComponent(resolve)}`);
const {adviceOf, choiceOf, verdictOf} = await import("../../../../api/static/diagnose/findings.js");

const good = {status: 200, helloMs: 20, cutMs: null, encoding: null, pongMs: 5, server: null};

test("a good network uses Server-Sent Events and needs no advice", () => {
  const verdicts = {sse: verdictOf("sse", good), ws: verdictOf("ws", good), poll: verdictOf("poll", good)};
  assert.deepEqual(verdicts, {sse: "good", ws: "good", poll: "good"});
  assert.equal(choiceOf(verdicts), "sse");
  assert.deepEqual(adviceOf(verdicts, {sse: good}), []);
});

test("each hostility has its name", () => {
  assert.equal(verdictOf("sse", {...good, helloMs: null, cutMs: null}), "held");
  assert.equal(verdictOf("sse", {...good, helloMs: 9000}), "held");
  assert.equal(verdictOf("sse", {...good, status: null, helloMs: null, cutMs: null}), "held");
  assert.equal(verdictOf("sse", {...good, status: null, helloMs: null, cutMs: 30}), "refused");
  assert.equal(verdictOf("sse", {...good, cutMs: 5000}), "cut");
  assert.equal(verdictOf("sse", {...good, status: 502, helloMs: null, cutMs: 10}), "refused");
  assert.equal(verdictOf("ws", {...good, pongMs: null}), "mute");
  assert.equal(verdictOf("ws", {...good, status: 1006, helloMs: null, cutMs: 30}), "refused");
  assert.equal(verdictOf("ws", {...good, status: null, helloMs: null}), "held");
});

test("the choice is that of the client", () => {
  assert.equal(choiceOf({sse: "held", ws: "good", poll: "good"}), "ws");
  assert.equal(choiceOf({sse: "cut", ws: "mute", poll: "cut"}), "poll");
  assert.equal(choiceOf({sse: "refused", ws: "refused", poll: "refused"}), null);
});
