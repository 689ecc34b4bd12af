import assert from "node:assert/strict";
import {createServer} from "node:http";
import {test} from "node:test";
import {connect} from "../../../../api/static/client/fasttrack.js";

/** Open a feed that has ended, and return the question that the server got. */
async function asked(options) {
  const questions = [];
  const server = createServer((request, response) => {
    questions.push(request);
    response.writeHead(204).end();
  }).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  await new Promise((ended) => {
    connect("upload/x", {
      base: `http://127.0.0.1:${server.address().port}`,
      ...options,
      onStatus: ({state}) => state === "finished" && ended(null),
    });
  });
  server.close();
  const [{url, headers}] = questions;
  return {cursor: new URL(url, "http://a").searchParams.get("last_event_id"), token: headers.authorization};
}

test("a program goes on after the cursor of its last run", async () => {
  assert.equal((await asked({cursor: "e.53"})).cursor, "e.53");
  assert.equal((await asked({cursor: null})).cursor, null);
  assert.equal((await asked({})).cursor, null);
});

test("a token that is not set is not sent", async () => {
  for (const [token, sent] of [
    [() => "ft_x", "Bearer ft_x"],
    [async () => "ft_x", "Bearer ft_x"],
    [() => undefined, undefined],
    [() => null, undefined],
    [async () => "", undefined],
  ])
    assert.equal((await asked({token})).token, sent);
});

/**
 * A server that streams to whoever has a token or a ticket, and notes who asks for what.
 *
 * @param {(request: URL) => [number, string, string] | null} refuse A status, a type and a body.
 */
async function serving(context, refuse = () => null) {
  const streams = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://a");
    const who = request.headers.authorization?.replace("Bearer ", "") ?? url.searchParams.get("ticket");
    const refusal = refuse(url, who);
    const hello = {type: "hello", resume: "fresh", cursor: "e.0", heartbeat_s: 15};
    if (refusal) response.writeHead(refusal[0], {"Content-Type": refusal[1]}).end(refusal[2]);
    else if (url.pathname === "/sse") {
      const stream = {who, feeds: url.searchParams.getAll("feed"), isOpen: true, response};
      streams.push(stream);
      response.on("close", () => (stream.isOpen = false));
      response.writeHead(200, {"Content-Type": "text/event-stream"});
      response.write(`data: ${JSON.stringify(hello)}\n\n`);
    } else {
      response.writeHead(200, {"Content-Type": "application/json"});
      response.end(
        JSON.stringify({cursor: "e.0", messages: url.searchParams.get("last_event_id") ? [] : [hello]}),
      );
    }
  }).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  const feeds = [];
  context.after(() => {
    feeds.forEach((feed) => feed.close());
    server.closeAllConnections();
    server.close();
  });
  const base = `http://127.0.0.1:${server.address().port}`;
  const open = (names, options) => {
    const feed = connect(names, {base, ...options});
    feeds.push(feed);
    return feed;
  };
  return {streams, open, openStreams: () => streams.filter(({isOpen}) => isOpen).map(({who}) => who)};
}

async function until(isTrue, what) {
  for (let turn = 0; turn < 400; turn++) {
    if (isTrue()) return;
    await new Promise((later) => setTimeout(later, 10));
  }
  assert.fail(`not in time: ${what}`);
}

const isLive = ({status}) => status.state === "live";

for (const kind of ["token", "ticket"]) {
  const of = (who) => ({[kind]: async () => who});

  test(`two people in one program read with a ${kind} of their own`, async (context) => {
    const {streams, open, openStreams} = await serving(context);
    const viewer = open("presenca", of("viewer"));
    await until(() => isLive(viewer), "the first stream");
    const admin = open(["admin", "presenca"], of("admin"));
    await until(() => isLive(admin), "the second stream");
    assert.deepEqual(openStreams(), ["viewer", "admin"]);
    assert.deepEqual(streams[0].feeds, ["presenca"]);
    streams[0].response.end(`data: ${JSON.stringify({type: "bye", reason: "expired"})}\n\n`);
    await until(() => viewer.status.state === "unauthorised", "the end of one session");
    assert.equal(admin.status.state, "live");
  });

  test(`who signs in after somebody else reads with a ${kind} of their own`, async (context) => {
    const {open, openStreams} = await serving(context);
    const first = open("eventos", of("first"));
    await until(() => isLive(first), "the first stream");
    first.close();
    const second = open("eventos", of("second"));
    await until(() => isLive(second), "the second stream");
    await until(() => openStreams().join() === "second", "the end of the first stream");
  });

  test(`calls with the same ${kind} function share a stream, and it ends with the last`, async (context) => {
    const {streams, open, openStreams} = await serving(context);
    const same = of("one");
    const [one, two] = [open("eventos", same), open("eventos", same)];
    await until(() => isLive(one) && isLive(two), "the stream");
    assert.equal(streams.length, 1);
    one.close();
    assert.deepEqual(openStreams(), ["one"]);
    two.close();
    await until(() => openStreams().length === 0, "the end of the stream");
  });

  test(`calls of one identity share a stream, by the ${kind} of who reads`, async (context) => {
    const {streams, open, openStreams} = await serving(context);
    const one = open("eventos", {...of("old"), identity: "ana"});
    await until(() => isLive(one), "the stream");
    const two = open("eventos", {...of("new"), identity: "ana"});
    await until(() => isLive(two), "the same stream");
    const other = open("eventos", {...of("other"), identity: "bob"});
    await until(() => isLive(other), "another stream");
    assert.deepEqual(openStreams(), ["old", "other"]);
    one.close();
    streams[0].response.destroy();
    await until(() => openStreams().join() === "other,new", "the same stream again");
  });
}

test("a ticket or token that cannot be had is no dead network, and retry asks again", async (context) => {
  const {open} = await serving(context);
  for (const [kind, gives, error] of [
    ["ticket", () => Promise.reject(new Error("the session is over")), "the session is over"],
    ["ticket", async () => undefined, "ticket() gave no ticket"],
    ["token", () => assert.fail("no file"), "no file"],
    ["token", () => Promise.reject("text"), "text"],
  ]) {
    let give = gives;
    const feed = open("eventos", {[kind]: () => give()});
    await until(() => feed.status.state === "waiting", "the first failure");
    assert.deepEqual([feed.status.reason, feed.status.error], [`no_${kind}`, error]);
    give = async () => "x";
    feed.retry();
    await until(() => isLive(feed), "the stream");
    assert.deepEqual([feed.status.reason, feed.status.error], [null, null]);
    feed.close();
  }
});

test("a ticket that is refused while the stream is away is told as such", async (context) => {
  const {streams, open} = await serving(context);
  let gives = true;
  const feed = open("eventos", {
    ticket: async () => (gives ? "x" : assert.fail("signed out")),
  });
  await until(() => isLive(feed), "the stream");
  gives = false;
  streams[0].response.destroy();
  await until(() => feed.status.reason === "no_ticket", "the reason");
  assert.equal(feed.status.error, "signed out");
});

test("the words of a refusal reach the program; a proxy's refusal is an outage", async (context) => {
  const words = "At most 32 feeds on one connection, not 33.";
  const problem = ["application/problem+json; charset=utf-8", JSON.stringify({title: "x", detail: words})];
  for (const [type, body, state, reason, error] of [
    [...problem, "refused", null, words],
    ["text/html", "<h1>400</h1>", "waiting", "unreachable", null],
  ]) {
    const {open} = await serving(context, () => [400, type, body]);
    const feed = open("eventos", {});
    await until(() => feed.status.state === state, state);
    assert.deepEqual([feed.status.reason, feed.status.error], [reason, error]);
    feed.close();
  }
});

test("nothing to read, and nowhere to read it, are refused at once", () => {
  const base = "http://127.0.0.1:1";
  for (const names of [[], "", ["eventos", ""], [undefined], undefined, [["eventos"]]])
    assert.throws(() => connect(names, {base}), {name: "TypeError", message: /the name of a feed/});
  assert.throws(() => connect("eventos"), {name: "TypeError", message: /needs `base`/});
});
