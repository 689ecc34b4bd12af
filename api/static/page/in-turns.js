/** Requests under way at once: the server takes them one after the other. */
const AT_ONCE = 4;

/**
 * Do the same to many, a few at a time. Who stops it lets those under way end, and begins no other. Pure.
 *
 * @template Item
 * @param {Item[]} items
 * @param {(item: Item) => Promise<any>} work
 * @param {AbortSignal} [stop]
 * @returns {Promise<{done: number, faults: any[], left: number}>} `left`: those that were not begun.
 */
export async function inTurns(items, work, stop) {
  const faults = [];
  const waiting = [...items];
  let done = 0;
  const worker = async () => {
    while (waiting.length && !stop?.aborted)
      await work(waiting.shift()).then(
        () => (done += 1),
        (fault) => faults.push(fault),
      );
  };
  await Promise.all(Array.from({length: AT_ONCE}, worker));
  return {done, faults, left: waiting.length};
}
