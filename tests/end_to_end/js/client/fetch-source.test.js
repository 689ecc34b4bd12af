import assert from "node:assert/strict";
import {createServer} from "node:http";
import {test} from "node:test";
import {EventParser, FetchSource} from "../../../../api/static/client/fetch-source.js";

const STREAM =
  ': padding\n\nid: e.1\ndata: {"a":1}\n\nretry: 1000\n\ndata: b\r\ndata:  c\r\n\r\ndata\n\nevent: x\rdata:d\r\rdata: cut';
const EXPECTED = ['{"a":1}', "b\n c", "", "d"];

test("an event stream reads the same however it is cut", () => {
  for (let size = 1; size <= STREAM.length; size++) {
    const heard = [];
    const parser = new EventParser((data) => heard.push(data));
    for (let at = 0; at < STREAM.length; at += size) parser.feed(STREAM.slice(at, at + size));
    assert.deepEqual(heard, EXPECTED, `pieces of ${size}`);
  }
});

/** Serve one answer, and tell what a source reports of it. */
async function reported(answer) {
  const server = createServer((request, response) => answer(response, request)).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  const source = new FetchSource(`http://127.0.0.1:${server.address().port}/`, {
    Authorization: "Bearer ft_x",
  });
  const heard = [];
  await new Promise((ended) => {
    source.onmessage = ({data}) => heard.push(data);
    source.onerror = ended;
  });
  server.close();
  return heard;
}

test("messages are heard, and then the end", async () => {
  let token = "";
  const heard = await reported((response, request) => {
    token = request.headers.authorization ?? "";
    response.writeHead(200, {"Content-Type": "text/event-stream; charset=utf-8"}).end("data: ação\n\n");
  });
  assert.deepEqual([heard, token], [["ação"], "Bearer ft_x"]);
});

for (const [status, type] of [
  [401, "text/event-stream"],
  [502, "text/html"],
  [200, "text/html"],
]) {
  test(`${status} ${type} is an end without a message`, async () => {
    const heard = await reported((response) =>
      response.writeHead(status, {"Content-Type": type}).end("data: x\n\n"),
    );
    assert.deepEqual(heard, []);
  });
}
