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
