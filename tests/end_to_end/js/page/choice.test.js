import assert from "node:assert/strict";
import {test} from "node:test";
import {Choice, isFound} from "../../../../api/static/page/choice.js";
import {LongList} from "../../../../api/static/page/long-list.js";

const PAGE = 100;

/** A server with so many events, one a minute. */
function serverWith(count) {
  const events = Array.from({length: count}, (_, id) => ({
    id,
    version: 1,
    event_date: at(id),
    city: "Recife",
  }));
  const read = async ({city = "", from = "", to = "\uffff", skip = 0, limit}) => {
    const found = events
      .filter((event) => (!city || event.city === city) && from <= event.event_date && event.event_date <= to)
      .sort((one, other) => one.event_date.localeCompare(other.event_date) || one.id - other.id);
    return {items: found.slice(skip, skip + limit), total: found.length};
  };
  const change = (id, changes) => (events[id] = {...events[id], ...changes, version: events[id].version + 1});
  return {events, read, change};
}

const at = (minutes) => new Date(Date.UTC(2027, 0, 1, 0, minutes)).toISOString().slice(0, 19);

const QUESTION = {city: "Recife", from: at(0)};

/** A list that is read as the page reads it, and a choice of its events. */
function viewOf(server, question = QUESTION) {
  const choice = new Choice();
  const list = new LongList({read: (place) => server.read({...question, ...place}), onChange: () => {}});
  const asked = [];
  let reading = 0;
  const load = async () => {
    reading += 1;
    const page = await server.read({...question, limit: PAGE});
    list.refresh(page);
    choice.follow(list, reading);
    await choice.ask(reading, {
      event: async (id) => (asked.push(id), server.events[id] ?? null),
      isListed: (event) => isFound(event, question, server.read),
    });
  };
  const choose = (...ids) => ids.forEach((id) => choice.set(server.events[id], true));
  const tell = (message) => {
    choice.doubt(message, reading);
    // What is there is drawn at once, and read anew later.
    if (message.event) list.replace(message.event);
    choice.follow(list, reading);
  };
  const look = async (first, end) => {
    list.want(first, end);
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const update = (id, changes) =>
    tell({type: "event.updated", event: server.change(id, changes), changed: Object.keys(changes)});
  const chosen = () => choice.events.map(({id}) => id).sort((one, other) => one - other);
  return {choice, load, choose, tell, update, chosen, asked, look, read: () => reading};
}

for (const count of [20, 2000])
  test(`events that a change takes off a list of ${count} are not chosen any more`, async () => {
    const server = serverWith(count);
    const view = viewOf(server);
    await view.load();
    const last = count - 1;
    view.choose(1, 2, 3, last - 1, last);
    view.update(1, {city: "Olinda"});
    view.update(2, {event_date: "2020-01-01T10:00:00"});
    view.update(3, {title: "Frevo"});
    view.update(last, {city: "Olinda"});
    assert.equal(view.chosen().length, 5);
    await view.load();
    assert.deepEqual(view.chosen(), [3, last - 1]);
    assert.equal(view.choice.events.find(({id}) => id === 3).version, 2);
  });

test("an event further down is chosen while the list still has it, whatever others changed of it", async () => {
  const server = serverWith(2000);
  const view = viewOf(server, {...QUESTION, to: at(1950)});
  await view.load();
  await view.look(1500, 1520);
  await view.look(0, 20);
  view.choose(1500, 1600, 1700, 1800);
  view.update(1500, {title: "Frevo"});
  view.update(1600, {event_date: at(5)});
  view.update(1700, {event_date: at(1990)});
  await view.load();
  assert.deepEqual(view.chosen(), [1500, 1600, 1800]);
  assert.deepEqual(view.asked, [1500, 1700]);
});

test("a change that comes while the list is read is looked at by the next reading", async () => {
  const server = serverWith(2000);
  const view = viewOf(server);
  await view.load();
  view.choose(1500);
  const reading = view.load();
  view.update(1500, {city: "Olinda"});
  await reading;
  assert.deepEqual(view.chosen(), [1500]);
  await view.load();
  assert.deepEqual(view.chosen(), []);
});

test("many that change at once are doubted by their ids, or all where no ids are told", async () => {
  for (const [bounds, asked] of [
    [{first_id: 1200, last_id: 1500}, [1200, 1500]],
    [{first_id: 5000, last_id: 6000}, []],
    [{first_id: null, last_id: null}, [1100, 1200, 1500, 1900]],
  ]) {
    const server = serverWith(2000);
    const view = viewOf(server);
    await view.load();
    view.choose(1100, 1200, 1500, 1900);
    server.change(1500, {city: "Olinda"});
    view.tell({type: "events.changed", ...bounds});
    await view.load();
    assert.deepEqual(view.asked, asked);
    assert.equal(view.chosen().includes(1500), !asked.includes(1500));
  }
});

test("after a gap of the feed all that is chosen is looked at; what is gone is not chosen", async () => {
  const server = serverWith(2000);
  const view = viewOf(server);
  await view.load();
  view.choose(1, 1500, 1600);
  delete server.events[1500];
  view.choice.doubtAll(view.read());
  await view.load();
  assert.deepEqual(view.chosen(), [1, 1600]);
  view.tell({type: "event.deleted", event_id: 1});
  assert.deepEqual(view.chosen(), [1600]);
});

test("an event that cannot be asked for stays in doubt until it can", async () => {
  const server = serverWith(2000);
  const view = viewOf(server);
  await view.load();
  view.choose(1500);
  view.update(1500, {city: "Olinda"});
  await view.choice.ask(9, {event: () => Promise.reject(new Error("away")), isListed: async () => true});
  assert.deepEqual(view.chosen(), [1500]);
  await view.load();
  assert.deepEqual(view.chosen(), []);
});

test("where others changed very many of the chosen, nobody asks for each of them", async () => {
  const server = serverWith(2000);
  const view = viewOf(server);
  await view.load();
  const ids = Array.from({length: 300}, (_, number) => 1000 + number);
  view.choose(1, ...ids);
  for (const id of ids) server.change(id, {title: "Frevo"});
  view.tell({type: "events.changed", first_id: 1000, last_id: 1999});
  await view.load();
  assert.deepEqual([view.chosen(), view.asked.length], [[1], 0]);
});

test("an event is found among very many of its moment", async () => {
  const server = serverWith(1200);
  for (const event of server.events) event.event_date = at(0);
  const last = server.events[1199];
  assert.equal(await isFound(last, QUESTION, server.read), true);
  assert.equal(await isFound({...last, id: 5000}, QUESTION, server.read), false);
});
