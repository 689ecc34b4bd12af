import assert from "node:assert/strict";
import {test} from "node:test";
import {Position} from "../../../../api/static/client/position.js";
import {shorterWait} from "../../../../api/static/client/poll.js";
import {Subscription} from "../../../../api/static/client/subscription.js";
import {FakeClock, memoryOf, settle} from "./fakes.js";

const row = (seq, type = "progress") => ({type, id: `e.${seq}`, feed: "upload/x"});

function subscribed(answers, {memory = memoryOf(), feeds = ["upload/x"], start = null} = {}) {
  const clock = new FakeClock();
  const asked = [];
  const seen = {ids: [], states: [], statuses: [], resets: []};
  const hub = {
    joined: 0,
    left: 0,
    add: () => hub.joined++,
    remove: () => hub.left++,
    retry: () => {},
  };
  const subscription = new Subscription({
    feeds,
    hub,
    clock,
    position: new Position(memory, clock, start),
    ask: async (cursor) => {
      asked.push(cursor);
      const answer = await answers.shift();
      if (answer === "dead") throw new TypeError("network");
      return answer ?? {verdict: "reachable", cursor, messages: []};
    },
    onMessage: ({id}) => seen.ids.push(id),
    onState: (state) => seen.states.push(state),
    onStatus: ({state}) => seen.statuses.push(state),
    onReset: (reason) => seen.resets.push(reason),
  });
  return {subscription, clock, hub, seen, asked, memory};
}

const page = (cursor, ...messages) => ({verdict: "reachable", cursor, messages});

test("history comes first, then what streamed in meanwhile, each once", async () => {
  const {subscription, seen, asked} = subscribed([page("e.2", row(1), row(2)), page("e.4", row(3), row(4))]);
  await settle();
  subscription.onMessage(row(4));
  subscription.onCovered("t1");
  subscription.onMessage(row(5));
  await settle();
  subscription.onMessage(row(6));
  await settle();
  assert.deepEqual(seen.ids, ["e.1", "e.2", "e.3", "e.4", "e.5", "e.6"]);
  assert.deepEqual(asked.slice(0, 2), [null, "e.2"]);
});

test("a merged feed has the messages of many, and does not end with one of them", async () => {
  const upload = (seq, id, type = "progress") => ({type, id: `e.${seq}`, feed: `upload/${id}`});
  const {subscription, seen, hub} = subscribed(
    [page("e.2", upload(1, "x"), upload(2, "x", "finished")), page("e.2")],
    {feeds: ["eventos/progresso"]},
  );
  await settle();
  subscription.onCovered("t1");
  await settle();
  for (const message of [
    upload(3, "y"),
    {type: "log", id: "e.4", feed: "tarefas/upload"},
    {type: "event.created", id: "e.5", feed: "eventos"},
    upload(6, "y", "finished"),
    upload(7, "z"),
  ])
    subscription.onMessage(message);
  assert.deepEqual(seen.ids, ["e.1", "e.2", "e.3", "e.6", "e.7"]);
  assert.deepEqual([subscription.over, hub.left], [false, 0]);
});

test("a change of leader is a seam like the first one", async () => {
  const {subscription, seen} = subscribed([
    page("e.1", row(1)),
    page("e.1"),
    page("e.3", row(2), row(3)),
    page("e.3"),
  ]);
  await settle();
  subscription.onCovered("t1");
  await settle();
  subscription.onCovered("t2");
  subscription.onMessage(row(3));
  await settle();
  subscription.onMessage(row(4));
  assert.deepEqual(seen.ids, ["e.1", "e.2", "e.3", "e.4"]);
});

test("a stream from its own cursor needs no second question, one from elsewhere does", async () => {
  for (const [since, questions] of [
    ["e.2", 1],
    ["e.1", 3],
    [null, 3],
  ]) {
    const {subscription, seen, asked} = subscribed([page("e.2", row(1), row(2)), page("e.3", row(3))]);
    await settle();
    subscription.onMessage(row(3));
    subscription.onCovered("t1", since);
    await settle();
    subscription.onMessage(row(4));
    assert.deepEqual(seen.ids, ["e.1", "e.2", "e.3", "e.4"]);
    assert.equal(asked.length, questions);
  }
});

test("only its own feeds are heard, and others' messages move its cursor", async () => {
  const {subscription, seen} = subscribed([page("e.1")]);
  await settle();
  subscription.onCovered("t1");
  await settle();
  subscription.onMessage({type: "log", id: "e.9", feed: "tarefas/y"});
  assert.deepEqual(seen.ids, []);
  assert.equal(subscription.cursor, "e.9");
});

test("it ends when every feed it reads has ended", async () => {
  const {subscription, hub, seen} = subscribed([page("e.1")]);
  await settle();
  subscription.onCovered("t1");
  await settle();
  subscription.onMessage(row(2, "finished"));
  assert.equal(seen.statuses.at(-1), "finished");
  assert.equal(hub.left, 1);
});

test("a refusal is told before the shared stream is touched, and retry asks again", async () => {
  const {subscription, hub, seen} = subscribed([
    {verdict: "unauthorised", cursor: null, messages: []},
    page("e.1"),
  ]);
  await settle();
  assert.deepEqual([seen.statuses.at(-1), hub.joined], ["unauthorised", 0]);
  subscription.retry();
  await settle();
  assert.equal(hub.joined, 1);
});

test("a dead network is asked again", async () => {
  const {clock, hub, seen} = subscribed(["dead", page("e.1")]);
  await clock.pass(0);
  assert.equal(seen.statuses.at(-1), "waiting");
  await clock.pass(1000);
  assert.equal(hub.joined, 1);
});

test("a busy server is asked again when it said", async () => {
  const busy = {verdict: "busy", cursor: null, messages: [], retryMs: 8000};
  const {clock, hub, asked, seen} = subscribed([busy, page("e.1")]);
  await clock.pass(7999);
  assert.deepEqual([seen.statuses.at(-1), asked.length], ["waiting", 1]);
  await clock.pass(1);
  assert.equal(hub.joined, 1);
});

test("a reload goes on after the last message", async () => {
  const memory = memoryOf();
  const before = subscribed([page("e.2", row(1), row(2))], {memory});
  await settle();
  before.subscription.save();
  const after = subscribed([page("e.2")], {memory});
  await settle();
  assert.deepEqual(after.asked, ["e.2"]);
});

test("a reset is told, and the cursor starts anew", async () => {
  const hello = {type: "hello", resume: "reset", reason: "epoch", cursor: "f.0"};
  const {subscription, seen} = subscribed([page("f.0", hello)], {memory: memoryOf("e.7")});
  await settle();
  assert.deepEqual(seen.resets, ["epoch"]);
  assert.equal(subscription.cursor, "f.0");
});

test("a cut poll asks for half of what the network allowed", () => {
  assert.equal(shorterWait(25, 10_000), 5);
  assert.equal(shorterWait(2, 5000), 1);
  assert.equal(shorterWait(25, 300), null);
  assert.equal(shorterWait(1, 5000), null);
});

test("a given cursor comes before the remembered one", async () => {
  const memory = memoryOf();
  memory.save("e.9");
  for (const [start, first] of [
    ["e.4", "e.4"],
    [null, "e.9"],
    ["", "e.9"],
    [undefined, "e.9"],
  ]) {
    const {asked} = subscribed([page("e.9")], {memory, start});
    await settle();
    assert.equal(asked[0], first);
  }
});
