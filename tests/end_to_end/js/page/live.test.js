import assert from "node:assert/strict";
import {register} from "node:module";
import {beforeEach, test} from "node:test";
import {Position} from "../../../../api/static/client/position.js";
import {Subscription} from "../../../../api/static/client/subscription.js";
import {FakeClock, memoryOf, settle} from "../client/fakes.js";

// The page imports the client by its address on the server: here one whose stream is the test's.
const source = "export const connect = (...how) => globalThis.connect(...how);";
const client = `data:text/javascript,${encodeURIComponent(source)}`;
const place = `name === "/client/fasttrack.js" ? ${JSON.stringify(client)} : name`;
const resolve = `export const resolve = (name, context, next) => next(${place}, context);`;
register(`data:text/javascript,${encodeURIComponent(resolve)}`);
Object.assign(globalThis, {document: {documentElement: {dataset: {}}}});
const {followOne, startLive} = await import("../../../../api/static/page/live.js");
const {whenSignedOut} = await import("../../../../api/static/page/api.js");

const row = (number) => ({type: "progress", id: `e.${number}`, feed: "upload/x"});
const rows = (first, last) =>
  Array.from({length: last - first + 1}, (_, at) => row(first + at)).filter(({id}) => id !== "e.0");
const ids = (count) => rows(1, count).map(({id}) => id);
const numberOf = (cursor) => Number(cursor?.slice(2) ?? 0);

/** A server that tells of one import, on the one stream of a browser and in answers; its session ends. */
class FakeServer {
  isOpen = true;
  rows = 0;
  polls = 0;
  /** How often the stream was opened again. */
  reopened = 0;
  #told = 0;
  /** @type {Set<Subscription>} */
  #readers = new Set();

  ask = async (cursor) => {
    this.polls += 1;
    if (!this.isOpen) return {verdict: "unauthorised", cursor, messages: []};
    return {
      verdict: "reachable",
      cursor: `e.${this.rows}`,
      messages: rows(numberOf(cursor) + 1, this.rows),
    };
  };

  add(reader) {
    this.#readers.add(reader);
    reader.onCovered("first", reader.cursor);
  }

  remove(reader) {
    this.#readers.delete(reader);
  }

  retry() {
    this.reopened += 1;
    this.#tell("connecting");
    this.#stream();
  }

  read() {
    this.rows += 1;
    if (this.isOpen) this.#stream();
  }

  /** @param {{isTold: boolean}} how A stream may stay open for a while, on which nothing comes. */
  endSession({isTold}) {
    this.isOpen = false;
    if (isTold) this.#tell("unauthorised");
  }

  /** The stream goes on after the last message that it carried. */
  #stream() {
    for (const message of rows(this.#told + 1, this.rows))
      this.#readers.forEach((reader) => reader.onMessage(message));
    this.#told = this.rows;
  }

  #tell(state) {
    this.#readers.forEach((reader) =>
      reader.onStatus({state, transport: "sse", reason: null, retryMs: null, leader: true}),
    );
  }
}

/** @type {FakeServer} */
let server;
/** How often somebody was asked to sign in, and how they do. */
let asked;
let signIn;

beforeEach(() => {
  server = new FakeServer();
  const clock = new FakeClock();
  const nothing = () => {};
  globalThis.connect = (feeds, {onMessage, onStatus = nothing, onState = nothing, onReset = nothing}) =>
    new Subscription({
      feeds: [feeds].flat(),
      hub: server,
      clock,
      position: new Position(memoryOf(), clock),
      ask: server.ask,
      onMessage,
      onStatus,
      onState,
      onReset,
    });
  asked = 0;
  whenSignedOut(() => {
    asked += 1;
    return new Promise((done) => (signIn = async () => ((server.isOpen = true), done(), settle())));
  });
});

const followed = async () => {
  const seen = [];
  const feed = followOne("upload/x", ({id}) => seen.push(id));
  await settle();
  return {feed, seen};
};

test("a feed that is refused at its start begins once somebody has signed in", async () => {
  server.rows = 2;
  server.endSession({isTold: false});
  const {seen} = await followed();
  assert.deepEqual([asked, seen], [1, []]);
  await signIn();
  server.read();
  assert.deepEqual(seen, ids(3));
});

for (const isTold of [true, false])
  test(`feeds go on after a sign-in, each message once; the stream tells first: ${isTold}`, async () => {
    const one = await followed();
    server.read();
    server.endSession({isTold});
    const other = await followed();
    server.read();
    assert.deepEqual([asked, one.seen, other.seen], [1, ids(1), []]);
    await signIn();
    server.read();
    assert.deepEqual([asked, one.seen, other.seen], [1, ids(3), ids(3)]);
  });

test("feeds of one stream open it once after a sign-in, whoever asked for that", async () => {
  const statuses = [];
  startLive("editor", ({state}) => statuses.push(state));
  await Promise.all([followed(), followed()]);
  server.endSession({isTold: true});
  await signIn();
  assert.deepEqual([asked, server.reopened, statuses], [1, 1, ["unauthorised", "connecting"]]);
});

test("a feed that was closed meanwhile asks for nothing more", async () => {
  server.endSession({isTold: false});
  const {feed, seen} = await followed();
  feed.close();
  server.rows = 2;
  await signIn();
  assert.deepEqual([server.polls, seen], [1, []]);
});
