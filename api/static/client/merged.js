/** Feeds that carry the messages of many others, which keep the name of their own. */
const MERGED = {"eventos/progresso": "upload/"};

/** Whether a message of a feed belongs to these. @param {string[]} feeds @param {string} feed */
export const carry = (feeds, feed) =>
  feeds.includes(feed) || feeds.some((name) => name in MERGED && feed.startsWith(MERGED[name]));
