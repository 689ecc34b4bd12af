import assert from "node:assert/strict";
import {test} from "node:test";
import {LongList, PAGE_MAX, PAGES_KEPT} from "../../../../api/static/page/long-list.js";

/** A server with so many events. */
function serverWith(count) {
  const events = Array.from({length: count}, (_, id) => ({id}));
  const asked = [];
  const read = async ({skip = 0, limit}) => {
    asked.push(skip);
    return {items: events.slice(skip, skip + limit), total: events.length};
  };
  return {events, asked, read};
}

/** A list that has read its first page, and a promise of what is looked at. */
async function listOf(server) {
  let changed = () => {};
  const list = new LongList({read: server.read, onChange: () => changed()});
  list.start(await server.read({limit: 100}));
  const look = (first, end) =>
    new Promise((resolve) => {
      const isThere = () =>
        list.at(first) !== undefined && list.at(Math.min(end, list.total) - 1) !== undefined;
      changed = () => isThere() && resolve(null);
      list.want(first, end);
      if (isThere()) resolve(null);
    });
  return {list, look};
}

for (const place of [148_980, 74_500, 500, 499])
  test(`place ${place} of a hundred and fifty thousand takes one request or two`, async () => {
    const server = serverWith(149_000);
    const {list, look} = await listOf(server);
    await look(place, place + 20);
    assert.ok(server.asked.length <= 3);
    for (let at = place; at < place + 20; at++) assert.deepEqual(list.at(at), {id: at});
    await look(0, 20);
    assert.deepEqual(list.at(7), {id: 7});
  });

test("however far one scrolls, as many pages are kept", async () => {
  const server = serverWith(40_000);
  const {list, look} = await listOf(server);
  for (let place = 0; place < 40_000; place += 300) await look(place, place + 20);
  assert.ok([...list.known()].length <= PAGES_KEPT * PAGE_MAX);
  await look(0, 20);
  assert.deepEqual(list.at(0), {id: 0});
});

test("what others change shows where one looks, and nothing vanishes meanwhile", async () => {
  const server = serverWith(1000);
  const {list, look} = await listOf(server);
  await look(400, 420);
  server.events.splice(0, 1);
  const page = await server.read({limit: 100});
  list.refresh(page);
  assert.ok(list.at(410));
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([list.total, list.at(410), list.at(98)], [999, {id: 411}, {id: 99}]);
});

test("a list that shrinks shows nothing beyond its end, and asks no more", async () => {
  const server = serverWith(700);
  const {list, look} = await listOf(server);
  await look(690, 700);
  server.events.length = 50;
  list.refresh(await server.read({limit: 100}));
  const before = server.asked.length;
  list.want(0, 60);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(list.at(60), undefined);
  assert.equal(server.asked.length, before);
});

test("a list that became shorter than it says is not asked for ever", async () => {
  const server = serverWith(2000);
  const list = new LongList({
    read: async (how) => ({...(await server.read(how)), total: 2000}),
    onChange: () => {},
  });
  list.start(await server.read({limit: 100}));
  server.events.length = 1600;
  list.want(1700, 1720);
  list.want(1590, 1620);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(server.asked.length <= 4);
  assert.deepEqual([list.at(1599), list.at(1600)], [{id: 1599}, undefined]);
});

test("a failed page ends the reading until somebody looks again", async () => {
  let fails = true;
  const server = serverWith(2000);
  const list = new LongList({
    read: (how) => (fails ? Promise.resolve(null) : server.read(how)),
    onChange: () => {},
  });
  list.start(await server.read({limit: 100}));
  list.want(500, 520);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(list.at(500), undefined);
  fails = false;
  list.want(500, 520);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(list.at(500), {id: 500});
});
