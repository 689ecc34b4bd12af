import assert from "node:assert/strict";
import {test} from "node:test";
import {Heirloom, Position} from "../../../../api/static/client/position.js";
import {shorterWait} from "../../../../api/static/client/poll.js";
import {Subscription} from "../../../../api/static/client/subscription.js";
import {FakeClock, memoryOf, settle} from "./fakes.js";

const row = (seq, type = "progress") => ({type, id: `e.${seq}`, feed: "upload/x"});

function subscribed(answers, {memory = memoryOf(), feeds = ["upload/x"], start = null, ...on} = {}) {
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
    ...on,
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

test("an error in the program's function is reported, and keeps no message from anybody", async (context) => {
  const reported = [];
  globalThis.reportError = ({message}) => reported.push(message);
  context.after(() => delete globalThis.reportError);
  const hello = {type: "hello", resume: "reset", reason: "epoch", cursor: "e.0"};
  const got = [];
  const failing =
    (name) =>
    ({id, state} = {}) => {
      got.push(id ?? state ?? name);
      throw new Error(name);
    };
  const {subscription} = subscribed([page("e.2", hello, row(1), row(2)), page("e.2")], {
    feeds: ["upload/x", "dashboard"],
    onMessage: failing("message"),
    onState: failing("state"),
    onStatus: failing("status"),
    onReset: failing("reset"),
  });
  await settle();
  subscription.onCovered("t1");
  subscription.onMessage(row(3));
  await settle();
  subscription.onStatus({state: "live"});
  subscription.onMessage(row(4));
  subscription.onMessage({type: "state", feed: "dashboard"});
  subscription.close();
  assert.deepEqual(got, ["reset", "e.1", "e.2", "e.3", "live", "e.4", "state", "closed"]);
  const kinds = ["reset", "message", "message", "message", "status", "message", "state", "status"];
  assert.deepEqual(reported, kinds);
});

test("where errors cannot be reported they are thrown, outside of the stream", async (context) => {
  const thrown = [];
  context.mock.method(globalThis, "queueMicrotask", (run) => thrown.push(run));
  const {subscription} = subscribed([page("e.1", row(1))], {
    onMessage: () => assert.fail("in the handler"),
  });
  await settle();
  assert.equal(subscription.cursor, "e.1");
  assert.throws(thrown[0], {message: "in the handler"});
});

test("only the first of a page goes on where the last page ended; who read nothing hands it on", async () => {
  const heirloom = new Heirloom();
  const memory = memoryOf("e.7");
  const opened = (answers, start) => subscribed(answers, {memory: heirloom.of("x", memory), start});
  const early = opened([new Promise(() => {})]);
  early.subscription.close();
  const first = opened([page("e.9", row(8), row(9))]);
  await settle();
  first.subscription.save();
  const second = opened([page("e.9", row(1))]);
  await settle();
  first.subscription.close();
  second.subscription.close();
  const third = opened([page("e.9", row(1))]);
  await settle();
  assert.deepEqual(
    [early, first, second, third].map(({asked}) => asked[0]),
    ["e.7", "e.7", null, null],
  );
  assert.equal(memory.value, "e.9");
});

test("a feed that ended before the reload is read from its start by the second reader", async () => {
  const heirloom = new Heirloom();
  const over = {verdict: "finished", cursor: null, messages: []};
  for (const from of ["e.7", null]) {
    const {asked} = subscribed([over], {memory: heirloom.of("x", memoryOf("e.7"))});
    await settle();
    assert.equal(asked[0], from);
  }
});

test("a reader that finds no room says so, and flows when it is covered", async () => {
  const {subscription, seen} = subscribed([page("e.1"), page("e.1")]);
  await settle();
  subscription.onFull();
  const {reason, error, retryMs} = subscription.status;
  assert.deepEqual([seen.statuses.at(-1), reason, retryMs], ["waiting", "too_many_feeds", null]);
  assert.match(error, /At most 32 feeds/);
  subscription.onCovered("t1");
  await settle();
  subscription.onMessage(row(2));
  assert.deepEqual(seen.ids, ["e.2"]);
});

test("retry overtakes a question that waits: its answer counts once", async () => {
  const {subscription, clock, hub, asked} = subscribed(["dead", page("e.1")]);
  await clock.pass(0);
  subscription.retry();
  await clock.pass(60_000);
  assert.deepEqual([asked.length, hub.joined], [2, 1]);
});

test("a feed that has ended is remembered to its end", async () => {
  for (const inHistory of [true, false]) {
    const memory = memoryOf();
    const {subscription} = subscribed(
      [inHistory ? page("e.2", row(1), row(2, "finished")) : page("e.1", row(1))],
      {
        memory,
      },
    );
    await settle();
    subscription.onCovered("t1");
    await settle();
    subscription.onMessage(row(2, "finished"));
    assert.deepEqual([subscription.over, memory.value], [true, "e.2"]);
  }
});
