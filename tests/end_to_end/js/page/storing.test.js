import assert from "node:assert/strict";
import {test} from "node:test";
import {inTurns} from "../../../../api/static/page/in-turns.js";
import {isLost, lookFor, mayPass, requestKeys} from "../../../../api/static/page/lost-answers.js";

test("what is sent again has the key of the first time, and anything else another", () => {
  const keyOf = requestKeys();
  const first = keyOf({title: "Mostra"});
  assert.equal(keyOf({title: "Mostra"}), first);
  const second = keyOf({title: "Mostra 2"});
  assert.notEqual(second, first);
  assert.equal(keyOf({title: "Mostra"}), first, "what was refused in between makes it no other request");
  assert.notEqual(requestKeys()({title: "Mostra"}), first, "another dialog stores another event");
  assert.match(first, /^[0-9a-f]{32}$/);
});

test("an answer is lost where the network or a proxy gave none", () => {
  const lost = [0, 201, 400, 409, 422, 429, 500, 502, 503, 504].filter((status) => isLost({status}));
  assert.deepEqual(lost, [0, 502, 504]);
});

test("what was refused is tried again where the network, the server or a limit was in the way", () => {
  const statuses = [0, 400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 507];
  assert.deepEqual(
    statuses.filter((status) => mayPass({status})),
    [0, 408, 429, 500, 502, 503, 504, 507],
  );
});

for (const [about, known, items, expected] of [
  [
    "a new one that is like it",
    [1],
    [
      {id: 1, url: "a"},
      {id: 2, url: "a"},
    ],
    "made",
  ],
  [
    "a new one that is another",
    [1],
    [
      {id: 1, url: "a"},
      {id: 2, url: "b"},
    ],
    "missing",
  ],
  ["nothing new", [1], [{id: 1, url: "a"}], "missing"],
  ["a list that cannot be read", [1], null, "unknown"],
  ["a list that was never read before", null, [{id: 1, url: "a"}], "unknown"],
])
  test(`a lost answer is looked for: ${about} is ${expected}`, async () => {
    const read = () => (items ? Promise.resolve({items}) : Promise.reject(new Error("away")));
    const found = await lookFor(read, known && new Set(known), ({url}) => url === "a");
    assert.equal(found.state, expected);
    if (found.state === "made") assert.equal(found.item.id, 2);
  });

/** Work whose items end when they are told to. */
function held() {
  const begun = [];
  const work = (item) => new Promise((resolve, reject) => begun.push({item, resolve, reject}));
  return {begun, work};
}

test("who stops a change of many lets those under way end, and begins no other", async () => {
  const {begun, work} = held();
  const stop = new AbortController();
  const ended = inTurns([1, 2, 3, 4, 5, 6, 7, 8], work, stop.signal);
  begun[0].resolve();
  await new Promise(setImmediate);
  assert.deepEqual(
    begun.map(({item}) => item),
    [1, 2, 3, 4, 5],
  );
  stop.abort();
  begun[1].reject("no");
  for (const {resolve} of begun) resolve();
  assert.deepEqual(await ended, {done: 4, faults: ["no"], left: 3});
  assert.equal(begun.length, 5);
});

test("what is not stopped is done to all, a few at a time", async () => {
  let [now, most] = [0, 0];
  const work = async () => {
    most = Math.max(most, ++now);
    await new Promise(setImmediate);
    now -= 1;
  };
  assert.deepEqual(await inTurns([...Array(10).keys()], work), {done: 10, faults: [], left: 0});
  assert.equal(most, 4);
  assert.deepEqual(await inTurns([], work), {done: 0, faults: [], left: 0});
});
