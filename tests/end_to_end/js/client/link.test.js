import assert from "node:assert/strict";
import {test} from "node:test";
import {Choice} from "../../../../api/static/client/choice.js";
import {Link} from "../../../../api/static/client/link.js";
import {FakeClock, FakeTransports, HELLO, memoryOf} from "./fakes.js";

function linked({probe = "reachable", memory = memoryOf()} = {}) {
  const clock = new FakeClock();
  const transports = new FakeTransports();
  const seen = {messages: [], statuses: []};
  const network = {probe};
  const link = new Link({
    transports: transports.all,
    probe: async () => ({verdict: network.probe}),
    choice: new Choice(memory, clock.now),
    clock,
    onMessage: (message) => seen.messages.push(message),
    onStatus: (status) => seen.statuses.push(status),
  });
  link.open(["eventos"], null);
  return {clock, transports, link, seen, network, memory, status: () => seen.statuses.at(-1)};
}

test("a hello in time makes the first transport live", async () => {
  const {transports, status} = linked();
  transports.hello();
  assert.equal(status().state, "live");
  assert.equal(transports.last.name, "sse");
});

test("a stream that holds its hello back for 3 s is left for a WebSocket, then for a poll", async () => {
  const {clock, transports, status} = linked();
  await clock.pass(2999);
  assert.equal(transports.opened.length, 1);
  await clock.pass(1);
  assert.equal(transports.last.name, "ws");
  assert.equal(transports.opened[0].isClosed, true);
  assert.equal(status().reason, "no_hello");
  await clock.pass(6000);
  assert.equal(transports.last.name, "poll");
});

test("a WebSocket that says hello but answers no ping is left", async () => {
  const {clock, transports, status} = linked();
  await clock.pass(3000);
  transports.last.sink.message(HELLO);
  await clock.pass(6000);
  assert.equal(transports.last.name, "poll");
  assert.equal(status().reason, "no_pong");
});

test("the cursor goes along to the next transport", async () => {
  const {clock, transports} = linked();
  transports.hello("e.4");
  transports.last.sink.message({type: "log", id: "e.7", feed: "eventos"});
  await clock.pass(37_000);
  assert.equal(transports.last.name, "ws");
  assert.equal(transports.last.opening.cursor, "e.7");
});

test("heartbeats that stop while the machine is awake condemn the transport", async () => {
  const {clock, transports, seen} = linked();
  transports.hello();
  await clock.pass(30_000);
  transports.last.sink.message({type: "heartbeat"});
  await clock.pass(30_000);
  assert.equal(transports.opened.length, 1);
  await clock.pass(10_000);
  assert.equal(transports.last.name, "ws");
  assert.ok(seen.statuses.some(({reason}) => reason === "silent"));
});

test("after a sleep of hours the same transport is opened again", async () => {
  const {clock, transports, link} = linked();
  transports.hello();
  clock.sleep(3 * 3600_000);
  link.check();
  assert.deepEqual(
    transports.opened.map(({name}) => name),
    ["sse", "sse"],
  );
});

test("two young breaks in a row condemn a transport, one does not", async () => {
  const {clock, transports} = linked();
  transports.hello();
  await clock.pass(4000);
  transports.last.sink.closed(null);
  await clock.pass(1000);
  assert.equal(transports.last.name, "sse");
  transports.hello();
  await clock.pass(4000);
  transports.last.sink.closed(null);
  await clock.pass(1000);
  assert.equal(transports.last.name, "ws");
  assert.equal(transports.last.opening.keepaliveMs, 2000);
});

test("breaks of old streams never change the transport", async () => {
  const {clock, transports} = linked();
  for (let round = 0; round < 4; round++) {
    transports.hello();
    for (let beat = 0; beat < 3; beat++) {
      await clock.pass(10_000);
      transports.last.sink.message({type: "heartbeat"});
    }
    transports.last.sink.closed(null);
    await clock.pass(1000);
  }
  assert.ok(transports.opened.every(({name}) => name === "sse"));
});

test("a dead network is waited for, and no transport is blamed", async () => {
  const {clock, transports, network, status} = linked({probe: "unreachable"});
  transports.last.sink.closed(null);
  await clock.pass(0);
  assert.equal(status().state, "waiting");
  assert.equal(status().reason, "unreachable");
  await clock.pass(120_000);
  assert.ok(transports.opened.length > 3);
  assert.ok(transports.opened.every(({name}) => name === "sse"));
  network.probe = "reachable";
});

test("a network that comes back is used at once, not after the wait", async () => {
  const {clock, transports, link} = linked({probe: "unreachable"});
  transports.last.sink.closed(null);
  await clock.pass(0);
  const before = transports.opened.length;
  link.networkChanged();
  assert.equal(transports.opened.length, before + 1);
});

test("another network lets the first choice try again at once", async () => {
  const memory = memoryOf({transport: "poll", reason: "no_hello", at: 1_000_000, delayMs: 600_000});
  const {transports, link, status} = linked({memory});
  transports.hello();
  assert.equal(status().transport, "poll");
  link.networkChanged();
  assert.equal(transports.last.name, "sse");
  assert.equal(memory.value, null);
});

for (const verdict of ["unauthorised", "forbidden", "unknown"]) {
  test(`${verdict} is told, and not asked again`, async () => {
    const {clock, transports, status} = linked({probe: verdict});
    transports.last.sink.closed(null);
    await clock.pass(300_000);
    assert.equal(status().state, verdict);
    assert.equal(transports.opened.length, 1);
  });
}

test("retry goes on after a sign-in", async () => {
  const {clock, transports, link, status} = linked({probe: "unauthorised"});
  transports.last.sink.closed(null);
  await clock.pass(0);
  link.retry();
  transports.hello();
  assert.equal(status().state, "live");
});

test("bye obeys retry_ms and blames nobody", async () => {
  const {clock, transports, status} = linked();
  transports.hello();
  transports.last.sink.message({type: "bye", reason: "drain", retry_ms: 4000});
  assert.deepEqual([status().state, status().reason, status().retryMs], ["waiting", "drain", 4000]);
  await clock.pass(3999);
  assert.equal(transports.opened.length, 1);
  await clock.pass(1);
  assert.equal(transports.last.name, "sse");
});

test("a wait that the server asked for is not cut short by a look at the page, but by a person", async () => {
  const {clock, transports, link} = linked();
  transports.hello();
  transports.last.sink.message({type: "bye", reason: "slow", retry_ms: 9000});
  link.check();
  link.networkChanged();
  assert.equal(transports.opened.length, 1);
  link.retry();
  assert.equal(transports.opened.length, 2);
  transports.last.sink.message({type: "bye", reason: "limit", retry_ms: 9000});
  await clock.pass(9000);
  assert.equal(transports.opened.length, 3);
});

test("a refusal for too many connections is waited for as long as it says", async () => {
  const {clock, transports, status} = linked();
  transports.last.sink.closed("busy", 12_000);
  assert.deepEqual([status().state, status().reason, status().retryMs], ["waiting", "limit", 12_000]);
  await clock.pass(11_999);
  assert.equal(transports.opened.length, 1);
  await clock.pass(1);
  assert.equal(transports.last.name, "sse");
});

test("bye finished ends the link; bye expired asks for a sign-in", async () => {
  const first = linked();
  first.transports.hello();
  first.transports.last.sink.message({type: "bye", reason: "finished"});
  assert.equal(first.status().state, "finished");
  const second = linked();
  second.transports.hello();
  second.transports.last.sink.message({type: "bye", reason: "expired"});
  assert.equal(second.status().state, "unauthorised");
});

test("a connection that was left cannot speak any more", async () => {
  const {clock, transports, seen} = linked();
  const old = transports.last.sink;
  await clock.pass(3000);
  old.message({type: "log", id: "e.1", feed: "eventos"});
  old.ready();
  assert.deepEqual(seen.messages, []);
});

test("a fallback is remembered, used at once next time, and asked again after ten minutes", async () => {
  const memory = memoryOf();
  const first = linked({memory});
  await first.clock.pass(3000);
  first.transports.hello();
  assert.equal(memory.value.transport, "ws");
  const second = linked({memory});
  assert.equal(second.transports.last.name, "ws");
  assert.equal(second.status().reason, "remembered");
  second.transports.last.sink.message({...HELLO, heartbeat_s: 1e6});
  second.transports.last.sink.ready();
  await second.clock.pass(10 * 60_000 + 3000);
  assert.equal(second.transports.last.name, "sse");
  second.transports.hello();
  assert.equal(memory.value, null);
});

test("a probe that fails goes straight back to what is known to work", () => {
  const memory = memoryOf({transport: "poll", reason: "no_hello", at: 0, delayMs: 600_000});
  const choice = new Choice(memory, () => 600_001);
  assert.equal(choice.current, "sse");
  choice.advance("no_hello");
  assert.equal(choice.current, "poll");
  choice.confirm();
  assert.equal(memory.value.delayMs, 1_200_000);
});
