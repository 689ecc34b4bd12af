/** What a month shows on its days. Pure but for what it reads with. */

/** The most that one page of the API holds: a month of so many events is read at once. */
export const PAGE = 500;

/** Events that a day lists; the others are counted. */
export const SHOWN = 3;

/** Questions under way at once. */
const AT_ONCE = 6;

/**
 * @typedef {{count: number, events: any[]}} Day All events of a day, and the first of them.
 */

/**
 * Read the days of a month: in one question, or one for each day where there are too many events for that.
 *
 * @param {string[]} days In order, as 2026-07-01.
 * @param {(question: Record<string, any>) => Promise<{items: any[], total: number}>} read Pages of events.
 * @param {(event: any) => string} dayOf
 * @returns {Promise<{days: Map<string, Day>, isCrowded: boolean}>} `isCrowded`: it took a question a day.
 */
export async function readDays(days, read, dayOf) {
  const sort = "event_date";
  const all = await read({from: days[0], to: days.at(-1), sort, limit: PAGE});
  if (all.items.length >= all.total) return {days: grouped(days, all.items, dayOf), isCrowded: false};
  const found = new Map();
  const waiting = [...days];
  const worker = async () => {
    for (let day = waiting.shift(); day; day = waiting.shift()) {
      const {items, total} = await read({from: day, to: day, sort, limit: SHOWN});
      found.set(day, {count: total, events: items});
    }
  };
  await Promise.all(Array.from({length: AT_ONCE}, worker));
  return {days: found, isCrowded: true};
}

function grouped(days, events, dayOf) {
  const found = new Map(days.map((day) => [day, {count: 0, events: []}]));
  for (const event of events) {
    const day = found.get(dayOf(event));
    if (!day) continue;
    day.count += 1;
    if (day.count <= SHOWN) day.events.push(event);
  }
  return found;
}
