import assert from "node:assert/strict";
import {test} from "node:test";
import {Choice} from "../../../../api/static/client/choice.js";
import {Hub, MAX_FEEDS} from "../../../../api/static/client/hub.js";
import {Link} from "../../../../api/static/client/link.js";
import {FakeClock, FakeTransports, memoryOf, settle} from "./fakes.js";

/** A browser: tabs that share a lock and a channel. */
class FakeBrowser {
  clock = new FakeClock();
  queue = [];
  ears = new Map();

  open(tab, feeds, cursor = null) {
    const transports = new FakeTransports();
    const heard = {messages: [], covered: [], since: [], statuses: [], full: 0};
    const listener = {
      feeds,
      onMessage: (message) => heard.messages.push(message),
      onStatus: (status) => heard.statuses.push(status),
      cursor,
      onFull: () => (heard.full += 1),
      onCovered: (term, since) => (heard.covered.push(term), heard.since.push(since)),
    };
    const hub = new Hub({
      makeLink: (on) =>
        new Link({
          transports: transports.all,
          probe: async () => ({verdict: "reachable"}),
          choice: new Choice(memoryOf(), this.clock.now),
          clock: this.clock,
          ...on,
        }),
      channel: {
        shared: true,
        post: (note) => this.ears.forEach((hear, ear) => ear !== tab && hear(structuredClone(note))),
        listen: (hear) => this.ears.set(tab, hear),
        close: () => this.ears.delete(tab),
      },
      election: {
        stand: (lead, steal) => this.elect(tab, lead, steal),
        resign: () => this.resign(tab),
      },
      clock: this.clock,
      tab,
    });
    hub.add(listener);
    return {hub, transports, heard, listener};
  }

  elect(tab, lead, steal) {
    if (steal) {
      const [old] = this.queue.splice(0, 1);
      this.queue = [{tab, lead}, ...this.queue.filter((other) => other.tab !== tab), old];
      old.lead(false);
    } else this.queue.push({tab, lead});
    if (this.queue[0].tab === tab) lead(true);
  }

  resign(tab) {
    const led = this.queue[0]?.tab === tab;
    this.queue = this.queue.filter((other) => other.tab !== tab);
    if (led) this.queue[0]?.lead(true);
  }

  /** The tab dies without a word. */
  kill(tab) {
    this.ears.delete(tab);
    this.queue = this.queue.filter((other) => other.tab !== tab);
    this.queue[0]?.lead(true);
  }
}

async function twoTabs() {
  const browser = new FakeBrowser();
  const first = browser.open("A", ["eventos"]);
  await browser.clock.pass(50);
  first.transports.hello();
  const second = browser.open("B", ["eventos", "upload/x"]);
  await browser.clock.pass(50);
  first.transports.hello("e.1");
  await settle();
  return {browser, first, second};
}

test("one tab streams, for the feeds of all", async () => {
  const {first, second} = await twoTabs();
  assert.deepEqual(first.transports.last.opening.feeds, ["eventos", "upload/x"]);
  assert.equal(second.transports.opened.length, 0);
  assert.equal(second.heard.covered.length, 1);
  assert.equal(second.heard.statuses.at(-1).leader, false);
  assert.equal(first.heard.statuses.at(-1).leader, true);
});

test("every tab hears every message", async () => {
  const {first, second} = await twoTabs();
  const message = {type: "log", id: "e.5", feed: "upload/x"};
  first.transports.last.sink.message(message);
  assert.deepEqual(first.heard.messages.at(-1), message);
  assert.deepEqual(second.heard.messages.at(-1), message);
});

test("a tab that comes late is given the latest state", async () => {
  const {browser, first} = await twoTabs();
  first.transports.last.sink.message({type: "state", feed: "eventos", events: 3});
  const third = browser.open("C", ["eventos"]);
  await browser.clock.pass(50);
  assert.equal(third.heard.messages.at(-1).events, 3);
  assert.equal(first.transports.opened.length, 2);
});

test("when the leader closes, the next tab goes on after the last message", async () => {
  const {browser, first, second} = await twoTabs();
  first.transports.last.sink.message({type: "log", id: "e.9", feed: "eventos"});
  browser.kill("A");
  await browser.clock.pass(50);
  assert.equal(second.transports.opened.length, 1);
  assert.equal(second.transports.last.opening.cursor, "e.9");
  second.transports.hello("e.9");
  assert.equal(new Set(second.heard.covered).size, 2);
});

test("a leader that fell silent loses its place", async () => {
  const {browser, first, second} = await twoTabs();
  browser.ears.delete("A");
  first.hub.leave = () => {};
  const post = browser.ears.get("B");
  browser.ears.set("B", () => {});
  await browser.clock.pass(52_000);
  browser.ears.set("B", post);
  assert.equal(second.transports.opened.length, 1);
  assert.equal(second.transports.last.name, "sse");
});

test("a first stream begins where its only listener stands, and says so once", async () => {
  const browser = new FakeBrowser();
  const first = browser.open("A", ["eventos"], "e.7");
  await browser.clock.pass(50);
  assert.equal(first.transports.last.opening.cursor, "e.7");
  first.transports.hello("e.7");
  first.transports.last.sink.closed(null);
  await browser.clock.pass(1000);
  first.transports.hello("e.8");
  assert.deepEqual(first.heard.since, ["e.7", null]);
});

test("who joins after the stream was opened must ask for what it missed", async () => {
  const browser = new FakeBrowser();
  const first = browser.open("A", ["eventos"], "e.7");
  await browser.clock.pass(50);
  const late = {...first.listener, onCovered: (_term, since) => late.since.push(since), since: []};
  first.hub.add(late);
  first.transports.hello("e.7");
  const second = browser.open("B", ["eventos"], "e.7");
  await browser.clock.pass(50);
  assert.deepEqual(first.heard.since.slice(0, 1), ["e.7"]);
  assert.deepEqual(new Set([...late.since, ...second.heard.since]), new Set([null]));
});

test("two listeners of one tab that stand elsewhere get a stream from now on", async () => {
  const browser = new FakeBrowser();
  const first = browser.open("A", ["eventos"], "e.7");
  first.hub.add({...first.listener, cursor: "e.9"});
  await browser.clock.pass(50);
  assert.equal(first.transports.last.opening.cursor, null);
  first.transports.hello("e.9");
  assert.deepEqual(new Set(first.heard.since), new Set([null]));
});

test("the stream ends when nobody reads", async () => {
  const {browser, first, second} = await twoTabs();
  first.hub.remove(first.listener);
  second.hub.remove(second.listener);
  await browser.clock.pass(50);
  assert.equal(first.transports.last.isClosed, true);
});

for (const verdict of ["unauthorised", "forbidden", "unknown"])
  test(`a stream that was refused (${verdict}) opens again for a tab that was admitted`, async () => {
    const browser = new FakeBrowser();
    const first = browser.open("A", ["eventos"]);
    await browser.clock.pass(50);
    first.transports.last.sink.closed(verdict);
    await settle();
    assert.equal(first.heard.statuses.at(-1).state, verdict);
    const second = browser.open("B", ["eventos"]);
    await browser.clock.pass(50);
    first.transports.hello("e.1");
    await settle();
    assert.equal(first.transports.opened.length, 2);
    assert.deepEqual(
      [first, second].map(({heard}) => heard.statuses.at(-1).state),
      ["live", "live"],
    );
    assert.ok(second.heard.statuses.every(({state}) => state !== verdict));
  });

const uploads = (from, to) => Array.from({length: to - from}, (_, number) => `upload/${from + number}`);

/** A tab with its first feed, and others of the same browser until the stream is full. */
async function fullStream() {
  const browser = new FakeBrowser();
  const first = browser.open("A", ["eventos"]);
  const rest = browser.open("B", uploads(1, MAX_FEEDS));
  await browser.clock.pass(50);
  first.transports.hello();
  await settle();
  return {browser, first, rest};
}

for (const tab of ["the leader's tab", "another tab", "a tab that asked before"])
  test(`one feed too many is refused alone (${tab}), and has its turn when others are closed`, async () => {
    const {browser, first, rest} = await fullStream();
    const late = {full: 0, states: [], covered: 0, feeds: ["upload/late"], cursor: null, onMessage: () => {}};
    Object.assign(late, {
      onFull: () => (late.full += 1),
      onStatus: ({state}) => late.states.push(state),
      onCovered: () => (late.covered += 1),
    });
    const {hub} = {
      "the leader's tab": () => first,
      "another tab": () => rest,
      "a tab that asked before": () => browser.open("C", ["eventos"]),
    }[tab]();
    hub.add(late);
    await browser.clock.pass(50);
    assert.equal(first.transports.opened.length, 1);
    first.transports.last.sink.message({type: "log", id: "e.5", feed: "upload/1"});
    assert.equal(rest.heard.messages.at(-1).id, "e.5");
    assert.deepEqual(
      [first, rest].map(({heard}) => [heard.statuses.at(-1).state, heard.full]),
      [
        ["live", 0],
        ["live", 0],
      ],
    );
    assert.deepEqual([late.full, late.states, late.covered], [1, [], 0]);
    rest.hub.remove(rest.listener);
    await browser.clock.pass(50);
    first.transports.hello("e.6");
    assert.deepEqual([late.full, late.states.at(-1), late.covered], [1, "live", 1]);
  });

test("the next leader keeps what was carried, whoever answers it first", async () => {
  const {browser, first, rest} = await fullStream();
  const late = browser.open("C", ["upload/late"]);
  await browser.clock.pass(50);
  assert.equal(late.heard.full, 1);
  first.hub.close();
  await browser.clock.pass(50);
  rest.transports.hello();
  assert.deepEqual(
    new Set(rest.transports.last.opening.feeds),
    new Set([...uploads(1, MAX_FEEDS), "upload/late"]),
  );
  assert.equal(late.heard.statuses.at(-1).state, "live");
});

test("a hub that is closed leaves the lead, the channel and no timer behind", async () => {
  const {browser, first, second} = await twoTabs();
  first.transports.last.sink.message({type: "log", id: "e.9", feed: "eventos"});
  first.hub.close();
  assert.equal(first.transports.last.isClosed, true);
  await browser.clock.pass(50);
  assert.equal(second.transports.last.opening.cursor, "e.9");
  assert.deepEqual(second.transports.last.opening.feeds, ["eventos", "upload/x"]);
  const heard = first.heard.messages.length;
  second.transports.hello("e.9");
  second.transports.last.sink.message({type: "log", id: "e.10", feed: "eventos"});
  await browser.clock.pass(120_000);
  assert.deepEqual([first.heard.messages.length, first.transports.opened.length], [heard, 2]);
});
