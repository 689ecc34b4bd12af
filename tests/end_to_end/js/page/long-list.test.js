import assert from "node:assert/strict";
import {test} from "node:test";
import {LongList, PAGE_MAX, PAGES_KEPT} from "../../../../api/static/page/long-list.js";

/** A server with so many events; its cursors are places from the end that is read from. */
function serverWith(count) {
  const events = Array.from({length: count}, (_, id) => ({id}));
  const asked = [];
  const read = async ({cursor, limit, isBack}) => {
    const ordered = isBack ? events.toReversed() : events;
    const start = Number(cursor || 0);
    asked.push({start, isBack});
    const next = start + limit < ordered.length ? String(start + limit) : null;
    return {items: ordered.slice(start, start + limit), next, total: events.length};
  };
  return {events, asked, read};
}

/** A list that has read its first page, and a promise of what is looked at. */
async function listOf(server, {canGoBack = true} = {}) {
  let changed = () => {};
  const list = new LongList({read: server.read, onChange: () => changed()});
  list.start(await server.read({cursor: "", limit: 100, isBack: false}), {canGoBack});
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

test("the end of a hundred and fifty thousand events takes one request, and all places are right", async () => {
  const server = serverWith(149_000);
  const {list, look} = await listOf(server);
  await look(148_980, 149_000);
  assert.equal(server.asked.length, 2);
  assert.deepEqual([list.at(148_999), list.at(148_980)], [{id: 148_999}, {id: 148_980}]);
  await look(0, 20);
  assert.deepEqual(list.at(7), {id: 7});
  await look(140_000, 140_020);
  assert.deepEqual(list.at(140_019), {id: 140_019});
});

test("however far one scrolls, as many pages are kept", async () => {
  const server = serverWith(40_000);
  const {list, look} = await listOf(server);
  for (let place = 0; place < 40_000; place += 300) await look(place, place + 20);
  assert.ok([...list.known()].length <= PAGES_KEPT * PAGE_MAX);
  await look(0, 20);
  assert.deepEqual(list.at(0), {id: 0});
});

test("an order without a reverse is read from the front alone", async () => {
  const server = serverWith(3000);
  const {list, look} = await listOf(server, {canGoBack: false});
  await look(2990, 3000);
  assert.deepEqual(list.at(2999), {id: 2999});
  assert.ok(server.asked.every(({isBack}) => !isBack));
});

test("what others change shows where one looks, and nothing vanishes meanwhile", async () => {
  const server = serverWith(1000);
  const {list, look} = await listOf(server);
  await look(400, 420);
  server.events.splice(0, 1);
  const page = await server.read({cursor: "", limit: 100, isBack: false});
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
  list.refresh(await server.read({cursor: "", limit: 100, isBack: false}));
  const before = server.asked.length;
  list.want(0, 60);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(list.at(60), undefined);
  assert.equal(server.asked.length, before);
});

test("a failed page ends the reading until somebody looks again", async () => {
  let fails = true;
  const server = serverWith(2000);
  const list = new LongList({
    read: (how) => (fails ? Promise.resolve(null) : server.read(how)),
    onChange: () => {},
  });
  list.start(await server.read({cursor: "", limit: 100, isBack: false}), {canGoBack: true});
  list.want(500, 520);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(list.at(500), undefined);
  fails = false;
  list.want(500, 520);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(list.at(500), {id: 500});
});
